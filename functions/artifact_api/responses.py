"""The answers: status, headers and body, as Powertools' event handler takes them."""

from __future__ import annotations

import base64
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
    MAX_METADATA_HEADER_BYTES,
    metadata_header,
    pack,
    part_json,
)
from artifact_store import Version

__all__ = ["content_response", "json_response", "no_content_response", "not_modified_response"]

_OCTETS: Final = "application/octet-stream"
_SAFE_IN_FILENAME: Final = "!#$&+-.^_`|~"
_HEADERS: Final = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}


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


def no_content_response() -> Response[str]:
    """204: done, and nothing to tell."""
    return Response(status_code=HTTPStatus.NO_CONTENT.value, headers=dict(_HEADERS), body="")


def not_modified_response(etag: str) -> Response[str]:
    """304: the client has these bytes already."""
    return Response(status_code=HTTPStatus.NOT_MODIFIED.value, headers={**_HEADERS, "ETag": etag}, body="")


def content_response(version: Version, body: bytes | None) -> Response[str]:
    """A version's content, or (body None) the headers that it would have.

    The content is handed on as base64: Powertools serializes bytes of a JSON type as a JSON value.
    """
    response = Response(
        status_code=HTTPStatus.OK.value,
        headers=_content_headers(version),
        body=base64.b64encode(body).decode() if body is not None else "",
    )
    response.base64_encoded = body is not None
    return response


def _content_headers(version: Version) -> dict[str, str | list[str]]:
    part = pack(part_json(version.part))
    metadata = metadata_header(version.custom_metadata, room=MAX_METADATA_HEADER_BYTES - len(part))
    filename = quote(version.artifact.filename, safe=_SAFE_IN_FILENAME)
    headers: dict[str, str | list[str]] = {
        **_HEADERS,
        "Content-Type": version.part.mime_type or _OCTETS,
        "Content-Disposition": f"attachment; filename*=UTF-8''{filename}",
        "ETag": version.etag,
        "Last-Modified": formatdate(version.created_ms // 1000, usegmt=True),
        "Artifact-Version": str(version.number),
        ARTIFACT_PART: part,
    }
    if metadata is not None:
        headers[ARTIFACT_METADATA] = metadata
    if version.sha256 is not None:
        digest = base64.b64encode(bytes.fromhex(version.sha256)).decode()
        headers[CONTENT_DIGEST] = f"sha-256=:{digest}:"
    return headers
