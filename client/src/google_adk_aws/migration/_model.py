"""What is moved: artifacts, their versions, and what is told of each beside its bytes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, Protocol, TypeAlias

from artifact_store.names import ArtifactId

__all__ = [
    "CREATED_KEY",
    "VERSION_KEY",
    "Facts",
    "Found",
    "MigrationError",
    "OvertakenError",
    "Skipped",
    "Source",
    "SourceArtifact",
    "SourceVersion",
    "Target",
    "TargetVersion",
    "told_version",
]

# Letters and hyphens only: in some stores they become the names of HTTP headers.
CREATED_KEY: Final = "migrated-created"
"""Custom metadata: when the version was created where it was first saved, in seconds since 1970 UTC."""

VERSION_KEY: Final = "migrated-version"
"""Custom metadata: the number that the version had at the source it was copied from."""


class MigrationError(Exception):
    """What keeps a migration, or one version, from being done; the message says what."""


class OvertakenError(MigrationError):
    """Someone else saved a version of the artifact meanwhile; nothing was saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is told of a version beside its bytes.

    Attributes:
        kind: `bytes`, `text` (UTF-8) or `file` (the content is a URI).
        mime_type: Its type, as it was given.
        display_name: A name for people.
        custom_metadata: A JSON object.
        created: Seconds since 1970 UTC; None when the source does not tell.
    """

    kind: str = "bytes"
    mime_type: str | None = None
    display_name: str | None = None
    custom_metadata: Mapping[str, Any] = field(default_factory=dict)
    created: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceVersion:
    """One version at the source.

    Attributes:
        number: Its number there.
        size: Bytes of the content; None when the source does not tell before it is read.
        handle: What the source knows it by.
    """

    number: int
    size: int | None = None
    handle: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceArtifact:
    """One artifact at the source.

    Attributes:
        artifact: Which; it gets the same names at the target.
        versions: Its versions, where they are known by the listing; None: `Source.versions` asks.
    """

    artifact: ArtifactId
    versions: tuple[SourceVersion, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """What lies at the source and is not moved.

    Attributes:
        what: Its key, path or scope.
        reason: Why.
        failed: Whether it is an error, and not only something that is no artifact.
    """

    what: str
    reason: str
    failed: bool = False


Found: TypeAlias = SourceArtifact | Skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetVersion:
    """One version at the target.

    Attributes:
        number: Its number there.
        sha256: SHA-256 of its content in hex; None when only the content tells.
        etag: Its entity tag; None where there is none.
        custom_metadata: As it is stored.
    """

    number: int
    sha256: str | None = None
    etag: str | None = None
    custom_metadata: Mapping[str, Any] = field(default_factory=dict)


class Source(Protocol):
    """Where artifacts come from. Nothing is ever changed there."""

    @property
    def address(self) -> str:
        """What it is called in journals and reports; without secrets."""

    def artifacts(self) -> AsyncIterator[Found]:
        """Everything there; what cannot be moved as `Skipped`."""

    async def versions(self, found: SourceArtifact) -> list[SourceVersion]:
        """Its versions, in ascending order."""

    async def fetch(self, found: SourceArtifact, version: SourceVersion, into: BinaryIO) -> Facts:
        """Writes the content of a version, and tells the rest."""


class Target(Protocol):
    """Where artifacts go to."""

    @property
    def address(self) -> str:
        """What it is called in journals and reports; without secrets."""

    async def present(self, artifact: ArtifactId) -> list[TargetVersion]:
        """What is there already, in ascending order; empty when there is no such artifact."""

    async def save(
        self,
        artifact: ArtifactId,
        content: BinaryIO,
        size: int,
        facts: Facts,
        *,
        key: str,
        latest: TargetVersion | None,
    ) -> TargetVersion:
        """Saves a version after `latest`.

        Args:
            artifact: Which.
            content: To be read from its start.
            size: Its bytes.
            facts: What else is saved.
            key: Another save with it and the same arguments saves nothing, where the target can tell.
            latest: What was the latest version when `present` was asked; None: there was none.

        Raises:
            OvertakenError: There is another latest version, where the target can tell.
        """

    async def fetch(self, artifact: ArtifactId, number: int, into: BinaryIO) -> Facts | None:
        """Writes the content of a version; tells the rest, if all of it is kept exactly as it was given.

        Raises:
            MigrationError: There is no such version.
        """


def told_version(metadata: Mapping[str, Any]) -> int | None:
    """The number at the source that a version at the target was saved with."""
    # Some stores keep text only.
    text = str(metadata.get(VERSION_KEY, ""))
    return int(text) if text.isascii() and text.isdigit() else None
