"""The store of one bucket, opened with credentials of one's own; imported only where boto3 is needed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from artifact_store.adapters import aws
from artifact_store.adapters.s3 import S3Objects
from artifact_store.ports import ObjectExists, Ports
from artifact_store.store import ArtifactStore
from google_adk_aws._direct import checks
from google_adk_aws._direct.access import Access
from google_adk_aws._errors import ArtifactPermissionError, S3BucketError

if TYPE_CHECKING:
    from google_adk_aws._direct.aws_clients import Clients

__all__ = ["Opened"]

logger = logging.getLogger(__name__)


class Opened:
    """The store over one process's clients.

    Args:
        access: Which bucket.
        clients: What it is reached by; shared with others.

    Raises:
        ArtifactConnectionError: An argument makes no client.
    """

    def __init__(self, access: Access, clients: Clients) -> None:
        self._access = access
        self._looks = clients.looks
        self.s3_client = clients.s3
        self._dynamodb = None if access.table_name is None else clients.dynamodb()
        self.store = ArtifactStore(self._ports())

    def check(self, *, writes: bool) -> None:
        """Looks whether the bucket is there, indexed by nobody else and fit to be written to, as far as is wanted.

        Args:
            writes: Whether anything may be written by this service.

        Raises:
            ArtifactError: It cannot be used, or nobody answered.
        """
        access = self._access
        if access.check_bucket:
            checks.check_bucket(self.s3_client, access.bucket_name)
        if access.check_index_tag:
            checks.check_index_tag(self.s3_client, access.bucket_name, table_name=access.table_name)
        # S3 itself is asked nothing more than that.
        if access.check_bucket and writes and not checks.is_aws(self.s3_client):
            try:
                self.before_write()
            except ArtifactPermissionError as error:
                logger.debug("these credentials may read alone: %s", error)

    def before_write(self) -> None:
        """Looks, unless that was done, whether the server keeps what saves stand on.

        Raises:
            S3BucketError: It ignores conditional writes, and that was not accepted.
        """
        self._looks.once(self._access.bucket_name, self._look)

    def _look(self) -> None:
        bucket_name = self._access.bucket_name
        # S3 itself is known to keep them, and its policies need not allow the probe.
        if not checks.is_aws(self.s3_client) and not checks.keeps_conditions(self.s3_client, bucket_name):
            self._go_without_conditions()
        checks.warn_unversioned(self.s3_client, bucket_name)

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
