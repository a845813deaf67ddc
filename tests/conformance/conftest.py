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
from tests.conformance.backends import ADK_IS_TODAYS, Backend, Box
from tests.direct_services import ACCOUNTS_BUCKET, in_memory, on_account, on_bucket_of, store_without_table
from tests.stand_ins import second_opinion

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

IN_MEMORY = [pytest.param("adk_in_memory", marks=pytest.mark.unit)] if ADK_IS_TODAYS else []
FOR_TESTS = [pytest.param("for_tests", marks=pytest.mark.unit)]
LOOPBACK = [pytest.param("loopback", marks=pytest.mark.unit)]
LOCAL_API = [pytest.param(name, marks=pytest.mark.integration) for name in ("local_api", "encrypted")]
DIRECT = [
    pytest.param("direct_in_memory", marks=pytest.mark.unit),
    pytest.param("direct_without_table", marks=pytest.mark.unit),
    pytest.param("direct_on_emulator", marks=pytest.mark.integration),
]
# RUN_INTEGRATION_TESTS=1 S3_TEST_BUCKET=my-bucket pytest tests/conformance -k direct_on_account
ON_ACCOUNT = [pytest.param("direct_on_account", marks=pytest.mark.integration)] if ACCOUNTS_BUCKET else []

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


# A second opinion is about the server that the environment names, and about no other.
HERE = [] if second_opinion() else [*IN_MEMORY, *FOR_TESTS, *LOOPBACK, *LOCAL_API, *DIRECT]


@pytest.fixture(params=[*HERE, *ON_ACCOUNT])
async def backend(request: pytest.FixtureRequest) -> AsyncIterator[Backend]:
    if request.param == "adk_in_memory":
        yield Backend(InMemoryArtifactService(), is_adks=True)
    elif request.param == "for_tests":
        _skip_long_lists(request, "what is behind them is tested with the real services")
        yield Backend(testing.InMemoryArtifactService())
    elif request.param == "direct_on_account":
        _skip_long_lists(request, "on an account they cost money")
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
            async with HttpArtifactService(api.url, encryption=_encryption(request)) as service:
                yield Backend(service, store=store)
            return
        async with on_bucket_of(api) as direct:
            yield Backend(direct, store=store)


def _encryption(request: pytest.FixtureRequest) -> Encryption | None:
    if request.param != "encrypted":
        return None
    _skip_long_lists(request, "lists have nothing to decrypt")
    return Encryption.with_key(bytes(range(32)))


def _skip_long_lists(request: pytest.FixtureRequest, reason: str) -> None:
    if request.node.name.startswith("test_many_"):
        pytest.skip(f"long lists take long, and {reason}")


@pytest.fixture
def box(backend: Backend) -> Box:
    """Artifacts of an app that no other test uses."""
    return Box(backend.service, backend.is_adks, backend.store)
