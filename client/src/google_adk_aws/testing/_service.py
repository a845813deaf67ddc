"""The whole service over a bucket and a table in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from typing_extensions import override

from artifact_store.adapters.memory import open_store
from artifact_store.names import ArtifactId, Scope
from google_adk_aws._adk.service import AdkArtifactService
from google_adk_aws._direct.client import DirectClient
from google_adk_aws._direct.failures import translated
from google_adk_aws._direct.running import Kind
from google_adk_aws._model.permissions import Permissions
from google_adk_aws._model.wire import ArtifactSummary, StoredContent, VersionMetadata
from google_adk_aws._transfer.uploading import UploadSource
from google_adk_aws.testing._faults import Faults

if TYPE_CHECKING:
    from types import TracebackType

    from artifact_store.store import ArtifactStore

__all__ = ["InMemoryArtifactService"]

Result = TypeVar("Result")

_MULTIPART_THRESHOLD: Final = 8 * 1024**2


class InMemoryArtifactService(AdkArtifactService):
    """ADK's artifact service with nothing outside of this process, for tests.

    Names, versions, metadata, references, limits and errors are those of `HttpArtifactService` and
    `S3ArtifactService`: the same code runs, over a bucket and a table in memory that are as strict as AWS.
    Nothing needs boto3, a network or a thread.

    Args:
        permissions: What it may do, as with the real services; None allows everything.

    Attributes:
        faults: What is to go wrong.
    """

    def __init__(self, *, permissions: Iterable[str] | None = None) -> None:
        self.faults = Faults()
        self._client = _Client(open_store(), self.faults, Permissions(permissions))

    @property
    @override
    def client(self) -> DirectClient:
        """What this service calls; it has what ADK has no call for (files, batches, conditions)."""
        return self._client

    async def aclose(self) -> None:
        """Does nothing: there are no connections."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()


class _InTurn:
    """Runs operations where they are asked for: one after the other, in the same order every time."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store

    async def __call__(
        self,
        function: Callable[[ArtifactStore], Result],
        /,
        *,
        operation: str,
        kind: Kind,  # noqa: ARG002 - nothing is closed to reads or writes here
        to_end: bool = False,  # noqa: ARG002 - nothing can be cancelled in between
    ) -> Result:
        # Others run in between, as they do while a real service waits.
        await asyncio.sleep(0)
        with translated(operation):
            return function(self._store)


class _Client(DirectClient):
    """Calls with which something may go wrong."""

    def __init__(self, store: ArtifactStore, faults: Faults, permissions: Permissions) -> None:
        super().__init__(
            _InTurn(store), multipart_threshold=_MULTIPART_THRESHOLD, part_size=None, permissions=permissions
        )
        self._faults = faults

    @override
    async def upload_file(self, artifact: ArtifactId, source: UploadSource, **how: Any) -> VersionMetadata:
        async with self._faults.around("save", artifact.adk_filename):
            return await super().upload_file(artifact, source, **how)

    @override
    async def load(self, artifact: ArtifactId, version: int | None = None) -> StoredContent:
        async with self._faults.around("load", artifact.adk_filename):
            return await super().load(artifact, version)

    @override
    async def describe(self, artifact: ArtifactId, version: int | None = None) -> VersionMetadata:
        async with self._faults.around("describe", artifact.adk_filename):
            return await super().describe(artifact, version)

    @override
    async def artifacts(self, scope: Scope) -> AsyncIterator[ArtifactSummary]:
        async with self._faults.around("list"):
            found = [one async for one in super().artifacts(scope)]
        for one in found:
            yield one

    @override
    async def filenames(self, scope: Scope) -> AsyncIterator[str]:
        async with self._faults.around("list"):
            found = [one async for one in super().filenames(scope)]
        for one in found:
            yield one

    @override
    async def versions(self, artifact: ArtifactId) -> AsyncIterator[VersionMetadata]:
        async with self._faults.around("versions", artifact.adk_filename):
            found = [one async for one in super().versions(artifact)]
        for one in found:
            yield one

    @override
    async def _delete(self, artifact: ArtifactId) -> bool:
        async with self._faults.around("delete", artifact.adk_filename):
            return await super()._delete(artifact)
