"""ADK's artifact service straight on S3, without the API."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from artifact_store.names import USER_NAMESPACE
from artifact_store.transfers import MAX_PART_BYTES, MIN_PART_BYTES
from google_adk_aws._adk.service import AdkArtifactService, artifact_id
from google_adk_aws._direct.access import Access
from google_adk_aws._direct.client import DirectClient
from google_adk_aws._direct.pool import Lease, PoolSnapshot
from google_adk_aws._direct.running import Runner
from google_adk_aws._encryption.keys import Encryption
from google_adk_aws._io.per_process import PerProcess
from google_adk_aws._model.permissions import Permissions
from google_adk_aws._model.ttl import Ttl, ttl_seconds
from google_adk_aws._resilience.policy import Resilience, ResiliencePolicy, ResilienceSnapshot, resilience_of
from google_adk_aws._resilience.retry import RetryPolicy
from google_adk_aws._resilience.retry_config import RetryConfig, retry_policy

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

    from mypy_boto3_s3.client import S3Client

    from google_adk_aws._direct.opening import Opened

__all__ = ["S3ArtifactService"]

_THRESHOLD: Final = 8 * 1024 * 1024


class S3ArtifactService(AdkArtifactService):
    """Keeps artifacts in a bucket: durable, versioned, shared by every process that uses the bucket.

    With `table_name` a DynamoDB table is the index, the same that the artifact API uses: both may work on one bucket
    at the same time. Without it the index is in the bucket itself; no API may stand on that bucket then.

    One instance serves any number of tasks, event loops and threads, and forked processes make connections of their
    own. boto3 blocks, so every call is made in one of `workers` threads. Services of the same region, endpoint,
    credentials and `workers` share these threads and their connections, which end with the last of them. A task that
    is cancelled stops waiting; a save that it began may still happen. Use it as a context manager, plain or
    asynchronous, call `close()` or `aclose()`, or keep it as long as the process lives. The constructor asks S3 for
    the bucket, and tries whether another server than S3 keeps conditional writes.

    Args:
        bucket_name: The bucket. Its versioning is to be on; see `docs/direct-s3.md` for what is lost without.
        region_name: The region; by default boto3's own choice, as for all that follows.
        aws_access_key_id: Explicit credentials. By default those of the environment, profile, role, …
        aws_secret_access_key: …
        aws_session_token: …
        endpoint_url: Another server than AWS's, or an endpoint of one's own. It has to honour conditional writes.
        retry_config: How often and how long one operation is tried, above boto3's own attempts for single calls: a
            `RetryConfig` or a `RetryPolicy`. By default a `RetryConfig()`.
        table_name: The DynamoDB table that is the index: the stack's own, or any with string keys `pk` and `sk`.
        table_endpoint_url: As `endpoint_url`, for DynamoDB.
        workers: Threads that call AWS, at most.
        multipart_threshold: Content of more bytes goes in parts.
        part_size: Bytes of a part, 5 MiB to 5 GiB; by default at least 8 MiB, and enough for 10,000 parts.
        check_bucket: Whether the constructor asks for the bucket, which needs s3:ListBucket, and tries conditional
            writes on another server than S3. Without, these are tried before the first write.
        check_index_tag: Whether the constructor reads the bucket's tags, to refuse a bucket that another table
            indexes; without `table_name` this needs s3:GetBucketTagging.
        allow_unconditional_writes: Go on with a server that ignores conditional writes. Then two savers of one
            artifact at the same moment may take the same version, and one of the contents is lost, unnoticed.
        encryption: Encrypts what is saved and decrypts what is loaded: `Encryption.with_key(…)`, `.with_kms(…)`.
            By default nothing is encrypted here, and loading what is raises.
        permissions: What this service may do, e.g. `{"artifact:read", "artifact:write:session"}`; anything else raises
            `S3PermissionError` and asks nobody. None allows everything. For agents that are handed less than their
            process may do: what the IAM role allows is another matter.
        resilience: What happens when the storage fails: retries, circuits, hedged reads. In place of `retry_config`.
        ttl: How long an artifact lives after a save unless it is saved again: seconds or a `timedelta`, 0 for good. By
            default for good. Needs `table_name`. See `docs/retention.md`.

    Raises:
        S3BucketError: The bucket does not exist, another table indexes it, or its server ignores conditional writes.
        S3ConnectionError: There are no credentials ("Failed to create S3 client"), or nobody answers.
        S3PermissionError: The credentials may not do what is asked at construction.
        ValueError: An argument cannot be.
        ImportError: boto3 is not installed (extra `s3`).
    """

    def __init__(
        self,
        bucket_name: str,
        region_name: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        aws_session_token: str | None = None,
        endpoint_url: str | None = None,
        retry_config: RetryConfig | RetryPolicy | None = None,
        *,
        table_name: str | None = None,
        table_endpoint_url: str | None = None,
        workers: int = 20,
        multipart_threshold: int = _THRESHOLD,
        part_size: int | None = None,
        check_bucket: bool = True,
        check_index_tag: bool = True,
        allow_unconditional_writes: bool = False,
        encryption: Encryption | None = None,
        permissions: Iterable[str] | None = None,
        resilience: ResiliencePolicy | None = None,
        ttl: Ttl | None = None,
    ) -> None:
        policy = resilience_of(resilience, retry_policy(retry_config, default=resilience is None))
        self._resilience = Resilience(policy)
        allowed = Permissions(permissions)
        if ttl_seconds(ttl) and table_name is None:
            raise ValueError("ttl needs table_name: artifacts of a bucket without an index table cannot expire")
        self._ttl = ttl
        _check_sizes(multipart_threshold, part_size)
        self._access = Access(
            bucket_name=bucket_name,
            region_name=region_name,
            aws_access_key_id=aws_access_key_id,
            aws_secret_access_key=aws_secret_access_key,
            aws_session_token=aws_session_token,
            endpoint_url=endpoint_url,
            table_name=table_name,
            table_endpoint_url=table_endpoint_url,
            workers=workers,
            check_bucket=check_bucket,
            check_index_tag=check_index_tag,
            allow_unconditional_writes=allow_unconditional_writes,
        )
        self.retry_config = retry_config
        self._lease = Lease(self._access)
        self._opened: PerProcess[Opened] = PerProcess(self._open)
        try:
            self._opened.get().check(writes=allowed.changes)
        except BaseException:
            self._lease.close()
            raise
        self._client = DirectClient(
            Runner(self._opened, self._lease, self._resilience, place=f"the bucket {bucket_name!r}"),
            multipart_threshold=multipart_threshold,
            part_size=part_size,
            encryption=encryption,
            permissions=allowed,
        )

    def _open(self) -> Opened:
        try:
            # Here and not above: users of the API need no boto3.
            from google_adk_aws._direct.opening import Opened  # noqa: PLC0415

            clients = self._lease.clients
        except ImportError as error:
            raise ImportError("S3ArtifactService needs boto3: pip install 'google-adk-aws[s3]'") from error
        return Opened(self._access, clients)

    @property
    def bucket_name(self) -> str:
        """The bucket."""
        return self._access.bucket_name

    @property
    def region_name(self) -> str | None:
        """As given."""
        return self._access.region_name

    @property
    def aws_access_key_id(self) -> str | None:
        """As given."""
        return self._access.aws_access_key_id

    @property
    def aws_secret_access_key(self) -> str | None:
        """As given."""
        return self._access.aws_secret_access_key

    @property
    def aws_session_token(self) -> str | None:
        """As given."""
        return self._access.aws_session_token

    @property
    def endpoint_url(self) -> str | None:
        """As given."""
        return self._access.endpoint_url

    @property
    def table_name(self) -> str | None:
        """As given."""
        return self._access.table_name

    @property
    def s3_client(self) -> S3Client:
        """This process's boto3 client of S3. Closed with the service."""
        return self._opened.get().s3_client

    @property
    @override
    def client(self) -> DirectClient:
        """What this service calls; it has what ADK has no call for (files, batches, conditions)."""
        return self._client

    def pool_snapshot(self) -> PoolSnapshot:
        """How the threads fare that this service shares with others of the same place and credentials."""
        return self._lease.snapshot()

    def resilience_snapshot(self) -> ResilienceSnapshot:
        """How the operations on the storage fare: circuits, retries, hedges."""
        return self._resilience.snapshot()

    def close(self) -> None:
        """Waits for the calls that are under way, and closes the connections; the service cannot be used after."""
        self._lease.close()

    async def aclose(self) -> None:
        """Does the same without blocking the event loop."""
        await asyncio.to_thread(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.bucket_name!r})"

    @staticmethod
    def _file_has_user_namespace(filename: str) -> bool:
        """Whether a filename means the user's scope."""
        return filename.startswith(USER_NAMESPACE)

    @staticmethod
    def _get_object_key(app_name: str, user_id: str, session_id: str | None, filename: str, version: int | str) -> str:
        """The object key of a version: `app/user/session/filename/version`, each part encoded.

        Raises:
            InvalidArtifactError: An argument cannot be one.
        """
        return f"{artifact_id(app_name, user_id, session_id, filename).key_prefix}/{version}"


def _check_sizes(multipart_threshold: object, part_size: object) -> None:
    if not isinstance(multipart_threshold, int) or not 0 <= multipart_threshold <= MAX_PART_BYTES:
        raise ValueError(f"multipart_threshold must be 0 to {MAX_PART_BYTES:,} bytes (5 GiB), which one PUT takes")
    if part_size is not None and (not isinstance(part_size, int) or not MIN_PART_BYTES <= part_size <= MAX_PART_BYTES):
        raise ValueError(f"part_size must be {MIN_PART_BYTES:,} (5 MiB) to {MAX_PART_BYTES:,} (5 GiB) bytes")
