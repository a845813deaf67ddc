"""A small file that tells the next process how far this one came. One process at a time has it."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import IO, Final

__all__ = ["StateFile", "cache_folder"]

_TRIES: Final = 5
_OWN: Final = 0o600


def cache_folder() -> Path:
    """Where this user's programs keep what they can do without."""
    if sys.platform == "win32":
        root = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        root = "~/Library/Caches"
    else:
        root = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(root).expanduser() / "google-adk-aws"


class StateFile:
    """A text that only its user can read, locked while it is open. The lock ends with the process, however it ends."""

    def __init__(self, path: Path, file: IO[str]) -> None:
        self.path = path
        self._file = file

    @classmethod
    def open(cls, path: Path) -> StateFile | None:
        """Opens or makes the file; None when another process has it, or this one has it open already.

        Raises:
            OSError: It cannot be made.
        """
        for _ in range(_TRIES):
            flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
            file = os.fdopen(os.open(path, flags, _OWN), "r+", encoding="utf-8", errors="replace", newline="\n")
            if not _locked(file):
                file.close()
                return None
            # Whoever had the lock may have removed the file that is open here.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                    return cls(path, file)
            file.close()
        return None

    def read(self) -> str:
        """The text; empty in a new file."""
        self._file.seek(0)
        return self._file.read()

    def replace(self, text: str) -> None:
        """Another text. One that is cut off halfway is the reader's to find out."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(text)
        self._file.flush()

    def append(self, text: str) -> None:
        """More text."""
        self._file.seek(0, os.SEEK_END)
        self._file.write(text)
        self._file.flush()

    def remove(self) -> None:
        """Nothing is to be told any more."""
        with contextlib.suppress(OSError):
            self.path.unlink()

    def close(self) -> None:
        """Leaves the file to others."""
        self._file.close()


def _locked(file: IO[str]) -> bool:
    try:
        import fcntl  # noqa: PLC0415 - not on every system
    except ImportError:
        return True
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
