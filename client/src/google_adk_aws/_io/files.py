"""Reading and writing at positions of a file, from several threads at once."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

__all__ = ["CHUNK_BYTES", "FileIdentity", "OpenFile", "identity_of", "sync_folder"]

CHUNK_BYTES: Final = 1024 * 1024
"""How much is read or written at once."""

_POSITIONED: Final = hasattr(os, "pread")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileIdentity:
    """What changes when a file does.

    Attributes:
        size: In bytes.
        mtime_ns: When it was written last, in nanoseconds since 1970 UTC.
        inode: Which file of its device it is.
        device: Which device.
    """

    size: int
    mtime_ns: int
    inode: int
    device: int


class OpenFile:
    """A file with access by position. Not to be closed while a thread uses it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lock = threading.Lock()

    @property
    def identity(self) -> FileIdentity:
        """The file as it is now."""
        return identity_of(os.fstat(self._file.fileno()))

    @property
    def is_regular(self) -> bool:
        """Whether it has positions at all; a pipe has none."""
        return stat.S_ISREG(os.fstat(self._file.fileno()).st_mode)

    def read(self, size: int, position: int) -> bytes:
        """At most `size` bytes; fewer at the end only."""
        if _POSITIONED:
            return os.pread(self._file.fileno(), size, position)
        with self._lock:
            self._file.seek(position)
            return self._file.read(size)

    def write(self, data: bytes | memoryview, position: int) -> None:
        """All of `data`."""
        if not _POSITIONED:
            with self._lock:
                self._file.seek(position)
                _write_all(self._file, data)
            return
        view = memoryview(data)
        while view:
            written = os.pwrite(self._file.fileno(), view, position)
            view, position = view[written:], position + written

    def resize(self, size: int) -> None:
        """Makes it so long; what is added reads as zeros."""
        self._file.truncate(size)

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` to `stop`; fewer when the file ends before."""
        position = start
        while position < stop:
            chunk = self.read(min(CHUNK_BYTES, stop - position), position)
            if not chunk:
                return
            position += len(chunk)
            yield chunk

    def sync(self) -> None:
        """Waits until the device has what was written."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


def _write_all(file: BinaryIO, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def identity_of(status: os.stat_result) -> FileIdentity:
    """Of a file's status."""
    return FileIdentity(size=status.st_size, mtime_ns=status.st_mtime_ns, inode=status.st_ino, device=status.st_dev)


def sync_folder(folder: Path) -> None:
    """Waits until the device knows the folder's names, where the system can do that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
