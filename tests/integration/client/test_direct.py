"""The service straight on S3, on a server of S3's protocol or on a real account.

    RUN_INTEGRATION_TESTS=1 S3_TEST_BUCKET=my-bucket make account

runs this and ADK's contract (tests/conformance) there. With S3_TEST_TABLE=my-table that is the index. Credentials,
region and endpoint are boto3's own choice. What the tests save is under an app of a name made up for each, and deleted
at its end; nothing else of the bucket is touched.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from google.genai import types

from google_adk_aws import ArtifactId, HttpArtifactService, NewArtifact, S3ArtifactService, S3BucketError, Scope
from local import LocalApi
from local.provision import aws_client
from tests.direct_services import ACCOUNTS_BUCKET, on_bucket_of
from tests.tally import Tally

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

MIB = 1024 * 1024

emulator_only = pytest.mark.skipif(ACCOUNTS_BUCKET is not None, reason="stands on a bucket and an API of its own")


def part(content: bytes) -> types.Part:
    return types.Part.from_bytes(data=content, mime_type="application/x-test")


@pytest.fixture(scope="module")
def api() -> Iterator[LocalApi]:
    with LocalApi() as running:
        yield running


@pytest.fixture(params=["account"] if ACCOUNTS_BUCKET else ["table", "bucket alone", "bucket without versions"])
async def service(request: pytest.FixtureRequest) -> AsyncIterator[S3ArtifactService]:
    if ACCOUNTS_BUCKET:
        opened = S3ArtifactService(ACCOUNTS_BUCKET, table_name=os.environ.get("S3_TEST_TABLE"))
    else:
        api: LocalApi = request.getfixturevalue("api")
        opened = on_bucket_of(api) if request.param == "table" else alone(api, request.param == "bucket alone")
    async with opened:
        yield opened


def alone(api: LocalApi, versioned: bool) -> S3ArtifactService:  # noqa: FBT001 - a fact of the bucket
    s3: Any = aws_client("s3", api.aws_endpoint_url)
    name = f"alone-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name)
    if versioned:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return on_bucket_of(api, bucket_name=name, table_name=None)


@pytest.fixture
async def scope(service: S3ArtifactService) -> AsyncIterator[Scope]:
    """Whose artifacts a test saves; deleted afterwards."""
    scope = Scope(f"test-{uuid.uuid4().hex}", "alice", "s/1")
    yield scope
    names = [found.filename async for found in service.client.artifacts(scope)]
    deleted = await service.client.delete_artifacts(scope, names)
    assert [result.error for result in deleted if result.error] == []


def owner(scope: Scope) -> dict[str, Any]:
    return {"app_name": scope.app, "user_id": scope.user, "session_id": scope.session}


async def test_a_full_life(service: S3ArtifactService, scope: Scope) -> None:
    doc = {**owner(scope), "filename": "charts/q1.png"}
    for number in range(3):
        saved = await service.save_artifact(**doc, artifact=part(b"%d" % number), custom_metadata={"n": number})
        assert saved == number
    await service.save_artifact(**{**doc, "filename": "user:mine"}, artifact={"text": "hello"})
    assert await service.list_artifact_keys(**owner(scope)) == ["charts/q1.png", "user:mine"]
    assert await service.list_versions(**doc) == [0, 1, 2]
    assert [await service.load_artifact(**doc, version=number) for number in range(4)] == [
        part(b"0"),
        part(b"1"),
        part(b"2"),
        None,
    ]
    described = await service.list_artifact_versions(**doc)
    assert [version.custom_metadata for version in described] == [{"n": number} for number in range(3)]
    assert described[0].canonical_uri.startswith(f"s3://{service.bucket_name}/{scope.app}/alice/s!2F1/")
    await service.delete_artifact(**doc)
    assert await service.load_artifact(**doc) is None
    assert await service.list_versions(**doc) == []
    assert await service.save_artifact(**doc, artifact=part(b"again")) == 0
    assert await service.load_artifact(**doc) == part(b"again")


@pytest.mark.parametrize("size", [5 * MIB, 21 * MIB + 1])
async def test_large_artifacts(service: S3ArtifactService, scope: Scope, size: int) -> None:
    doc, body = {**owner(scope), "filename": "large"}, os.urandom(size)
    assert await service.save_artifact(**doc, artifact=part(body)) == 0
    loaded = await service.load_artifact(**doc)
    assert loaded is not None
    assert loaded.inline_data is not None
    assert loaded.inline_data.data == body


async def test_fifty_are_saved_listed_and_deleted_at_once(service: S3ArtifactService, scope: Scope) -> None:
    names = [f"doc {number}" for number in range(50)]
    saves = [service.save_artifact(**owner(scope), filename=name, artifact=part(name.encode())) for name in names]
    assert await asyncio.gather(*saves) == [0] * 50
    assert await service.list_artifact_keys(**owner(scope)) == sorted(names)
    loads = [service.load_artifact(**owner(scope), filename=name) for name in names]
    assert await asyncio.gather(*loads) == [part(name.encode()) for name in names]
    await asyncio.gather(*[service.delete_artifact(**owner(scope), filename=name) for name in names])
    assert await service.list_artifact_keys(**owner(scope)) == []


async def test_five_save_one_name_at_once(service: S3ArtifactService, scope: Scope) -> None:
    doc = {**owner(scope), "filename": "busy"}
    versions = await asyncio.gather(*[service.save_artifact(**doc, artifact=part(b"%d" % n)) for n in range(5)])
    assert sorted(versions) == list(range(5))
    for number, version in enumerate(versions):
        assert await service.load_artifact(**doc, version=version) == part(b"%d" % number)


@emulator_only
async def test_api_and_service_save_one_name_on_one_bucket(api: LocalApi, tally: Tally) -> None:
    scope = Scope(f"test-{uuid.uuid4().hex}", "alice", "s")
    doc, writers, saves = {**owner(scope), "filename": "busy"}, 8, 200
    numbers = iter(range(saves))
    answers: dict[int, bytes] = {}

    async with HttpArtifactService(api.url) as over_http, on_bucket_of(api) as direct:

        async def write(service: HttpArtifactService | S3ArtifactService) -> None:
            for number in numbers:
                body = b"%d by %s" % (number, type(service).__name__.encode())
                version = await service.save_artifact(**doc, artifact=part(body))
                assert version not in answers
                answers[version] = body

        await asyncio.gather(*[write(service) for service in (over_http, direct) for _ in range(writers)])
        tally.races(saves, double_winners=saves - len(answers))
        assert sorted(answers) == list(range(saves)), "every save has a version of its own, without gaps"
        assert {body.rpartition(b" ")[2] for body in answers.values()} == {b"HttpArtifactService", b"S3ArtifactService"}
        for service in (over_http, direct):
            assert await service.list_versions(**doc) == list(range(saves))
        names = [("busy", number) for number in range(saves)]
        loaded = await direct.client.load_artifacts(scope, names)
        assert {number: result.get().body for (_, number), result in zip(names, loaded, strict=True)} == answers
        await direct.delete_artifact(**doc)
        assert await over_http.load_artifact(**doc) is None


@emulator_only
async def test_what_one_saves_the_other_loads(api: LocalApi) -> None:
    scope, body = Scope(f"test-{uuid.uuid4().hex}", "alice"), os.urandom(9 * MIB)
    large = ArtifactId(scope, "large")
    async with HttpArtifactService(api.url) as over_http, on_bucket_of(api) as direct:
        saved = await direct.client.save(large, body, mime_type="video/mp4", display_name="ü", custom_metadata={"n": 1})
        assert await over_http.client.describe(large) == saved
        assert (await over_http.client.load(large)).body == body
        again = await over_http.client.save(large, body[:-1])
        assert again.version == 1
        assert (await direct.client.load(large)).body == body[:-1]
        await direct.client.save_artifacts(scope, [NewArtifact(filename="small", content=b"x")])
        assert [found.filename async for found in over_http.client.artifacts(scope)] == ["large", "small"]


@emulator_only
def test_the_bucket_of_an_api_is_refused_without_its_table(api: LocalApi) -> None:
    s3: Any = aws_client("s3", api.aws_endpoint_url)
    tags = [{"Key": "artifact-index-table", "Value": api.table_name}]
    s3.put_bucket_tagging(Bucket=api.bucket_name, Tagging={"TagSet": tags})
    try:
        with pytest.raises(S3BucketError, match="is indexed by the table"):
            on_bucket_of(api, table_name=None)
        on_bucket_of(api).close()
    finally:
        s3.delete_bucket_tagging(Bucket=api.bucket_name)
