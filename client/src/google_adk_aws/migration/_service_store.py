"""Any ADK artifact service, as a source of named scopes and as a target."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any, BinaryIO

from google.genai import types

from artifact_store.names import ArtifactId, Scope
from google_adk_aws._adk.parts import from_content, to_content
from google_adk_aws._model.wire import PartHeader, StoredContent
from google_adk_aws.migration._model import (
    Facts,
    Found,
    MigrationError,
    Skipped,
    SourceArtifact,
    SourceVersion,
    TargetVersion,
)

if TYPE_CHECKING:
    from google.adk.artifacts.base_artifact_service import ArtifactVersion, BaseArtifactService

__all__ = ["ServiceSource", "ServiceTarget"]

_OCTETS = "application/octet-stream"


class ServiceSource:
    """Artifacts of given scopes in any ADK artifact service: its interface lists neither apps, users nor sessions.

    What the interface does not show is not moved as it is: a reference to another artifact becomes a copy of it.

    Args:
        service: The service.
        scopes: Whose artifacts. A session's are its own only: those of its user are in the scope without a session.
        address: What it is called in journals and reports.
    """

    def __init__(self, service: BaseArtifactService, scopes: Iterable[Scope], *, address: str) -> None:
        self._service = service
        self._scopes = list(dict.fromkeys(scopes))
        self.address = address

    async def artifacts(self) -> AsyncIterator[Found]:
        """Everything of the scopes."""
        for scope in self._scopes:
            try:
                names = await self._service.list_artifact_keys(
                    app_name=scope.app, user_id=scope.user, session_id=scope.session
                )
                found = [
                    ArtifactId.of(app=scope.app, user=scope.user, session=scope.session, filename=name)
                    for name in names
                ]
            except Exception as error:  # noqa: BLE001 - services raise what they like; the other scopes go on
                yield Skipped(what=scope.key_prefix, reason=_told(error), failed=True)
                continue
            for artifact in sorted(set(found), key=lambda one: one.key_prefix):
                if artifact.scope == scope:
                    yield SourceArtifact(artifact=artifact)

    async def versions(self, found: SourceArtifact) -> list[SourceVersion]:
        """Its versions."""
        described = await self._service.list_artifact_versions(**_owner(found.artifact))
        return [
            SourceVersion(number=version.version, handle=version)
            for version in sorted(described, key=lambda version: version.version)
        ]

    async def fetch(self, found: SourceArtifact, version: SourceVersion, into: BinaryIO) -> Facts:
        """Writes the content of a version, and tells the rest."""
        described: ArtifactVersion = version.handle
        part = await self._service.load_artifact(**_owner(found.artifact), version=version.number)
        if part is None:
            if described.mime_type != _OCTETS:
                raise MigrationError("the service lists this version and does not load it")
            # A rewind of a session saves this in place of an artifact. Without it, what was taken back would be there.
            part = types.Part(inline_data=types.Blob(data=b"", mime_type=_OCTETS))
        content, header = to_content(part)
        await asyncio.to_thread(into.write, content)
        return Facts(
            kind=header.kind,
            mime_type=header.mime_type,
            display_name=header.display_name,
            custom_metadata=described.custom_metadata,
            created=described.create_time,
        )


class ServiceTarget:
    """Any ADK artifact service. Versions that are there already are told by what was saved along, and by their bytes.

    Args:
        service: The service.
        address: What it is called in journals and reports.
    """

    def __init__(self, service: BaseArtifactService, *, address: str) -> None:
        self._service = service
        self.address = address

    async def present(self, artifact: ArtifactId) -> list[TargetVersion]:
        """What is there already."""
        described = await self._service.list_artifact_versions(**_owner(artifact))
        return [
            TargetVersion(number=version.version, custom_metadata=version.custom_metadata)
            for version in sorted(described, key=lambda version: version.version)
        ]

    async def save(
        self,
        artifact: ArtifactId,
        content: BinaryIO,
        size: int,
        facts: Facts,
        *,
        key: str,  # noqa: ARG002 - ADK's interface has no place for it
        latest: TargetVersion | None,  # noqa: ARG002 - the same
    ) -> TargetVersion:
        """Saves a version; nobody else is to save the artifact meanwhile, and `key` and `latest` are not used."""
        header = PartHeader(kind=facts.kind, mime_type=facts.mime_type, display_name=facts.display_name)
        part = from_content(StoredContent(part=header, version=0, size=size, body=content.read()))
        if part is None:
            part = types.Part(inline_data=types.Blob(data=b"", mime_type=_OCTETS))
        metadata = dict(facts.custom_metadata)
        number = await self._service.save_artifact(**_owner(artifact), artifact=part, custom_metadata=metadata)
        return TargetVersion(number=number, custom_metadata=metadata)

    async def fetch(self, artifact: ArtifactId, number: int, into: BinaryIO) -> Facts | None:
        """Writes the content of a version; the rest is not told, since services keep it each in their way."""
        part = await self._service.load_artifact(**_owner(artifact), version=number)
        if part is not None:
            await asyncio.to_thread(into.write, to_content(part)[0])
        elif await self._service.get_artifact_version(**_owner(artifact), version=number) is None:
            raise MigrationError(f"version {number} is not at the target")
        return None


def _owner(artifact: ArtifactId) -> dict[str, Any]:
    scope = artifact.scope
    return {
        "app_name": scope.app,
        "user_id": scope.user,
        "session_id": scope.session,
        "filename": artifact.adk_filename,
    }


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
