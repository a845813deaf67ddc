"""A file of what is done, so that a migration that was stopped goes on where it was."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any, Final

from artifact_store.names import ArtifactId
from google_adk_aws._io.state_file import StateFile
from google_adk_aws.migration._model import MigrationError

__all__ = ["Journal"]

_FORMAT: Final = 1


class Journal:
    """What is done of one migration: a line of JSON for the migration, then one for each version that is copied.

    A line is written once its version is safe at the target. A last line that a kill cut off is ignored: the version is
    found at the target.

    Attributes:
        ident: Distinguishes this migration from others between the same stores.
    """

    def __init__(self, file: StateFile | None, *, source: str, target: str) -> None:
        self._file = file
        self._done: dict[str, dict[int, int]] = {}
        self.ident = uuid.uuid4().hex
        text = "" if file is None else file.read()
        if text.strip():
            self._read(text, source, target)
        elif file is not None:
            head = {"format": _FORMAT, "migration": self.ident, "source": source, "target": target}
            file.replace(json.dumps(head) + "\n")

    @classmethod
    def open(cls, path: Path | None, *, source: str, target: str) -> Journal:
        """Opens or makes the file; without a path, what is done is known to this process only.

        Raises:
            MigrationError: Another process uses it, or it is another migration's.
            OSError: It cannot be read or written.
        """
        if path is None:
            return cls(None, source=source, target=target)
        path.parent.mkdir(parents=True, exist_ok=True)
        file = StateFile.open(path)
        if file is None:
            raise MigrationError(f"another process is using the journal {path}")
        try:
            return cls(file, source=source, target=target)
        except BaseException:
            file.close()
            raise

    def copied(self, artifact: ArtifactId) -> dict[int, int]:
        """Numbers at the source, and the numbers they got at the target."""
        return self._done.get(artifact.key_prefix, {})

    def add(self, artifact: ArtifactId, number: int, got: int, *, sha256: str, size: int) -> None:
        """Notes that a version is at the target."""
        self._done.setdefault(artifact.key_prefix, {})[number] = got
        if self._file is not None:
            line = {"artifact": artifact.key_prefix, "from": number, "to": got, "sha256": sha256, "size": size}
            self._file.append(json.dumps(line) + "\n")

    def close(self) -> None:
        """Leaves the file to others."""
        if self._file is not None:
            self._file.close()

    def _read(self, text: str, source: str, target: str) -> None:
        lines = text.splitlines()
        head = _json(lines[0])
        if head.get("format") != _FORMAT or not isinstance(head.get("migration"), str):
            raise MigrationError("the journal is not one of a migration")
        if (head.get("source"), head.get("target")) != (source, target):
            raise MigrationError(
                f"the journal is of the migration from {head.get('source')} to {head.get('target')}; use another file"
            )
        self.ident = head["migration"]
        for line in lines[1:]:
            match _json(line):
                case {"artifact": str(artifact), "from": int(number), "to": int(got)}:
                    self._done.setdefault(artifact, {})[number] = got
                case _:
                    continue
        if not text.endswith("\n") and self._file is not None:
            self._file.append("\n")


def _json(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
