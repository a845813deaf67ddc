"""The JSON of the answers. The OpenAPI file's schemas are made from these types at build time."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

# Pydantic, which reads these types at build time, refuses typing.TypedDict before Python 3.12.
from typing_extensions import TypedDict

from artifact_store import ArtifactStore, ArtifactSummary, Scope, SignedRequest, Version
from artifact_store.erasures import Erasure

__all__ = [
    "ArtifactList",
    "ArtifactSummaryJson",
    "DeletionJson",
    "Health",
    "PartJson",
    "ProblemJson",
    "SessionDeleted",
    "SignedRequestJson",
    "VersionList",
    "VersionMetadata",
    "artifact_summary",
    "deletion",
    "signed_request",
    "version_metadata",
]


class PartJson(TypedDict):
    """What kind of ADK part a content is: the JSON of the header Artifact-Part."""

    kind: Literal["bytes", "text", "file"]
    """`bytes` (inline data), `text` (UTF-8), or `file` (the content is a file URI)."""
    mimeType: str | None
    """MIME type of the part, or null when it has none."""
    displayName: str | None
    """Name to show to people, or null."""


class VersionMetadata(TypedDict):
    """One version of an artifact, without its content."""

    filename: str
    """Decoded. Under a session's path a user-scoped artifact starts with `user:`; under a user's path never."""
    scope: Literal["session", "user"]
    """Whether the artifact belongs to one session, or to the user across sessions."""
    version: int
    """0, 1, 2, … without gaps; starts again at 0 after a delete."""
    canonicalUri: str
    """Where the record is: `s3://bucket/key`."""
    createTime: float
    """When it was saved, in seconds since 1970 UTC."""
    mimeType: str | None
    """MIME type of the part, or null."""
    kind: Literal["bytes", "text", "file"]
    """Kind of the part."""
    displayName: str | None
    """Name to show to people, or null."""
    customMetadata: dict[str, Any]
    """Custom metadata as it was saved."""
    size: int
    """Size of the content, in bytes."""
    sha256: str | None
    """SHA-256 of the content in hex; null for an object that another program put into the bucket."""
    etag: str
    """The version's entity tag, quoted. It also tells apart a version from one deleted and saved again."""
    expiresAt: NotRequired[float]
    """When the artifact goes with all versions if this is its latest one, in seconds since 1970 UTC; absent: never."""


class ArtifactSummaryJson(TypedDict):
    """One line of a list of artifacts: facts of the latest version."""

    filename: str
    """Decoded. Under a session's path a user-scoped artifact starts with `user:`; under a user's path never."""
    scope: Literal["session", "user"]
    """Whether the artifact belongs to one session, or to the user across sessions."""
    version: int
    """The latest version."""
    size: int
    """Size of its content, in bytes."""
    mimeType: str | None
    """Its MIME type, or null."""
    sha256: str | None
    """SHA-256 of its content in hex, or null."""
    createTime: float
    """When it was saved, in seconds since 1970 UTC."""
    etag: str
    """Its entity tag, quoted."""
    expiresAt: NotRequired[float]
    """When the artifact goes unless it is saved again, in seconds since 1970 UTC; absent: never."""


class ArtifactList(TypedDict):
    """A page of artifacts, in the order of their encoded filenames; a session's first, then the user's."""

    artifacts: list[ArtifactSummaryJson]
    """May be fewer than the limit, even none, with more to come."""
    nextCursor: NotRequired[str]
    """Where the next page starts; absent on the last page."""


class VersionList(TypedDict):
    """A page of versions, oldest first."""

    versions: list[VersionMetadata]
    """May be fewer than the limit, even none, with more to come."""
    nextCursor: NotRequired[str]
    """Where the next page starts; absent on the last page."""


class SignedRequestJson(TypedDict):
    """A request to the bucket that needs no credentials: whoever has its URL may send it until it expires."""

    method: Literal["GET", "PUT"]
    """HTTP method."""
    url: str
    """With the signature: a secret."""
    headers: dict[str, str]
    """To be sent just so, and nothing beside them that identifies the caller."""
    expiresAt: float
    """In seconds since 1970 UTC."""


