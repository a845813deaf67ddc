"""What a service on S3 is made from."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import pytest

from google_adk_aws import ArtifactConnectionError, RetryConfig, S3ArtifactService, S3BucketError

from .conftest import OpenService

pytestmark = pytest.mark.unit


def test_the_constructor_of_the_service() -> None:
    assert str(inspect.signature(S3ArtifactService)) == (
        "(bucket_name: 'str', region_name: 'str | None' = None, aws_access_key_id: 'str | None' = None, "
        "aws_secret_access_key: 'str | None' = None, aws_session_token: 'str | None' = None, "
        "endpoint_url: 'str | None' = None, retry_config: 'RetryConfig | RetryPolicy | None' = None, *, "
        "table_name: 'str | None' = None, "
        "table_endpoint_url: 'str | None' = None, workers: 'int' = 20, multipart_threshold: 'int' = 8388608, "
        "part_size: 'int | None' = None, check_bucket: 'bool' = True, check_index_tag: 'bool' = True, "
        "allow_unconditional_writes: 'bool' = False, encryption: 'Encryption | None' = None, "
        "permissions: 'Iterable[str] | None' = None, resilience: 'ResiliencePolicy | None' = None, "
        "ttl: 'Ttl | None' = None) -> 'None'"
    )


def test_attributes_have_the_names_of_the_arguments(opened: OpenService, bucket_name: str, table_name: str) -> None:
    config = RetryConfig(max_attempts=2)
    service = opened(region_name="eu-central-1", table_name=table_name, retry_config=config)
    assert (service.bucket_name, service.region_name, service.table_name) == (bucket_name, "eu-central-1", table_name)
    assert service.retry_config is config
    assert (service.aws_access_key_id, service.aws_secret_access_key, service.aws_session_token) == (None, None, None)
    assert service.endpoint_url is None
    assert service.s3_client is service.s3_client


@pytest.mark.parametrize(
    ("changes", "named"), [({"bucket_name": ""}, "bucket_name"), ({"table_name": ""}, "table_name")]
)
def test_names_that_are_none(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        S3ArtifactService(**{"bucket_name": "bucket", **changes})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"bucket_name": "My Bucket"}, "bucket_name must be 1 to 255"),
        ({"bucket_name": "a/../b"}, "bucket_name must be 1 to 255"),
        ({"bucket_name": "x" * 256}, "bucket_name must be 1 to 255"),
        ({"bucket_name": 7}, "bucket_name must be 1 to 255"),
        ({"aws_access_key_id": "", "aws_secret_access_key": "hush"}, "aws_access_key_id must be"),
        ({"aws_access_key_id": "hush", "aws_secret_access_key": ""}, "aws_secret_access_key must be"),
        ({"aws_access_key_id": "hush\n", "aws_secret_access_key": "hush"}, "aws_access_key_id must be"),
        ({"aws_access_key_id": "k", "aws_secret_access_key": "s", "aws_session_token": ""}, "aws_session_token must"),
        ({"workers": 0}, "workers must be at least 1"),
        ({"workers": 1.5}, "workers must be at least 1"),
        ({"part_size": 1}, r"part_size must be 5,242,880 \(5 MiB\) to"),
        ({"part_size": 6 * 2**30}, r"to 5,368,709,120 \(5 GiB\) bytes"),
        ({"part_size": "x"}, "part_size must be"),
        ({"multipart_threshold": -1}, "multipart_threshold must be 0 to"),
        ({"multipart_threshold": None}, "multipart_threshold must be 0 to"),
        ({"multipart_threshold": 10**12}, "multipart_threshold must be 0 to"),
        ({"permissions": [1]}, "permissions: 1 is none"),
        ({"ttl": 5}, "ttl needs table_name"),
    ],
)
def test_arguments_that_cannot_be_are_named(s3: Any, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        S3ArtifactService(**{"bucket_name": "bucket", **changes})
    assert "hush" not in str(caught.value)


def test_access_points_are_buckets(s3: Any) -> None:
    arn = "arn:aws:s3:eu-central-1:123456789012:accesspoint/artifacts"
    S3ArtifactService(arn, check_bucket=False, check_index_tag=False).close()


def test_policies_that_are_none() -> None:
    wrong: Any = 5
    with pytest.raises(TypeError, match="resilience must be a ResiliencePolicy, not int"):
        S3ArtifactService("bucket", resilience=wrong)
    with pytest.raises(ValueError, match="max_attempts must be at least 1"):
        RetryConfig(max_attempts=0)
    with pytest.raises(ValueError, match="retryable_errors must be a collection"):
        RetryConfig(retryable_errors="SlowDown")


def test_arguments_that_make_no_client(s3: Any) -> None:
    with pytest.raises(ArtifactConnectionError, match=r"^Failed to create S3 client") as caught:
        S3ArtifactService("bucket", endpoint_url="no url: AKIASECRET")
    assert "AKIASECRET" not in str(caught.value)


@pytest.mark.parametrize("given", ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"])
def test_half_of_the_credentials_is_not_filled_up_with_those_of_the_environment(s3: Any, given: str) -> None:
    with pytest.raises(ValueError, match="explicit credentials") as caught:
        S3ArtifactService("bucket", **{given: "secret"})  # type: ignore[arg-type] # all are texts
    assert "secret" not in str(caught.value).replace("aws_secret_access_key", "")


async def test_a_table_that_is_not_there_is_told_at_its_first_use(opened: OpenService) -> None:
    service = opened(table_name="no-such-table")
    with pytest.raises(S3BucketError, match=r"^Failed to list artifacts: the index table does not exist"):
        await service.list_artifact_keys(app_name="app", user_id="u")


def test_users_of_the_api_do_not_load_boto3() -> None:
    code = "import sys, google_adk_aws; print(sorted({'boto3', 'google_adk_aws._direct.opening'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_without_boto3_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("google_adk_aws._direct.opening", "google_adk_aws._direct.aws_clients"):
        monkeypatch.delitem(sys.modules, module, raising=False)
        monkeypatch.delattr(module, raising=False)
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(ImportError, match=r"google-adk-aws\[s3\]"):
        S3ArtifactService("bucket")


async def test_plain_and_asynchronous_context_managers(opened: OpenService) -> None:
    with opened() as service:
        assert await service.list_artifact_keys(app_name="app", user_id="u") == []
    with pytest.raises(RuntimeError, match="closed"):
        await service.list_artifact_keys(app_name="app", user_id="u")
    async with opened() as service:
        assert await service.list_artifact_keys(app_name="app", user_id="u") == []
    await service.aclose()
