"""Saves content of any size: at once, by one put into a blob, or by parts of which few are in memory."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import uuid
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from artifact_store import transfers
from artifact_store.model import MAX_INLINE_BYTES, Content, Saved
from artifact_store.names import ArtifactId
from artifact_store.ports import ObjectRef
from google_adk_aws._direct.facts import part_of, precondition, version_metadata
from google_adk_aws._direct.running import Run
from google_adk_aws._errors import ArtifactError
from google_adk_aws._io.streams import Stream
from google_adk_aws._io.threads import off_loop
from google_adk_aws._model.conditions import Describes, latest_for
from google_adk_aws._model.progress import Reporter
from google_adk_aws._model.saving import Condition, Description
from google_adk_aws._model.wire import VersionMetadata
from google_adk_aws._transfer.sending import single_error
from google_adk_aws._transfer.sources import Piece, Source
from google_adk_aws._transfer.uploading import Uploading, UploadSource, open_source

if TYPE_CHECKING:
    from artifact_store.store import ArtifactStore

__all__ = ["CALLER", "DirectUploader"]

logger = logging.getLogger(__name__)

CALLER: Final = "!direct"
"""Whose idempotency keys they are. No caller of the API has this name."""

_FREE_SECONDS: Final = 10.0
_SAVE: Final = "save artifact"


@dataclass(frozen=True, slots=True)
class DirectUploader:
    """Saves content.

    Attributes:
        run: Runs operations.
        api: Tells of versions.
        threshold: Content of more bytes goes in parts.
        part_size: Bytes of a part; None: as few as suffice for 10,000 parts, at least 8 MiB.
    """

    run: Run
    api: Describes
    threshold: int
    part_size: int | None

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
            return await one.save()
        finally:
            await opened.aclose()


@dataclass(frozen=True, slots=True)
class _One:
    """One content on its way."""

    by: DirectUploader
    artifact: ArtifactId
    source: Source
    description: Description
    condition: Condition
    how: Uploading
    reporter: Reporter

    async def save(self) -> VersionMetadata:
        content = None if self.how.part_size else await self.source.within(self.by.threshold)
        if content is None:
            return await self._by_parts()
        saved = await (self._inline(content) if len(content) <= MAX_INLINE_BYTES else self._by_put(content))
        self.reporter.total = len(content)
        await self.reporter.add(len(content))
        return saved

    async def _inline(self, content: bytes) -> VersionMetadata:
        key = self.how.idempotency_key or uuid.uuid4().hex

        def save(store: ArtifactStore) -> VersionMetadata:
            new = Content(
                body=content,
                part=part_of(self.description),
                custom_metadata=self.description.custom_metadata,
                ttl_seconds=self.description.ttl or None,
            )
            saved = store.save(
                self.artifact,
                new,
                caller=CALLER,
                idempotency_key=key,
                only_if=precondition(self.condition),
                skip_unchanged=self.condition.skip_unchanged,
            )
            return version_metadata(store, saved.version)

        return await self.by.run(save, operation=_SAVE, kind="write")

    async def _by_put(self, content: bytes) -> VersionMetadata:
        digest = (await off_loop(hashlib.sha256, content, size=len(content))).hexdigest()
        unchanged = await self._same_as_latest(len(content), digest)
        if unchanged is not None:
            return unchanged
        upload = await self._begin(size=len(content), method="put", sha256=digest)
        try:
            await self.by.run(
                lambda store: store.put_upload(upload, content), operation=_SAVE, kind="write", to_end=True
            )
        except BaseException:
            await self._free(lambda store: _discard(store, upload))
            raise
        return await self._finalize(upload, size=len(content), sha256=digest)

    async def _by_parts(self) -> VersionMetadata:
        """Begins, sends and finalizes; whatever goes wrong, nothing of it is left."""
        if self.source.repeatable:
            unchanged = await self._same_as_latest(self.source.size, None)
            if unchanged is not None:
                return unchanged
        upload = await self._begin(size=self.source.size, method="parts", sha256=None)
        try:
            await self._send(upload)
            size = self.source.size
            assert size is not None  # noqa: S101 - it was cut
            unchanged = None if self.source.repeatable else await self._same_as_latest(size, self.source.sha256)
            if unchanged is None:
                return await self._finalize(upload, size=size, sha256=self.source.sha256)
        except BaseException:
            await self._free(lambda store: store.abort_upload(upload))
            raise
        await self._free(lambda store: store.abort_upload(upload))
        return unchanged

    async def _same_as_latest(self, size: int | None, sha256: str | None) -> VersionMetadata | None:
        """The latest version, if that is what would be saved and nothing is to be saved then.

        Args:
            size: Of the content.
            sha256: Its digest; without one the source is read for it, if all else is the same.

        Raises:
            ArtifactPreconditionError: The condition does not hold.
        """
        latest = await latest_for(self.condition, self.by.api, self.artifact)
        if latest is None or not self.condition.skip_unchanged:
            return None
        if latest.size != size or not self.description.is_of(latest):
            return None
        if sha256 is None:
            async for piece in self.source.pieces(transfers.DEFAULT_PART_BYTES):
                piece.release()
            sha256 = self.source.sha256
        return latest if latest.sha256 == sha256 else None

    async def _begin(self, *, size: int | None, method: transfers.UploadMethod, sha256: str | None) -> transfers.Upload:
        chosen = self.how.part_size or self.source.part_size or self.by.part_size
        return await self.by.run(
            lambda store: store.begin_upload(
                self.artifact,
                size=size,
                part_bytes=chosen if method == "parts" else None,
                mime_type=part_of(self.description).mime_type,
                method=method,
                sha256=sha256,
            ),
            operation=_SAVE,
            kind="write",
            # One put is begun by nothing; parts that are begun have to be aborted.
            to_end=method == "parts",
        )

    async def _send(self, upload: transfers.Upload) -> None:
        """Sends the parts, a few at the same time. No more than those are in memory."""
        ready: asyncio.Queue[Piece | None] = asyncio.Queue(1)

        async def work() -> None:
            while (piece := await ready.get()) is not None:
                await self._send_part(upload, piece)
                piece.release()
                await self.reporter.add(piece.part.size)

        async with single_error(), asyncio.TaskGroup() as group, contextlib.aclosing(self._pieces(upload)) as pieces:
            for _ in range(self.how.workers):
                group.create_task(work())
            async for piece in pieces:
                await ready.put(piece)
            for _ in range(self.how.workers):
                await ready.put(None)
        if self.reporter.total is None:
            self.reporter.total = self.source.size
            await self.reporter.add(0)

    async def _pieces(self, upload: transfers.Upload) -> AsyncGenerator[Piece, None]:
        async with contextlib.aclosing(self.source.pieces(upload.part_bytes)) as pieces:
            async for piece in pieces:
                self.reporter.total = self.source.size
                yield piece

    async def _send_part(self, upload: transfers.Upload, piece: Piece) -> None:
        body = b"".join([chunk async for chunk in piece.body()])
        part = transfers.UploadedPart(number=piece.part.number, size=piece.part.size, sha256=piece.part.sha256)
        # To its end: a part that arrives after the abort would stay.
        await self.by.run(
            lambda store: store.put_upload_part(upload, part, body), operation=_SAVE, kind="write", to_end=True
        )

    async def _finalize(self, upload: transfers.Upload, *, size: int, sha256: str) -> VersionMetadata:
        def finalize(store: ArtifactStore) -> VersionMetadata:
            saved: Saved = store.finalize_upload(
                upload,
                size=size,
                sha256=sha256,
                part=part_of(self.description),
                custom_metadata=self.description.custom_metadata,
                ttl_seconds=self.description.ttl or None,
                only_if=precondition(self.condition),
            )
            return version_metadata(store, saved.version)

        return await self.by.run(finalize, operation=_SAVE, kind="write", to_end=True)

    async def _free(self, free: Callable[[ArtifactStore], None]) -> None:
        """Frees what was sent, unless it has become a version meanwhile."""
        try:
            async with asyncio.timeout(_FREE_SECONDS):
                await self.by.run(free, operation="abort an upload", kind="write", to_end=True)
        except (ArtifactError, TimeoutError) as error:
            logger.info("an upload could not be aborted: %s", error)


def _discard(store: ArtifactStore, upload: transfers.Upload) -> None:
    """Removes what was put. Only its own saver could name it in a version, and has given up before that."""
    objects = store.ports.objects
    head = objects.head(upload.key)
    if head is not None:
        objects.delete([ObjectRef(upload.key, head.version_id)])
