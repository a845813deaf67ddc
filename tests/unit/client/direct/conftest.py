"""A bucket and a table of moto, and services over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import boto3
import pytest
from moto import mock_aws

from google_adk_aws import S3ArtifactService
from tests.ports.conftest import make_bucket, make_table

REGION = "eu-central-1"
OpenService: TypeAlias = Callable[..., S3ArtifactService]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """S3 as it is before the service comes."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield boto3.client("s3")


@pytest.fixture
def bucket_name(s3: Any) -> str:
    return make_bucket(s3)


@pytest.fixture
def table_name(s3: Any) -> str:
    return make_table(boto3.client("dynamodb"))


@pytest.fixture
def opened(bucket_name: str) -> Iterator[OpenService]:
    """Opens services on the bucket."""
    services: list[S3ArtifactService] = []

    def open_service(**changes: Any) -> S3ArtifactService:
        # One worker: moto has no atomic transactions.
        services.append(S3ArtifactService(**{"bucket_name": bucket_name, "workers": 1, **changes}))
        return services[-1]

    yield open_service
    for service in services:
        service.close()
