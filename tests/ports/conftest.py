"""The same contract over every adapter: in memory, on moto, on the emulator, and on those of the second opinion."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from artifact_store.adapters.dynamodb import DynamoTable
from artifact_store.adapters.memory import MemoryObjects, MemoryTable
from artifact_store.adapters.s3 import S3Objects
from artifact_store.adapters.time import SystemClock
from artifact_store.ports import ObjectStore, Table
from tests.stand_ins import Endpoints, running, second_opinion
from tests.tally import Tally

# Those that are as strict as AWS: moto takes any key marker for a whole entry, ignores request tokens, and lets
# two writers win.
STRICT = ["memory", pytest.param("emulator", marks=pytest.mark.integration)]
BACKENDS = [*STRICT, "moto"]
if second_opinion():
    STRICT = BACKENDS = ["second_opinion"]
REGION = "eu-central-1"


@pytest.fixture(scope="session")
def endpoints() -> Iterator[Endpoints]:
    with running() as found:
        yield found


@pytest.fixture
def clients(request: pytest.FixtureRequest, backend: str) -> Iterator[tuple[Any, Any]]:
    """An S3 and a DynamoDB client of the backend."""
    keys: dict[str, Any] = {
        "region_name": REGION,
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "config": Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, max_pool_connections=80),
    }
    if backend == "moto":
        with mock_aws():
            yield boto3.client("s3", **keys), boto3.client("dynamodb", **keys)
    else:
        found: Endpoints = request.getfixturevalue("endpoints")
        yield (
            boto3.client("s3", endpoint_url=found.s3, **keys),
            boto3.client("dynamodb", endpoint_url=found.dynamodb, **keys),
        )


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def objects(request: pytest.FixtureRequest, backend: str) -> ObjectStore:
    if backend == "memory":
        return MemoryObjects()
    client, _ = request.getfixturevalue("clients")
    return S3Objects(client=client, bucket_name=make_bucket(client))


class Foreign:
    """Another program at work in the bucket: it puts and deletes by key, without conditions."""

    def __init__(self, objects: ObjectStore, client: Any) -> None:
        self._objects = objects
        self._client = client

    def put(self, key: str, body: bytes) -> str:
        if isinstance(self._objects, MemoryObjects):
            return self._objects.put_foreign(key, body)
        answer = self._client.put_object(Bucket=self._objects.bucket_name, Key=key, Body=body)
        return str(answer["VersionId"])

    def hide(self, key: str) -> str:
        if isinstance(self._objects, MemoryObjects):
            return self._objects.hide(key)
        answer = self._client.delete_object(Bucket=self._objects.bucket_name, Key=key)
        return str(answer["VersionId"])


@pytest.fixture
def foreign(request: pytest.FixtureRequest, backend: str, objects: ObjectStore) -> Foreign:
    return Foreign(objects, None if backend == "memory" else request.getfixturevalue("clients")[0])


@pytest.fixture
def table(request: pytest.FixtureRequest, backend: str) -> Table:
    if backend == "memory":
        return MemoryTable()
    _, client = request.getfixturevalue("clients")
    return DynamoTable(client=client, table_name=make_table(client), clock=SystemClock())


def make_bucket(client: Any) -> str:
    name = f"artifacts-{uuid.uuid4()}"
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def make_table(client: Any) -> str:
    name = f"index-{uuid.uuid4()}"
    client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Tally:
    return Tally(record_property)
