"""What the store takes and gives: content, versions, summaries, pages."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar, cast, get_args

from artifact_store.errors import (
    ContentTooLarge,
    InvalidContent,
    InvalidMetadata,
    InvalidPart,
    InvalidTtl,
    MetadataTooLarge,
    PreconditionFailed,
)
from artifact_store.names import ArtifactId

__all__ = [
    "MAX_INLINE_BYTES",
    "MAX_METADATA_BYTES",
    "MAX_TTL_SECONDS",
    "ArtifactSummary",
    "BlobRef",
    "Content",
    "JsonObject",
    "Loaded",
    "Page",
    "Part",
    "PartKind",
    "Precondition",
    "Saved",
    "Uploaded",
    "Version",
    "canonical_json",
    "etag",
]

JsonObject: TypeAlias = Mapping[str, Any]
PartKind: TypeAlias = Literal["bytes", "text", "file"]
Item = TypeVar("Item")

MAX_INLINE_BYTES: Final = 3 * 1024 * 1024
"""Content of one save whose bytes pass through the caller, in bytes."""

MAX_METADATA_BYTES: Final = 64 * 1024
"""Custom metadata of one version, in bytes of its JSON."""

MAX_METADATA_DEPTH: Final = 32
MAX_METADATA_INTEGER_BITS: Final = 4096
"""Python itself refuses to print much longer ones."""

MAX_TTL_SECONDS: Final = 3650 * 24 * 60 * 60
"""The longest time to live of an artifact: ten years."""

MAX_MIME_TYPE_CHARACTERS: Final = 255
MAX_DISPLAY_NAME_BYTES: Final = 1024


def canonical_json(value: object) -> str:
    """The one JSON text of a value: sorted keys, no spaces, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def etag(gen: str, number: int, digest: str) -> str:
    """A version's entity tag. It names the generation too: numbers come back after a delete."""
    return f'"{gen}-{number}-{digest[:16]}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What kind of ADK part the content is.

    Attributes:
        kind: `bytes` (inline data), `text`, or `file` (the content is a file URI).
        mime_type: As the caller gave it, or None.
        display_name: As the caller gave it, or None.
    """

    kind: PartKind = "bytes"
    mime_type: str | None = None
    display_name: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(PartKind):
            raise InvalidPart(f"kind must be one of {', '.join(get_args(PartKind))}", field="kind")
        if self.mime_type is not None:
            mime_type = self.mime_type
            _refuse_no_text(mime_type, "mimeType")
            if not (mime_type.isascii() and mime_type.isprintable()):
                raise InvalidPart("mimeType must be printable ASCII", field="mimeType")
            if not 0 < len(mime_type) <= MAX_MIME_TYPE_CHARACTERS:
                raise InvalidPart(
                    f"mimeType must have 1 to {MAX_MIME_TYPE_CHARACTERS} characters",
                    field="mimeType",
                    limit=MAX_MIME_TYPE_CHARACTERS,
                )
        if self.display_name is not None:
            _refuse_no_text(self.display_name, "displayName")
            if len(self.display_name.encode()) > MAX_DISPLAY_NAME_BYTES:
                raise InvalidPart(
                    f"displayName must have at most {MAX_DISPLAY_NAME_BYTES:,} bytes of UTF-8",
                    field="displayName",
                    limit=MAX_DISPLAY_NAME_BYTES,
                )


def _refuse_no_text(value: object, name: str) -> None:
    try:
        cast("str", value).encode()
    except (AttributeError, UnicodeEncodeError):
        raise InvalidPart(f"{name} must be Unicode text", field=name) from None


@dataclass(frozen=True, kw_only=True)
class Content:
    """One version to be saved.

    Attributes:
        body: The bytes; UTF-8 for kinds `text` and `file`. At most 3 MiB.
        part: What kind of part it is.
        custom_metadata: A JSON object; at most 64 KB as JSON, nested at most 32 deep.
        ttl_seconds: How long the artifact lives after this save, unless it is saved again; None: for good.
    """

    body: bytes
    part: Part = field(default_factory=Part)
    custom_metadata: JsonObject = field(default_factory=dict)
    ttl_seconds: int | None = None

    def __post_init__(self) -> None:
        if len(self.body) > MAX_INLINE_BYTES:
            raise ContentTooLarge(
                f"content has {len(self.body):,} bytes; one inline save takes at most {MAX_INLINE_BYTES:,}",
                field="content",
                limit=MAX_INLINE_BYTES,
            )
        if self.part.kind != "bytes":
            try:
                self.body.decode()
            except UnicodeDecodeError as error:
                raise InvalidContent(
                    f"content of kind {self.part.kind} must be UTF-8; byte {error.start} is not",
                    field="content",
                ) from None
        if self.part.kind == "file" and not self.body:
            raise InvalidContent("content of kind file must be a file URI", field="content")
        _check_metadata(self.custom_metadata)
        _check_ttl(self.ttl_seconds)

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.body)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the body, in hex."""
        return hashlib.sha256(self.body).hexdigest()

    @cached_property
    def fingerprint(self) -> str:
        """What an idempotency key stands for: everything that is saved, in hex."""
        return _fingerprint(self.sha256, self.part, self.custom_metadata, self.ttl_seconds)


