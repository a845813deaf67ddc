"""The content of a save: the body, and what the headers say about it; and the same headers of an answer."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from artifact_api.errors import InvalidHeader
from artifact_api.request import Request
from artifact_api.wire import PartJson
from artifact_store import (
    Content,
    DigestMismatch,
    InvalidInput,
    InvalidMetadata,
    InvalidPart,
    InvalidTtl,
    MetadataTooLarge,
    Part,
)
from artifact_store.model import MAX_MIME_TYPE_CHARACTERS, MAX_TTL_SECONDS, canonical_json

__all__ = [
    "IDEMPOTENCY_KEY",
    "MAX_IDEMPOTENCY_KEY_CHARACTERS",
    "MAX_METADATA_HEADER_BYTES",
    "asked_ttl",
    "idempotency_key",
    "pack",
    "part_json",
    "read_content",
]

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
CONTENT_DIGEST: Final = "Content-Digest"
ARTIFACT_PART: Final = "Artifact-Part"
ARTIFACT_METADATA: Final = "Artifact-Metadata"
ARTIFACT_TTL: Final = "Artifact-Ttl"

MAX_IDEMPOTENCY_KEY_CHARACTERS: Final = 255

MAX_METADATA_HEADER_BYTES: Final = 6 * 1024
"""Limit of Artifact-Part and Artifact-Metadata together: a gateway takes 10 KB of headers."""

_TTL_DIGITS: Final = len(str(MAX_TTL_SECONDS))
_PART_MEMBERS: Final = frozenset({"kind", "mimeType", "displayName"})
_DIGESTS = re.compile(r"\s*([a-z0-9*_.-]+)=:([A-Za-z0-9+/]*={0,2}):\s*", re.ASCII)


def idempotency_key(request: Request) -> str | None:
    """The client's idempotency key; None when it sent none.

    Raises:
        InvalidHeader: It has not 1 to 255 printable ASCII characters.
    """
    key = request.header(IDEMPOTENCY_KEY)
    if key is not None and not 0 < len(key) <= MAX_IDEMPOTENCY_KEY_CHARACTERS:
        raise InvalidHeader(
            f"{IDEMPOTENCY_KEY} must have 1 to {MAX_IDEMPOTENCY_KEY_CHARACTERS} characters",
            field=IDEMPOTENCY_KEY,
            limit=MAX_IDEMPOTENCY_KEY_CHARACTERS,
        )
    return key


def read_content(request: Request, *, ttl_seconds: int | None) -> Content:
    """Reads what is to be saved.

    Args:
        request: The save.
        ttl_seconds: How long the artifact is to live; None: for good.

    Raises:
        InvalidInput: A header or the body cannot be what it claims.
    """
    packed = {name: request.header(name) or "" for name in (ARTIFACT_PART, ARTIFACT_METADATA)}
    size = sum(map(len, packed.values()))
    if size > MAX_METADATA_HEADER_BYTES:
        raise MetadataTooLarge(
            f"{ARTIFACT_PART} and {ARTIFACT_METADATA} have {size:,} bytes; "
            f"together they may have {MAX_METADATA_HEADER_BYTES:,}",
            field=max(packed, key=lambda name: len(packed[name])),
            limit=MAX_METADATA_HEADER_BYTES,
        )
    content = Content(
        body=request.body,
        part=_part(packed[ARTIFACT_PART], mime_type=_mime_type(request)),
        custom_metadata=_unpack(packed[ARTIFACT_METADATA], field=ARTIFACT_METADATA, error=InvalidMetadata),
        ttl_seconds=ttl_seconds,
    )
    _check_digest(request.header(CONTENT_DIGEST), content.body)
    return content


def asked_ttl(request: Request) -> int | None:
    """What the header asks for, in seconds; None when there is no header.

    Raises:
        InvalidTtl: It is no number of seconds, or too many.
    """
    text = request.header(ARTIFACT_TTL)
    if text is None:
        return None
    digits = text if text.isascii() and text.isdecimal() and len(text) <= _TTL_DIGITS else "-1"
    if not 0 <= int(digits) <= MAX_TTL_SECONDS:
        raise InvalidTtl(
            f"{ARTIFACT_TTL} must be a whole number of seconds up to {MAX_TTL_SECONDS:,}, or 0 for good",
            field=ARTIFACT_TTL,
            limit=MAX_TTL_SECONDS,
        )
    return int(digits)


def pack(value: object) -> str:
    """Writes a JSON value for a header: base64url of UTF-8 JSON, without padding."""
    return base64.urlsafe_b64encode(canonical_json(value).encode()).decode().rstrip("=")


def part_json(part: Part) -> PartJson:
    """The wire's form of a part."""
    return {"kind": part.kind, "mimeType": part.mime_type, "displayName": part.display_name}


