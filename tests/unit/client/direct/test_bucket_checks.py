"""What a bucket has to be, and what is done about one that is not."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from google.genai import types

from google_adk_aws import (
    ArtifactConnectionError,
    ArtifactError,
    ArtifactServerError,
    S3ArtifactService,
    S3BucketError,
    S3PermissionError,
)
from google_adk_aws._direct import checks, looking
from google_adk_aws._direct.aws_clients import Clients
from google_adk_aws._direct.checks import check_bucket, check_index_tag, keeps_conditions
from google_adk_aws._direct.looking import Looks

from .conftest import OpenService

pytestmark = pytest.mark.unit

DOC: dict[str, Any] = {"app_name": "app", "user_id": "u", "session_id": "s", "filename": "doc"}


def part(content: bytes = b"x") -> types.Part:
    return types.Part.from_bytes(data=content, mime_type="text/plain")


def deaf(client: Any) -> Any:
    """Makes a client's server one that ignores conditions."""

    def forget(params: dict[str, Any], **_: object) -> None:
        params["headers"].pop("If-None-Match", None)

    client.meta.events.register("before-call.s3.PutObject", forget)
    return client


def answering(client: Any, monkeypatch: pytest.MonkeyPatch, call: str, code: str, status: int) -> Any:
    def refuse(**_: Any) -> Any:
        raise ClientError(
            {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
            "Operation",
        )

    monkeypatch.setattr(client, call, refuse)
    return client


def keys(s3: Any, bucket_name: str) -> list[str]:
    listed = s3.list_object_versions(Bucket=bucket_name)
    return [found["Key"] for found in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]]


def tag(s3: Any, bucket_name: str, **tags: str) -> None:
    entries = [{"Key": name.replace("_", "-"), "Value": value} for name, value in tags.items()]
    s3.put_bucket_tagging(Bucket=bucket_name, Tagging={"TagSet": entries})


def test_a_bucket_that_a_table_indexes_is_refused_without_that_table(s3: Any, bucket_name: str) -> None:
    tag(s3, bucket_name, artifact_index_table="the-table")
    with pytest.raises(S3BucketError, match="table_name='the-table'") as caught:
        S3ArtifactService(bucket_name)
    assert caught.value.error_code == "bucket_is_indexed"
    with pytest.raises(S3BucketError, match="is indexed by the table 'the-table'"):
        S3ArtifactService(bucket_name, table_name="another")
    S3ArtifactService(bucket_name, table_name="the-table").close()
    S3ArtifactService(bucket_name, check_index_tag=False).close()


def test_other_tags_say_nothing(s3: Any, bucket_name: str) -> None:
    tag(s3, bucket_name, team="reports")
    S3ArtifactService(bucket_name).close()


@pytest.mark.parametrize(
    ("code", "status"), [("NotImplemented", 501), ("NoSuchTagSet", 404), ("MethodNotAllowed", 405)]
)
def test_a_server_that_has_no_tags_has_no_marker(
    s3: Any, monkeypatch: pytest.MonkeyPatch, code: str, status: int
) -> None:
    check_index_tag(answering(s3, monkeypatch, "get_bucket_tagging", code, status), "bucket", table_name=None)


