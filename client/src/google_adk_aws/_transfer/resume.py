"""What a killed upload of a file leaves to the next one."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from google_adk_aws._io.files import FileIdentity
from google_adk_aws._io.state_file import StateFile, cache_folder

__all__ = ["ResumeFile"]

logger = logging.getLogger(__name__)

_FORMAT: Final = 1
_SUFFIX: Final = ".upload.json"
_STALE_SECONDS: Final = 2 * 24 * 60 * 60
"""Uploads live for a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    upload_id: str
    mime_type: str | None
    part_size: int | None
    file: FileIdentity


class ResumeFile:
    """The upload that was begun for one file and one artifact of one API, if there was one.

    Args:
        state: Where it is written.
        file: The file as it is now.
        mime_type: What the upload is begun with.
        part_size: The same; None leaves it to the API.
    """

    def __init__(self, state: StateFile, *, file: FileIdentity, mime_type: str | None, part_size: int | None) -> None:
        self._state = state
        self._file = file
        self._mime_type = mime_type
        self._part_size = part_size

    @classmethod
    def open(
        cls,
        folder: Path | None,
        *,
        where: str,
        path: str | os.PathLike[str],
        file: FileIdentity,
        mime_type: str | None,
        part_size: int | None,
    ) -> ResumeFile | None:
        """Opens the state; None when another upload of this file to this artifact has it, or it cannot be kept.

        Args:
            folder: Where states are kept; None is the user's cache.
            where: Which artifact of which API.
            path: Which file.
            file: The file as it is now.
            mime_type: What the upload is begun with.
            part_size: The same; None leaves it to the API.
        """
        folder = folder or cache_folder()
        name = hashlib.sha256(f"{where}\0{os.path.abspath(path)}".encode(errors="surrogateescape")).hexdigest()  # noqa: PTH100 - also of a bytes-like path
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sweep(folder)
            state = StateFile.open(folder / f"{name}{_SUFFIX}")
        except OSError as error:
            logger.info("an upload that breaks off cannot be continued: %s", error.strerror)
            return None
        return None if state is None else cls(state, file=file, mime_type=mime_type, part_size=part_size)

    def read(self) -> str | None:
        """The id of the upload to continue; None when there is none, or it was of another content."""
        try:
            members = json.loads(self._state.read())
            if members.pop("format") != _FORMAT:
                return None
            known = _Record(**{**members, "file": FileIdentity(**members["file"])})
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
        if known == self._record(known.upload_id) and isinstance(known.upload_id, str):
            return known.upload_id
        return None

    def write(self, upload_id: str) -> None:
        """Remembers the upload that was begun."""
        members = dataclasses.asdict(self._record(upload_id))
        self._state.replace(json.dumps({"format": _FORMAT, **members}))

    def clear(self) -> None:
        """Forgets it; another one may be written."""
        self._state.replace("")

    def remove(self) -> None:
        """Forgets it for good."""
        self._state.remove()

    def close(self) -> None:
        """Leaves it to others."""
        self._state.close()

    def _record(self, upload_id: str) -> _Record:
        return _Record(upload_id=upload_id, mime_type=self._mime_type, part_size=self._part_size, file=self._file)


def _sweep(folder: Path) -> None:
    """Removes what uploads left that nobody can continue any more."""
    limit = time.time() - _STALE_SECONDS
    for path in folder.glob(f"*{_SUFFIX}"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < limit:
                path.unlink()
