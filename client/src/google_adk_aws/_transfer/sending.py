"""Sends the parts of one upload: cut in order, signed window by window, sent beside each other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Final

from artifact_store.names import ArtifactId
from google_adk_aws._errors import ArtifactError
from google_adk_aws._http.storage import URL_REFUSED, Storage
from google_adk_aws._http.transfer_wire import SignedRequest, Upload, UploadedPart
from google_adk_aws._http.upload_api import MAX_SIGNED, UploadApi
from google_adk_aws._model.progress import Reporter
from google_adk_aws._resilience.retry import RetryPolicy
from google_adk_aws._transfer.sources import Piece

__all__ = ["Sender", "single_error"]

_SIGNED_AGAIN: Final = 2
"""How often one part's request is signed anew before the storage is believed that it refuses it."""


class Sender:
    """Sends the parts of one upload.

    Args:
        uploads: Signs.
        storage: Is sent to.
        retry: How often a part is sent. There is no deadline: content takes its time.
        artifact: Whose upload it is.
        upload: The upload.
        workers: Parts that are sent at the same time, at most.
        least: Parts that are signed at once, at least: more than one where waiting for parts costs no memory.
        reporter: Is told of every part that has arrived.
    """

    def __init__(
        self,
        uploads: UploadApi,
        storage: Storage,
        retry: RetryPolicy,
        *,
        artifact: ArtifactId,
        upload: Upload,
        workers: int,
        least: int,
        reporter: Reporter,
    ) -> None:
        self._uploads = uploads
        self._storage = storage
        self._retry = retry
        self._artifact = artifact
        self._upload = upload
        self._workers = workers
        self._reporter = reporter
        self._least = least
        self._window = min(2 * workers, MAX_SIGNED)
        self._ready: asyncio.Queue[tuple[Piece, SignedRequest] | None] = asyncio.Queue(self._window)

    async def send(self, pieces: AsyncGenerator[Piece, None], arrived: Mapping[int, UploadedPart]) -> None:
        """Sends all that has not arrived.

        Args:
            pieces: Asked for in the task that calls this, so that a generator sees one task only.
            arrived: What the storage has already, by number.
        """
        async with single_error(), asyncio.TaskGroup() as group, contextlib.aclosing(pieces):
            for _ in range(self._workers):
                group.create_task(self._work())
            window: list[Piece] = []
            async for piece in pieces:
                if arrived.get(piece.part.number) == piece.part:
                    piece.release()
                    await self._reporter.add(piece.part.size)
                    continue
                window.append(piece)
                # While the workers have something to do, more is signed at once.
                if len(window) == self._window or (self._ready.empty() and len(window) >= self._least):
                    await self._sign(window)
                    window = []
            await self._sign(window)
            for _ in range(self._workers):
                await self._ready.put(None)

    async def _sign(self, window: list[Piece]) -> None:
        if not window:
            return
        signed = await self._uploads.sign(self._artifact, self._upload, [piece.part for piece in window])
        for piece, request in zip(window, signed, strict=True):
            await self._ready.put((piece, request))

    async def _work(self) -> None:
        while (ready := await self._ready.get()) is not None:
            piece, request = ready
            await self._put(piece, request)
            piece.release()
            await self._reporter.add(piece.part.size)

    async def _put(self, piece: Piece, request: SignedRequest) -> None:
        for signed_again in range(_SIGNED_AGAIN + 1):
            try:
                async for attempt in self._retry.without_deadline().attempted():
                    with attempt:
                        await self._storage.put(request, piece.body, size=piece.part.size)
            except ArtifactError as error:
                if error.code != URL_REFUSED or signed_again == _SIGNED_AGAIN:
                    raise
                (request,) = await self._uploads.sign(self._artifact, self._upload, [piece.part])
            else:
                return


@contextlib.asynccontextmanager
async def single_error() -> AsyncIterator[None]:
    """Of a group's errors the first, as if there were no group."""
    first: BaseException
    try:
        yield
    except BaseExceptionGroup as group:
        first = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
    else:
        return
    # Outside of the handler: the group would be shown as this error's context.
    raise first
