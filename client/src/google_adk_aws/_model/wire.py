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
from google_adk_aws._model import members
from google_adk_aws._model.encrypted_mark import STORED_KIND, is_marked, marked, unmarked

if TYPE_CHECKING:
    import httpx

__all__ = [
    "ArtifactSummary",
    "ContentInfo",
    "PartHeader",
    "StoredContent",
    "VersionMetadata",
    "check_sha256",
    "content_digest",
    "json_header",
    "sha256_of",
    "verify_digest",
]

_MAX_DIGITS: Final = 20

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
    return members.mapping(decoded, name)


def content_digest(sha256: bytes) -> str:
    """The Content-Digest header (RFC 9530) for a body's SHA-256."""
    return f"sha-256=:{base64.b64encode(sha256).decode()}:"


def sha256_of(digest: str | None) -> str | None:
    """The SHA-256 in hex that a Content-Digest header tells; None without one, empty when it cannot be read."""
    member = _SHA256_MEMBER.search(digest or "")
    if member is None:
        return None
    try:
        return base64.b64decode(member["value"], validate=True).hex()
    except binascii.Error:
        return ""


def check_sha256(actual: str, expected: str | None, *, size: int) -> None:
    """Compares what arrived with what was saved; without an expected SHA-256 there is nothing to compare.

    Raises:
        ArtifactIntegrityError: They differ.
    """
    if expected is not None and not hmac.compare_digest(actual, expected):
        raise ArtifactIntegrityError(
            f"the content that arrived ({size:,} bytes) does not have the SHA-256 it was saved with",
            code="digest_mismatch",
        )


def verify_digest(content: bytes, header: str | None) -> None:
    """Compares a body with the Content-Digest it came with.

    Raises:
        ArtifactIntegrityError: They differ, or the digest cannot be read.
    """
    expected = sha256_of(header)
    if expected is not None:
        check_sha256(hashlib.sha256(content).hexdigest(), expected, size=len(content))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS


