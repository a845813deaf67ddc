"""The store's values as this package's: the same shapes that the API's answers have."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from artifact_store import model
from google_adk_aws._model.saving import Condition, Description
from google_adk_aws._model.wire import ArtifactSummary, PartHeader, StoredContent, VersionMetadata, check_sha256

if TYPE_CHECKING:
    from artifact_store.names import ArtifactId, Scope
    from artifact_store.store import ArtifactStore

__all__ = ["filename", "part_of", "precondition", "stored_content", "summary", "version_metadata"]

_ETAGS: Final = re.compile(r'"[^"]*"|\*')


def part_of(description: Description) -> model.Part:
    """The part that is described.

    Raises:
        InvalidInput: It cannot be recorded.
    """
    part = description.part
    return model.Part(
        kind=part.stored_kind,  # type: ignore[arg-type] # refuses what is none
        mime_type=part.stored_mime_type,
        display_name=part.display_name,
    )


def precondition(condition: Condition) -> model.Precondition | None:
    """What must be true of the latest version."""
    if condition.if_match is not None:
        return model.Precondition(etags=frozenset(_ETAGS.findall(condition.if_match)))
    return model.Precondition(absent=True) if condition.if_none_match else None


def version_metadata(store: ArtifactStore, version: model.Version, *, scope: Scope | None = None) -> VersionMetadata:
    """What is known about a version.

    Args:
        store: Which has it.
        version: The version.
        scope: Under which it is named; by default its own.
    """
    artifact, part = version.artifact, _header_of(version.part)
    is_named_by_session = scope is not None and scope.session is not None
    return VersionMetadata(
        filename=artifact.adk_filename if is_named_by_session else artifact.filename,
        version=version.number,
        canonical_uri=store.canonical_uri(version),
        create_time=version.created_ms / 1000,
        kind=part.kind,
        mime_type=part.mime_type,
        display_name=part.display_name,
        custom_metadata=version.custom_metadata,
        size=version.size,
        sha256=version.sha256,
        etag=version.etag,
        encrypted=part.encrypted,
        expires_at=version.expires_ms / 1000 if version.expires_ms is not None else None,
    )


def stored_content(loaded: model.Loaded) -> StoredContent:
    """A version with its content as it is stored, which is checked against its digest.

    Raises:
        ArtifactIntegrityError: The bytes are not those that were saved.
    """
    version, body = loaded.version, loaded.body
    if version.sha256 is not None:
        check_sha256(hashlib.sha256(body).hexdigest(), version.sha256, size=len(body))
    return StoredContent(
        part=_header_of(version.part),
        version=version.number,
        size=len(body),
        sha256=version.sha256,
        etag=version.etag,
        body=body,
    )


def _header_of(part: model.Part) -> PartHeader:
    return PartHeader.stored(kind=part.kind, mime_type=part.mime_type, display_name=part.display_name)


def summary(scope: Scope, listed: model.ArtifactSummary) -> ArtifactSummary:
    """One line of a scope's list."""
    return ArtifactSummary(filename=filename(scope, listed.artifact), version=listed.number)


def filename(scope: Scope, artifact: ArtifactId) -> str:
    """An artifact's name in a scope's list."""
    return artifact.filename if scope.session is None else artifact.adk_filename
