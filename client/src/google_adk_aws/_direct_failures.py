"""Which error of this package a failure of the store, or of AWS below it, is.

What the store itself refuses is the same error that the API's answer would be, code and status included. What AWS
refuses keeps AWS's error code; the text never repeats AWS's own, which names ARNs, keys and accounts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

from artifact_store import errors
from google_adk_aws._errors import (
    ArtifactConnectionError,
    ArtifactError,
    ArtifactForbiddenError,
    ArtifactServerError,
    ArtifactThrottledError,
    ArtifactTimeoutError,
    ArtifactUnauthenticatedError,
    S3BucketError,
)
from google_adk_aws._problems import error_of_problem

__all__ = ["aws_failure", "failure", "translated"]

_BY_CODE: Final[Mapping[str, type[ArtifactError]]] = {
    "AccessDenied": ArtifactForbiddenError,
    "AccessDeniedException": ArtifactForbiddenError,
    "AllAccessDisabled": ArtifactForbiddenError,
    "403": ArtifactForbiddenError,
    "ExpiredToken": ArtifactUnauthenticatedError,
    "ExpiredTokenException": ArtifactUnauthenticatedError,
    "InvalidAccessKeyId": ArtifactUnauthenticatedError,
    "InvalidToken": ArtifactUnauthenticatedError,
    "MissingAuthenticationTokenException": ArtifactUnauthenticatedError,
    "SignatureDoesNotMatch": ArtifactUnauthenticatedError,
    "UnrecognizedClientException": ArtifactUnauthenticatedError,
    "ProvisionedThroughputExceeded": ArtifactThrottledError,
    "ProvisionedThroughputExceededException": ArtifactThrottledError,
    "RequestLimitExceeded": ArtifactThrottledError,
    "RequestThrottled": ArtifactThrottledError,
    "RequestThrottledException": ArtifactThrottledError,
    "SlowDown": ArtifactThrottledError,
    "ThrottledException": ArtifactThrottledError,
    "Throttling": ArtifactThrottledError,
    "ThrottlingException": ArtifactThrottledError,
    "TooManyRequests": ArtifactThrottledError,
    "TooManyRequestsException": ArtifactThrottledError,
    "429": ArtifactThrottledError,
    "NoSuchBucket": S3BucketError,
    "PermanentRedirect": S3BucketError,
    "ResourceNotFoundException": S3BucketError,
    "ValidationException": S3BucketError,
}
_BY_NAME: Final[Mapping[str, type[ArtifactError]]] = {
    "CredentialRetrievalError": ArtifactUnauthenticatedError,
    "NoCredentialsError": ArtifactUnauthenticatedError,
    "PartialCredentialsError": ArtifactUnauthenticatedError,
    "TokenRetrievalError": ArtifactUnauthenticatedError,
    "ConnectTimeoutError": ArtifactTimeoutError,
    "ReadTimeoutError": ArtifactTimeoutError,
    "HTTPClientError": ArtifactConnectionError,
    "BotoCoreError": ArtifactConnectionError,
}
"""By the names of botocore's classes, the particular ones first: this module is imported without botocore too."""

_SAID: Final[Mapping[str, str]] = {
    "NoSuchBucket": "the bucket does not exist",
    "PermanentRedirect": "the bucket is in another region",
    "ResourceNotFoundException": "the index table does not exist",
    "ValidationException": "the index table is none of artifacts",
}
_STATUS: Final[Mapping[type[errors.ArtifactStoreError], HTTPStatus]] = {
    errors.ContentTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.InvalidInput: HTTPStatus.BAD_REQUEST,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    errors.IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.UploadIncomplete: HTTPStatus.CONFLICT,
    errors.UploadFinalized: HTTPStatus.CONFLICT,
}


@contextmanager
def translated(operation: str) -> Iterator[None]:
    """Turns the store's errors inside into those of this package.

    Args:
        operation: What is done, in the words that follow "Failed to": `save artifact`.
    """
    try:
        yield
    except errors.ArtifactStoreError as error:
        raise failure(error, operation) from error


def failure(error: errors.ArtifactStoreError, operation: str) -> ArtifactError:
    """The error that one of the store's is."""
    for kind, status in _STATUS.items():
        if isinstance(error, kind):
            facts = {"field": getattr(error, "field", None), "etag": getattr(error, "etag", None)}
            return error_of_problem({"code": error.code, "detail": str(error), **facts}, status=status)
    retry_after = error.retry_after if isinstance(error, errors.Unavailable) else None
    return _of_cause(error, str(error), operation, code=error.code, retry_after=retry_after)


def aws_failure(error: BaseException, operation: str) -> ArtifactError:
    """The error that one of botocore is, for calls that are none of the store's."""
    code = _aws_code(error)
    return _of_cause(error, f"S3 failed: {code or type(error).__name__}", operation, code="storage_unavailable")


def _of_cause(
    error: BaseException, reason: str, operation: str, *, code: str, retry_after: float | None = None
) -> ArtifactError:
    cause = _cause(error)
    aws_code = _aws_code(cause)
    if aws_code in _SAID:
        reason = f"{_SAID[aws_code]} ({aws_code})"
    answered = getattr(cause, "response", {}).get("ResponseMetadata", {}) if aws_code else {}
    return _kind(cause, aws_code)(
        f"Failed to {operation}: {reason}",
        aws_code or code,
        status=answered.get("HTTPStatusCode"),
        request_id=answered.get("RequestId"),
        retry_after=retry_after,
        operation=operation,
    )


def _kind(cause: BaseException, aws_code: str) -> type[ArtifactError]:
    if aws_code:
        return _BY_CODE.get(aws_code, ArtifactServerError)
    names = {kind.__name__ for kind in type(cause).__mro__}
    return next((kind for name, kind in _BY_NAME.items() if name in names), ArtifactServerError)


def _cause(error: BaseException) -> BaseException:
    """What AWS, or the way there, has answered: the first of an error's causes that is none of the store's."""
    seen: BaseException = error
    while isinstance(seen, errors.ArtifactStoreError) and seen.__cause__ is not None:
        seen = seen.__cause__
    return seen


def _aws_code(error: BaseException) -> str:
    response: Any = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""
