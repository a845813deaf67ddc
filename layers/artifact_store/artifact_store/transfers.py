"""Direct transfer: what a caller exchanges with the bucket itself, by requests that were signed for it.

Content that is too large to pass through a function is uploaded in parts, each by a presigned request
that fixes its size and SHA-256, into a blob that no record names yet. A finalize completes the blob and
saves a manifest record that names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from artifact_store.names import ArtifactId

__all__ = [
    "DEFAULT_PART_BYTES",
    "MAX_PARTS",
    "MAX_PART_BYTES",
    "MAX_UPLOAD_BYTES",
    "MIN_PART_BYTES",
    "UPLOAD_LIFE_MS",
    "UPLOAD_MARK",
    "PartsRefused",
    "PendingUpload",
    "SignedRequest",
    "Transfers",
    "Upload",
    "UploadGone",
    "UploadMethod",
    "UploadedPart",
]

MIB: Final = 1024 * 1024
MIN_PART_BYTES: Final = 5 * MIB
"""S3's lower limit for every part but the last."""

MAX_PART_BYTES: Final = 5 * 1024 * MIB
"""S3's upper limit for a part, and for an object that is put at once."""

MAX_PARTS: Final = 10_000
"""S3's limit for the parts of one upload."""

MAX_UPLOAD_BYTES: Final = 5 * MIB * MIB
"""S3's limit for an object: 5 TiB."""

DEFAULT_PART_BYTES: Final = 8 * MIB

UPLOAD_LIFE_MS: Final = 24 * 60 * 60 * 1000
"""How long an upload may be added to and finalized, in milliseconds."""

UPLOAD_MARK: Final = "artifact-upload"
"""Metadata of a blob that an upload made: without a record it is merely abandoned, no trace of a crash."""

UploadMethod: TypeAlias = Literal["parts", "put"]


class UploadGone(Exception):
    """S3 has no such multipart upload: it was completed, aborted, or never begun."""


class PartsRefused(Exception):
    """S3 does not take these parts for an object: one is too small, or no longer what it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A request to the bucket that needs no credentials: its URL is one.

    Attributes:
        method: HTTP method.
        url: With the signature; whoever has it may send the request until it expires.
        headers: Signed too: they must be sent just so. What else identifies the caller must not be sent.
        expires_ms: In milliseconds since 1970 UTC.
    """

    method: Literal["GET", "PUT"]
    url: str
    headers: Mapping[str, str]
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedPart:
    """A part, to be uploaded or as S3 has it.

    Attributes:
        number: From 1.
        size: In bytes.
        sha256: Hex digest of its bytes.
        tag: S3's entity tag; empty for one to be uploaded.
    """

    number: int
    size: int
    sha256: str
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingUpload:
    """A multipart upload that was neither completed nor aborted.

    Attributes:
        key: The object it would become.
        upload_id: S3's id.
        begun_ms: In milliseconds since 1970 UTC.
    """

    key: str
    upload_id: str
    begun_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An upload as its caller holds it; the store keeps nothing of it.

    Attributes:
        artifact: What it is for.
        key: The blob it becomes.
        upload_id: S3's id of the multipart upload; empty for one put.
        size: Bytes of the whole content; None when the caller did not know.
        part_bytes: Bytes of every part but the last.
        expires_ms: The end of its life, in milliseconds since 1970 UTC.
        sha256: Announced hex digest of the whole content, or None.
        mime_type: Announced type, or None.
    """

    artifact: ArtifactId
    key: str
    upload_id: str
    size: int | None
    part_bytes: int
    expires_ms: int
    sha256: str | None = None
    mime_type: str | None = None

    @property
    def method(self) -> UploadMethod:
        """Whether it is uploaded in parts, or by one put."""
        return "parts" if self.upload_id else "put"

    @property
    def part_count(self) -> int | None:
        """How many parts it takes; one for empty content; None while the size is not known."""
        if self.size is None:
            return None
        return -(-self.size // self.part_bytes) if self.size else 1


class Transfers(Protocol):
    """The bucket's side of direct transfer. Errors that are not named are those of `artifact_store.errors`."""

    def begin(self, key: str, *, content_type: str, metadata: Mapping[str, str]) -> str:
        """Begins a multipart upload with a SHA-256 for each part; returns S3's id."""

    def sign_part(self, key: str, upload_id: str, part: UploadedPart, *, seconds: int) -> SignedRequest:
        """Signs the upload of one part with its size and SHA-256; asks nobody."""

    def put_part(self, key: str, upload_id: str, part: UploadedPart, body: bytes) -> None:
        """Uploads one part, whose SHA-256 is checked; once more is fine.

        Raises:
            UploadGone: There is no such upload.
            PartsRefused: The bytes are not those of that SHA-256.
        """

    def sign_put(
        self,
        key: str,
        *,
        size: int,
        sha256: str | None,
        content_type: str,
        metadata: Mapping[str, str],
        seconds: int,
    ) -> SignedRequest:
        """Signs the creation of an object that must not exist yet; asks nobody."""

    def sign_get(
        self, key: str, version_id: str | None, *, content_type: str, disposition: str, seconds: int
    ) -> SignedRequest:
        """Signs the download of one version of an object, or the current one, with these headers; asks nobody."""

    def parts(self, key: str, upload_id: str, *, after: int, limit: int) -> tuple[Sequence[UploadedPart], int | None]:
        """Lists the parts that S3 has, in order.

        Args:
            key: The object to be.
            upload_id: S3's id.
            after: The last part's number of the page before; 0 for the first page.
            limit: At most so many, up to 1,000.

        Returns:
            Parts, and what to continue after, or None at the end.

        Raises:
            UploadGone: There is no such upload.
        """

    def complete(self, key: str, upload_id: str, parts: Sequence[UploadedPart]) -> str:
        """Makes the parts one object; returns its S3 version id.

        Raises:
            UploadGone: There is no such upload, perhaps since it was completed.
            PartsRefused: They cannot be an object.
        """

    def abort(self, key: str, upload_id: str) -> None:
        """Gives an upload up and frees its parts.

        Raises:
            UploadGone: There is no such upload, perhaps since it was completed.
        """

    def pending(
        self, prefix: str, *, after: PendingUpload | None
    ) -> tuple[Sequence[PendingUpload], PendingUpload | None]:
        """Lists uploads that nobody has ended; returns them, and where to continue after, or None at the end."""
