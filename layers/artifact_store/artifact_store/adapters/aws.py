"""A store on AWS, with boto3 clients made for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config

from artifact_store.adapters.bucket_index import BucketIndex
from artifact_store.adapters.dynamodb import DynamoTable
from artifact_store.adapters.s3 import S3Objects
from artifact_store.adapters.s3_transfers import S3Transfers
from artifact_store.adapters.time import InThreads, ManyInThreads, SystemClock
from artifact_store.ids import new_id
from artifact_store.index import TableIndex
from artifact_store.ports import Ports
from artifact_store.store import ArtifactStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client

__all__ = ["CLIENT_CONFIG", "S3_CONFIG", "open_bucket_ports", "open_ports", "open_store"]

CLIENT_CONFIG: Final = Config(
    connect_timeout=2,
    read_timeout=8,
    # The only retries below the protocol: AWS's own, of single calls that are safe to repeat.
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=50,
    tcp_keepalive=True,
)
"""How the store's boto3 clients behave: they fail within seconds, so that callers can retry."""

S3_CONFIG: Final = CLIENT_CONFIG.merge(
    Config(
        signature_version="s3v4",
        # Else presigned URLs name the global endpoint, which redirects, and a redirect breaks their signature.
        s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
    )
)
"""The same for S3, whose client signs the requests of direct transfer."""


def open_store(
    *,
    bucket_name: str,
    index_table_name: str,
    s3: S3Client | None = None,
    dynamodb: DynamoDBClient | None = None,
) -> ArtifactStore:
    """Opens the store of one bucket and one index table.

    Args:
        bucket_name: A bucket with versioning on.
        index_table_name: A table with the string keys `pk` and `sk`.
        s3: A client to use instead of a new one.
        dynamodb: A client to use instead of a new one.
    """
    ports, _ = open_ports(bucket_name=bucket_name, index_table_name=index_table_name, s3=s3, dynamodb=dynamodb)
    return ArtifactStore(ports)


def open_ports(
    *,
    bucket_name: str,
    index_table_name: str,
    s3: S3Client | None = None,
    dynamodb: DynamoDBClient | None = None,
) -> tuple[Ports, DynamoTable]:
    """Opens what the store and its maintenance stand on; arguments as for `open_store`."""
    clock = SystemClock()
    table = DynamoTable(
        client=dynamodb or boto3.client("dynamodb", config=CLIENT_CONFIG),
        table_name=index_table_name,
        clock=clock,
    )
    s3 = s3 or boto3.client("s3", config=S3_CONFIG)
    ports = Ports(
        objects=S3Objects(client=s3, bucket_name=bucket_name),
        transfers=S3Transfers(client=s3, bucket_name=bucket_name),
        index=TableIndex(table, clock),
        clock=clock,
        parallel=InThreads(),
        new_id=new_id,
    )
    return ports, table


def open_bucket_ports(*, bucket_name: str, s3: S3Client | None = None) -> tuple[Ports, BucketIndex]:
    """Opens what the store stands on where there is no index table: one bucket, which tells by itself what lives.

    Open it once in a process and keep it: it remembers which saves were tried, so that a repeated one counts once.

    Args:
        bucket_name: A bucket with versioning on, which nobody writes to but through such ports.
        s3: A client to use instead of a new one.

    Returns:
        The ports, and their index.
    """
    clock = SystemClock()
    s3 = s3 or boto3.client("s3", config=S3_CONFIG)
    objects = S3Objects(client=s3, bucket_name=bucket_name)
    # The store does two things of the index at once, and each of them two calls: those need threads of their own.
    index = BucketIndex(objects, clock, both=InThreads(), each=ManyInThreads())
    ports = Ports(
        objects=objects,
        transfers=S3Transfers(client=s3, bucket_name=bucket_name),
        index=index,
        clock=clock,
        parallel=InThreads(),
        new_id=new_id,
        fetch=index.fetch,
    )
    return ports, index
