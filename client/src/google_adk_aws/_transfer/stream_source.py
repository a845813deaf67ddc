"""A stream as something to upload: read once, into a few buffers."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from functools import partial
from typing import IO, Final

from typing_extensions import override

from google_adk_aws._errors import ArtifactTooLargeError, UnexpectedResponseError
from google_adk_aws._http.upload_api import MAX_PARTS
from google_adk_aws._io.streams import Stream
from google_adk_aws._transfer.sources import Piece, Source, hashed, slices, source_changed

__all__ = ["StreamSource"]

_MIB: Final = 1024 * 1024
_KNOWN_SIZE_PART: Final = 8 * _MIB
_UNKNOWN_SIZE_PART: Final = 16 * _MIB


class StreamSource(Source):
    """A stream, of which at most `buffers` parts are in memory: reading waits until one has arrived.

    Args:
        stream: What is read.
        part_size: Bytes of a part; by default 16 MiB, or as few as reach when the size is known.
        buffers: How many parts are held at most.
        owned: Closed by `aclose`.
    """

    repeatable = False

    def __init__(self, stream: Stream, *, part_size: int | None, buffers: int, owned: IO[bytes] | None = None) -> None:
        self.size = stream.size
        self.part_size: int = part_size or _part_size_for(stream.size)
        self._announced = stream.size
        self._stream = stream
        self._owned = owned
        self._free: list[bytearray] = []
        self._room = asyncio.Semaphore(buffers)
        self._digest = hashlib.sha256()
        self._first: tuple[bytearray, int] | None = None

    @override
    async def within(self, limit: int) -> bytes | None:
        buffer, filled = self._first = await self._filled()
        if filled == len(buffer) or filled > limit:
            return None
        self._ended(filled)
        return bytes(memoryview(buffer)[:filled])

    @override
    async def pieces(self, part_size: int) -> AsyncGenerator[Piece, None]:
        if part_size != self.part_size:
            raise UnexpectedResponseError(
                f"the API wants parts of {part_size:,} bytes, not of {self.part_size:,} as it was asked for",
                code="invalid_response",
            )
        number, total, is_last = 0, 0, False
        while not is_last:
            (buffer, filled), self._first = self._first or await self._filled(), None
            total, is_last = total + filled, filled < part_size
            if self._announced is not None and total > self._announced:
                raise source_changed()
            if is_last:
                # Known before the last part goes out, so that who watches sees the end.
                self._ended(total)
            if filled == 0 and number > 0:
                self._put_back(buffer)
                return
            number += 1
            _check_number(number, part_size)
            view = memoryview(buffer)[:filled]
            yield Piece(
                part=await hashed(number, view, self._digest),
                body=partial(slices, view),
                release=partial(self._put_back, buffer),
            )

    async def _filled(self) -> tuple[bytearray, int]:
        await self._room.acquire()
        buffer = self._free.pop() if self._free else bytearray(self.part_size)
        return buffer, await self._stream.fill(memoryview(buffer))

    def _put_back(self, buffer: bytearray) -> None:
        self._free.append(buffer)
        self._room.release()

    def _ended(self, size: int) -> None:
        if self._announced is not None and size != self._announced:
            raise source_changed()
        self.size = size

    @property
    @override
    def sha256(self) -> str:
        return self._digest.hexdigest()

    @override
    async def aclose(self) -> None:
        if self._owned is not None:
            self._owned.close()


def _part_size_for(size: int | None) -> int:
    if size is None:
        return _UNKNOWN_SIZE_PART
    fewest = -(-size // MAX_PARTS)
    return max(_KNOWN_SIZE_PART, -(-fewest // _MIB) * _MIB)


def _check_number(number: int, part_size: int) -> None:
    if number > MAX_PARTS:
        raise ArtifactTooLargeError(
            f"the content has more than {MAX_PARTS:,} parts of {part_size:,} bytes; give a larger part_size",
            code="content_too_large",
            field="part_size",
        )
