"""Uploads: which way content goes, and what becomes of an upload that breaks off."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from artifact_store.names import ArtifactId
from google_adk_aws._errors import (
    ArtifactConflictError,
    ArtifactError,
    ArtifactIntegrityError,
    ArtifactUploadNotFoundError,
    InvalidArtifactError,
)
from google_adk_aws._http.api import ArtifactApi
from google_adk_aws._http.paths import artifact_path
from google_adk_aws._http.storage import Storage
from google_adk_aws._http.transfer_wire import Upload, UploadedPart
from google_adk_aws._http.upload_api import UploadApi
from google_adk_aws._io.streams import Stream
from google_adk_aws._io.threads import in_thread
from google_adk_aws._model.conditions import latest_for
from google_adk_aws._model.progress import Reporter
from google_adk_aws._model.saving import MAX_CONTENT_BYTES, MAX_HEADER_BYTES, Condition, Description
from google_adk_aws._model.wire import VersionMetadata
from google_adk_aws._resilience.retry import RetryPolicy
from google_adk_aws._transfer.resume import ResumeFile
from google_adk_aws._transfer.sending import Sender
from google_adk_aws._transfer.sources import FileSource, Piece, Source
from google_adk_aws._transfer.uploading import Uploading, UploadSource, open_source

__all__ = ["Uploader"]

logger = logging.getLogger(__name__)

_ABORT_SECONDS: Final = 10.0
_ROUNDS: Final = 3
"""How often a file's upload is begun or gone on with, when the API finds it incomplete or gone at its end."""
_HASHED_BYTES: Final = 8 * 1024 * 1024
_NOTHING: Final[Mapping[int, UploadedPart]] = {}


class Uploader:
    """Uploads content of any size.

    Args:
        api: Takes what fits into one request.
        uploads: Begins, signs, ends uploads.
        storage: Is sent to.
        retry: How often a part is sent.
        resume_folder: Where it is kept how far uploads came; None is the user's cache.
    """

    def __init__(
        self,
        api: ArtifactApi,
        uploads: UploadApi,
        storage: Storage,
        *,
        retry: RetryPolicy,
        resume_folder: Path | None,
    ) -> None:
        self.api = api
        self.uploads = uploads
        self.storage = storage
        self.retry = retry
        self.resume_folder = resume_folder

    async def upload(
        self,
        artifact: ArtifactId,
        source: UploadSource | Stream,
        *,
        description: Description,
        condition: Condition,
        how: Uploading,
    ) -> VersionMetadata:
        """Saves what a source has as a new version."""
        opened = await open_source(source, how)
        try:
            reporter = Reporter(how.progress, opened.size)
            one = _One(self, artifact, opened, description, condition, how, reporter)
            if isinstance(source, (str, os.PathLike)):
                return await one.save(path=source)
            return await one.save(path=None)
        finally:
            await opened.aclose()


