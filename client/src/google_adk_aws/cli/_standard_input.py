"""Standard input as something to upload, which Ctrl-C does not have to wait for."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from typing import BinaryIO, Final

__all__ = ["standard_input"]

_CHUNK: Final = 1 << 20


def standard_input() -> BinaryIO | AsyncIterator[bytes]:
    """A file as it is, whose size is known then; a pipe or a keyboard piece by piece."""
    stream = sys.stdin.buffer
    return stream if stream.seekable() else _pieces(stream.fileno())


async def _pieces(descriptor: int) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes | OSError] = asyncio.Queue(maxsize=1)

    def hand_over(piece: bytes | OSError) -> None:
        asyncio.run_coroutine_threadsafe(queue.put(piece), loop).result()

    def read() -> None:
        try:
            while piece := os.read(descriptor, _CHUNK):
                hand_over(piece)
            hand_over(b"")
        except OSError as error:
            hand_over(error)

    # Neither asyncio's threads, which the event loop waits for at its end, nor Python's buffer, whose lock the
    # interpreter wants then: somebody may be waiting for a keyboard that nobody uses any more.
    threading.Thread(target=read, name="standard input", daemon=True).start()
    while piece := await queue.get():
        if isinstance(piece, OSError):
            raise piece
        yield piece
