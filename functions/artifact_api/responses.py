"""The answers: status, headers and body, as Powertools' event handler takes them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from aws_lambda_powertools.event_handler.api_gateway import Response

from artifact_api.content import (
    ARTIFACT_METADATA,
    ARTIFACT_PART,
    CONTENT_DIGEST,
    IDEMPOTENCY_KEY,
    MAX_METADATA_HEADER_BYTES,
    metadata_header,
    pack,
    part_json,
)
from artifact_api.wire import VersionMetadata
from artifact_store import Version

__all__ = [
    "content_disposition",
    "content_response",
    "head_response",
    "json_response",
    "no_content_response",
    "not_modified_response",
    "partial_response",
    "redirect_response",
    "saved_response",
]

_OCTETS: Final = "application/octet-stream"
_USUAL_URL_CHARACTERS: Final = 2048
_SAFE_IN_FILENAME: Final = "!#$&+-.^_`|~"
_BYTES: Final = {"Accept-Ranges": "bytes"}
_HEADERS: Final = {
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
    # Should a browser show an answer after all, it runs nothing of it, and nobody frames it.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
}


def json_response(
    body: Mapping[str, Any],
    *,
    status: int = HTTPStatus.OK,
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json",
) -> Response[str]:
    """An answer of JSON."""
    return Response(
        status_code=int(status),
        headers={**_HEADERS, "Content-Type": content_type, **(headers or {})},
        body=json.dumps(body, separators=(",", ":"), allow_nan=False),
    )


def saved_response(
    metadata: VersionMetadata,
    *,
    base_path: str,
    replayed: bool,
    unchanged: bool = False,
    idempotency_key: str | None = None,
) -> Response[str]:
    """201: a version was saved, now or by an earlier request of the same; 200: none was.

    Args:
        metadata: The version.
        base_path: Path of its artifact.
        replayed: Whether an earlier request had this answer.
        unchanged: Whether nothing was saved, since this is the latest version and the same.
        idempotency_key: The request's key, if such requests have one.
    """
    headers = {"ETag": metadata["etag"], "Location": f"{base_path}/versions/{metadata['version']}"}
    if idempotency_key is not None:
        headers[IDEMPOTENCY_KEY] = idempotency_key
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    if unchanged:
        headers["Artifact-Unchanged"] = "true"
    return json_response(metadata, status=HTTPStatus.OK if unchanged else HTTPStatus.CREATED, headers=headers)


def no_content_response() -> Response[str]:
    """204: done, and nothing to tell."""
    return Response(status_code=HTTPStatus.NO_CONTENT.value, headers=dict(_HEADERS), body="")


def not_modified_response(etag: str) -> Response[str]:
    """304: the client has these bytes already."""
    return Response(status_code=HTTPStatus.NOT_MODIFIED.value, headers={**_HEADERS, "ETag": etag}, body="")


def content_response(version: Version, body: bytes) -> Response[str]:
    """A version's content."""
    return _bytes_response(HTTPStatus.OK, {**_content_headers(version), **_BYTES}, body)


def partial_response(version: Version, body: bytes, *, content_range: str) -> Response[str]:
    """206: a range of a version's content."""
    # The digest is that of what is sent, not of the whole.
    digest = {CONTENT_DIGEST: _digest(hashlib.sha256(body).digest())}
    headers = {**_content_headers(version), **_BYTES, **digest, "Content-Range": content_range}
    return _bytes_response(HTTPStatus.PARTIAL_CONTENT, headers, body)


def head_response(version: Version) -> Response[str]:
    """The headers that a version's content would have."""
    headers = {**_content_headers(version), **_BYTES, "Content-Length": str(version.size)}
    return Response(status_code=HTTPStatus.OK.value, headers=headers, body="")


def redirect_response(version: Version, url: str) -> Response[str]:
    """307: the content is to be had from the bucket itself, at a URL that is good for a minute.

    Everything known of the version is told here, since the bucket does not know it; but custom metadata only as far
    as it fits beside the URL, which a long filename and temporary credentials make long.
    """
    room = MAX_METADATA_HEADER_BYTES - max(0, len(url) - _USUAL_URL_CHARACTERS)
    headers = {**_content_headers(version, room=room), "Cache-Control": "no-store", "Location": url}
    # It would be the type of this answer's body, which is empty.
    del headers["Content-Type"]
    return Response(status_code=HTTPStatus.TEMPORARY_REDIRECT.value, headers=headers, body="")


def content_disposition(version: Version) -> str:
    """An attachment with the decoded filename, whatever is in it (RFC 5987)."""
    return f"attachment; filename*=UTF-8''{quote(version.artifact.filename, safe=_SAFE_IN_FILENAME)}"


def _bytes_response(status: HTTPStatus, headers: Mapping[str, str], body: bytes) -> Response[str]:
    """Bytes are handed on as base64: Powertools serializes bytes of a JSON type as a JSON value."""
    response = Response(status_code=status.value, headers={**headers}, body=base64.b64encode(body).decode())
    response.base64_encoded = True
    return response


def _content_headers(version: Version, *, room: int = MAX_METADATA_HEADER_BYTES) -> dict[str, str]:
    """The headers of a version; `room` is for part and custom metadata together, in bytes."""
    part = pack(part_json(version.part))
    metadata = metadata_header(version.custom_metadata, room=room - len(part))
    headers = {
        **_HEADERS,
        "Content-Type": version.part.mime_type or _OCTETS,
        "Content-Disposition": content_disposition(version),
        "ETag": version.etag,
        "Last-Modified": formatdate(version.created_ms // 1000, usegmt=True),
        "Artifact-Version": str(version.number),
        "Artifact-Size": str(version.size),
        ARTIFACT_PART: part,
    }
    if metadata is not None:
        headers[ARTIFACT_METADATA] = metadata
    if version.sha256 is not None:
        headers[CONTENT_DIGEST] = _digest(bytes.fromhex(version.sha256))
    return headers


def _digest(sha256: bytes) -> str:
    return f"sha-256=:{base64.b64encode(sha256).decode()}:"