@dataclass(frozen=True, slots=True, kw_only=True)
class PartHeader:
    """The `Artifact-Part` header: what kind of ADK part the content is.

    Attributes:
        kind: `bytes`, `text`, or `file` (the content is a URI).
        mime_type: As the saver gave it.
        display_name: As the saver gave it.
        encrypted: Whether the content is stored encrypted, as it says.
    """

    kind: str = "bytes"
    mime_type: str | None = None
    display_name: str | None = None
    encrypted: bool = False

    @property
    def stored_mime_type(self) -> str | None:
        """The MIME type that the API is told."""
        return marked(self.kind, self.mime_type) if self.encrypted else self.mime_type

    @property
    def stored_kind(self) -> str:
        """The kind that the API is told."""
        return STORED_KIND if self.encrypted else self.kind

    def to_json(self) -> Mapping[str, str | None]:
        """What the API is told."""
        return {"kind": self.stored_kind, "mimeType": self.stored_mime_type, "displayName": self.display_name}

    def to_header(self) -> str:
        """The header's value."""
        return json_header(self.to_json())

    @classmethod
    def stored(cls, *, kind: str, mime_type: str | None, display_name: str | None) -> PartHeader:
        """What was saved, of what is stored."""
        encrypted = is_marked(mime_type)
        kind, mime_type = unmarked(kind, mime_type)
        return cls(kind=kind, mime_type=mime_type, display_name=display_name, encrypted=encrypted)

    @classmethod
    def of(cls, response: httpx.Response) -> PartHeader:
        """Reads the header of a content answer; without one, bytes of the answer's content type."""
        value = response.headers.get("artifact-part")
        if value is None:
            return cls.stored(kind="bytes", mime_type=response.headers.get("content-type"), display_name=None)
        facts = _read_json_header(value, "Artifact-Part")
        return cls.stored(
            kind=members.text(facts, "kind", default="bytes"),
            mime_type=members.optional_text(facts, "mimeType"),
            display_name=members.optional_text(facts, "displayName"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentInfo:
    """What is told of a version along with its content.

    Attributes:
        part: What kind of part it is.
        version: The number of the version.
        size: Bytes of the content as it is stored; None when the API did not tell.
        sha256: SHA-256 of the content as it is stored, in hex; None when it was saved without one.
        etag: The version's entity tag, which no other version of the artifact ever has, not even after a delete.
    """

    part: PartHeader
    version: int
    size: int | None = None
    sha256: str | None = None
    etag: str | None = None

    @classmethod
    def of(cls, response: httpx.Response) -> ContentInfo:
        """Reads the headers of a content answer, or of the redirect to the content."""
        headers = response.headers
        number, size = headers.get("artifact-version", ""), headers.get("artifact-size", "")
        if not _is_number(number):
            raise UnexpectedResponseError("the API sent content without its version", code="invalid_response")
        return cls(
            part=PartHeader.of(response),
            version=int(number),
            size=int(size) if _is_number(size) else None,
            sha256=sha256_of(headers.get("content-digest")),
            etag=headers.get("etag"),
        )

    @classmethod
    def of_version(cls, version: VersionMetadata) -> ContentInfo:
        """The same, of a version that is known by its metadata."""
        part = PartHeader(
            kind=version.kind,
            mime_type=version.mime_type,
            display_name=version.display_name,
            encrypted=version.encrypted,
        )
        return cls(part=part, version=version.version, size=version.size, sha256=version.sha256, etag=version.etag)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredContent(ContentInfo):
    """The content of one version, and what is told along with it.

    Attributes:
        body: The bytes; decrypted, while `size` and `sha256` are those of what is stored.
    """

    body: bytes = field(repr=False)

    @classmethod
    def joined(cls, info: ContentInfo, body: bytes) -> StoredContent:
        """The content that `info` is about."""
        size = info.size if info.part.encrypted else len(body)
        return cls(part=info.part, version=info.version, size=size, sha256=info.sha256, etag=info.etag, body=body)


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
        display_name: As the saver gave it.
        custom_metadata: As the saver gave it.
        size: Bytes of the content as it is stored; None when the API did not tell.
        sha256: SHA-256 of the content as it is stored, in hex; None when it was saved without one.
        etag: The version's entity tag; what `if_match` takes.
        encrypted: Whether the content is stored encrypted, as it says.
        expires_at: When the artifact goes with all versions if this is its latest one, in seconds since 1970 UTC;
            None: never.
    """

    filename: str
    version: int
    canonical_uri: str
    create_time: float
    kind: str = "bytes"
    mime_type: str | None = None
    display_name: str | None = None
    custom_metadata: Mapping[str, Any] = field(default_factory=dict)
    size: int | None = None
    sha256: str | None = None
    etag: str | None = None
    encrypted: bool = False
    expires_at: float | None = None

    @classmethod
    def of(cls, value: object) -> VersionMetadata:
        """Reads the JSON of one version."""
        facts = members.mapping(value, "version")
        part = PartHeader.stored(
            kind=members.text(facts, "kind", default="bytes"),
            mime_type=members.optional_text(facts, "mimeType"),
            display_name=members.optional_text(facts, "displayName"),
        )
        return cls(
            filename=members.text(facts, "filename"),
            version=members.number(facts, "version"),
            canonical_uri=members.text(facts, "canonicalUri"),
            create_time=members.seconds(facts, "createTime"),
            kind=part.kind,
            mime_type=part.mime_type,
            display_name=part.display_name,
            custom_metadata=members.mapping(facts.get("customMetadata") or {}, "customMetadata"),
            size=members.optional_number(facts, "size"),
            sha256=members.optional_text(facts, "sha256"),
            etag=members.optional_text(facts, "etag"),
            encrypted=part.encrypted,
            expires_at=members.optional_seconds(facts, "expiresAt"),
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
        facts = members.mapping(value, "artifact")
        return cls(filename=members.text(facts, "filename"), version=members.number(facts, "version"))
