"""The shapes of uploads and links, as the client reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from google_adk_aws._model import members
from google_adk_aws._model.wire import VersionMetadata

__all__ = ["SignedRequest", "Upload", "UploadPage", "UploadedPart"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A request to the storage that anyone who has it may send: exactly this one, and nothing beside it.

    Attributes:
        method: `GET` or `PUT`.
        url: Not in the repr, since it holds the signature.
        headers: To be sent as they are; some are signed.
        expires_at: When the signature ends, in seconds since 1970 UTC.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    expires_at: float | None = None

    @classmethod
    def of(cls, value: object) -> SignedRequest:
        """Reads the JSON of one request."""
        facts = members.mapping(value, "request")
        headers = members.mapping(facts.get("headers", {}), "headers")
        method = members.text(facts, "method")
        if method not in {"GET", "PUT"} or not all(isinstance(header, str) for header in headers.values()):
            raise members.unexpected("request")
        return cls(
            method=method,
            url=members.text(facts, "url"),
            headers=dict(headers),
            expires_at=members.seconds(facts, "expiresAt"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An upload that was begun.

    Attributes:
        id: Good for this caller and this artifact.
        size: Bytes of the whole; None while that is not known.
        part_size: Bytes of every part but the last.
        expires_at: When the upload ends, in seconds since 1970 UTC.
        put: The one request that uploads everything, if that was asked for.
    """

    id: str
    size: int | None
    part_size: int
    expires_at: float
    put: SignedRequest | None = None

    @classmethod
    def of(cls, value: object) -> Upload:
        """Reads the JSON of one upload."""
        facts = members.mapping(value, "upload")
        part_size = members.number(facts, "partSize")
        if part_size == 0:
            raise members.unexpected("partSize")
        return cls(
            id=members.text(facts, "uploadId"),
            size=members.optional_number(facts, "size"),
            part_size=part_size,
            expires_at=members.seconds(facts, "expiresAt"),
            put=SignedRequest.of(facts["put"]) if facts.get("put") is not None else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedPart:
    """A part, sent or to be sent.

    Attributes:
        number: From 1.
        size: In bytes.
        sha256: In hex.
    """

    number: int
    size: int
    sha256: str

    @classmethod
    def of(cls, value: object) -> UploadedPart:
        """Reads the JSON of one part."""
        facts = members.mapping(value, "part")
        return cls(
            number=members.number(facts, "number"),
            size=members.number(facts, "size"),
            sha256=members.text(facts, "sha256"),
        )

    def to_json(self) -> Mapping[str, object]:
        """The part as requests name it."""
        return {"number": self.number, "size": self.size, "sha256": self.sha256}


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadPage:
    """One page of what the storage has of an upload.

    Attributes:
        upload: The upload.
        parts: Ascending.
        next_part: What to ask for as `after`; None on the last page.
        version: The version that the upload has become, if it has.
    """

    upload: Upload
    parts: tuple[UploadedPart, ...]
    next_part: int | None
    version: VersionMetadata | None

    @classmethod
    def of(cls, value: object) -> UploadPage:
        """Reads the JSON of one page."""
        facts = members.mapping(value, "upload")
        version = facts.get("version")
        return cls(
            upload=Upload.of(facts),
            parts=tuple(map(UploadedPart.of, members.items(facts, "parts"))),
            next_part=members.optional_number(facts, "nextPart"),
            version=None if version is None else VersionMetadata.of(version),
        )
