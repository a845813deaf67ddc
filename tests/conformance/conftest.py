"""One suite: ADK's own service in memory; ours over handlers in process, over the local API, encrypted, and on S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import httpx
import pytest
from google.adk.artifacts.in_memory_artifact_service import InMemoryArtifactService
from moto import mock_aws

from artifact_api import wiring
from artifact_store.adapters import aws
from artifact_store.adapters.memory import open_store
from google_adk_aws import Encryption, HttpArtifactService, testing
from local import LocalApi, LoopbackTransport
from local.provision import aws_client
from tests.conformance.backends import SERVICES, Backend, Box
from tests.direct_services import in_memory, on_account, on_bucket_of, store_without_table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ENVIRONMENT = {
    "AUTH_MODE": "NONE",
    "BUCKET_NAME": "memory",
    "INDEX_TABLE_NAME": "memory",
    "IDEMPOTENCY_TABLE_NAME": "idempotency",
    "CURSOR_SECRET_ARN": "cursors",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "POWERTOOLS_SERVICE_NAME": "artifact-api",
    "POWERTOOLS_METRICS_NAMESPACE": "ArtifactApi",
}


@pytest.fixture(scope="session")
def local_api() -> Iterator[LocalApi]:
    """The same handlers behind a socket, over embedded S3 and DynamoDB."""
    with LocalApi() as api:
        yield api


@pytest.fixture(scope="module")
def loopback() -> Iterator[LoopbackTransport]:
    """The real handlers; content and index in the heart's strict in-memory adapters, the rest in moto."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
            patch.delenv(name, raising=False)
        with LoopbackTransport(ENVIRONMENT) as transport:
            boto3.client("dynamodb").create_table(
                TableName="idempotency",
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
            boto3.client("secretsmanager").create_secret(Name="cursors", SecretString="a secret that signs cursors")
            wiring.use(store=open_store())
            yield transport


@pytest.fixture(params=SERVICES)
async def backend(request: pytest.FixtureRequest) -> AsyncIterator[Backend]:
    if request.param == "adk_in_memory":
        yield Backend(InMemoryArtifactService(), is_adks=True)
    elif request.param == "for_tests":
        yield Backend(testing.InMemoryArtifactService())
    elif request.param == "direct_on_account":
        async with on_account() as direct:
            yield Backend(direct)
    elif request.param == "loopback":
        transport: LoopbackTransport = request.getfixturevalue("loopback")
        # Not closed: that would close the transport, which other tests use.
        client = httpx.AsyncClient(transport=transport)
        yield Backend(HttpArtifactService("http://loopback", http_client=client), store=wiring.store())
    elif request.param in {"direct_in_memory", "direct_without_table"}:
        store = open_store() if request.param == "direct_in_memory" else store_without_table()
        async with in_memory(store) as direct:
            yield Backend(direct, store=store)
    else:
        api: LocalApi = request.getfixturevalue("local_api")
        store = aws.open_store(
            bucket_name=api.bucket_name,
            index_table_name=api.table_name,
            s3=aws_client("s3", api.aws_endpoint_url),
            dynamodb=aws_client("dynamodb", api.aws_endpoint_url),
        )
        if request.param in {"local_api", "encrypted"}:
            encryption = Encryption.with_key(bytes(range(32))) if request.param == "encrypted" else None
            async with HttpArtifactService(api.url, encryption=encryption) as service:
                yield Backend(service, store=store)
            return
        async with on_bucket_of(api) as direct:
            yield Backend(direct, store=store)


@pytest.fixture
def box(backend: Backend) -> Box:
    """Artifacts of an app that no other test uses."""
    return Box(backend.service, backend.is_adks, backend.store)
