"""What callers were told, to be held against what is there in the end."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["Ledger", "digest_of"]


def digest_of(body: bytes) -> str:
    """SHA-256, in hex."""
    return hashlib.sha256(body).hexdigest()


@dataclass
class Ledger:
    """Saves and deletes as their callers know them; several threads may write.

    No two saves have the same bytes, so a digest tells which save a version is.

    Attributes:
        tried: Of each artifact, the digests of all saves that were asked for.
        told: Of each artifact, the version that an answer named for a digest.
        mortal: Artifacts that somebody tried to delete: an acknowledged version of theirs may be gone.
        counts: How often what happened.
    """

    tried: dict[str, set[str]] = field(default_factory=dict)
    told: dict[str, dict[str, int]] = field(default_factory=dict)
    mortal: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def trying(self, name: str, digest: str) -> None:
        """A save is about to be asked for."""
        with self._lock:
            self.tried.setdefault(name, set()).add(digest)

    def saved(self, name: str, digest: str, version: int) -> None:
        """A save was acknowledged."""
        with self._lock:
            self.told.setdefault(name, {})[digest] = version

    def deleting(self, name: str) -> None:
        """A delete is about to be asked for."""
        with self._lock:
            self.mortal.add(name)

    def count(self, what: str, times: int = 1) -> None:
        """Counts something."""
        with self._lock:
            self.counts[what] += times

    def judge(self, found: Mapping[str, Sequence[tuple[int, bytes]]]) -> list[str]:
        """Compares with what is there; returns what is broken.

        Args:
            found: Of each artifact, all versions that are listed, with the bytes that were loaded.
        """
        broken = []
        for name, tried in self.tried.items():
            versions = [(number, digest_of(body)) for number, body in found.get(name, ())]
            digests = [digest for _, digest in versions]
            if [number for number, _ in versions] != list(range(len(versions))):
                broken.append(f"{name}: versions {[number for number, _ in versions]} have gaps")
            broken += [f"{name}: {digest[:8]} is there twice" for digest, n in Counter(digests).items() if n > 1]
            broken += [f"{name}: {digest[:8]} was saved by nobody" for digest in digests if digest not in tried]
            there = dict(zip(digests, [number for number, _ in versions], strict=True))
            for digest, number in self.told.get(name, {}).items():
                if digest not in there:
                    if name not in self.mortal:
                        broken.append(f"{name}: acknowledged version {number} is lost")
                elif there[digest] != number:
                    broken.append(f"{name}: acknowledged as version {number}, but is {there[digest]}")
        return broken