def _mime_type(request: Request) -> str | None:
    mime_type = request.header("Content-Type")
    if mime_type is not None and not 0 < len(mime_type) <= MAX_MIME_TYPE_CHARACTERS:
        raise InvalidHeader(
            f"Content-Type must have 1 to {MAX_MIME_TYPE_CHARACTERS} characters",
            field="Content-Type",
            limit=MAX_MIME_TYPE_CHARACTERS,
        )
    return mime_type


def _part(packed: str, *, mime_type: str | None) -> Part:
    members = _unpack(packed, field=ARTIFACT_PART, error=InvalidPart)
    unknown = members.keys() - _PART_MEMBERS
    if unknown:
        raise InvalidPart(
            f"{ARTIFACT_PART} has a member that is unknown; it knows {', '.join(sorted(_PART_MEMBERS))}",
            field=min(unknown)[:100].encode("ascii", "backslashreplace").decode(),
        )
    return Part(
        kind=members.get("kind", "bytes"),
        mime_type=members.get("mimeType", mime_type),
        display_name=members.get("displayName"),
    )


def _check_digest(header: str | None, body: bytes) -> None:
    if header is None:
        return
    digests: dict[str, str] = {}
    for member in header.split(","):
        match = _DIGESTS.fullmatch(member)
        if match is None or match[1] in digests:
            raise InvalidHeader(f"{CONTENT_DIGEST} must be like sha-256=:BASE64:", field=CONTENT_DIGEST)
        digests[match[1]] = match[2]
    if "sha-256" not in digests:
        raise InvalidHeader(f"{CONTENT_DIGEST} must have a sha-256 digest", field=CONTENT_DIGEST)
    found = base64.b64encode(hashlib.sha256(body).digest()).decode()
    if digests["sha-256"] != found:
        raise DigestMismatch(
            f"the body of {len(body):,} bytes has the digest sha-256=:{found}:, not the one announced",
            field=CONTENT_DIGEST,
        )


def _unpack(packed: str, *, field: str, error: type[InvalidInput]) -> dict[str, Any]:
    """Reads a JSON object from a header; an empty object when there is no header."""
    if not packed:
        return {}
    try:
        text = packed if packed.startswith("{") else _decode_base64url(packed)
        value = json.loads(text, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant)
    except RecursionError:
        raise error(f"{field} is nested too deep", field=field) from None
    except ValueError as reason:
        raise error(f"{field} must be a JSON object, plain or as base64url: {reason}", field=field) from None
    if not isinstance(value, dict):
        raise error(f"{field} must be a JSON object", field=field)
    return value


def _decode_base64url(packed: str) -> str:
    try:
        raw = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("this is no base64url") from None
    return raw.decode()


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member occurs twice")
    return members


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def metadata_header(metadata: Mapping[str, Any], *, room: int) -> str | None:
    """The header of custom metadata; None when there is none, or it does not fit."""
    packed = pack(metadata) if metadata else ""
    return packed if 0 < len(packed) <= room else None
