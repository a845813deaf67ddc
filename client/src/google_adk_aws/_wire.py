"""The shapes of the HTTP contract, as the client reads and writes them.

Answers are read tolerantly: members this version does not know are ignored, since the API is released
apart from the client.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from google_adk_aws._errors import ArtifactIntegrityError, UnexpectedResponseError

if TYPE_CHECKING:
    import httpx

__all__ = [
    "ArtifactSummary",
    "PartHeader",
    "StoredContent",
    "VersionMetadata",
    "content_digest",
    "json_header",
    "verify_digest",
]

_SHA256_MEMBER: Final = re.compile(r"(?:^|,)\s*sha-256=:(?P<value>[A-Za-z0-9+/=]*):\s*(?:;[^,]*)?(?=,|$)")


def json_header(value: Mapping[str, Any]) -> str:
    """A JSON object as a header value: base64url without padding, so that nothing on the way rewrites it."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_json_header(value: str, name: str) -> Mapping[str, Any]:
    try:
        decoded = json.loads(
            value if value.startswith("{") else base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
        )
    except (ValueError, RecursionError):
        raise UnexpectedResponseError(f"the API sent a malformed {name} header", code="invalid_response") from None
    return _object(decoded, name)


def content_digest(sha256: bytes) -> str:
    """The Content-Digest header (RFC 9530) for a body's SHA-256."""
    return f"sha-256=:{base64.b64encode(sha256).decode()}:"


def verify_digest(content: bytes, header: str | None) -> None:
    """Compares a body with the Content-Digest it came with; without one there is nothing to compare.

    Raises:
        ArtifactIntegrityError: They differ, or the digest cannot be read.
    """
    if header is None:
        return
    member = _SHA256_MEMBER.search(header)
    if member is None:
        return
    try:
        expected = base64.b64decode(member["value"], validate=True)
    except binascii.Error:
        expected = b""
    if not hmac.compare_digest(expected, hashlib.sha256(content).digest()):
        raise ArtifactIntegrityError(
            f"the content that arrived ({len(content):,} bytes) does not have the SHA-256 it was saved with",
            code="digest_mismatch",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PartHeader:
    """The `Artifact-Part` header: what kind of ADK part the content is.

    Attributes:
        kind: `bytes`, `text`, or `file` (the content is a URI).
        mime_type: As the saver gave it.
        display_name: As the saver gave it.
    """

    kind: str = "bytes"
    mime_type: str | None = None
    display_name: str | None = None

    def to_header(self) -> str:
        """The header's value."""
        return json_header({"kind": self.kind, "mimeType": self.mime_type, "displayName": self.display_name})

    @classmethod
    def of(cls, response: httpx.Response) -> PartHeader:
        """Reads the header of a content answer; without one, bytes of the answer's content type."""
        value = response.headers.get("artifact-part")
        if value is None:
            return cls(mime_type=response.headers.get("content-type"))
        facts = _read_json_header(value, "Artifact-Part")
        return cls(
            kind=_text(facts, "kind", default="bytes"),
            mime_type=_optional_text(facts, "mimeType"),
            display_name=_optional_text(facts, "displayName"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredContent:
    """The content of one version.

    Attributes:
        body: The bytes.
        part: What kind of part they are.
        version: The number of the version.
    """

    body: bytes
    part: PartHeader
    version: int

    @classmethod
    def of(cls, response: httpx.Response) -> StoredContent:
        """Reads a content answer."""
        number = response.headers.get("artifact-version", "")
        if not (number.isascii() and number.isdigit() and len(number) <= len("9999999999")):
            raise UnexpectedResponseError("the API sent content without its version", code="invalid_response")
        return cls(body=response.content, part=PartHeader.of(response), version=int(number))


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionMetadata:
    """What is known about one version.

    Attributes:
        filename: Decoded; with `user:` when a session's URL was asked for a user-scoped artifact.
        version: The number of the version.
        canonical_uri: `s3://bucket/key`.
        create_time: Seconds since 1970 UTC.
        kind: `bytes`, `text` or `file`.
        mime_type: As the saver gave it.
        custom_metadata: As the saver gave it.
    """

    filename: str
    version: int
    canonical_uri: str
    create_time: float
    kind: str = "bytes"
    mime_type: str | None = None
    custom_metadata: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, value: object) -> VersionMetadata:
        """Reads the JSON of one version."""
        facts = _object(value, "version")
        return cls(
            filename=_text(facts, "filename"),
            version=_number(facts, "version"),
            canonical_uri=_text(facts, "canonicalUri"),
            create_time=_time(facts, "createTime"),
            kind=_text(facts, "kind", default="bytes"),
            mime_type=_optional_text(facts, "mimeType"),
            custom_metadata=_object(facts.get("customMetadata") or {}, "customMetadata"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactSummary:
    """One line of a list of artifacts.

    Attributes:
        filename: Decoded; with `user:` when a session's list names a user-scoped artifact.
        version: The number of the latest version.
    """

    filename: str
    version: int

    @classmethod
    def of(cls, value: object) -> ArtifactSummary:
        """Reads the JSON of one line."""
        facts = _object(value, "artifact")
        return cls(filename=_text(facts, "filename"), version=_number(facts, "version"))


def _unexpected(name: str) -> UnexpectedResponseError:
    return UnexpectedResponseError(
        f"the answer has no valid {name}; is this the artifact API, and of this version?", code="invalid_response"
    )


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _unexpected(name)
    return value


def _text(facts: Mapping[str, Any], name: str, *, default: str | None = None) -> str:
    value = facts.get(name, default)
    if not isinstance(value, str):
        raise _unexpected(name)
    return value


def _optional_text(facts: Mapping[str, Any], name: str) -> str | None:
    return None if facts.get(name) is None else _text(facts, name)


def _number(facts: Mapping[str, Any], name: str) -> int:
    value = facts.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _unexpected(name)
    return value


def _time(facts: Mapping[str, Any], name: str) -> float:
    value = facts.get(name)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise _unexpected(name)
    return float(value)
