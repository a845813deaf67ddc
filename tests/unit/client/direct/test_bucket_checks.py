"""What a bucket has to be, and what is done about one that is not."""

from __future__ import annotations

import logging
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from google.genai import types

from google_adk_aws import (
    ArtifactConnectionError,
    ArtifactServerError,
    S3ArtifactService,
    S3BucketError,
    S3PermissionError,
    _direct_checks,
)
from google_adk_aws._direct_checks import PROBE_PREFIX, check_bucket, check_index_tag, keeps_conditions

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


async def test_a_server_that_ignores_conditions_is_refused_before_the_first_write(
    s3: Any, bucket_name: str, opened: OpenService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_direct_checks, "is_aws", lambda _: False)
    service = opened()
    deaf(service.s3_client)
    assert await service.list_artifact_keys(app_name="app", user_id="u", session_id="s") == []
    for _ in range(2):
        with pytest.raises(S3BucketError, match="allow_unconditional_writes=True") as caught:
            await service.save_artifact(**DOC, artifact=part())
        assert caught.value.error_code == "conditional_writes_ignored"
    assert keys(s3, bucket_name) == []


async def test_a_server_that_ignores_conditions_can_be_accepted(
    s3: Any, bucket_name: str, opened: OpenService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_direct_checks, "is_aws", lambda _: False)
    service = opened(allow_unconditional_writes=True)
    deaf(service.s3_client)
    s3.put_object(Bucket=bucket_name, Key="app/u/s/doc/0", Body=b"somebody else's")
    assert await service.save_artifact(**DOC, artifact=part()) == 1
    assert s3.get_object(Bucket=bucket_name, Key="app/u/s/doc/0")["Body"].read() == b"somebody else's"
    assert await service.save_artifact(**DOC, artifact=part()) == 2


async def test_a_server_that_keeps_conditions_is_tried_once(
    opened: OpenService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_direct_checks, "is_aws", lambda _: False)
    service = opened()
    probes: list[str] = []
    service.s3_client.meta.events.register(
        "provide-client-params.s3.PutObject",
        lambda params, **_: probes.append(params["Key"]) if params["Key"].startswith(PROBE_PREFIX) else None,
    )
    for _ in range(2):
        await service.save_artifact(**DOC, artifact=part())
    assert len(probes) == 2, "one object, put twice"
    assert len(set(probes)) == 1


async def test_s3_itself_is_not_tried(opened: OpenService, monkeypatch: pytest.MonkeyPatch) -> None:
    service = opened()
    monkeypatch.setattr(_direct_checks, "keeps_conditions", lambda *_: pytest.fail("tried"))
    assert await service.save_artifact(**DOC, artifact=part()) == 0


async def test_a_bucket_without_versions_works_and_is_told_of_once(s3: Any, caplog: pytest.LogCaptureFixture) -> None:
    s3.create_bucket(Bucket="unversioned", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    with caplog.at_level(logging.WARNING, "google_adk_aws"), S3ArtifactService("unversioned") as service:
        # No more than this: moto does not tell of an object by its version id "null", as S3 does.
        assert await service.save_artifact(**DOC, artifact=part(b"a")) == 0
        assert await service.load_artifact(**DOC) == part(b"a")
    (record,) = [record for record in caplog.records if record.name.startswith("google_adk_aws")]
    assert "'unversioned' keeps no versions" in record.getMessage()
