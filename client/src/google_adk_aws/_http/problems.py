"""Which error an HTTP answer is: by its `code`, then by its status."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from google_adk_aws._errors import (
    ArtifactConflictError,
    ArtifactError,
    ArtifactForbiddenError,
    ArtifactIntegrityError,
    ArtifactNotFoundError,
    ArtifactPreconditionError,
    ArtifactServerError,
    ArtifactThrottledError,
    ArtifactTooLargeError,
    ArtifactUnauthenticatedError,
    ArtifactUnavailableError,
    ArtifactUploadNotFoundError,
    ArtifactVersionNotFoundError,
    InvalidArtifactError,
    UnexpectedResponseError,
    WrongServiceUrlError,
)
from google_adk_aws._redaction import first_sentence
from google_adk_aws._resilience.retry_after import seconds_of

if TYPE_CHECKING:
    import httpx

__all__ = ["error_of", "error_of_problem"]

_BY_CODE: Final[Mapping[str, type[ArtifactError]]] = {
    "artifact_not_found": ArtifactNotFoundError,
    "version_not_found": ArtifactVersionNotFoundError,
    "upload_not_found": ArtifactUploadNotFoundError,
    "upload_incomplete": ArtifactConflictError,
    "upload_finalized": ArtifactConflictError,
    "precondition_failed": ArtifactPreconditionError,
    "route_not_found": WrongServiceUrlError,
    "method_not_allowed": WrongServiceUrlError,
    "content_too_large": ArtifactTooLargeError,
    "metadata_too_large": ArtifactTooLargeError,
    "digest_mismatch": ArtifactIntegrityError,
    "idempotency_key_reused": ArtifactConflictError,
    "request_in_progress": ArtifactServerError,
    "unauthenticated": ArtifactUnauthenticatedError,
    "forbidden": ArtifactForbiddenError,
}

_BY_STATUS: Final[Mapping[int, type[ArtifactError]]] = {
    HTTPStatus.UNAUTHORIZED: ArtifactUnauthenticatedError,
    HTTPStatus.FORBIDDEN: ArtifactForbiddenError,
    HTTPStatus.CONFLICT: ArtifactConflictError,
    HTTPStatus.PRECONDITION_FAILED: ArtifactPreconditionError,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ArtifactTooLargeError,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: ArtifactTooLargeError,
    HTTPStatus.UNPROCESSABLE_ENTITY: ArtifactConflictError,
    HTTPStatus.TOO_MANY_REQUESTS: ArtifactThrottledError,
    HTTPStatus.INTERNAL_SERVER_ERROR: ArtifactServerError,
    HTTPStatus.BAD_GATEWAY: ArtifactServerError,
    HTTPStatus.SERVICE_UNAVAILABLE: ArtifactServerError,
    HTTPStatus.GATEWAY_TIMEOUT: ArtifactServerError,
}

# A gateway in front of some other service answers these; the artifact API says what is wrong in its own words.
_WRONG_URL: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})


def error_of(response: httpx.Response) -> ArtifactError:
    """The error that an answer other than the expected one stands for."""
    body = _json_object(response)
    if _media_type(response) == "application/problem+json" and isinstance(body.get("code"), str):
        return error_of_problem(
            body,
            status=response.status_code,
            request_id=_request_id(response, body),
            retry_after=seconds_of(response.headers.get("retry-after")),
        )
    return _of_gateway(response, body)


def error_of_problem(
    problem: Mapping[str, Any],
    *,
    status: int,
    request_id: str | None = None,
    retry_after: float | None = None,
) -> ArtifactError:
    """The error that problem details stand for, be they an answer or one item's result in a batch."""
    code = _string(problem, "code") or f"http_{status}"
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status)
    if kind is None:
        kind = InvalidArtifactError if status == HTTPStatus.BAD_REQUEST else UnexpectedResponseError
    detail = _string(problem, "detail") or _string(problem, "title") or code
    field = _string(problem, "field")
    if field and issubclass(kind, InvalidArtifactError) and field not in detail:
        detail = f"{field}: {detail}"
    error = kind(
        _with_request_id(detail, kind, request_id),
        code=code,
        field=field,
        status=status,
        request_id=request_id,
        retry_after=retry_after,
    )
    if isinstance(error, ArtifactPreconditionError):
        error.etag = _string(problem, "etag")
    return error


def _of_gateway(response: httpx.Response, body: Mapping[str, Any]) -> ArtifactError:
    """API Gateway's own answers are `{"message": …}`; other services answer anything."""
    status = response.status_code
    said = _string(body, "message")
    said = f": {first_sentence(said)}" if said else ""
    kind = _BY_STATUS.get(status, UnexpectedResponseError)
    if status in _WRONG_URL:
        kind = WrongServiceUrlError
        message = f"the URL looks wrong: {_place(response)} answers {status}, but not as the artifact API{said}"
    elif response.has_redirect_location:
        kind = WrongServiceUrlError
        message = f"the URL looks wrong: {_place(response)} redirects ({status}), which is not followed"
    else:
        message = f"the API answered {status} {_phrase(status)}{said}".rstrip()
    return kind(
        _with_request_id(message, kind, _request_id(response, body)),
        code=f"http_{status}",
        status=status,
        request_id=_request_id(response, body),
        retry_after=seconds_of(response.headers.get("retry-after")),
    )


def _json_object(response: httpx.Response) -> Mapping[str, Any]:
    try:
        value = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _media_type(response: httpx.Response) -> str:
    value: str = response.headers.get("content-type", "")
    return value.partition(";")[0].strip().lower()


def _string(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    return value if isinstance(value, str) and value else None


def _place(response: httpx.Response) -> str:
    """Scheme, host and port: enough to see a wrong address, and nothing secret."""
    url = response.request.url
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _request_id(response: httpx.Response, body: Mapping[str, Any]) -> str | None:
    headers = response.headers
    return _string(body, "requestId") or headers.get("apigw-requestid") or headers.get("x-amzn-requestid")


def _with_request_id(message: str, kind: type[ArtifactError], request_id: str | None) -> str:
    if request_id and issubclass(kind, (ArtifactUnavailableError, UnexpectedResponseError)):
        return f"{message} (request id {request_id})"
    return message
