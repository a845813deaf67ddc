"""What comparing bucket and index finds, counted by kind."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Any, Final, TypeAlias

__all__ = ["Drift", "Finding", "Findings", "Left", "OnFinding"]


class Drift(StrEnum):
    """How bucket and index can differ. A healthy store has none."""

    UNINDEXED_OBJECT = auto()
    """A version or a crashed save that the index does not name. Repair: the entry is put."""
    STALE_OBJECT = auto()
    """A record of a deleted life, or of a save that counts elsewhere. Repair: removed."""
    UNPLACED_OBJECT = auto()
    """A record that fits nowhere: versions below it are missing. For `rebuild`; no repair here."""
    HIDDEN_OBJECT = auto()
    """A delete marker over a version or its blob: S3 would expire it. Repair: the marker is removed."""
    LOST_OBJECT = auto()
    """An entry whose object or blob is gone. Repair: marked as lost; the number stays taken."""
    FOUND_OBJECT = auto()
    """An entry marked as lost whose object is there. Repair: the mark is removed."""
    LOST_ENTRY = auto()
    """A number of which neither entry nor object is left. Repair: marked as lost."""
    LOST_HEAD = auto()
    """Versions without a head. Repair: the head is put back."""
    WRONG_HEAD = auto()
    """A head that does not tell what the versions tell. Repair: mended."""
    STALE_ENTRY = auto()
    """Entries of a deleted life without a grave. Repair: removed, with their objects."""
    UNPURGED_GRAVE = auto()
    """A deleted life whose purge never ended. Repair: purged."""
    BROKEN_ENTRY = auto()
    """Entries of an artifact that cannot be read. For a person; no repair here."""
    ORPHAN_BLOB = auto()
    """A blob that no record names. Repair: removed."""


class Left(StrEnum):
    """What is left alone and is no drift."""

    FOREIGN = auto()
    """An object of another program, over or beside versions."""
    UNKNOWN_KEY = auto()
    """An object whose key, or an item whose key, is none of the store's."""
    BUSY = auto()
    """Changed while it was looked at; the next run sees it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference.

    Attributes:
        kind: What differs, or why it was left alone.
        what: The object or the artifact, as its key.
        repaired: Whether it is in order now.
    """

    kind: Drift | Left
    what: str
    repaired: bool

    @property
    def is_drift(self) -> bool:
        """Whether bucket and index differ, or it is merely none of the store's business."""
        return isinstance(self.kind, Drift)


OnFinding: TypeAlias = Callable[[Finding], None]

_NAMES: Final = ("repaired", "unrepaired", "swept", "left", "seen")


@dataclass
class Findings:
    """A tally that several threads may add to, and that survives as JSON.

    Attributes:
        repaired: Drift that was repaired, or would be on a dry run.
        unrepaired: Drift that is still there.
        swept: What callers gave up: `uploads` that were never completed, `blobs` that never became a version.
        left: What is none of the store's business.
        seen: How much was compared: `objects`, `artifacts`, `items`, `blobs`.
    """

    repaired: Counter[str] = field(default_factory=Counter)
    unrepaired: Counter[str] = field(default_factory=Counter)
    swept: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    on_finding: OnFinding | None = field(default=None, compare=False)
    once: bool = field(default=False, compare=False)
    """Whether the same is counted once only: on a dry run, which meets again what it does not repair."""
    _noted: set[tuple[str, str]] = field(default_factory=set, compare=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)

    def note(self, kind: Drift | Left, what: str, *, repaired: bool = True) -> None:
        """Counts a finding."""
        tally = self.left if isinstance(kind, Left) else self.repaired if repaired else self.unrepaired
        with self._lock:
            if self.once:
                if (kind.value, what) in self._noted:
                    return
                self._noted.add((kind.value, what))
            tally[kind.value] += 1
            if self.on_finding is not None:
                self.on_finding(Finding(kind, what, repaired))

    def sweep(self, what: str) -> None:
        """Counts something that was given up."""
        with self._lock:
            self.swept[what] += 1

    def looked_at(self, what: str, count: int = 1) -> None:
        """Counts what was compared."""
        with self._lock:
            self.seen[what] += count

    @property
    def drift(self) -> Mapping[str, int]:
        """All drift by kind, repaired or not."""
        return self.repaired + self.unrepaired

    @property
    def total(self) -> int:
        """How much drift there was; 0 in a healthy store."""
        return sum(self.drift.values())

    def to_json(self) -> dict[str, dict[str, int]]:
        """The counts."""
        return {name: dict(getattr(self, name)) for name in _NAMES}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Findings:
        """The inverse of `to_json`."""
        repaired, unrepaired, swept, left, seen = (Counter[str](value[name]) for name in _NAMES)
        return cls(repaired=repaired, unrepaired=unrepaired, swept=swept, left=left, seen=seen)

    def __str__(self) -> str:
        return json.dumps(self.to_json(), sort_keys=True)
