"""Heads and bodies of HTTP/1.1 messages, handed on as they are while they come."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

PIECE: Final = 256 * 1024
_KEPT_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class Body:
    """How large a body was, and the body itself where it is asked for."""

    size: int = 0
    kept: bytearray = field(default_factory=bytearray)


@dataclass(frozen=True, slots=True)
class Head:
    """A request's or an answer's first lines."""

    raw: bytes
    first: list[str]
    headers: Mapping[str, str]

    @classmethod
    async def read(cls, reader: asyncio.StreamReader) -> Head | None:
        """Reads one; None when the other side has closed. `raw` is without `Expect`, which the proxy answers itself."""
        try:
            raw = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = raw[:-4].split(b"\r\n")
        kept = [line for line in lines if not line.lower().startswith(b"expect:")]
        pairs = (line.decode("latin-1").partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        return cls(
            b"\r\n".join([first, *kept]) + b"\r\n\r\n",
            first.decode("latin-1").split(" ", 2),
            headers,
        )

    @property
    def method(self) -> str:
        return self.first[0]

    @property
    def target(self) -> str:
        return self.first[1]

    @property
    def status(self) -> int:
        return int(self.first[1])

    @property
    def is_chunked(self) -> bool:
        return self.headers.get("transfer-encoding", "").lower() == "chunked"

    @property
    def stays_open(self) -> bool:
        return self.headers.get("connection", "").lower() != "close"


async def copy_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: Head, *, keep: bool) -> Body:
    """Hands on a body as it comes, framed as it is."""
    body = Body()
    if head.is_chunked:
        while size := await _copy_chunk_size(reader, writer):
            await _copy_bytes(reader, writer, size, body, keep=keep)
            writer.write(await reader.readexactly(2))
        while (line := await reader.readuntil(b"\r\n")) != b"\r\n":  # trailers
            writer.write(line)
        writer.write(b"\r\n")
    else:
        await _copy_bytes(reader, writer, int(head.headers.get("content-length", "0")), body, keep=keep)
    await writer.drain()
    return body


async def _copy_chunk_size(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    line = await reader.readuntil(b"\r\n")
    writer.write(line)
    return int(line.split(b";")[0], 16)


async def _copy_bytes(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, size: int, body: Body, *, keep: bool
) -> None:
    left = size
    while left:
        piece = await reader.read(min(left, PIECE))
        if not piece:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(piece)
        body.size += len(piece)
        if keep and body.size <= _KEPT_BYTES:
            body.kept += piece
        writer.write(piece)
        await writer.drain()
