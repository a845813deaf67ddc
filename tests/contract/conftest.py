from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from artifact_api import wiring
from artifact_api.telemetry import logger
from tests.contract.calls import ENVIRONMENT
from tests.faults.interposed import World

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    wiring.reset()
    yield
    wiring.reset()


@pytest.fixture(scope="module")
def moto() -> Iterator[tuple[DynamoDBClient, SecretsManagerClient]]:
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        for name, value in ENVIRONMENT.items():
            environment.setenv(name, value)
        yield boto3.client("dynamodb"), boto3.client("secretsmanager")


@pytest.fixture
def aws(world: World, moto: tuple[DynamoDBClient, SecretsManagerClient]) -> Iterator[DynamoDBClient]:
    """The idempotency table and the cursors' secret; the client of DynamoDB."""
    dynamodb, secrets = moto
    dynamodb.create_table(
        TableName="idempotency",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    secrets.create_secret(Name="cursors", SecretString="a secret that signs cursors")
    wiring.use(dynamodb=dynamodb)
    yield dynamodb
    if dynamodb.list_tables()["TableNames"]:
        dynamodb.delete_table(TableName="idempotency")
    with suppress(secrets.exceptions.ResourceNotFoundException):
        secrets.delete_secret(SecretId="cursors", ForceDeleteWithoutRecovery=True)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the logger writes, as CloudWatch would get it."""
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return stream


@pytest.fixture(autouse=True)
def world(_environment: None) -> World:
    """Bucket and index in memory, and the store over them that the handlers use."""
    world = World()
    wiring.use(store=world.store(), erasures=world.erasures(), eraser=world.eraser())
    return world
