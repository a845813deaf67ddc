"""One version's content on its way: in memory when it is small, else in a temporary file."""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import tempfile
from collections.abc import Iterator
from typing import BinaryIO, Final, cast

from google_adk_aws._io.threads import in_thread

__all__ = ["digest_of", "is_text", "spool"]

_IN_MEMORY: Final = 8 * 1024 * 1024
_CHUNK: Final = 1024 * 1024


@contextlib.contextmanager
def spool() -> Iterator[BinaryIO]:
    """A file that is gone afterwards."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        yield cast("BinaryIO", file)


async def digest_of(file: BinaryIO) -> tuple[str, int]:
    """SHA-256 in hex and size in bytes of a whole file, which stands at its start after that."""
    return await in_thread(_digest, file)


def _digest(file: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
    file.seek(0)
    return digest.hexdigest(), size


def is_text(file: BinaryIO) -> bool:
    """Whether all of a file is UTF-8. Blocks."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
