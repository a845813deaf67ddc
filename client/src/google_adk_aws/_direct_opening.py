"""The store of one bucket, opened with credentials of one's own; imported only where boto3 is needed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from artifact_store.adapters import aws
from artifact_store.adapters.s3 import S3Objects
from artifact_store.ports import ObjectExists, Ports
from artifact_store.store import ArtifactStore
from google_adk_aws import _direct_checks as checks
from google_adk_aws._direct_access import Access
from google_adk_aws._errors import ArtifactConnectionError, S3BucketError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

__all__ = ["Opened"]

_PATH_STYLE: Final = Config(s3={"addressing_style": "path", "us_east_1_regional_endpoint": "regional"})
_PARALLEL_CALLS: Final = 48
"""Calls that the store and its index do beside those of the workers; each takes a connection."""


class Opened:
    """One process's clients, and the store over them.

    Args:
        access: Which bucket, and with which credentials.

    Raises:
        ArtifactConnectionError: There are no credentials, or an argument makes no client.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        try:
            session = boto3.Session(
                aws_access_key_id=access.aws_access_key_id,
                aws_secret_access_key=access.aws_secret_access_key,
                aws_session_token=access.aws_session_token,
                region_name=access.region_name,
            )
            if session.get_credentials() is None:
                raise _no_client("no AWS credentials were found", "no_credentials")
            self.s3_client = _s3_client(session, access)
            self._dynamodb: Any = None
            if access.table_name is not None:
                self._dynamodb = session.client(
                    "dynamodb", endpoint_url=access.table_endpoint_url, config=_sized(aws.CLIENT_CONFIG, access)
                )
        except (BotoCoreError, ValueError) as error:
            # Texts of botocore about arguments quote them, and one may be a key that stands in the wrong place.
            raise _no_client(f"{type(error).__name__} while opening it", "invalid_client") from error
        self.store = ArtifactStore(self._ports())
        self._may_write = False
        self._lock = threading.Lock()

    def check(self) -> None:
        """Looks whether the bucket is there, and indexed by nobody else, as far as that is wanted.

        Raises:
            ArtifactError: It cannot be used, or nobody answered.
        """
        access = self._access
        if access.check_bucket:
            checks.check_bucket(self.s3_client, access.bucket_name)
        if access.check_index_tag:
            checks.check_index_tag(self.s3_client, access.bucket_name, table_name=access.table_name)

    def before_write(self) -> None:
        """Looks, before the first write, whether the server keeps what saves stand on.

        Raises:
            S3BucketError: It ignores conditional writes, and that was not accepted.
        """
        if not self._may_write:
            with self._lock:
                self._look_once()

    def _look_once(self) -> None:
        if self._may_write:
            return
        bucket_name = self._access.bucket_name
        # S3 itself is known to keep them, and its policies need not allow the probe.
        if not checks.is_aws(self.s3_client) and not checks.keeps_conditions(self.s3_client, bucket_name):
            self._go_without_conditions()
        checks.warn_unversioned(self.s3_client, bucket_name)
        self._may_write = True

    def close(self) -> None:
        """Closes the connections."""
        self.s3_client.close()
        if self._dynamodb is not None:
            self._dynamodb.close()

    def _ports(self) -> Ports:
        access = self._access
        if access.table_name is None:
            ports, _ = aws.open_bucket_ports(bucket_name=access.bucket_name, s3=self.s3_client)
            return ports
        ports, _ = aws.open_ports(
            bucket_name=access.bucket_name,
            index_table_name=access.table_name,
            s3=self.s3_client,
            dynamodb=self._dynamodb,
        )
        return ports

    def _go_without_conditions(self) -> None:
        if not self._access.allow_unconditional_writes:
            raise S3BucketError(
                "the server behind this endpoint ignores conditional writes (If-None-Match), so that two savers of "
                "one artifact could overwrite each other unnoticed; allow_unconditional_writes=True accepts that",
                "conditional_writes_ignored",
                bucket=self._access.bucket_name,
            )
        objects = S3Objects(client=self.s3_client, bucket_name=self._access.bucket_name)

        def look_first(params: dict[str, Any], **_: object) -> None:
            if params.pop("IfNoneMatch", None) is not None and objects.head(params["Key"]) is not None:
                raise ObjectExists

        self.s3_client.meta.events.register("before-parameter-build.s3.PutObject", look_first)


def _s3_client(session: boto3.Session, access: Access) -> S3Client:
    config = _sized(aws.S3_CONFIG, access)
    client = session.client("s3", endpoint_url=access.endpoint_url, config=config)
    if checks.is_aws(client):
        return client
    # Other servers, also those that the environment names, rarely have a host name for every bucket.
    return session.client("s3", endpoint_url=access.endpoint_url, config=config.merge(_PATH_STYLE))


def _sized(config: Config, access: Access) -> Config:
    return config.merge(Config(max_pool_connections=access.workers + _PARALLEL_CALLS))


def _no_client(reason: str, code: str) -> ArtifactConnectionError:
    return ArtifactConnectionError(f"Failed to create S3 client: {reason}", code)
