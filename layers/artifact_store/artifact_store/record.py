"""The record: how a version describes itself in S3, so that the index can be rebuilt from it.

An *inline* record's body is the content, its facts are user metadata. A *manifest* record's body is a
JSON document with the facts, which names an immutable blob that holds the content; it is used when
the facts do not fit into S3's 2 KB of user metadata.

Facts in user metadata are ASCII by construction: hex, numbers, or base64url of JSON, since S3 refuses
or rewrites other text in headers.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from artifact_store.errors import InvalidInput
from artifact_store.model import (
    MAX_MIME_TYPE_CHARACTERS,
    BlobRef,
    Content,
    Part,
    Uploaded,
    Version,
    canonical_json,
)
from artifact_store.names import BLOB_PREFIX, ArtifactId
from artifact_store.ports import ObjectHead, StoredObject

__all__ = ["BLOB_OWNER", "MAX_USER_METADATA_BYTES", "Draft", "Record", "expiry", "is_manifest", "read_record"]

MAX_USER_METADATA_BYTES: Final = 2048
"""S3's limit over all keys and values of user metadata, here counted with their header prefix."""

BLOB_OWNER: Final = "artifact-blob-of"
"""Metadata of a blob: the key prefix of its artifact."""

_HEADER_PREFIX_BYTES: Final = len("x-amz-meta-")
_MANIFEST_TYPE: Final = "application/vnd.artifact-manifest+json"
_OCTETS: Final = "application/octet-stream"
_IDENTITY = re.compile(r"[0-9A-Za-z_.-]{1,80}", re.ASCII)
_UNREADABLE: Final = (KeyError, TypeError, ValueError, InvalidInput)
"""What a broken record raises; errors of base64, JSON and UTF-8 are all ValueErrors."""


def _pack(value: object) -> str:
    return base64.urlsafe_b64encode(canonical_json(value).encode()).decode().rstrip("=")


