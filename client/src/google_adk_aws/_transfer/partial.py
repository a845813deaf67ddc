"""A file that is being downloaded: beside its target, with a list of the ranges that are there.

    NAME.DIGEST.part          the bytes, with holes
    NAME.DIGEST.part.ranges   one line of what it is, then the number of each range that is complete
    NAME.DIGEST.part.plain    what was decrypted of it, until all of it is

The digest in the name keeps contents apart: a range is never mixed with those of another content.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import threading
from pathlib import Path
from typing import BinaryIO, Final, cast

from google_adk_aws._io.files import OpenFile, sync_folder
from google_adk_aws._io.state_file import StateFile
from google_adk_aws._model.wire import ContentInfo
from google_adk_aws._transfer.decrypting import Decrypt

__all__ = ["PartialFile"]

_NAME_LIMIT: Final = 120
"""Characters of the target's name in that of the file: file systems allow 255 bytes."""


class PartialFile:
    """What has arrived of one content. Every method may block.

    Args:
        target: Where it goes when it is complete.
        info: Which content.
        size: Bytes of it.
        range_size: Bytes of every range but the last.
        resume: Whether to go on with what is there, and leave what is there to the next one.
    """

    def __init__(self, target: Path, info: ContentInfo, *, size: int, range_size: int, resume: bool) -> None:
        self._target = target
        self._size = size
        self._range_size = range_size
        self._facts = json.dumps({"size": size, "rangeSize": range_size, "sha256": info.sha256, "etag": info.etag})
        identity = info.sha256 or hashlib.sha256((info.etag or secrets.token_hex()).encode()).hexdigest()
        path = target.with_name(f"{target.name[:_NAME_LIMIT]}.{identity[:16]}.part")
        self._ranges = StateFile.open(path.with_name(f"{path.name}.ranges")) if resume else None
        if self._ranges is None:
            # Somebody else downloads the same, or nothing is to be left.
            path = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        self._path = path
        self._complete = self._read_ranges()
        self._digest = hashlib.sha256()
        self._digested = 0
        self._digesting = threading.Lock()
        try:
            self._file = OpenFile(_opened(path, 0 if self._complete else os.O_TRUNC))
        except OSError:
            self._close_ranges()
            raise
        if self._file.identity.size != size:
            self._start_again()

    @property
    def missing(self) -> list[tuple[int, int, int]]:
        """Number, start and stop of each range that is not there."""
        starts = range(0, self._size, self._range_size)
        return [
            (number, start, min(start + self._range_size, self._size))
            for number, start in enumerate(starts)
            if number not in self._complete
        ]

    @property
    def present_bytes(self) -> int:
        """Bytes of the ranges that are there."""
        return self._size - sum(stop - start for _, start, stop in self.missing)

    def write(self, data: bytes, position: int) -> None:
        """Writes some of a range."""
        self._file.write(data, position)

    def fill(self, content: bytes) -> None:
        """Writes everything."""
        self._file.write(content, 0)
        self._complete.update(number for number, _, _ in self.missing)

    def completed(self, number: int) -> None:
        """Notes that a range is there."""
        self._complete.add(number)
        if self._ranges is not None:
            self._ranges.append(f"{number}\n")
        # What is there from the beginning on is read for its digest now, while the rest arrives.
        if self._digesting.acquire(blocking=False):
            try:
                self._digest_further()
            finally:
                self._digesting.release()

    def sha256(self) -> str:
        """SHA-256 of the whole file, in hex, once it is complete."""
        with self._digesting:
            self._digest_further()
            return self._digest.hexdigest()

    def _digest_further(self) -> None:
        while self._digested < self._size and self._digested // self._range_size in self._complete:
            stop = min(self._digested + self._range_size, self._size)
            for chunk in self._file.chunks(self._digested, stop):
                self._digest.update(chunk)
            self._digested = stop

    def publish(self, decrypt: Decrypt | None = None) -> None:
        """Makes it the target, at once and for good; or what it is when it is decrypted.

        Raises:
            ArtifactEncryptionError: It cannot be decrypted; the target is as it was.
        """
        self._file.sync()
        self._file.close()
        if decrypt is None:
            self._path.replace(self._target)
        else:
            self._decrypt(decrypt)
            self._path.unlink()
        sync_folder(self._target.parent)
        if self._ranges is not None:
            self._ranges.remove()
        self._close_ranges()

    def discard(self) -> None:
        """Leaves nothing."""
        self._file.close()
        with contextlib.suppress(OSError):
            self._path.unlink()
        if self._ranges is not None:
            self._ranges.remove()
        self._close_ranges()

    def leave(self) -> None:
        """Leaves what is there to the next one, if there can be one."""
        if self._ranges is None:
            self.discard()
            return
        self._file.close()
        self._close_ranges()

    def _decrypt(self, decrypt: Decrypt) -> None:
        plain = self._path.with_name(f"{self._path.name}.plain")
        try:
            with self._path.open("rb") as stored, _opened(plain, os.O_TRUNC) as file:
                output, position = OpenFile(file), 0
                for chunk in decrypt(stored):
                    output.write(chunk, position)
                    position += len(chunk)
                output.sync()
            plain.replace(self._target)
        except BaseException:
            with contextlib.suppress(OSError):
                plain.unlink()
            raise

    def _read_ranges(self) -> set[int]:
        """The ranges that an earlier download completed; none when it was of another content or cut."""
        if self._ranges is None:
            return set()
        first, *lines = self._ranges.read().splitlines(keepends=True) or [""]
        if first != f"{self._facts}\n" or not self._path.exists():
            self._ranges.replace(f"{self._facts}\n")
            return set()
        # The last line may have been cut off.
        return {int(line) for line in lines if line.endswith("\n") and line.strip().isdecimal()}

    def _start_again(self) -> None:
        self._complete.clear()
        if self._ranges is not None:
            self._ranges.replace(f"{self._facts}\n")
        self._file.resize(self._size)

    def _close_ranges(self) -> None:
        if self._ranges is not None:
            self._ranges.close()


def _opened(path: Path, flags: int) -> BinaryIO:
    flags |= os.O_RDWR | os.O_CREAT
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    return cast("BinaryIO", os.fdopen(os.open(path, flags, 0o666), "r+b", buffering=0))
