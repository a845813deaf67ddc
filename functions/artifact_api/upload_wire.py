"""The JSON of uploads and links. The OpenAPI file's schemas are made from these types at build time."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

# Pydantic, which reads these types at build time, refuses typing.TypedDict before Python 3.12.
from typing_extensions import TypedDict

from artifact_api.wire import PartJson, SignedRequestJson, VersionMetadata

__all__ = [
    "BeginUploadInput",
    "FinalizeUploadInput",
    "LinkInput",
    "LinkJson",
    "SignUploadPartsInput",
    "SignedPartJson",
    "SignedParts",
    "UploadJson",
    "UploadPartInput",
    "UploadState",
    "UploadedPartJson",
]


class BeginUploadInput(TypedDict):
    """What is known of content that is to be uploaded."""

    size: int | None
    """Bytes of the whole content; null when that is not known yet."""
    partSize: NotRequired[int | None]
    """Bytes of every part but the last. By default 8 MiB, more for what were over 10,000 parts, 16 MiB without size."""
    mimeType: NotRequired[str | None]
    """MIME type of the content."""
    method: NotRequired[Literal["parts", "put"] | None]
    """`parts` by default; `put` for one presigned PUT of at most 5 GiB, which curl can send."""
    sha256: NotRequired[str | None]
    """SHA-256 of the whole content in hex, when it is known: no other content is then saved."""


class UploadJson(TypedDict):
    """An upload that was begun."""

    uploadId: str
    """Good for this caller and this artifact only. Opaque and URL-safe."""
    method: Literal["parts", "put"]
    """How the content is uploaded."""
    size: int | None
    """Bytes of the whole content, or null."""
    partSize: int
    """Bytes of every part but the last."""
    partCount: int | None
    """How many parts there are to be, at least one; null while the size is not known."""
    expiresAt: float
    """The end of the upload, in seconds since 1970 UTC. What was not finalized then is gone."""
    put: NotRequired[SignedRequestJson]
    """Method `put`: the request that uploads the content."""


class UploadPartInput(TypedDict):
    """A part that is to be uploaded."""

    number: int
    """From 1."""
    size: int
    """Its bytes; those of every part but the last are partSize."""
    sha256: str
    """SHA-256 of its bytes in hex."""


class SignUploadPartsInput(TypedDict):
    """Parts that are to be uploaded, each one once."""

    parts: list[UploadPartInput]
    """1 to 100."""


class SignedPartJson(TypedDict):
    """A part and the request that uploads it."""

    number: int
    """The part."""
    request: SignedRequestJson
    """Its body is the part: other bytes are refused by the bucket."""


class SignedParts(TypedDict):
    """The requests that upload parts."""

    parts: list[SignedPartJson]
    """In the order they were asked for."""


class UploadedPartJson(TypedDict):
    """A part that the bucket has."""

    number: int
    """From 1."""
    size: int
    """Its bytes."""
    sha256: str
    """SHA-256 of its bytes in hex."""


class UploadState(TypedDict):
    """How far an upload is."""

    uploadId: str
    """As it was asked for."""
    method: Literal["parts", "put"]
    """How the content is uploaded."""
    size: int | None
    """Bytes of the whole content, or null."""
    partSize: int
    """Bytes of every part but the last."""
    expiresAt: float
    """The end of the upload, in seconds since 1970 UTC."""
    parts: list[UploadedPartJson]
    """What the bucket has, by number, up to 1,000; none once the content is complete."""
    nextPart: int | None
    """What to pass as `after` for more; null at the end."""
    version: NotRequired[VersionMetadata]
    """The version that the upload has become."""


class FinalizeUploadInput(TypedDict):
    """What the uploaded content is."""

    size: int
    """Bytes of the whole content."""
    sha256: NotRequired[str | None]
    """SHA-256 of the whole content in hex. May be absent after a put, and when it was announced."""
    part: NotRequired[PartJson | None]
    """What kind of part it is: `bytes` of the upload's MIME type by default."""
    customMetadata: NotRequired[dict[str, Any] | None]
    """Custom metadata, up to 64 KB as JSON."""
    ttl: NotRequired[int | None]
    """How long the artifact lives after this save unless it is saved again, in seconds; 0: for good; by default
    as the deployment says for its app."""


class LinkInput(TypedDict):
    """How long a link is to be good."""

    expiresIn: NotRequired[int | None]
    """In seconds, up to seven days; an hour by default."""


class LinkJson(TypedDict):
    """A link to a version's content."""

    request: SignedRequestJson
    """The download."""
    version: VersionMetadata
    """What it downloads."""