def test_tags_that_must_not_be_read_are_told_of(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(s3, monkeypatch, "get_bucket_tagging", "AccessDenied", 403)
    with pytest.raises(S3PermissionError, match=r"s3:GetBucketTagging.*check_index_tag=False"):
        check_index_tag(s3, "bucket", table_name=None)
    check_index_tag(s3, "bucket", table_name="the-table")


def test_tags_that_cannot_be_read_are_no_tags_that_are_not_there(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(s3, monkeypatch, "get_bucket_tagging", "InternalError", 500)
    with pytest.raises(ArtifactServerError, match="InternalError"):
        check_index_tag(s3, "bucket", table_name=None)


def test_a_bucket_that_must_not_be_looked_at(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(s3, monkeypatch, "head_bucket", "403", 403)
    with pytest.raises(S3PermissionError, match=r"s3:ListBucket.*check_bucket=False"):
        check_bucket(s3, "bucket")


def test_nobody_answers(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="https://secret.example")

    monkeypatch.setattr(s3, "head_bucket", fail)
    with pytest.raises(ArtifactConnectionError) as caught:
        check_bucket(s3, "bucket")
    assert "secret" not in str(caught.value)


def test_conditions_are_tried_and_nothing_is_left(s3: Any, bucket_name: str) -> None:
    assert keeps_conditions(s3, bucket_name)
    assert not keeps_conditions(deaf(boto3.client("s3")), bucket_name)
    assert keys(s3, bucket_name) == []


def test_a_server_that_knows_no_conditions(s3: Any, bucket_name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not keeps_conditions(answering(s3, monkeypatch, "put_object", "NotImplemented", 501), bucket_name)
    answering(s3, monkeypatch, "put_object", "AccessDenied", 403)
    with pytest.raises(S3PermissionError, match="try conditional writes"):
        keeps_conditions(s3, bucket_name)


def test_only_a_second_put_that_is_refused_shows_that_conditions_are_kept(
    s3: Any, bucket_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering(s3, monkeypatch, "put_object", "PreconditionFailed", 412)
    with pytest.raises(ArtifactServerError, match="try conditional writes"):
        keeps_conditions(s3, bucket_name)


@pytest.fixture
def another_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "is_aws", lambda _: False)


@pytest.fixture
def deaf_server(another_server: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every client is one of a server that ignores conditions."""
    make = Clients._s3_client
    monkeypatch.setattr(Clients, "_s3_client", lambda clients: deaf(make(clients)))


def test_a_server_that_ignores_conditions_is_refused_at_once(
    s3: Any, bucket_name: str, opened: OpenService, deaf_server: None
) -> None:
    for _ in range(2):
        with pytest.raises(S3BucketError, match="allow_unconditional_writes=True") as caught:
            opened()
        assert caught.value.error_code == "conditional_writes_ignored"
    assert keys(s3, bucket_name) == []


@pytest.mark.parametrize("kind", ["unchecked", "reading"])
async def test_it_may_be_read_from(
    s3: Any, bucket_name: str, opened: OpenService, deaf_server: None, kind: str
) -> None:
    changes: dict[str, Any] = {"check_bucket": False} if kind == "unchecked" else {"permissions": ["artifact:read"]}
    service = opened(**changes)
    assert await service.list_artifact_keys(app_name="app", user_id="u", session_id="s") == []
    with pytest.raises(ArtifactError) as caught:
        await service.save_artifact(**DOC, artifact=part())
    assert caught.value.error_code == {"unchecked": "conditional_writes_ignored", "reading": "permission_missing"}[kind]
    assert keys(s3, bucket_name) == []


async def test_credentials_that_may_read_alone_open_a_service(
    opened: OpenService, another_server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = Clients._s3_client
    monkeypatch.setattr(
        Clients, "_s3_client", lambda clients: answering(make(clients), monkeypatch, "put_object", "AccessDenied", 403)
    )
    service = opened()
    assert await service.load_artifact(**DOC) is None
    with pytest.raises(S3PermissionError, match="try conditional writes"):
        await service.save_artifact(**DOC, artifact=part())


async def test_a_server_that_ignores_conditions_can_be_accepted(
    s3: Any, bucket_name: str, table_name: str, opened: OpenService, deaf_server: None
) -> None:
    service = opened(allow_unconditional_writes=True, table_name=table_name)
    s3.put_object(Bucket=bucket_name, Key="app/u/s/doc/0", Body=b"somebody else's")
    assert await service.save_artifact(**DOC, artifact=part()) == 1
    assert s3.get_object(Bucket=bucket_name, Key="app/u/s/doc/0")["Body"].read() == b"somebody else's"
    assert await service.save_artifact(**DOC, artifact=part()) == 2


async def test_a_server_that_keeps_conditions_is_tried_once_by_all(
    opened: OpenService, another_server: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def keeps(*given: Any) -> bool:
        tried.append(given[1])
        return keeps_conditions(*given)

    monkeypatch.setattr(checks, "keeps_conditions", keeps)
    services = [opened() for _ in range(3)]
    for service in services:
        await service.save_artifact(**DOC, artifact=part())
    assert tried == [services[0].bucket_name]


def test_who_waits_for_a_look_that_fails_does_not_look_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, begun, let_go, looked = Looks(), threading.Event(), threading.Event(), list[str]()
    all_asked = threading.Semaphore(0)

    def moment() -> float:
        try:
            return time.monotonic()
        finally:
            all_asked.release()

    monkeypatch.setattr(looking, "time", SimpleNamespace(monotonic=moment))

    def look() -> None:
        looked.append("at it")
        begun.set()
        let_go.wait(30)
        raise ArtifactConnectionError("nobody is there")

    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(looks.once, "bucket", look)
        begun.wait(30)
        others = [threads.submit(looks.once, "bucket", look) for _ in range(3)]
        for _ in (first, *others):
            assert all_asked.acquire(timeout=30)
        let_go.set()
        assert [type(each.exception()) for each in (first, *others)] == [ArtifactConnectionError] * 4
    assert looked == ["at it"]
    looks.once("bucket", lambda: looked.append("again"))
    looks.once("bucket", lambda: looked.append("once more"))
    assert looked == ["at it", "again"]


async def test_s3_itself_is_not_tried(opened: OpenService, monkeypatch: pytest.MonkeyPatch) -> None:
    service = opened()
    monkeypatch.setattr(checks, "keeps_conditions", lambda *_: pytest.fail("tried"))
    assert await service.save_artifact(**DOC, artifact=part()) == 0


async def test_a_bucket_without_versions_works_and_is_told_of_once(s3: Any, caplog: pytest.LogCaptureFixture) -> None:
    s3.create_bucket(Bucket="unversioned", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    with (
        caplog.at_level(logging.WARNING, "google_adk_aws"),
        S3ArtifactService("unversioned") as service,
        S3ArtifactService("unversioned") as another,
    ):
        assert await another.save_artifact(**{**DOC, "filename": "other"}, artifact=part()) == 0
        # No more than this: moto does not tell of an object by its version id "null", as S3 does.
        assert await service.save_artifact(**DOC, artifact=part(b"a")) == 0
        assert await service.load_artifact(**DOC) == part(b"a")
    (record,) = [record for record in caplog.records if record.name.startswith("google_adk_aws")]
    assert "'unversioned' keeps no versions" in record.getMessage()