class SessionDeleted(TypedDict):
    """What became of a session's artifacts."""

    deleted: int
    """How many this request has deleted."""
    complete: bool
    """Whether all are gone that lived when it came; while it is false, ask again."""


class DeletionJson(TypedDict):
    """How far the deletion of a user has come."""

    jobId: str
    """Which deletion."""
    status: Literal["running", "done", "failed"]
    """`done`: everything is gone that was saved before `startedAt`. `failed`: given up; ask for a new deletion."""
    sessions: int
    """Sessions that were gone through."""
    artifacts: int
    """Artifacts that were deleted, at least: after a crash some are not counted."""
    startedAt: float
    """In seconds since 1970 UTC."""
    finishedAt: NotRequired[float]
    """In seconds since 1970 UTC; absent while it runs."""


class Health(TypedDict):
    """The function runs. Storage is not asked."""

    status: Literal["ok"]
    """Always `ok`."""


class ProblemJson(TypedDict):
    """Why a request was not fulfilled (RFC 9457)."""

    type: str
    """`urn:artifact-api:problem:` and the code."""
    title: str
    """What the code means, in a few words; the same for every occurrence."""
    status: int
    """The HTTP status."""
    detail: str
    """What is wrong with this request; for people, may change."""
    code: str
    """Stable; what a program decides by."""
    field: NotRequired[str]
    """The parameter, header or member at fault."""
    limit: NotRequired[int]
    """The limit that was exceeded, in the unit that the detail names."""
    etag: NotRequired[str | None]
    """`precondition_failed`: the latest version's entity tag; null when there is no artifact."""
    retryAfter: NotRequired[int]
    """How long to wait before the same is asked for again, in seconds; as the header Retry-After."""
    requestId: str
    """Name it when you ask for help."""


def _filename(version: Version | ArtifactSummary, asked: Scope) -> str:
    return version.artifact.adk_filename if asked.session is not None else version.artifact.filename


def version_metadata(version: Version, *, asked: Scope, store: ArtifactStore) -> VersionMetadata:
    """Describes a version as a request that asked under a scope's path is to see it."""
    told: VersionMetadata = {
        "filename": _filename(version, asked),
        "scope": version.artifact.scope.kind,
        "version": version.number,
        "canonicalUri": store.canonical_uri(version),
        "createTime": version.created_ms / 1000,
        "mimeType": version.part.mime_type,
        "kind": version.part.kind,
        "displayName": version.part.display_name,
        "customMetadata": dict(version.custom_metadata),
        "size": version.size,
        "sha256": version.sha256,
        "etag": version.etag,
    }
    if version.expires_ms is not None:
        told["expiresAt"] = version.expires_ms / 1000
    return told


def signed_request(request: SignedRequest) -> SignedRequestJson:
    """The wire's form of a signed request."""
    return {
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "expiresAt": request.expires_ms / 1000,
    }


def deletion(erasure: Erasure) -> DeletionJson:
    """The wire's form of a user's deletion."""
    told: DeletionJson = {
        "jobId": erasure.id,
        "status": erasure.status,
        "sessions": erasure.sessions,
        "artifacts": erasure.artifacts,
        "startedAt": erasure.started_ms / 1000,
    }
    if erasure.finished_ms is not None:
        told["finishedAt"] = erasure.finished_ms / 1000
    return told


def artifact_summary(summary: ArtifactSummary, *, asked: Scope) -> ArtifactSummaryJson:
    """Describes an artifact as a request that asked under a scope's path is to see it."""
    told: ArtifactSummaryJson = {
        "filename": _filename(summary, asked),
        "scope": summary.artifact.scope.kind,
        "version": summary.number,
        "size": summary.size,
        "mimeType": summary.mime_type,
        "sha256": summary.sha256,
        "createTime": summary.created_ms / 1000,
        "etag": summary.etag,
    }
    if summary.expires_ms is not None:
        told["expiresAt"] = summary.expires_ms / 1000
    return told
