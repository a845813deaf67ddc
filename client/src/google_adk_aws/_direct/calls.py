"""Artifacts of a bucket, one at a time: the calls of `ArtifactClient`, without the API."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from artifact_store.model import Page
from artifact_store.names import ArtifactId, Scope
from google_adk_aws._direct.facts import filename, stored_content, summary, version_metadata
from google_adk_aws._direct.running import Run
from google_adk_aws._direct.upload import DirectUploader
from google_adk_aws._encryption.keys import Encryption
from google_adk_aws._errors import ArtifactError, ArtifactIntegrityError
from google_adk_aws._model.permissions import Permissions
from google_adk_aws._model.progress import ProgressCallback
from google_adk_aws._model.saving import Condition, Description
from google_adk_aws._model.ttl import Ttl
from google_adk_aws._model.wire import ArtifactSummary, StoredContent, VersionMetadata
from google_adk_aws._transfer.decrypting import EncryptedLoading
from google_adk_aws._transfer.encrypting import EncryptedSaving
from google_adk_aws._transfer.uploading import Uploading, UploadSource

if TYPE_CHECKING:
    from artifact_store.store import ArtifactStore

__all__ = ["DirectCalls"]

logger = logging.getLogger(__name__)

Item = TypeVar("Item")

_PAGE: Final = 1000
_PURGES: Final = 10
"""How often a purge is gone on with that had no time to end."""


class DirectCalls:
    """Calls for one artifact, or one scope.

    Args:
        run: Runs operations on the storage.
        multipart_threshold: Content of more bytes goes in parts.
        part_size: Bytes of a part; None: as few as suffice for 10,000 parts, at least 8 MiB.
        encryption: Encrypts what is saved and decrypts what is loaded.
        permissions: What goes on; by default everything.
    """

    def __init__(
        self,
        run: Run,
        *,
        multipart_threshold: int,
        part_size: int | None,
        encryption: Encryption | None = None,
        permissions: Permissions | None = None,
    ) -> None:
        self._run = run
        self._permissions = permissions or Permissions(None)
        self._encrypting = None if encryption is None else EncryptedSaving(encryption)
        self._decrypting = EncryptedLoading(encryption)
        self._uploader = DirectUploader(run, self, threshold=multipart_threshold, part_size=part_size)

    async def save(
        self,
        artifact: ArtifactId,
        content: bytes | bytearray | memoryview,
        *,
        mime_type: str | None = None,
        display_name: str | None = None,
        kind: str = "bytes",
        custom_metadata: Mapping[str, Any] | None = None,
        ttl: Ttl | None = None,
        idempotency_key: str | None = None,
        if_match: str | None = None,
        if_none_match: bool = False,
        skip_unchanged: bool = False,
    ) -> VersionMetadata:
        """Saves bytes as a new version; see `ArtifactClient.save`.

        Raises:
            ArtifactPreconditionError: The condition does not hold; nothing was saved.
            InvalidArtifactError: An argument cannot be accepted.
            ArtifactError: Another one of this package's errors.
        """
        return await self.upload_file(
            artifact,
            content,
            mime_type=mime_type,
            display_name=display_name,
            kind=kind,
            custom_metadata=custom_metadata,
            ttl=ttl,
            idempotency_key=idempotency_key,
            if_match=if_match,
            if_none_match=if_none_match,
            skip_unchanged=skip_unchanged,
        )

    async def upload_file(
        self,
        artifact: ArtifactId,
        source: UploadSource,
        *,
        mime_type: str | None = None,
        display_name: str | None = None,
        kind: str = "bytes",
        custom_metadata: Mapping[str, Any] | None = None,
        ttl: Ttl | None = None,
        part_size: int | None = None,
        workers: int = 4,
        progress: ProgressCallback | None = None,
        idempotency_key: str | None = None,
        if_match: str | None = None,
        if_none_match: bool = False,
        skip_unchanged: bool = False,
    ) -> VersionMetadata:
        """Saves a file, or what a file object or an iterator gives, as a new version. Any size, little memory.

        What is larger than the service's `multipart_threshold` goes in parts, of which `workers` are in memory; when
        it fails or is cancelled, nothing of it is left. Arguments and errors are those of `ArtifactClient.upload_file`,
        which besides can go on with an upload that broke off.
        """
        self._permissions.check("write", artifact)
        description = Description.of(
            mime_type=mime_type, display_name=display_name, kind=kind, custom_metadata=custom_metadata, ttl=ttl
        )
        condition = Condition(if_match=if_match, if_none_match=if_none_match, skip_unchanged=skip_unchanged)
        how = Uploading(part_size=part_size, workers=workers, progress=progress, idempotency_key=idempotency_key)
        if self._encrypting is None:
            return await self._uploader.upload(artifact, source, description=description, condition=condition, how=how)
        async with self._encrypting.of_source(artifact, source, description, condition) as (stored, described):
            return await self._uploader.upload(artifact, stored, description=described, condition=condition, how=how)

    async def load(self, artifact: ArtifactId, version: int | None = None) -> StoredContent:
        """Loads one version, or the latest, into memory; the bytes are checked against their digest.

        Raises:
            ArtifactNotFoundError: There is no such artifact or version.
            ArtifactIntegrityError: The bytes are not those that were saved.
            ArtifactEncryptionError: They cannot be decrypted, or are not encrypted though they must be.
            ArtifactError: Another one of this package's errors.
        """
        self._permissions.check("read", artifact)

        def load(store: ArtifactStore) -> StoredContent:
            return stored_content(store.load(artifact, version))

        try:
            stored = await self._run(load, operation="load artifact", kind="read")
        except ArtifactIntegrityError:
            # A second look tells bytes that were damaged on the way from a damaged object.
            stored = await self._run(load, operation="load artifact", kind="read")
        return replace(stored, body=await self._decrypting.content(artifact, stored, stored.body))

    async def describe(self, artifact: ArtifactId, version: int | None = None) -> VersionMetadata:
        """The metadata of one version, or of the latest.

        Raises:
            ArtifactNotFoundError: There is no such artifact or version.
            ArtifactError: Another one of this package's errors.
        """
        self._permissions.check("read", artifact)
        return await self._run(
            lambda store: version_metadata(store, store.describe(artifact, version)),
            operation="describe artifact",
            kind="read",
        )

    async def delete(self, artifact: ArtifactId) -> None:
        """Deletes all versions; also fine when there are none.

        Raises:
            ArtifactError: As described in this package's errors.
        """
        await self._delete(artifact)

    async def artifacts(self, scope: Scope) -> AsyncIterator[ArtifactSummary]:
        """Every artifact of a scope; a session's list has the user's artifacts too, as `user:NAME`."""
        self._permissions.check("list", scope)

        def read(position: str | None, store: ArtifactStore) -> Page[ArtifactSummary]:
            page = store.list_artifacts(scope, limit=_PAGE, position=position)
            return Page([summary(scope, listed) for listed in page.items], page.position)

        async for found in self._pages(read, "list artifacts"):
            if self._permissions.shows(found.filename, scope):
                yield found

    async def filenames(self, scope: Scope) -> AsyncIterator[str]:
        """The names of `artifacts` alone, which without a table are a list of S3 for 1,000 versions and no more."""
        self._permissions.check("list", scope)

        def read(position: str | None, store: ArtifactStore) -> Page[str]:
            page = store.list_names(scope, limit=_PAGE, position=position)
            return Page([filename(scope, artifact) for artifact in page.items], page.position)

        async for found in self._pages(read, "list artifacts"):
            if self._permissions.shows(found, scope):
                yield found

    async def versions(self, artifact: ArtifactId) -> AsyncIterator[VersionMetadata]:
        """Every version of an artifact, in ascending order.

        Raises:
            ArtifactNotFoundError: There is no such artifact.
        """
        self._permissions.check("list", artifact)

        def read(position: str | None, store: ArtifactStore) -> Page[VersionMetadata]:
            page = store.list_versions(artifact, limit=_PAGE, position=position)
            return Page([version_metadata(store, version) for version in page.items], page.position)

        async for found in self._pages(read, "list versions"):
            yield found

    async def _pages(
        self, read: Callable[[str | None, ArtifactStore], Page[Item]], operation: str
    ) -> AsyncIterator[Item]:
        position: str | None = None
        while True:
            page = await self._run(partial(read, position), operation=operation, kind="read")
            for item in page.items:
                yield item
            position = page.position
            if position is None:
                return

    async def _delete(self, artifact: ArtifactId) -> bool:
        """Deletes all versions; tells whether there were any. What a delete has no time for is purged after it."""
        self._permissions.check("delete", artifact)
        left: list[str] = []
        existed = await self._run(
            lambda store: store.delete(artifact, on_unfinished=lambda _, gen: left.append(gen)),
            operation="delete artifact",
            kind="write",
        )
        for gen in left:
            await self._purge(artifact, gen)
        return existed

    async def _purge(self, artifact: ArtifactId, gen: str) -> None:
        try:
            for _ in range(_PURGES):
                done = await self._run(
                    lambda store: store.purge(artifact, gen), operation="delete content", kind="write"
                )
                if done:
                    return
        except ArtifactError as error:
            logger.warning("%s; the artifact is deleted, and what is left of its content is marked", error)
