"""Stores on stand-ins for AWS."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from artifact_store import ArtifactStore
from artifact_store.adapters.aws import open_store
from tests.stand_ins import Endpoints


def client(service: str, endpoint_url: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=endpoint_url,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(
            s3={"addressing_style": "path"},
            retries={"mode": "standard", "total_max_attempts": 3},
            max_pool_connections=100,
            read_timeout=30,
        ),
    )


def open_on(endpoints: Endpoints, *, bucket_name: str, table_name: str) -> ArtifactStore:
    return open_store(
        bucket_name=bucket_name,
        index_table_name=table_name,
        s3=client("s3", endpoints.s3),
        dynamodb=client("dynamodb", endpoints.dynamodb),
    )
