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
from google_adk_aws._http.problems import error_of_problem
from google_adk_aws._resilience.retry_after import seconds_of

__all__ = ["aws_failure", "failure", "translated"]

_BY_CODE: Final[Mapping[str, type[ArtifactError]]] = {
    "AccessDenied": ArtifactForbiddenError,
    "AccessDeniedException": ArtifactForbiddenError,
    "AllAccessDisabled": ArtifactForbiddenError,
    "InvalidObjectState": S3BucketError,
    "ExpiredToken": ArtifactUnauthenticatedError,
    "ExpiredTokenException": ArtifactUnauthenticatedError,
    "InvalidAccessKeyId": ArtifactUnauthenticatedError,
    "InvalidToken": ArtifactUnauthenticatedError,
    "MissingAuthenticationTokenException": ArtifactUnauthenticatedError,
    "RequestTimeTooSkewed": ArtifactUnauthenticatedError,
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
    "LimitExceededException": ArtifactThrottledError,
    "NoSuchBucket": S3BucketError,
    "NotImplemented": S3BucketError,
    "PermanentRedirect": S3BucketError,
    "ResourceNotFoundException": S3BucketError,
    "ValidationException": S3BucketError,
}
_BY_STATUS: Final[Mapping[int, type[ArtifactError]]] = {
    401: ArtifactUnauthenticatedError,
    403: ArtifactForbiddenError,
    408: ArtifactServerError,
    409: ArtifactServerError,
    412: ArtifactServerError,
    429: ArtifactThrottledError,
}
"""For codes that are not above. Of S3's HEAD the status is all that there is."""

_TRANSIENT: Final = frozenset(
    {
        "BadDigest",
        "IncompleteBody",
        "RequestTimeout",
        "RequestTimeoutException",
        "TransactionCanceledException",
        "TransactionConflictException",
        "TransactionInProgressException",
        "XAmzContentChecksumMismatch",
        "XAmzContentSHA256Mismatch",
    }
)
"""Said with the status of a request that is wrong, though the same one may work later."""

_BY_NAME: Final[Mapping[str, type[ArtifactError]]] = {
    "CredentialRetrievalError": ArtifactUnauthenticatedError,
    "NoCredentialsError": ArtifactUnauthenticatedError,
    "PartialCredentialsError": ArtifactUnauthenticatedError,
    "TokenRetrievalError": ArtifactUnauthenticatedError,
    "ConnectTimeoutError": ArtifactTimeoutError,
    "ReadTimeoutError": ArtifactTimeoutError,
    "EndpointResolutionError": S3BucketError,
    "ParamValidationError": S3BucketError,
    "HTTPClientError": ArtifactConnectionError,
    "BotoCoreError": ArtifactConnectionError,
}
"""By the names of botocore's classes, the particular ones first: this module is imported without botocore too."""

_SAID: Final[Mapping[str, str]] = {
    "NoSuchBucket": "the bucket does not exist",
    "InvalidObjectState": "the content is archived, and has to be restored first",
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
    # What the store says of failures of AWS is for callers of the API; here the caller's own policy spaces attempts.
    retry_after = error.retry_after if isinstance(error, errors.Contention) else None
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
    asked = seconds_of(answered.get("HTTPHeaders", {}).get("retry-after"))
    kind = _of_answer(aws_code, answered.get("HTTPStatusCode") or 0) if aws_code else _of_silence(cause)
    return kind(
        f"Failed to {operation}: {reason}",
        aws_code or code,
        status=answered.get("HTTPStatusCode"),
        request_id=answered.get("RequestId"),
        retry_after=retry_after if asked is None else asked,
        operation=operation,
    )


def _of_answer(aws_code: str, status: int) -> type[ArtifactError]:
    known = _BY_CODE.get(aws_code)
    if known is not None:
        return known
    if aws_code.isdecimal():
        status = int(aws_code)
    if "Throttling" in aws_code:  # KMS.ThrottlingException, and what else stands behind S3
        return ArtifactThrottledError
    is_refused = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    if aws_code in _TRANSIENT:
        return ArtifactServerError
    # The same request would be refused again: repeating it is load, and no circuit has to do with it.
    return _BY_STATUS.get(status, S3BucketError if is_refused else ArtifactServerError)


def _of_silence(cause: BaseException) -> type[ArtifactError]:
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
