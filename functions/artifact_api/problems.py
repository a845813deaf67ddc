"""Every refusal and failure as problem details (RFC 9457). Nothing else maps an exception to an answer."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NamedTuple

from artifact_api.errors import MethodNotAllowed, RangeNotSatisfiable
from artifact_api.responses import json_response
from artifact_api.wire import ProblemJson
from artifact_store import ArtifactStoreError, ContentTooLarge, InvalidInput, PreconditionFailed, Unavailable

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["CODES", "INTERNAL_ERROR", "Meaning", "code_of", "problem_of", "problem_response"]


class Meaning(NamedTuple):
    """What a code stands for."""

    status: HTTPStatus
    title: str


INTERNAL_ERROR: Final = "internal_error"

CODES: Final[Mapping[str, Meaning]] = {
    "invalid_name": Meaning(HTTPStatus.BAD_REQUEST, "An id or filename cannot be one"),
    "key_too_long": Meaning(HTTPStatus.BAD_REQUEST, "The name is too long for an object key"),
    "invalid_version": Meaning(HTTPStatus.BAD_REQUEST, "Not a version number"),
    "invalid_parameter": Meaning(HTTPStatus.BAD_REQUEST, "A query parameter cannot be read"),
    "invalid_header": Meaning(HTTPStatus.BAD_REQUEST, "A header cannot be read"),
    "invalid_body": Meaning(HTTPStatus.BAD_REQUEST, "The JSON body is not what the operation knows"),
    "invalid_part": Meaning(HTTPStatus.BAD_REQUEST, "The part's kind, type or display name cannot be recorded"),
    "invalid_metadata": Meaning(HTTPStatus.BAD_REQUEST, "The custom metadata is no JSON object"),
    "metadata_too_large": Meaning(HTTPStatus.BAD_REQUEST, "The custom metadata is too large"),
    "invalid_ttl": Meaning(HTTPStatus.BAD_REQUEST, "The time to live is no number of seconds, or too long"),
    "invalid_content": Meaning(HTTPStatus.BAD_REQUEST, "The content is not what it claims to be"),
    "digest_mismatch": Meaning(HTTPStatus.BAD_REQUEST, "The content has another digest"),
    "invalid_cursor": Meaning(HTTPStatus.BAD_REQUEST, "The cursor is not of this list and this caller"),
    "unauthenticated": Meaning(HTTPStatus.UNAUTHORIZED, "The caller is unknown"),
    "forbidden": Meaning(HTTPStatus.FORBIDDEN, "The caller may not do this"),
    "artifact_not_found": Meaning(HTTPStatus.NOT_FOUND, "No such artifact"),
    "version_not_found": Meaning(HTTPStatus.NOT_FOUND, "No such version"),
    "upload_not_found": Meaning(HTTPStatus.NOT_FOUND, "No such upload"),
    "deletion_not_found": Meaning(HTTPStatus.NOT_FOUND, "No such deletion"),
    "route_not_found": Meaning(HTTPStatus.NOT_FOUND, "No such path"),
    "method_not_allowed": Meaning(HTTPStatus.METHOD_NOT_ALLOWED, "The path has other methods"),
    "upload_incomplete": Meaning(HTTPStatus.CONFLICT, "The upload is not what was announced"),
    "upload_finalized": Meaning(HTTPStatus.CONFLICT, "The upload may be a version already"),
    "precondition_failed": Meaning(HTTPStatus.PRECONDITION_FAILED, "The latest version is another one"),
    "content_too_large": Meaning(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The content is too large for one request"),
    "answer_too_large": Meaning(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The answer would be too large"),
    "range_not_satisfiable": Meaning(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "The content ends before the range"),
    "idempotency_key_reused": Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "The idempotency key stands for other content"),
    INTERNAL_ERROR: Meaning(HTTPStatus.INTERNAL_SERVER_ERROR, "The request failed"),
    "contention": Meaning(HTTPStatus.SERVICE_UNAVAILABLE, "Too many savers at once; ask again"),
    "storage_unavailable": Meaning(HTTPStatus.SERVICE_UNAVAILABLE, "Storage did not answer; ask again"),
}
"""Every code there is. Codes are stable: clients decide by them."""

_WIRE_CODES: Final[Mapping[str, str]] = {
    # Whether the edge or the store finds out that a member cannot be is all one to a client.
    "invalid_upload": "invalid_body",
}

_FIXED_DETAILS: Final[Mapping[str, str]] = {
    # The same words whether it does not exist or is someone else's.
    "artifact_not_found": "there is no such artifact",
    "upload_not_found": "there is no such upload: it was aborted, has expired, or is not yours",
    # What exactly failed is in the log.
    "storage_unavailable": "storage did not answer in time; nothing is lost, repeat the request unchanged",
    INTERNAL_ERROR: "the request failed for a reason that is not yours; the log has it by its requestId",
}


def code_of(error: Exception) -> str:
    """The code of an exception; `internal_error` for everything that no client can do anything about."""
    if isinstance(error, ArtifactStoreError):
        code = _WIRE_CODES.get(error.code, error.code)
        if code in CODES:
            return code
    return INTERNAL_ERROR


def problem_of(error: Exception, *, request_id: str) -> ProblemJson:
    """What an exception is to the client, be it of a whole request or of one item of a batch."""
    code = code_of(error)
    status, title = CODES[code]
    problem: ProblemJson = {
        "type": f"urn:artifact-api:problem:{code}",
        "title": title,
        "status": status.value,
        "detail": _FIXED_DETAILS.get(code) or str(error),
        "code": code,
        "requestId": request_id,
    }
    if isinstance(error, InvalidInput):
        problem["field"] = error.field
        if error.limit is not None:
            problem["limit"] = error.limit
    if isinstance(error, ContentTooLarge):
        problem["detail"] += (
            "; save smaller parts, or store the content elsewhere and save a part of kind file that holds its URI"
        )
    if isinstance(error, Unavailable):
        problem["retryAfter"] = error.retry_after
    if isinstance(error, PreconditionFailed):
        problem["etag"] = error.etag
    return problem


def problem_response(error: Exception, *, request_id: str) -> Response[str]:
    """The answer to a request that ended in an exception."""
    problem = problem_of(error, request_id=request_id)
    headers = {"Cache-Control": "no-store"}
    if "retryAfter" in problem:
        headers["Retry-After"] = str(problem["retryAfter"])
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, RangeNotSatisfiable):
        headers["Content-Range"] = f"bytes */{error.size}"
    return json_response(problem, status=problem["status"], headers=headers, content_type="application/problem+json")
