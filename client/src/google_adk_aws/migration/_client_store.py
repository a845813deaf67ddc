"""This package's own services, as sources and as targets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import BinaryIO, TypeAlias

from artifact_store.names import ArtifactId, Scope
from google_adk_aws._client.artifact_client import ArtifactClient
from google_adk_aws._direct.client import DirectClient
from google_adk_aws._errors import (
    ArtifactError,
    ArtifactNotFoundError,
    ArtifactPreconditionError,
    InvalidArtifactError,
)
from google_adk_aws._model.saving import MAX_CONTENT_BYTES
from google_adk_aws._model.wire import VersionMetadata
from google_adk_aws.migration._model import (
    Facts,
    Found,
    MigrationError,
    OvertakenError,
    Skipped,
    SourceArtifact,
    SourceVersion,
    TargetVersion,
)

__all__ = ["ClientSource", "ClientTarget"]

Client: TypeAlias = ArtifactClient | DirectClient


class ClientSource:
    """Artifacts of given scopes, behind the artifact API or straight on S3.

    Args:
        client: `HttpArtifactService.client`, `S3ArtifactService.client` or an `ArtifactClient`.
        scopes: Whose artifacts. A session's are its own only: those of its user are in the scope without a session.
        address: What it is called in journals and reports.
    """

    def __init__(self, client: Client, scopes: Iterable[Scope], *, address: str) -> None:
        self._client = client
        self._scopes = list(dict.fromkeys(scopes))
        self.address = address

    async def artifacts(self) -> AsyncIterator[Found]:
        """Everything of the scopes."""
        for scope in self._scopes:
            try:
                async for filename in self._client.filenames(scope):
                    artifact = ArtifactId.of(app=scope.app, user=scope.user, session=scope.session, filename=filename)
                    if scope.session is None:
                        # Its own list has names without the prefix, so one in front belongs to the name.
                        yield SourceArtifact(artifact=ArtifactId(scope, filename))
                    elif artifact.scope == scope:
                        yield SourceArtifact(artifact=artifact)
            except ArtifactError as error:
                yield Skipped(what=scope.key_prefix, reason=str(error), failed=True)

    async def versions(self, found: SourceArtifact) -> list[SourceVersion]:
        """Its versions; none when it was deleted meanwhile."""
        described = await _versions(self._client, found.artifact)
        return [SourceVersion(number=version.version, size=version.size, handle=version) for version in described]

    async def fetch(self, found: SourceArtifact, version: SourceVersion, into: BinaryIO) -> Facts:
        """Writes the content of a version, and tells the rest."""
        await _read(self._client, found.artifact, version.number, into)
        return _facts(version.handle)


class ClientTarget:
    """The artifact API, or a bucket. Every save has a condition, so that no two migrations save one version twice.

    Args:
        client: `HttpArtifactService.client`, `S3ArtifactService.client` or an `ArtifactClient`.
        address: What it is called in journals and reports.
    """

    def __init__(self, client: Client, *, address: str) -> None:
        self._client = client
        self.address = address

    async def present(self, artifact: ArtifactId) -> list[TargetVersion]:
        """What is there already."""
        artifact.scope.refuse_reserved_session()
        return [_target_version(version) for version in await _versions(self._client, artifact)]

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
        """Saves a version after `latest`, and only there."""
        try:
            try:
                saved = await self._save(
                    artifact, content, size, facts, key if size <= MAX_CONTENT_BYTES else None, latest
                )
            except InvalidArtifactError as error:
                if error.code != "idempotency_key_unused":
                    raise
                # Long metadata makes it an upload, which its finalize saves once.
                content.seek(0)
                saved = await self._save(artifact, content, size, facts, None, latest)
        except ArtifactPreconditionError as error:
            raise OvertakenError(f"someone else saved a version meanwhile: {error}") from error
        return _target_version(saved)

    async def fetch(self, artifact: ArtifactId, number: int, into: BinaryIO) -> Facts | None:
        """Writes the content of a version, and tells the rest."""
        try:
            described = await self._client.describe(artifact, number)
            await _read(self._client, artifact, number, into)
        except ArtifactNotFoundError as error:
            raise MigrationError(f"version {number} is not at the target") from error
        return _facts(described)

    async def _save(
        self,
        artifact: ArtifactId,
        content: BinaryIO,
        size: int,
        facts: Facts,
        key: str | None,
        latest: TargetVersion | None,
    ) -> VersionMetadata:
        return await self._client.upload_file(
            artifact,
            content.read() if size <= MAX_CONTENT_BYTES else content,
            kind=facts.kind,
            mime_type=facts.mime_type,
            display_name=facts.display_name,
            custom_metadata=facts.custom_metadata,
            idempotency_key=key,
            if_match=None if latest is None else latest.etag,
            if_none_match=latest is None,
        )


async def _versions(client: Client, artifact: ArtifactId) -> Sequence[VersionMetadata]:
    try:
        found = [version async for version in client.versions(artifact)]
    except ArtifactNotFoundError:
        return []
    return sorted(found, key=lambda version: version.version)


async def _read(client: Client, artifact: ArtifactId, number: int, into: BinaryIO) -> None:
    if isinstance(client, ArtifactClient):
        await client.download_file(artifact, into, number)
        return
    stored = await client.load(artifact, number)
    await asyncio.to_thread(into.write, stored.body)


def _facts(version: VersionMetadata) -> Facts:
    return Facts(
        kind=version.kind,
        mime_type=version.mime_type,
        display_name=version.display_name,
        custom_metadata=version.custom_metadata,
        created=version.create_time,
    )


def _target_version(version: VersionMetadata) -> TargetVersion:
    return TargetVersion(
        number=version.version,
        # That of what is stored; encrypted content is another.
        sha256=None if version.encrypted else version.sha256,
        etag=version.etag,
        custom_metadata=version.custom_metadata,
    )
