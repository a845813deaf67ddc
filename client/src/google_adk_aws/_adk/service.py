"""What ADK's artifact interface means, whatever the artifacts are reached by."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from google.adk.artifacts.base_artifact_service import ArtifactVersion, BaseArtifactService
from typing_extensions import override

from artifact_store.errors import InvalidInput
from artifact_store.names import MAX_VERSION, USER_NAMESPACE, ArtifactId, Scope
from google_adk_aws._adk.parts import from_content, to_content, to_part
from google_adk_aws._adk.references import MAX_HOPS, Caller, resolve
from google_adk_aws._errors import ArtifactNotFoundError, InvalidArtifactError
from google_adk_aws._model.references import REFERENCE_PREFIX
from google_adk_aws._model.ttl import Ttl
from google_adk_aws._model.wire import StoredContent, VersionMetadata

if TYPE_CHECKING:
    from google.genai import types

__all__ = ["AdkArtifactService", "ArtifactCalls", "artifact_id"]


class ArtifactCalls(Protocol):
    """What ADK's seven methods are made of; `ArtifactClient` documents each."""

    async def save(
        self,
        artifact: ArtifactId,
        content: bytes,
        *,
        mime_type: str | None = None,
        display_name: str | None = None,
        kind: str = "bytes",
        custom_metadata: Mapping[str, Any] | None = None,
        ttl: Ttl | None = None,
    ) -> VersionMetadata:
        """Saves bytes as a new version."""

    async def load(self, artifact: ArtifactId, version: int | None = None) -> StoredContent:
        """Loads one version, or the latest."""

    async def describe(self, artifact: ArtifactId, version: int | None = None) -> VersionMetadata:
        """The metadata of one version, or of the latest."""

    async def delete(self, artifact: ArtifactId) -> None:
        """Deletes all versions."""

    def versions(self, artifact: ArtifactId) -> AsyncIterator[VersionMetadata]:
        """Every version, in ascending order."""

    def filenames(self, scope: Scope) -> AsyncIterator[str]:
        """The name of every artifact of a scope."""


