"""The parameters and headers of docs/openapi.json."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from artifact_api.content import MAX_IDEMPOTENCY_KEY_CHARACTERS, MAX_METADATA_HEADER_BYTES
from artifact_api.openapi import batch_texts, texts, upload_texts
from artifact_api.request import DEFAULT_LIMIT, MAX_LIMIT
from artifact_api.upload_ids import MAX_UPLOAD_ID_CHARACTERS
from artifact_store.model import MAX_TTL_SECONDS
from artifact_store.names import MAX_FILENAME_BYTES, MAX_KEY_BYTES, MAX_VERSION, USER_NAMESPACE
from artifact_store.transfers import MAX_PARTS

__all__ = ["MAX_CURSOR_CHARACTERS", "headers", "parameters"]

Json: TypeAlias = dict[str, Any]

MAX_CURSOR_CHARACTERS: Final = 4096
_COMPONENT: Final = "([A-Za-z0-9._@-]|![0-9A-F]{2})+"


def parameters() -> Json:
    """Every parameter, by name."""

    def in_path(name: str, pattern: str, longest: int, example: str) -> Json:
        return {
            "name": name,
            "in": "path",
            "required": True,
            "description": texts.PARAMETERS[name],
            "schema": {"type": "string", "pattern": f"^{pattern}$", "maxLength": longest},
            "example": example,
        }

    def optional(name: str, place: str, schema: Json, example: Any) -> Json:
        return {
            "name": name,
            "in": place,
            "description": texts.PARAMETERS[name],
            "schema": schema,
            "example": example,
        }

    packed = {"type": "string", "maxLength": MAX_METADATA_HEADER_BYTES, "contentEncoding": "base64url"}
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    key = {"type": "string", "minLength": 1, "maxLength": MAX_IDEMPOTENCY_KEY_CHARACTERS, "pattern": "^[ -~]+$"}
    digest = {"type": "string", "pattern": "^sha-256=:[A-Za-z0-9+/]{43}=:$"}
    user_file = f"({USER_NAMESPACE})?{_COMPONENT}"
    return {
        "app": in_path("app", _COMPONENT, MAX_KEY_BYTES, "reports"),
        "user": in_path("user", _COMPONENT, MAX_KEY_BYTES, "ada@example.com"),
        "session": in_path("session", _COMPONENT, MAX_KEY_BYTES, "s-1"),
        "filename": in_path("filename", _COMPONENT, MAX_FILENAME_BYTES, "charts!2Fq1.png"),
        "sessionFilename": {
            **in_path("filename", user_file, MAX_FILENAME_BYTES + len(USER_NAMESPACE), "charts!2Fq1.png"),
            "description": texts.PARAMETERS["sessionFilename"],
        },
        "version": in_path("version", "(latest|0|[1-9][0-9]{0,9})", len(str(MAX_VERSION)), "latest"),
        "upload": in_path("upload", "[A-Za-z0-9_-]+", MAX_UPLOAD_ID_CHARACTERS, upload_texts.UPLOAD_ID),
        "job": in_path("job", "[0-9a-f]{32}", len(batch_texts.JOB_ID), batch_texts.JOB_ID),
        "after": optional(
            "after", "query", {"type": "integer", "minimum": 0, "maximum": MAX_PARTS, "default": 0}, 1000
        ),
        "limit": optional("limit", "query", limit, DEFAULT_LIMIT),
        "cursor": optional("cursor", "query", {"type": "string", "maxLength": MAX_CURSOR_CHARACTERS}, "1AbC"),
        "If-None-Match": optional("If-None-Match", "header", {"type": "string"}, texts.ETAG),
        "If-Match": optional("If-Match", "header", {"type": "string"}, texts.ETAG),
        "If-None-Match-Any": {
            **optional("If-None-Match", "header", {"type": "string", "const": "*"}, "*"),
            "description": texts.PARAMETERS["If-None-Match-Any"],
        },
        "unchanged": optional("unchanged", "query", {"type": "string", "const": "skip"}, "skip"),
        "Range": optional("Range", "header", {"type": "string"}, "bytes=0-1023"),
        "If-Range": optional("If-Range", "header", {"type": "string"}, texts.ETAG),
        "Idempotency-Key": optional("Idempotency-Key", "header", key, "2f1f7a3e-9c1b-4e0e-b6a5-0a4b8f1d7c55"),
        "Content-Digest": optional("Content-Digest", "header", digest, texts.DIGEST),
        "Artifact-Part": optional("Artifact-Part", "header", {**packed, **_json("PartInput")}, texts.PART),
        "Artifact-Metadata": optional(
            "Artifact-Metadata",
            "header",
            {**packed, "contentMediaType": "application/json", "contentSchema": {"type": "object"}},
            texts.METADATA,
        ),
        "Artifact-Ttl": optional(
            "Artifact-Ttl",
            "header",
            {"type": "string", "pattern": f"^[0-9]{{1,{len(str(MAX_TTL_SECONDS))}}}$"},
            "86400",
        ),
    }


def headers() -> Json:
    """Every header of an answer, by name."""
    schemas: dict[str, Json] = {
        "ETag": {"type": "string", "pattern": '^"[!#-~]+"$'},
        "Location": {"type": "string", "format": "uri-reference"},
        "Idempotency-Key": {"type": "string"},
        "Idempotency-Replayed": {"type": "string", "const": "true"},
        "Artifact-Unchanged": {"type": "string", "const": "true"},
        "Content-Digest": {"type": "string"},
        "Content-Disposition": {"type": "string", "pattern": "^attachment; filename\\*=UTF-8''"},
        "Last-Modified": {"type": "string"},
        "Accept-Ranges": {"type": "string", "const": "bytes"},
        "Content-Length": {"type": "integer", "minimum": 0},
        "Content-Range": {"type": "string", "pattern": "^bytes ([0-9]+-[0-9]+|[*])/[0-9]+$"},
        "Artifact-Version": {"type": "integer", "minimum": 0, "maximum": MAX_VERSION},
        "Artifact-Size": {"type": "integer", "minimum": 0},
        "Artifact-Part": {"type": "string", "contentEncoding": "base64url", **_json("Part")},
        "Artifact-Metadata": {"type": "string", "contentEncoding": "base64url", "contentMediaType": "application/json"},
        "Retry-After": {"type": "integer", "minimum": 1},
    }
    return {name: {"description": texts.HEADERS[name], "schema": schema} for name, schema in schemas.items()}


def _json(schema: str) -> Json:
    return {"contentMediaType": "application/json", "contentSchema": {"$ref": f"#/components/schemas/{schema}"}}