def _unpack(text: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def _part_to_json(part: Part) -> dict[str, str | None]:
    return {"kind": part.kind, "mimeType": part.mime_type, "displayName": part.display_name}


def _part_from_json(value: Mapping[str, Any]) -> Part:
    return Part(kind=value["kind"], mime_type=value["mimeType"], display_name=value["displayName"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A record about to be written.

    Attributes:
        gen: The generation it is meant for.
        token: Hash of caller, artifact and idempotency key.
        content: What is saved.
        created_ms: Milliseconds since 1970 UTC.
    """

    gen: str
    token: str
    content: Content | Uploaded
    created_ms: int

    def _identity(self, layout: str) -> dict[str, str]:
        identity = {
            "artifact-record": layout,
            "artifact-gen": self.gen,
            "artifact-token": self.token,
            "artifact-fingerprint": self.content.fingerprint,
            "artifact-created": str(self.created_ms),
        }
        if self.content.sha256 is not None:
            identity["artifact-sha256"] = self.content.sha256
        if self.expires_ms is not None:
            identity["artifact-expires"] = str(self.expires_ms)
        return identity

    @property
    def expires_ms(self) -> int | None:
        """When the artifact goes if this stays its latest version, in milliseconds since 1970 UTC."""
        return expiry(self.content, self.created_ms)

    def inline_metadata(self) -> dict[str, str]:
        """User metadata of an inline record."""
        metadata = self._identity("inline")
        metadata["artifact-part"] = _pack(_part_to_json(self.content.part))
        if self.content.custom_metadata:
            metadata["artifact-metadata"] = _pack(self.content.custom_metadata)
        return metadata

    @property
    def fits_inline(self) -> bool:
        """Whether content and facts fit into one object: the facts into its user metadata."""
        if isinstance(self.content, Uploaded):
            return False
        size = sum(_HEADER_PREFIX_BYTES + len(key) + len(value) for key, value in self.inline_metadata().items())
        return size <= MAX_USER_METADATA_BYTES

    @property
    def content_type(self) -> str:
        """The Content-Type of the object that holds the content."""
        return self.content.part.mime_type or _OCTETS

    def object(self, blob: BlobRef | None) -> tuple[bytes, str, dict[str, str]]:
        """The record's body, Content-Type and user metadata; a manifest when there is a blob."""
        if blob is None:
            return cast("Content", self.content).body, self.content_type, self.inline_metadata()
        manifest = {
            "part": _part_to_json(self.content.part),
            "customMetadata": self.content.custom_metadata,
            "size": self.content.size,
            "blob": {"key": blob.key, "versionId": blob.version_id},
        }
        return canonical_json(manifest).encode(), _MANIFEST_TYPE, self._identity("manifest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as it was found in S3.

    Attributes:
        version: What it says it is; committed or not.
        token: Whose save it was; for a foreign object, one made from its S3 version id.
        fingerprint: Of the content; for a foreign object, the same.
        foreign: Whether another program put it: it has no record, or none that can be read.
    """

    version: Version
    token: str
    fingerprint: str
    foreign: bool = False


def expiry(content: Content | Uploaded, created_ms: int) -> int | None:
    """When what was saved at that time expires, in milliseconds since 1970 UTC; None: never."""
    return created_ms + content.ttl_seconds * 1000 if content.ttl_seconds is not None else None


def is_manifest(head: ObjectHead) -> bool:
    """Whether the object's body is needed to read its record."""
    return head.metadata.get("artifact-record") == "manifest"


def read_record(
    artifact: ArtifactId,
    number: int,
    head: ObjectHead,
    *,
    manifest: StoredObject | None = None,
    foreign_gen: str,
) -> Record:
    """Reads what an object says of itself; one that says it wrongly counts as foreign.

    Args:
        artifact: The artifact its key names.
        number: The version its key names.
        head: The object without body.
        manifest: The object with body, when `is_manifest`.
        foreign_gen: The generation for an object that names none: it was put by another program.
    """
    try:
        return _read_own(artifact, number, head, manifest)
    except _UNREADABLE:
        return _read_foreign(artifact, number, head, foreign_gen)


def _read_own(artifact: ArtifactId, number: int, head: ObjectHead, manifest: StoredObject | None) -> Record:
    metadata = head.metadata
    size, blob = head.size, None
    if manifest is not None:
        body = json.loads(manifest.body)
        part, custom_metadata, size = body["part"], body["customMetadata"], body["size"]
        blob = _read_blob(body["blob"])
    else:
        part = _unpack(metadata["artifact-part"])
        packed = metadata.get("artifact-metadata")
        custom_metadata = _unpack(packed) if packed else {}
    version = Version(
        artifact=artifact,
        number=number,
        gen=_checked(metadata["artifact-gen"]),
        version_id=head.version_id,
        size=size,
        sha256=metadata.get("artifact-sha256"),
        part=_part_from_json(part),
        custom_metadata=custom_metadata,
        created_ms=int(metadata["artifact-created"]),
        blob=blob,
        expires_ms=int(metadata["artifact-expires"]) if "artifact-expires" in metadata else None,
    )
    return Record(
        version=version,
        token=_checked(metadata["artifact-token"]),
        fingerprint=metadata["artifact-fingerprint"],
    )


def _checked(identity: str) -> str:
    """Generations and tokens become parts of index keys."""
    if not _IDENTITY.fullmatch(identity):
        raise ValueError("no generation or token")
    return identity


def _read_blob(value: Mapping[str, str]) -> BlobRef:
    """What a manifest may name: the blob goes when the version goes, so it must not be anything else."""
    blob = BlobRef(value["key"], value["versionId"])
    if not blob.key.startswith(BLOB_PREFIX):
        raise ValueError("no blob")
    return blob


def _read_foreign(artifact: ArtifactId, number: int, head: ObjectHead, gen: str) -> Record:
    identity = f"foreign-{head.version_id}"
    version = Version(
        artifact=artifact,
        number=number,
        gen=gen,
        version_id=head.version_id,
        size=head.size,
        sha256=None,
        part=_foreign_part(head.content_type),
        custom_metadata={},
        created_ms=head.modified_ms,
    )
    return Record(version=version, token=identity, fingerprint=identity, foreign=True)


def _foreign_part(content_type: str | None) -> Part:
    readable = (
        content_type
        and content_type.isascii()
        and content_type.isprintable()
        and len(content_type) <= MAX_MIME_TYPE_CHARACTERS
    )
    return Part(mime_type=content_type if readable else None)
