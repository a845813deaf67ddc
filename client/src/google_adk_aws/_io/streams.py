"""Streams of bytes that are read once: file objects and iterators, plain and asynchronous."""

from __future__ import annotations

import asyncio
import io
from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import Any, BinaryIO, TypeAlias

from typing_extensions import override

__all__ = ["Bytes", "Stream", "stream_of"]

Bytes: TypeAlias = bytes | bytearray | memoryview


class Stream(ABC):
    """Something to read from.

    Attributes:
        size: Bytes that are left; None if that is not known.
    """

    size: int | None = None

    @abstractmethod
    async def fill(self, buffer: memoryview) -> int:
        """Reads until the buffer is full or the stream ends; how many bytes that were."""


class _File(Stream):
    """A binary file object, from where it stands. Reading may block, so it happens in a thread."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = _bytes_left(file)

    @override
    async def fill(self, buffer: memoryview) -> int:
        return await asyncio.to_thread(self._fill, buffer)

    def _fill(self, buffer: memoryview) -> int:
        filled = 0
        while filled < len(buffer):
            count = self._read_into(buffer[filled:])
            if not count:
                break
            filled += count
        return filled

    def _read_into(self, buffer: memoryview) -> int:
        read_into: Callable[[memoryview], int | None] | None = getattr(self._file, "readinto", None)
        if read_into is not None:
            count = read_into(buffer)
            if count is None:
                raise TypeError("the file object has no data yet: it must be a blocking one")
            return count
        data = _checked(self._file.read(len(buffer)))
        buffer[: len(data)] = data
        return len(data)


class _Plain(Stream):
    """An iterator, whose next value may take its time: it is asked in a thread."""

    def __init__(self, chunks: Iterator[Bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    @override
    async def fill(self, buffer: memoryview) -> int:
        return await asyncio.to_thread(self._fill, buffer)

    def _fill(self, buffer: memoryview) -> int:
        filled = 0
        while filled < len(buffer):
            if not self._rest:
                try:
                    self._rest = _checked(next(self._chunks))
                except StopIteration:
                    break
            filled, self._rest = _moved(self._rest, buffer, filled)
        return filled


class _Asynchronous(Stream):
    """An asynchronous iterator, asked in the task that uploads it."""

    def __init__(self, chunks: AsyncIterator[Bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    @override
    async def fill(self, buffer: memoryview) -> int:
        filled = 0
        while filled < len(buffer):
            if not self._rest:
                try:
                    self._rest = _checked(await anext(self._chunks))
                except StopAsyncIteration:
                    break
            filled, self._rest = _moved(self._rest, buffer, filled)
        return filled


def stream_of(source: object) -> Stream:
    """Reads from a binary file object, or from an iterator of bytes; a stream is one.

    Raises:
        TypeError: Neither.
    """
    if isinstance(source, Stream):
        return source
    if isinstance(source, io.TextIOBase):
        raise TypeError("the file must be open in binary mode")
    if hasattr(source, "read"):
        return _File(source)  # type: ignore[arg-type] # whatever reads is a file
    if isinstance(source, AsyncIterable):
        return _Asynchronous(aiter(source))
    if isinstance(source, Iterable) and not isinstance(source, str):
        return _Plain(iter(source))
    raise TypeError(f"{type(source).__name__} is no path, no bytes, no binary file object and no iterator of bytes")


def _moved(rest: memoryview, buffer: memoryview, filled: int) -> tuple[int, memoryview]:
    """Moves as much of `rest` as there is room for behind `filled`; how much is filled then, and what remains."""
    count = min(len(rest), len(buffer) - filled)
    buffer[filled : filled + count] = rest[:count]
    return filled + count, rest[count:]


def _checked(chunk: Any) -> memoryview:
    if not isinstance(chunk, (bytes, bytearray, memoryview)):
        raise TypeError(f"the source gives {type(chunk).__name__} where bytes are needed")
    return memoryview(chunk).cast("B")


def _bytes_left(file: BinaryIO) -> int | None:
    try:
        if not file.seekable():
            return None
        here = file.tell()
        end = file.seek(0, io.SEEK_END)
        file.seek(here)
    except (AttributeError, OSError, ValueError):
        return None
    return max(0, end - here)
