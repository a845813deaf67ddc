"""Artifact service for Google ADK on AWS.

    from google_adk_aws import HttpArtifactService

    Runner(..., artifact_service=HttpArtifactService("https://….execute-api.eu-west-1.amazonaws.com"))

Names that are not in `__all__` may change in any release.
"""

from google_adk_aws._auth import BearerAuth, SigV4Auth
from google_adk_aws._errors import (
    ArtifactConflictError,
    ArtifactConnectionError,
    ArtifactError,
    ArtifactForbiddenError,
    ArtifactIntegrityError,
    ArtifactNotFoundError,
    ArtifactPermissionError,
    ArtifactServerError,
    ArtifactThrottledError,
    ArtifactTimeoutError,
    ArtifactTooLargeError,
    ArtifactUnauthenticatedError,
    ArtifactUnavailableError,
    ArtifactVersionNotFoundError,
    InvalidArtifactError,
    UnexpectedResponseError,
    WrongServiceUrlError,
)
from google_adk_aws._http_artifact_service import HttpArtifactService
from google_adk_aws._retry import RetryPolicy
from google_adk_aws._version import __version__

__all__ = [
    "ArtifactConflictError",
    "ArtifactConnectionError",
    "ArtifactError",
    "ArtifactForbiddenError",
    "ArtifactIntegrityError",
    "ArtifactNotFoundError",
    "ArtifactPermissionError",
    "ArtifactServerError",
    "ArtifactThrottledError",
    "ArtifactTimeoutError",
    "ArtifactTooLargeError",
    "ArtifactUnauthenticatedError",
    "ArtifactUnavailableError",
    "ArtifactVersionNotFoundError",
    "BearerAuth",
    "HttpArtifactService",
    "InvalidArtifactError",
    "RetryPolicy",
    "SigV4Auth",
    "UnexpectedResponseError",
    "WrongServiceUrlError",
    "__version__",
]