@dataclass(frozen=True, slots=True)
class _One:
    """One content on its way."""

    by: Uploader
    artifact: ArtifactId
    source: Source
    description: Description
    condition: Condition
    how: Uploading
    reporter: Reporter

    async def save(self, path: str | os.PathLike[str] | None) -> VersionMetadata:
        content = await self._small()
        if content is not None:
            saved = await self.by.api.save(
                self.artifact,
                content,
                description=self.description,
                condition=self.condition,
                idempotency_key=self.how.idempotency_key,
            )
            self.reporter.total = len(content)
            await self.reporter.add(len(content))
            return saved
        if self.how.idempotency_key is not None:
            raise InvalidArtifactError(
                f"an idempotency key is for content of at most {MAX_CONTENT_BYTES:,} bytes in one request; "
                "what goes in parts is saved once by its upload",
                code="idempotency_key_unused",
                field="idempotency_key",
            )
        if self.source.repeatable:
            unchanged = await self._same_as_latest()
            if unchanged is not None:
                return unchanged
        if path is not None and self.how.resume and isinstance(self.source, FileSource):
            state = await in_thread(self._state, path, self.source)
            if state is not None:
                try:
                    return await self._resumable(state)
                finally:
                    state.close()
        return await self._at_once()

    async def _small(self) -> bytes | None:
        """The content, if it goes in one request."""
        header_bytes = sum(map(len, self.description.headers().values()))
        if self.how.part_size is not None or header_bytes > MAX_HEADER_BYTES:
            return None
        return await self.source.within(MAX_CONTENT_BYTES)

    async def _same_as_latest(self) -> VersionMetadata | None:
        """The latest version, if that is what would be saved and nothing is to be saved then.

        Content that can be read again is hashed for that; a stream has been sent by now.

        Raises:
            ArtifactPreconditionError: The condition does not hold.
        """
        latest = await latest_for(self.condition, self.by.api, self.artifact)
        if latest is None or not self.condition.skip_unchanged:
            return None
        if latest.size != self.source.size or not self.description.is_of(latest):
            return None
        if self.source.repeatable:
            await self._hash()
        return latest if latest.sha256 == self.source.sha256 else None

    async def _hash(self) -> None:
        async for piece in self.source.pieces(_HASHED_BYTES):
            piece.release()

    async def _at_once(self) -> VersionMetadata:
        """Begins, sends and finalizes; whatever goes wrong, nothing of it is left."""
        upload = await self._begin()
        try:
            await self._send(upload, _NOTHING)
            unchanged = None if self.source.repeatable else await self._same_as_latest()
            if unchanged is None:
                return await self._finalize(upload.id)
        except BaseException:
            await self._abort(upload.id)
            raise
        await self._abort(upload.id)
        return unchanged

    async def _resumable(self, state: ResumeFile) -> VersionMetadata:
        """Goes on with what an earlier upload of the file left, and leaves to a later one what is missing."""
        for _ in range(_ROUNDS - 1):
            try:
                return await self._round(state)
            except ArtifactUploadNotFoundError:
                state.clear()
            except ArtifactConflictError as error:
                if error.code == "idempotency_key_reused":
                    # The earlier one was finalized, and with another description.
                    state.clear()
                elif error.code != "upload_incomplete":
                    raise
        return await self._round(state)

    async def _round(self, state: ResumeFile) -> VersionMetadata:
        self.reporter.start_again()
        try:
            saved = await self._finalize(await self._sent(state))
        except ArtifactIntegrityError:
            # Another content: what was sent is of no use to anybody.
            upload_id = state.read()
            state.remove()
            if upload_id is not None:
                await self._abort(upload_id)
            raise
        state.remove()
        return saved

    async def _sent(self, state: ResumeFile) -> str:
        """Sends what is missing; the upload's id."""
        upload_id = state.read()
        if upload_id is None:
            upload = await self._begin()
            state.write(upload.id)
            await self._send(upload, _NOTHING)
            return upload.id
        arrived: dict[int, UploadedPart] = {}
        try:
            async for page in self.by.uploads.pages(self.artifact, upload_id):
                arrived.update({part.number: part for part in page.parts})
                if page.version is not None:
                    # Killed between the finalize and its answer; asked again, it tells whether that was this save.
                    return await self._all_sent(upload_id)
        except ArtifactUploadNotFoundError:
            # Ended, or cut in the middle of its finalize: then all of it is there, and another finalize saves it.
            return await self._all_sent(upload_id)
        await self._send(page.upload, arrived)
        return upload_id

    async def _all_sent(self, upload_id: str) -> str:
        await self._hash()
        await self.reporter.add(self.source.size or 0)
        return upload_id

    async def _begin(self) -> Upload:
        return await self.by.uploads.begin(
            self.artifact,
            size=self.source.size,
            part_size=self.how.part_size or self.source.part_size,
            mime_type=self.description.part.stored_mime_type,
        )

    async def _send(self, upload: Upload, arrived: Mapping[int, UploadedPart]) -> None:
        sender = Sender(
            self.by.uploads,
            self.by.storage,
            self.by.retry,
            artifact=self.artifact,
            upload=upload,
            workers=self.how.workers,
            least=self.how.workers if self.source.repeatable else 1,
            reporter=self.reporter,
        )
        try:
            await sender.send(self._pieces(upload.part_size), arrived)
        except ArtifactIntegrityError:
            # The storage refuses bytes that changed after they were hashed.
            await self.source.check()
            raise
        if self.reporter.total is None:
            # The stream ended with a full part, so that nobody knew it was the last one.
            self.reporter.total = self.source.size
            await self.reporter.add(0)

    async def _pieces(self, part_size: int) -> AsyncGenerator[Piece, None]:
        async with contextlib.aclosing(self.source.pieces(part_size)) as pieces:
            async for piece in pieces:
                self.reporter.total = self.source.size
                yield piece

    async def _finalize(self, upload_id: str) -> VersionMetadata:
        assert self.source.size is not None  # noqa: S101 - it was cut
        return await self.by.uploads.finalize(
            self.artifact,
            upload_id,
            size=self.source.size,
            sha256=self.source.sha256,
            description=self.description,
            condition=self.condition,
        )

    async def _abort(self, upload_id: str) -> None:
        """Frees what was sent. What could not be freed ends with the upload, after a day."""
        try:
            async with asyncio.timeout(_ABORT_SECONDS):
                await self.by.uploads.abort(self.artifact, upload_id)
        except (ArtifactError, TimeoutError) as error:
            logger.info("an upload could not be aborted: %s", error)

    def _state(self, path: str | os.PathLike[str], source: FileSource) -> ResumeFile | None:
        return ResumeFile.open(
            self.by.resume_folder,
            where=f"{self.by.api.connection.base_url}{artifact_path(self.artifact)}",
            path=path,
            file=source.identity,
            mime_type=self.description.part.mime_type,
            part_size=self.how.part_size,
        )
