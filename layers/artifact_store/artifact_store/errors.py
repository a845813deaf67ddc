"""Everything the store can refuse, and what it means.

ArtifactStoreError
├── InvalidInput              the caller's data; names the field, and the limit if there is one
│   ├── InvalidName           an id, filename or encoded name that cannot be one
│   ├── NameTooLong           the encoded object key would not fit into S3's 1,024 bytes
│   ├── InvalidVersion        not a version number
│   ├── InvalidPart           part kind, MIME type or display name
│   ├── InvalidContent        content that contradicts its part kind
│   ├── ContentTooLarge       more content than one inline save takes
│   ├── DigestMismatch        the content is not what its digest says
│   ├── InvalidMetadata       custom metadata that is not a JSON object
│   ├── MetadataTooLarge      more custom metadata than one version takes
│   ├── InvalidPosition       a list position that is not in this list
│   ├── InvalidTtl            a time to live that an artifact cannot have
│   └── InvalidUpload         a size, part size or part that an upload cannot have
├── NotFound
│   ├── ArtifactNotFound      no live artifact of that name
│   ├── VersionNotFound       the artifact lives, that version does not exist
│   ├── UploadNotFound        the upload was aborted, has expired, or was never begun
│   └── DeletionNotFound      no such deletion of that user
├── IdempotencyKeyReused      the key was used for other content
├── PreconditionFailed        the latest version is not the one the caller has seen
├── UploadIncomplete          parts are missing, or are not what was announced
├── UploadFinalized           the upload has become a version; it cannot be aborted any more
├── Unavailable               safe to repeat, after `retry_after` seconds
│   ├── Contention            too many savers of one artifact at the same moment
│   └── StorageUnavailable    S3 or DynamoDB failed, throttled or timed out
└── StorageDenied             S3 or DynamoDB refused the role or the resource: a deployment fault
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "ArtifactNotFound",
    "ArtifactStoreError",
    "ContentTooLarge",
    "Contention",
    "DeletionNotFound",
    "DigestMismatch",
    "IdempotencyKeyReused",
    "InvalidContent",
    "InvalidInput",
    "InvalidMetadata",
    "InvalidName",
    "InvalidPart",
    "InvalidPosition",
    "InvalidTtl",
    "InvalidUpload",
    "InvalidVersion",
    "MetadataTooLarge",
    "NameTooLong",
    "NotFound",
    "PreconditionFailed",
    "StorageDenied",
    "StorageUnavailable",
    "Unavailable",
    "UploadFinalized",
    "UploadIncomplete",
    "UploadNotFound",
    "VersionNotFound",
]


class ArtifactStoreError(Exception):
    """Root of every error the store raises; `code` is stable across releases."""

    code: ClassVar[str] = "artifact_store_error"


class InvalidInput(ArtifactStoreError):
    """The caller's data cannot be accepted; nothing was stored.

    Attributes:
        field: The argument at fault, e.g. `filename`.
        limit: The limit that was exceeded, in the unit the message names, or None.
    """

    code = "invalid_input"

    def __init__(self, detail: str, *, field: str, limit: int | None = None) -> None:
        super().__init__(detail)
        self.field = field
        self.limit = limit


class InvalidName(InvalidInput):
    """An id, a filename or an encoded name that cannot be one."""

    code = "invalid_name"


class NameTooLong(InvalidInput):
    """The name fits no object key; `limit` is in bytes of the encoded form."""

    code = "key_too_long"


class InvalidVersion(InvalidInput):
    """Not a version number."""

    code = "invalid_version"


class InvalidPart(InvalidInput):
    """A part kind, MIME type or display name that cannot be recorded."""

    code = "invalid_part"


class InvalidContent(InvalidInput):
    """The content contradicts its part kind, e.g. text that is not UTF-8."""

    code = "invalid_content"


class ContentTooLarge(InvalidInput):
    """More content than one inline save takes; `limit` is in bytes."""

    code = "content_too_large"


class DigestMismatch(InvalidInput):
    """The content is not what its digest says."""

    code = "digest_mismatch"


class InvalidMetadata(InvalidInput):
    """Custom metadata that is not a JSON object."""

    code = "invalid_metadata"


class MetadataTooLarge(InvalidInput):
    """More custom metadata than one version takes; `limit` is in bytes of its JSON."""

    code = "metadata_too_large"


class InvalidPosition(InvalidInput):
    """A list position that does not lie in the list it was used on."""

    code = "invalid_cursor"


class InvalidTtl(InvalidInput):
    """A time to live that is none, is too long, or that nobody would keep; `limit` is in seconds."""

    code = "invalid_ttl"


class InvalidUpload(InvalidInput):
    """A size, part size or part that an upload cannot have; `limit` is in bytes, or a number of parts."""

    code = "invalid_upload"


class NotFound(ArtifactStoreError):
    """There is nothing of that name."""

    code = "not_found"


class ArtifactNotFound(NotFound):
    """No live artifact has that name."""

    code = "artifact_not_found"


class VersionNotFound(NotFound):
    """The artifact lives, but that version does not exist."""

    code = "version_not_found"


class UploadNotFound(NotFound):
    """The upload was aborted, has expired, was swept, or was never begun."""

    code = "upload_not_found"


class DeletionNotFound(NotFound):
    """There is no such deletion of that user, or it ended over a month ago."""

    code = "deletion_not_found"


class UploadIncomplete(ArtifactStoreError):
    """Parts are missing, or what was uploaded is not what was announced; nothing was saved."""

    code = "upload_incomplete"


class UploadFinalized(ArtifactStoreError):
    """The upload's content is complete, so that it may be a version already: it cannot be aborted."""

    code = "upload_finalized"


class PreconditionFailed(ArtifactStoreError):
    """The latest version is not the one that the caller's save depends on; nothing was saved.

    Attributes:
        etag: The latest version's entity tag; None when there is no artifact.
    """

    code = "precondition_failed"

    def __init__(self, detail: str, *, etag: str | None) -> None:
        super().__init__(detail)
        self.etag = etag


class IdempotencyKeyReused(ArtifactStoreError):
    """The idempotency key was used before, for other content."""

    code = "idempotency_key_reused"


class Unavailable(ArtifactStoreError):
    """The operation may be repeated unchanged.

    Attributes:
        retry_after: How long to wait first, in seconds.
    """

    code = "unavailable"

    def __init__(self, detail: str, *, retry_after: int = 1) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class Contention(Unavailable):
    """Too many savers of one artifact at the same moment."""

    code = "contention"


class StorageUnavailable(Unavailable):
    """S3 or DynamoDB failed, throttled or did not answer in time."""

    code = "storage_unavailable"


class StorageDenied(ArtifactStoreError):
    """S3 or DynamoDB refused the role or does not know the resource: a deployment fault."""

    code = "storage_denied"
