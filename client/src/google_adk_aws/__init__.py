"""Artifact service for Google ADK on AWS.

In an agent::

    from google_adk_aws import HttpArtifactService

    Runner(..., artifact_service=HttpArtifactService("https://….execute-api.eu-west-1.amazonaws.com"))

`S3ArtifactService` keeps artifacts straight on S3, without the API. `ArtifactClient` is the API without ADK: content of
any size from and to files, links, batches.

Names that are not in `__all__` may change in any release.
"""

from artifact_store.names import ArtifactId, Scope
from google_adk_aws._auth import BearerAuth, GoogleIdToken, OAuth2ClientCredentials, SigV4Auth
from google_adk_aws._client.artifact_client import ArtifactClient
from google_adk_aws._direct.pool import PoolSnapshot
from google_adk_aws._encryption.keys import Encryption
from google_adk_aws._errors import (
    ArtifactCircuitOpenError,
    ArtifactConflictError,
    ArtifactConnectionError,
    ArtifactEncryptionError,
    ArtifactError,
    ArtifactForbiddenError,
    ArtifactIntegrityError,
    ArtifactNotFoundError,
    ArtifactPermissionError,
    ArtifactPreconditionError,
    ArtifactServerError,
    ArtifactThrottledError,
    ArtifactTimeoutError,
    ArtifactTooLargeError,
    ArtifactUnauthenticatedError,
    ArtifactUnavailableError,
    ArtifactUploadNotFoundError,
    ArtifactVersionNotFoundError,
    InvalidArtifactError,
    S3ArtifactError,
    S3ArtifactNotFoundError,
    S3ArtifactVersionError,
    S3BucketError,
    S3ConnectionError,
    S3ObjectError,
    S3PermissionError,
    S3ThrottleError,
    UnexpectedResponseError,
    WrongServiceUrlError,
)
from google_adk_aws._http.deletions import UserDeletion
from google_adk_aws._http_artifact_service import HttpArtifactService
from google_adk_aws._model.batches import BatchProgress, BatchResult, NewArtifact
from google_adk_aws._model.links import DownloadLink, UploadHandle, UploadLink
from google_adk_aws._model.progress import Progress
from google_adk_aws._model.wire import ArtifactSummary, ContentInfo, PartHeader, StoredContent, VersionMetadata
from google_adk_aws._resilience.budget import RetryBudget
from google_adk_aws._resilience.circuit import CircuitPolicy
from google_adk_aws._resilience.policy import ResiliencePolicy, ResilienceSnapshot
from google_adk_aws._resilience.retry import RetryPolicy
from google_adk_aws._resilience.retry_config import RetryConfig
from google_adk_aws._s3_artifact_service import S3ArtifactService
from google_adk_aws._version import __version__

__all__ = [
    "ArtifactCircuitOpenError",
    "ArtifactClient",
    "ArtifactConflictError",
    "ArtifactConnectionError",
    "ArtifactEncryptionError",
    "ArtifactError",
    "ArtifactForbiddenError",
    "ArtifactId",
    "ArtifactIntegrityError",
    "ArtifactNotFoundError",
    "ArtifactPermissionError",
    "ArtifactPreconditionError",
    "ArtifactServerError",
    "ArtifactSummary",
    "ArtifactThrottledError",
    "ArtifactTimeoutError",
    "ArtifactTooLargeError",
    "ArtifactUnauthenticatedError",
    "ArtifactUnavailableError",
    "ArtifactUploadNotFoundError",
    "ArtifactVersionNotFoundError",
    "BatchProgress",
    "BatchResult",
    "BearerAuth",
    "CircuitPolicy",
    "ContentInfo",
    "DownloadLink",
    "Encryption",
    "GoogleIdToken",
    "HttpArtifactService",
    "InvalidArtifactError",
    "NewArtifact",
    "OAuth2ClientCredentials",
    "PartHeader",
    "PoolSnapshot",
    "Progress",
    "ResiliencePolicy",
    "ResilienceSnapshot",
    "RetryBudget",
    "RetryConfig",
    "RetryPolicy",
    "S3ArtifactError",
    "S3ArtifactNotFoundError",
    "S3ArtifactService",
    "S3ArtifactVersionError",
    "S3BucketError",
    "S3ConnectionError",
    "S3ObjectError",
    "S3PermissionError",
    "S3ThrottleError",
    "Scope",
    "SigV4Auth",
    "StoredContent",
    "UnexpectedResponseError",
    "UploadHandle",
    "UploadLink",
    "UserDeletion",
    "VersionMetadata",
    "WrongServiceUrlError",
    "__version__",
]
