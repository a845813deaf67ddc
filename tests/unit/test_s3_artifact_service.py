"""The cases that the project's founding document names for `S3ArtifactService`, in the terms of today's ADK."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from google.genai import types
from moto import mock_aws

from google_adk_aws import (
    ArtifactError,
    S3ArtifactError,
    S3ArtifactService,
    S3BucketError,
    S3ConnectionError,
    S3ObjectError,
    S3PermissionError,
)
from tests.direct_services import in_memory, store_without_table

pytestmark = pytest.mark.unit

BUCKET = "test-bucket"
OWNER: dict[str, Any] = {"app_name": "app", "user_id": "user123", "session_id": "session456"}
DOC: dict[str, Any] = {**OWNER, "filename": "test.txt"}
USERS_DOC: dict[str, Any] = {**OWNER, "filename": "user:test.txt"}


def text(content: str = "hello") -> types.Part:
    return types.Part.from_bytes(data=content.encode(), mime_type="text/plain")


def refused(code: str, status: int) -> Callable[..., Any]:
    def call(**_: Any) -> Any:
        answer: Any = {
            "Error": {"Code": code, "Message": "arn:aws:iam::123456789012:user/secret"},
            "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "R1"},
        }
        raise ClientError(answer, "Operation")

    return call


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture
def service(s3: Any) -> Iterator[S3ArtifactService]:
    with S3ArtifactService(BUCKET, region_name="us-east-1") as service:
        yield service


def test_initialization(service: S3ArtifactService) -> None:
    assert (service.bucket_name, service.region_name) == (BUCKET, "us-east-1")
    assert service.s3_client.meta.region_name == "us-east-1"
    assert repr(service) == "S3ArtifactService('test-bucket')"


def test_initialization_with_explicit_credentials(s3: Any) -> None:
    with S3ArtifactService(
        BUCKET, "us-east-1", aws_access_key_id="id", aws_secret_access_key="secret", aws_session_token="token"
    ) as service:
        assert (service.aws_access_key_id, service.aws_secret_access_key) == ("id", "secret")
        assert service.aws_session_token == "token"
        assert "secret" not in repr(vars(service))


def test_initialization_with_a_custom_endpoint(s3: Any) -> None:
    with S3ArtifactService(
        BUCKET, endpoint_url="https://minio.example:9000", check_bucket=False, check_index_tag=False
    ) as service:
        assert service.endpoint_url == service.s3_client.meta.endpoint_url == "https://minio.example:9000"
        url = service.s3_client.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "k"})
        assert url.startswith("https://minio.example:9000/test-bucket/k?")


def test_initialization_with_a_missing_bucket(s3: Any) -> None:
    with pytest.raises(S3BucketError, match="does not exist") as caught:
        S3ArtifactService("no-such-bucket", region_name="us-east-1")
    assert (caught.value.error_code, caught.value.details["bucket"]) == ("NoSuchBucket", "no-such-bucket")


def test_initialization_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(S3ConnectionError, match=r"^Failed to create S3 client") as caught:
        S3ArtifactService(BUCKET)
    assert caught.value.error_code == "no_credentials"


async def test_save_the_first_version(service: S3ArtifactService, s3: Any) -> None:
    assert await service.save_artifact(**DOC, artifact=text()) == 0
    assert s3.get_object(Bucket=BUCKET, Key="app/user123/session456/test.txt/0")["Body"].read() == b"hello"


async def test_save_increments_the_version(service: S3ArtifactService) -> None:
    assert [await service.save_artifact(**DOC, artifact=text(str(number))) for number in range(3)] == [0, 1, 2]


async def test_save_in_the_users_namespace(service: S3ArtifactService, s3: Any) -> None:
    assert await service.save_artifact(**USERS_DOC, artifact=text()) == 0
    assert s3.head_object(Bucket=BUCKET, Key="app/user123/user/user:test.txt/0")["ContentLength"] == 5


async def test_load_the_latest_and_a_specific_version(service: S3ArtifactService) -> None:
    for number in range(3):
        await service.save_artifact(**DOC, artifact=text(str(number)))
    assert await service.load_artifact(**DOC) == text("2")
    assert await service.load_artifact(**DOC, version=1) == text("1")


async def test_load_what_is_missing(service: S3ArtifactService) -> None:
    assert await service.load_artifact(**DOC) is None
    await service.save_artifact(**DOC, artifact=text())
    assert await service.load_artifact(**DOC, version=7) is None


async def test_list_keys(service: S3ArtifactService) -> None:
    assert await service.list_artifact_keys(**OWNER) == []
    await service.save_artifact(**DOC, artifact=text())
    await service.save_artifact(**USERS_DOC, artifact=text())
    assert await service.list_artifact_keys(**OWNER) == ["test.txt", "user:test.txt"]


async def test_delete_all_versions(service: S3ArtifactService, s3: Any) -> None:
    for number in range(3):
        await service.save_artifact(**DOC, artifact=text(str(number)))
    await service.delete_artifact(**DOC)
    assert await service.load_artifact(**DOC) is None
    assert await service.list_versions(**DOC) == []
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="app/user123/session456/test.txt/")
    assert await service.save_artifact(**DOC, artifact=text()) == 0


async def test_list_versions(service: S3ArtifactService) -> None:
    assert await service.list_versions(**DOC) == []
    for number in range(11):
        await service.save_artifact(**DOC, artifact=text(str(number)))
    assert await service.list_versions(**DOC) == list(range(11))


async def test_an_error_of_s3_on_save(service: S3ArtifactService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.s3_client, "put_object", refused("AccessDenied", 403))
    with pytest.raises(S3PermissionError, match=r"^Failed to save artifact") as caught:
        await service.save_artifact(**DOC, artifact=text())
    assert caught.value.error_code == "AccessDenied"
    assert caught.value.details == {"status": 403, "request_id": "R1", "operation": "save artifact"}
    assert "123456789012" not in str(caught.value)


async def test_an_error_of_s3_on_load(service: S3ArtifactService, monkeypatch: pytest.MonkeyPatch) -> None:
    await service.save_artifact(**DOC, artifact=text())
    for call in ("get_object", "list_object_versions", "head_object"):
        monkeypatch.setattr(service.s3_client, call, refused("InternalError", 500))
    with pytest.raises(S3ObjectError, match=r"^Failed to load artifact") as caught:
        await service.load_artifact(**DOC)
    assert caught.value.error_code == "InternalError"
    assert isinstance(caught.value, (S3ArtifactError, ArtifactError))


def test_file_has_user_namespace(service: S3ArtifactService) -> None:
    assert service._file_has_user_namespace("user:x")
    assert not service._file_has_user_namespace("x")


def test_object_keys_of_both_scopes(service: S3ArtifactService) -> None:
    assert service._get_object_key("app", "user123", "session456", "test.txt", 1) == "app/user123/session456/test.txt/1"
    assert service._get_object_key("app", "user123", "session456", "user:test.txt", 1) == (
        "app/user123/user/user:test.txt/1"
    )
    assert service._get_object_key("a/b", "ü", "s", "x/../y", 0) == "a!2Fb/!C3!BC/s/x!2F..!2Fy/0"


async def test_five_saves_at_once() -> None:
    async with in_memory(store_without_table()) as service:
        saves = [service.save_artifact(**DOC, artifact=text(str(number))) for number in range(5)]
        versions = await asyncio.gather(*saves)
        assert sorted(versions) == list(range(5))
        for number, version in enumerate(versions):
            assert await service.load_artifact(**DOC, version=version) == text(str(number))


async def test_five_loads_at_once(service: S3ArtifactService) -> None:
    await service.save_artifact(**DOC, artifact=text())
    assert await asyncio.gather(*[service.load_artifact(**DOC) for _ in range(5)]) == [text()] * 5
