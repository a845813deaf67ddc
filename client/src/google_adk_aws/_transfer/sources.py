"""What is uploaded, cut into parts: a file, bytes in memory, or a stream that can be read once.

A part is hashed before it is sent, since its hash is signed. Parts of files and memory are hashed without being
kept, and read again when they are sent; parts of a stream are kept in one of a few buffers until they have arrived.
"""

from __future__ import annotations

import asyncio
import hashlib
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from google_adk_aws._errors import ArtifactIntegrityError
from google_adk_aws._http.storage import Body
from google_adk_aws._http.transfer_wire import UploadedPart
from google_adk_aws._io.files import CHUNK_BYTES, FileIdentity, OpenFile
from google_adk_aws._io.threads import in_thread, off_loop

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["FileSource", "MemorySource", "Piece", "Source", "hashed", "slices", "source_changed"]

_SLICE_BYTES: Final = 256 * 1024
"""How much of a part is handed to the connection at once; it copies what it is handed."""


def _nothing() -> None:
    """For pieces that hold nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part that is ready to be signed and sent.

    Attributes:
        part: Its number, size and hash.
        body: Its bytes, from the start each time.
        release: To be called once, when its bytes are not needed any more.
    """

    part: UploadedPart
    body: Body
    release: Callable[[], None] = field(default=_nothing)


class Source(ABC):
    """Content to upload.

    Attributes:
        size: Bytes of the whole; None while that is not known.
        part_size: Bytes of a part, where the source decides that.
        repeatable: Whether it can be cut more than once.
    """

    size: int | None
    part_size: int | None = None
    repeatable: bool

    @abstractmethod
    def pieces(self, part_size: int) -> AsyncGenerator[Piece, None]:
        """Cuts the content, from its start, into at least one part; afterwards `sha256` and `size` are known.

        Raises:
            ArtifactIntegrityError: It is not what it was.
            ArtifactTooLargeError: There are too many parts.
        """

    @abstractmethod
    async def within(self, limit: int) -> bytes | None:
        """The whole content if it has at most `limit` bytes; None otherwise. To be asked once, and first."""

    @property
    @abstractmethod
    def sha256(self) -> str:
        """SHA-256 of the whole, in hex, once it was cut or asked for by `within`."""

    async def check(self) -> None:  # noqa: B027 - what is in memory stays
        """Looks whether the content is still what was cut.

        Raises:
            ArtifactIntegrityError: It is not.
        """

    async def aclose(self) -> None:  # noqa: B027 - most hold nothing
        """Gives back what it holds."""


class MemorySource(Source):
    """Bytes that are in memory, and stay there: they are not copied."""

    repeatable = True

    def __init__(self, content: bytes | bytearray | memoryview) -> None:
        self._content = content
        self._view = memoryview(content).cast("B")
        self.size = len(self._view)
        self._digest = hashlib.sha256()

    @override
    async def pieces(self, part_size: int) -> AsyncGenerator[Piece, None]:
        self._digest = hashlib.sha256()
        for number, start in enumerate(range(0, max(len(self._view), 1), part_size), start=1):
            view = self._view[start : start + part_size]
            yield Piece(part=await hashed(number, view, self._digest), body=partial(slices, view))

    @override
    async def within(self, limit: int) -> bytes | None:
        if len(self._view) > limit:
            return None
        return self._content if isinstance(self._content, bytes) else bytes(self._view)

    @property
    @override
    def sha256(self) -> str:
        return self._digest.hexdigest()


class FileSource(Source):
    """A file that nobody writes to meanwhile.

    Args:
        file: Closed by `aclose`.
    """

    repeatable = True

    def __init__(self, file: OpenFile) -> None:
        self._file = file
        self.identity: FileIdentity = file.identity
        self.size: int = self.identity.size
        self._digest = hashlib.sha256()

    @override
    async def pieces(self, part_size: int) -> AsyncGenerator[Piece, None]:
        self._digest = hashlib.sha256()
        for number, start in enumerate(range(0, max(self.size, 1), part_size), start=1):
            stop = min(start + part_size, self.size)
            sha256 = await in_thread(self._hash, start, stop)
            part = UploadedPart(number=number, size=stop - start, sha256=sha256)
            yield Piece(part=part, body=partial(self._read, start, stop))
        await self.check()

    def _hash(self, start: int, stop: int) -> str:
        digest, count = hashlib.sha256(), 0
        for chunk in self._file.chunks(start, stop):
            digest.update(chunk)
            self._digest.update(chunk)
            count += len(chunk)
        if count != stop - start:
            raise source_changed()
        return digest.hexdigest()

    async def _read(self, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        while start < stop:
            chunk = await in_thread(self._file.read, min(CHUNK_BYTES, stop - start), start)
            if not chunk:
                raise source_changed()
            start += len(chunk)
            yield chunk

    @override
    async def within(self, limit: int) -> bytes | None:
        if self.size > limit:
            return None
        content = await in_thread(self._file.read, self.size + 1, 0)
        if len(content) != self.size:
            raise source_changed()
        await self.check()
        return content

    @property
    @override
    def sha256(self) -> str:
        return self._digest.hexdigest()

    @override
    async def check(self) -> None:
        if await in_thread(lambda: self._file.identity) != self.identity:
            raise source_changed()

    @override
    async def aclose(self) -> None:
        await in_thread(self._file.close)


def source_changed() -> ArtifactIntegrityError:
    """The error of content that is not what it was when the upload began."""
    return ArtifactIntegrityError(
        "the content changed while it was sent; nothing was saved", code="source_changed", field="source"
    )


async def slices(view: memoryview) -> AsyncGenerator[bytes, None]:
    """The bytes of a part, a few at a time."""
    for start in range(0, len(view), _SLICE_BYTES):
        yield bytes(view[start : start + _SLICE_BYTES])


async def hashed(number: int, view: memoryview, whole: _Hash) -> UploadedPart:
    """A part, hashed by itself and as a piece of the whole, side by side."""
    own = hashlib.sha256()
    await asyncio.gather(off_loop(own.update, view, size=len(view)), off_loop(whole.update, view, size=len(view)))
    return UploadedPart(number=number, size=len(view), sha256=own.hexdigest())