class AdkArtifactService(BaseArtifactService):
    """ADK's seven methods over `client`."""

    _ttl: Ttl | None = None
    """How long what is saved here lives."""

    @property
    @abstractmethod
    def client(self) -> ArtifactCalls:
        """What the artifacts are reached by."""

    @override
    async def save_artifact(
        self,
        *,
        app_name: str,
        user_id: str,
        filename: str,
        artifact: types.Part | dict[str, Any],
        session_id: str | None = None,
        custom_metadata: dict[str, Any] | None = None,
    ) -> int:
        """Saves a new version, exactly once however often the request has to be repeated.

        Args:
            app_name: The app.
            user_id: The user.
            filename: Any text up to 900 bytes encoded; `user:` in front means the user's scope.
            artifact: A part with `inline_data`, `text` or `file_data` of any size, or such a dict.
            session_id: The session; None means the user's scope.
            custom_metadata: JSON of any type, at most 64 KB.

        Returns:
            The version: 0, 1, 2, …

        Raises:
            InvalidArtifactError: An argument cannot be accepted; ADK's InputValidationError too.
            ArtifactError: Another one of this package's errors.
        """
        target = artifact_id(app_name, user_id, session_id, filename)
        _refuse_reserved_session(target.scope)
        # A dict may hold megabytes of base64.
        part = await asyncio.to_thread(to_part, artifact) if isinstance(artifact, dict) else to_part(artifact)
        content, header = to_content(part)
        if header.kind == "file":
            uri = content.decode()
            if uri.startswith(REFERENCE_PREFIX):
                resolve(uri, caller=Caller(app=app_name, user=user_id, session=session_id))
        saved = await self.client.save(
            target,
            content,
            kind=header.kind,
            mime_type=header.mime_type,
            display_name=header.display_name,
            custom_metadata=custom_metadata,
            ttl=self._ttl,
        )
        return saved.version

    @override
    async def load_artifact(
        self,
        *,
        app_name: str,
        user_id: str,
        filename: str,
        session_id: str | None = None,
        version: int | None = None,
    ) -> types.Part | None:
        """Loads one version, or the latest, and follows up to five references.

        Returns:
            The part; None when there is no such artifact or version, when a reference leads nowhere, and
            for the marker that a session rewind leaves.

        Raises:
            InvalidArtifactError: An id cannot be one, or a reference leads elsewhere or too far.
            ArtifactIntegrityError: The bytes are not those that were saved.
            ArtifactError: Another one of this package's errors.
        """
        target = artifact_id(app_name, user_id, session_id, filename)
        if not _can_exist(version):
            return None
        caller = Caller(app=app_name, user=user_id, session=session_id)
        for _ in range(MAX_HOPS + 1):
            try:
                content = await self.client.load(target, version)
            except ArtifactNotFoundError:
                return None
            part = from_content(content)
            if part is None or part.file_data is None:
                return part
            uri = part.file_data.file_uri or ""
            if not uri.startswith(REFERENCE_PREFIX):
                return part
            reference = resolve(uri, caller=caller)
            if reference.version is None:
                return None
            target, version, caller = reference.artifact, reference.version, reference.caller
        raise InvalidArtifactError(
            f"Exceeded maximum recursion depth resolving artifact reference: {filename}",
            code="invalid_reference",
            field="filename",
        )

    @override
    async def list_artifact_keys(self, *, app_name: str, user_id: str, session_id: str | None = None) -> list[str]:
        """Lists every filename of a session and its user, or of the user alone.

        Returns:
            Sorted names; a user-scoped one keeps its prefix, and loads by that name from anywhere.

        Raises:
            ArtifactError: As described in this package's errors.
        """
        scope = _scope(app_name, user_id, session_id)
        names = [name async for name in self.client.filenames(scope)]
        if scope.session is None:
            # A user's own list has bare names; with the prefix they mean the same in any session.
            names = [USER_NAMESPACE + name for name in names]
        return sorted(names)

    @override
    async def delete_artifact(
        self,
        *,
        app_name: str,
        user_id: str,
        filename: str,
        session_id: str | None = None,
    ) -> None:
        """Deletes all versions; the next save starts at 0 again. Nothing to delete is no error."""
        await self.client.delete(artifact_id(app_name, user_id, session_id, filename))

    @override
    async def list_versions(
        self,
        *,
        app_name: str,
        user_id: str,
        filename: str,
        session_id: str | None = None,
    ) -> list[int]:
        """Lists the version numbers in ascending order; empty when there is no such artifact."""
        target = artifact_id(app_name, user_id, session_id, filename)
        return [version.version for version in await self._versions(target)]

    @override
    async def list_artifact_versions(
        self,
        *,
        app_name: str,
        user_id: str,
        filename: str,
        session_id: str | None = None,
    ) -> list[ArtifactVersion]:
        """Lists the versions with their metadata in ascending order; empty when there is no such artifact."""
        target = artifact_id(app_name, user_id, session_id, filename)
        return [_artifact_version(version) for version in await self._versions(target)]

    @override
    async def get_artifact_version(
        self,
        *,
        app_name: str,
        user_id: str,
        filename: str,
        session_id: str | None = None,
        version: int | None = None,
    ) -> ArtifactVersion | None:
        """The metadata of one version, or of the latest; None when there is none."""
        target = artifact_id(app_name, user_id, session_id, filename)
        if not _can_exist(version):
            return None
        try:
            return _artifact_version(await self.client.describe(target, version))
        except ArtifactNotFoundError:
            return None

    async def _versions(self, target: ArtifactId) -> list[VersionMetadata]:
        try:
            versions = [version async for version in self.client.versions(target)]
        except ArtifactNotFoundError:
            return []
        return sorted(versions, key=lambda version: version.version)


def _scope(app_name: str, user_id: str, session_id: str | None) -> Scope:
    try:
        return Scope(app_name, user_id, session_id)
    except InvalidInput as error:
        raise _invalid_name(error) from None


def artifact_id(app_name: str, user_id: str, session_id: str | None, filename: str) -> ArtifactId:
    """Reads ADK's arguments.

    Raises:
        InvalidArtifactError: One of them cannot be.
    """
    try:
        return ArtifactId.of(app=app_name, user=user_id, session=session_id, filename=filename)
    except InvalidInput as error:
        raise _invalid_name(error) from None


def _refuse_reserved_session(scope: Scope) -> None:
    try:
        scope.refuse_reserved_session()
    except InvalidInput as error:
        raise _invalid_name(error) from None


def _invalid_name(error: InvalidInput) -> InvalidArtifactError:
    return InvalidArtifactError(str(error), code=error.code, field=error.field)


def _can_exist(version: object) -> bool:
    """Whether a version may exist at all; -1, 10**30 or "abc" need no request to be missing."""
    return version is None or (isinstance(version, int) and 0 <= version <= MAX_VERSION)


def _artifact_version(metadata: VersionMetadata) -> ArtifactVersion:
    mime_type = metadata.mime_type
    if mime_type is None and metadata.kind == "text":
        mime_type = "text/plain"
    return ArtifactVersion(
        version=metadata.version,
        canonical_uri=metadata.canonical_uri,
        custom_metadata=dict(metadata.custom_metadata),
        create_time=metadata.create_time,
        mime_type=mime_type,
    )