@dataclass(frozen=True, slots=True)
class BlobRef:
    """An immutable object under `!blobs/` that a manifest record names."""

    key: str
    version_id: str


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """One version to be saved whose bytes are in the bucket already.

    Attributes:
        blob: Where they are.
        size: How many.
        sha256: Their hex digest as their uploader claims; None when it did not say.
        part: What kind of part it is.
        custom_metadata: A JSON object; at most 64 KB as JSON, nested at most 32 deep.
        ttl_seconds: How long the artifact lives after this save, unless it is saved again; None: for good.
    """

    blob: BlobRef
    size: int
    sha256: str | None
    part: Part = field(default_factory=Part)
    custom_metadata: JsonObject = field(default_factory=dict)
    ttl_seconds: int | None = None

    def __post_init__(self) -> None:
        if self.part.kind == "file" and not 0 < self.size <= MAX_INLINE_BYTES:
            raise InvalidContent("content of kind file must be a file URI", field="content", limit=MAX_INLINE_BYTES)
        _check_metadata(self.custom_metadata)
        _check_ttl(self.ttl_seconds)

    @cached_property
    def fingerprint(self) -> str:
        """What an idempotency key stands for: everything that is saved, in hex."""
        return _fingerprint(self.sha256 or self.blob.key, self.part, self.custom_metadata, self.ttl_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Precondition:
    """What must be true of the latest version for a save to count.

    Attributes:
        etags: Its entity tag must be one of these, or `*`: any; None: does not matter.
        absent: There must be no artifact.
    """

    etags: frozenset[str] | None = None
    absent: bool = False

    def check(self, latest: str | None) -> None:
        """Compares with the latest version's entity tag, None when there is no artifact.

        Raises:
            PreconditionFailed: It does not hold.
        """
        if self.absent and latest is not None:
            raise PreconditionFailed("there is such an artifact already", etag=latest)
        if self.etags is None:
            return
        if latest is None:
            raise PreconditionFailed("there is no such artifact any more", etag=None)
        if latest not in self.etags and "*" not in self.etags:
            raise PreconditionFailed("the latest version is another one by now", etag=latest)


def _fingerprint(digest: str, part: Part, custom_metadata: JsonObject, ttl_seconds: int | None) -> str:
    facts: list[object] = [digest, part.kind, part.mime_type, part.display_name, canonical_json(custom_metadata)]
    if ttl_seconds is not None:
        facts.append(ttl_seconds)
    return hashlib.sha256(canonical_json(facts).encode()).hexdigest()


def _check_ttl(ttl_seconds: int | None) -> None:
    if ttl_seconds is not None and not 1 <= ttl_seconds <= MAX_TTL_SECONDS:
        raise InvalidTtl(f"ttl must be 1 to {MAX_TTL_SECONDS:,} seconds", field="ttl", limit=MAX_TTL_SECONDS)


def _check_metadata(value: object) -> None:
    """Refuses what would not come back as it was: JSON only, finite, not too deep, not too large."""
    _check_depth(value)
    size = len(canonical_json(value))
    if size > MAX_METADATA_BYTES:
        raise MetadataTooLarge(
            f"custom metadata has {size:,} bytes as JSON; the limit is {MAX_METADATA_BYTES:,}",
            field="customMetadata",
            limit=MAX_METADATA_BYTES,
        )


def _check_depth(value: object) -> None:
    if not isinstance(value, Mapping):
        raise InvalidMetadata("custom metadata must be a JSON object", field="customMetadata")
    level: Sequence[object] = [value]
    for _ in range(MAX_METADATA_DEPTH):
        level = list(_children(level))
        if not level:
            return
    raise InvalidMetadata(
        f"custom metadata must be nested at most {MAX_METADATA_DEPTH} deep",
        field="customMetadata",
        limit=MAX_METADATA_DEPTH,
    )


def _children(level: Iterable[object]) -> Iterable[object]:
    for value in level:
        if isinstance(value, Mapping):
            for key in value:
                _refuse_metadata_text(key)
            yield from value.values()
        elif isinstance(value, (list, tuple)):
            yield from value
        elif isinstance(value, str):
            _refuse_metadata_text(value)
        elif isinstance(value, float) and not math.isfinite(value):
            raise InvalidMetadata("custom metadata must not hold NaN or Infinity", field="customMetadata")
        elif isinstance(value, int) and value.bit_length() > MAX_METADATA_INTEGER_BITS:
            raise InvalidMetadata(
                f"custom metadata must hold integers of at most {MAX_METADATA_INTEGER_BITS} bits",
                field="customMetadata",
                limit=MAX_METADATA_INTEGER_BITS,
            )
        elif not (value is None or isinstance(value, (int, float))):
            raise InvalidMetadata(
                f"custom metadata must be JSON; {type(value).__name__} is not",
                field="customMetadata",
            )


def _refuse_metadata_text(value: object) -> None:
    if not isinstance(value, str):
        raise InvalidMetadata("keys of custom metadata must be strings", field="customMetadata")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidMetadata(
            "custom metadata must be Unicode text without lone surrogates",
            field="customMetadata",
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One committed version of an artifact.

    Attributes:
        artifact: Whose version.
        number: 0, 1, 2, … without gaps.
        gen: The generation: which life of the name, across deletes.
        version_id: S3's version id of the record object.
        size: Bytes of the content.
        sha256: Hex digest of the content; None for an adopted foreign object.
        part: What kind of part it is.
        custom_metadata: As saved.
        created_ms: When it was saved, in milliseconds since 1970 UTC.
        blob: Where the content is, for a manifest record; None for an inline one.
        expires_ms: When the artifact goes if this is its latest version, in milliseconds since 1970 UTC.
    """

    artifact: ArtifactId
    number: int
    gen: str
    version_id: str
    size: int
    sha256: str | None
    part: Part
    custom_metadata: JsonObject
    created_ms: int
    blob: BlobRef | None = None
    expires_ms: int | None = None

    @property
    def etag(self) -> str:
        """The entity tag, quoted."""
        return etag(self.gen, self.number, self.sha256 or self.version_id)


@dataclass(frozen=True, slots=True)
class Saved:
    """The answer to a save.

    Attributes:
        version: What was committed.
        replayed: True when an earlier request with the same idempotency key had saved it.
        unchanged: True when nothing was saved since the latest version is the same already.
        lost: How often the save started over, most often since another one took its number.
    """

    version: Version
    replayed: bool
    unchanged: bool = False
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version with its content."""

    version: Version
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactSummary:
    """One line of a list of artifacts: the latest version's facts, cheap to read."""

    artifact: ArtifactId
    number: int
    gen: str
    version_id: str
    size: int
    sha256: str | None
    mime_type: str | None
    created_ms: int
    expires_ms: int | None = None

    def has_expired(self, now_ms: int) -> bool:
        """Whether the artifact's time is over, though it may not be deleted yet."""
        return self.expires_ms is not None and self.expires_ms <= now_ms

    @property
    def etag(self) -> str:
        """The latest version's entity tag, quoted."""
        return etag(self.gen, self.number, self.sha256 or self.version_id)


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a list.

    Attributes:
        items: In list order; may be fewer than asked for, even none, with more to come.
        position: Where the next page starts; None after the last page.
    """

    items: Sequence[Item]
    position: str | None
