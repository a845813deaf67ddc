"""Whether a bucket can keep artifacts, and whether it is this service's to index."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from artifact_store.ids import new_id
from google_adk_aws._direct.failures import aws_failure
from google_adk_aws._errors import ArtifactForbiddenError, S3BucketError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

__all__ = [
    "INDEX_TAG",
    "PROBE_PREFIX",
    "check_bucket",
    "check_index_tag",
    "is_aws",
    "keeps_conditions",
    "warn_unversioned",
]

logger = logging.getLogger(__name__)

INDEX_TAG: Final = "artifact-index-table"
"""The tag by which a bucket says that a table indexes it."""

PROBE_PREFIX: Final = "!probe/"
"""Under which conditional writes are tried. No encoded app can be `!probe`, since `!pr` is no escape."""

_AWS_HOSTS: Final = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
_MISSING: Final = frozenset({"NoSuchBucket", "404"})
_DENIED: Final = frozenset({"AccessDenied", "403"})
_HELD: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
_UNKNOWN: Final = frozenset({"NotImplemented", "InvalidArgument", "InvalidRequest", "501", "400"})
_UNVERSIONED: Final = (
    "bucket %r keeps no versions: what is deleted while it is saved again may take the new content with it, and "
    "nothing that is overwritten or deleted can be brought back. Switch its versioning on."
)


@contextlib.contextmanager
def _translated(operation: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError, HTTPClientError) as error:
        raise aws_failure(error, operation) from error


def is_aws(s3: S3Client) -> bool:
    """Whether a client speaks to S3 itself, not to another server of its protocol."""
    host = urlsplit(s3.meta.endpoint_url).hostname or ""
    return host.endswith(_AWS_HOSTS)


def check_bucket(s3: S3Client, bucket_name: str) -> None:
    """Asks whether a bucket is there.

    Raises:
        S3BucketError: It is not.
        ArtifactForbiddenError: The credentials may not look at it.
        ArtifactError: Nobody answered.
    """
    with _translated("look at the bucket"):
        try:
            s3.head_bucket(Bucket=bucket_name)
        except ClientError as error:
            code = _code(error)
            if code in _MISSING:
                raise S3BucketError(
                    f"the bucket {bucket_name!r} does not exist", "NoSuchBucket", status=404, bucket=bucket_name
                ) from error
            if code in _DENIED:
                raise ArtifactForbiddenError(
                    f"the bucket {bucket_name!r} is another account's, or these credentials lack s3:ListBucket; "
                    "check_bucket=False goes on without looking",
                    "AccessDenied",
                    status=403,
                    bucket=bucket_name,
                ) from error
            raise


def check_index_tag(s3: S3Client, bucket_name: str, *, table_name: str | None) -> None:
    """Refuses a bucket that another table indexes: two indexes would not see each other's artifacts.

    Args:
        s3: The client.
        bucket_name: The bucket.
        table_name: The table that this service uses; None when it uses none.

    Raises:
        S3BucketError: It is indexed by another table.
        ArtifactForbiddenError: The tags cannot be read, and without a table they have to be.
    """
    with _translated("read the bucket's tags"):
        try:
            answer = s3.get_bucket_tagging(Bucket=bucket_name)
        except ClientError as error:
            if _code(error) not in _DENIED:
                # NoSuchTagSet, or a server that knows no tags: nobody has marked it.
                if _is_answer(error):
                    return
                raise
            if table_name is not None:
                return
            raise ArtifactForbiddenError(
                "whether a table indexes this bucket cannot be read: the credentials lack s3:GetBucketTagging. "
                "If no artifact API stands on the bucket, check_index_tag=False skips this check",
                "AccessDenied",
                status=403,
                bucket=bucket_name,
            ) from error
    found = {tag["Key"]: tag["Value"] for tag in answer["TagSet"]}.get(INDEX_TAG)
    if found is None or found == table_name:
        return
    raise S3BucketError(
        f"the bucket {bucket_name!r} is indexed by the table {found!r} (its tag {INDEX_TAG}): "
        f"pass table_name={found!r}, else the API behind it and this service would not see each other's artifacts",
        "bucket_is_indexed",
        bucket=bucket_name,
        table=found,
    )


def keeps_conditions(s3: S3Client, bucket_name: str) -> bool:
    """Tries whether a server honours `If-None-Match: *`, by creating one small object twice; leaves nothing.

    Raises:
        ArtifactError: It cannot be tried.
    """
    key = PROBE_PREFIX + new_id()
    created: list[str | None] = []
    with _translated("try conditional writes"):
        try:
            for _ in range(2):
                answer = s3.put_object(Bucket=bucket_name, Key=key, Body=b"", IfNoneMatch="*")
                created.append(answer.get("VersionId"))
        except ClientError as error:
            code = _code(error)
            if code in _HELD and created:
                return True
            if code not in _UNKNOWN:
                raise
        finally:
            for version_id in created:
                version: dict[str, Any] = {"VersionId": version_id} if version_id else {}
                s3.delete_object(Bucket=bucket_name, Key=key, **version)
    return False


def warn_unversioned(s3: S3Client, bucket_name: str) -> None:
    """Logs what a bucket without versioning cannot promise; nothing if that cannot be read."""
    try:
        status = s3.get_bucket_versioning(Bucket=bucket_name).get("Status")
    except (ClientError, BotoCoreError) as error:
        logger.debug("the versioning of bucket %r cannot be read: %s", bucket_name, type(error).__name__)
        return
    if status != "Enabled":
        logger.warning(_UNVERSIONED, bucket_name)


def _is_answer(error: ClientError) -> bool:
    """Whether that is the service's word, and not a failure on the way to it."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) in {400, 404, 405, 501}


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
