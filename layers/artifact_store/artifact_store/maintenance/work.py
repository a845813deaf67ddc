"""What every kind of maintenance works with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from artifact_store._settling import Outcome, Settler
from artifact_store.errors import InvalidInput
from artifact_store.maintenance.findings import Drift, Findings, Left
from artifact_store.maintenance.ledger import Ledger, Moved
from artifact_store.names import ArtifactId
from artifact_store.ports import Each, ObjectRef, Ports, Row
from artifact_store.transfers import UPLOAD_LIFE_MS

__all__ = ["MINUTE_MS", "Each", "Limits", "Work", "in_turn"]

MINUTE_MS: Final = 60 * 1000

Given = TypeVar("Given")
Made = TypeVar("Made")

_LOOKS: Final = 3


def in_turn(function: Callable[[Given], Made], given: Iterable[Given]) -> list[Made]:
    """One after the other."""
    return [function(thing) for thing in given]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How careful maintenance is.

    Attributes:
        settle_after_ms: Objects and deletes younger than this are left to their callers and to heal.
        blob_age_ms: A blob without a record is an orphan once it is older than any save can take. An upload can
            take a day, and S3 dates its blob from its beginning.
        lose_at_most: So many entries of one run may be marked as lost. More say that the bucket is
            not the one of this index, or is not readable; they are reported and stay as they are.
        dry_run: Whether to report only.
    """

    settle_after_ms: int = 15 * MINUTE_MS
    blob_age_ms: int = UPLOAD_LIFE_MS + 60 * MINUTE_MS
    lose_at_most: int = 100
    dry_run: bool = False


class Work:
    """One run of maintenance over one store."""

    def __init__(
        self,
        ports: Ports,
        ledger: Ledger,
        findings: Findings,
        limits: Limits,
        each: Each,
        *,
        started_ms: int,
    ) -> None:
        self.ports = ports
        self.ledger = ledger
        self.findings = findings
        self.limits = limits
        self.each = each
        self.settler = Settler(ports, mends=True)
        self.started_ms = started_ms
        self._losing = threading.Lock()

    def is_settled(self, modified_ms: int) -> bool:
        """Whether something is so old that nobody is at work on it any more."""
        return modified_ms <= self.started_ms - self.limits.settle_after_ms

    def is_lost(self, row: Row) -> bool:
        """Whether the object or the blob of an entry is gone."""
        version = row.version
        key = version.artifact.object_key(version.number)
        return not version.version_id or self._is_gone(ObjectRef(key, version.version_id)) or self.has_lost_blob(row)

    def has_lost_blob(self, row: Row) -> bool:
        """Whether the blob of an entry is gone."""
        blob = row.version.blob
        return blob is not None and self._is_gone(ObjectRef(blob.key, blob.version_id))

    def _is_gone(self, ref: ObjectRef) -> bool:
        return self.ports.objects.head_version(ref) is None

    def lives(self, row: Row) -> bool:
        """Whether a version's generation lives now; asked after its object was looked for."""
        head = self.ports.index.head(row.version.artifact)
        return head is not None and head.gen == row.version.gen

    @property
    def may_lose(self) -> bool:
        """Whether another entry may be marked as lost."""
        return self.findings.repaired[Drift.LOST_OBJECT] < self.limits.lose_at_most

    def mark_lost(self, row: Row) -> bool:
        """Marks an entry whose object is gone; returns whether it did."""
        what = row.version.artifact.object_key(row.version.number)
        with self._losing:
            if not self.may_lose:
                self.findings.note(Drift.LOST_OBJECT, what, repaired=False)
                return False
            return self.repair(Drift.LOST_OBJECT, what, lambda: self.ledger.mark(row, lost=True))

    def repair(self, kind: Drift, what: str, do: Callable[[], object]) -> bool:
        """Counts drift and repairs it; returns whether something was written."""
        if not self.limits.dry_run:
            try:
                do()
            except Moved:
                self.findings.note(Left.BUSY, what)
                return False
        self.findings.note(kind, what)
        return not self.limits.dry_run

    def sweep(self, what: str, do: Callable[[], object]) -> None:
        """Removes what a caller gave up, and counts it: that is no drift."""
        if not self.limits.dry_run:
            do()
        self.findings.sweep(what)

    def guarded(self, do: Callable[[], object], what: str) -> None:
        """Does something for one artifact; entries that cannot be read do not stop the others."""
        try:
            do()
        except (KeyError, TypeError, ValueError, InvalidInput):
            self.findings.note(Drift.BROKEN_ENTRY, what, repaired=False)

    def repair_quietly(self, do: Callable[[], object]) -> None:
        """Does what completes a repair that is counted already."""
        if not self.limits.dry_run:
            with suppress(Moved):
                do()

    def settle(self, artifact: ArtifactId, number: int, ref: ObjectRef | None = None) -> Outcome:
        """Settles the object that holds a number, or another version of it, and counts what it was."""
        what = artifact.object_key(number)
        outcome = Outcome.RACING
        for _ in range(_LOOKS):
            outcome = self._settle_once(artifact, number, ref)
            if outcome is not Outcome.RACING:
                break
        if outcome is Outcome.RACING:
            self.findings.note(Left.BUSY, what)
        elif outcome in {Outcome.COMMITTED, Outcome.RESTORED}:
            self.findings.note(Drift.UNINDEXED_OBJECT, what)
        elif outcome is Outcome.REMOVED:
            self.findings.note(Drift.STALE_OBJECT, what)
        elif outcome is Outcome.LEFT_FOREIGN:
            self.findings.note(Left.FOREIGN, what)
        return outcome

    def _settle_once(self, artifact: ArtifactId, number: int, ref: ObjectRef | None) -> Outcome:
        record = (
            self.settler.read(artifact, number) if ref is None else self.settler.read_version(artifact, number, ref)
        )
        if record is None:
            return Outcome.GONE
        if ref is not None and record.foreign:
            # What another program's object once was is nobody's business.
            return Outcome.LEFT_FOREIGN
        return self.settler.plan(record) if self.limits.dry_run else self.settler.settle(record)
