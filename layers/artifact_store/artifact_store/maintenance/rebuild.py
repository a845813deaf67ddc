"""Rebuild: the index made again from the bucket. Adopt: another program's objects made versions.

Both walk through the bucket artifact by artifact, in the order of the version numbers, and put into the
index what fits: a beginning at 0, and every number after the one before. What does not fit is told and
stays where it is. Nothing is removed.

A record tells its generation, so what stands at 0 tells which life it is; records of others are told as
such. Only that a whole life had been deleted when the index was lost is told by nothing but its graves.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, auto
from typing import Final, Literal, TypeAlias

from artifact_store._settling import Outcome, Settler
from artifact_store.maintenance.findings import Findings
from artifact_store.maintenance.index_pass import IndexPass
from artifact_store.maintenance.ledger import Ledger, Moved
from artifact_store.maintenance.listing import ArtifactListing, artifact_pages
from artifact_store.maintenance.work import Each, Limits, Work
from artifact_store.names import ArtifactId
from artifact_store.ports import ListedObject, Ports
from artifact_store.record import Record

__all__ = ["Misfit", "Reason", "Rebuild", "Rebuilt"]

_LOOKS: Final = 3
_AT_ONCE: Final = 64
_WIDEST_GAP: Final = 1000

Wanted: TypeAlias = Literal["records", "foreign"]


class Reason(StrEnum):
    """Why an object did not become a version."""

    GAP = auto()
    """Versions below it are missing."""
    NO_BEGINNING = auto()
    """Version 0 is missing, as it is when a deleted artifact was removed in part."""
    ANOTHER_LIFE = auto()
    """It belongs to a deleted life of the artifact, or to a save that counts elsewhere."""
    FOREIGN = auto()
    """Another program put it, and there is a version of that number or none can be there."""
    HAS_RECORD = auto()
    """The store put it: it is for `rebuild`, not for `adopt`."""
    UNKNOWN_KEY = auto()
    """Its key is not how the store writes a version's."""
    BUSY = auto()
    """Somebody else is at work on the artifact; repeat."""


_REASONS: Final = {
    Outcome.LEFT_AHEAD: Reason.GAP,
    Outcome.LEFT_HEADLESS: Reason.NO_BEGINNING,
    Outcome.LEFT_DEAD: Reason.ANOTHER_LIFE,
    Outcome.LEFT_FOREIGN: Reason.FOREIGN,
    Outcome.RACING: Reason.BUSY,
}


@dataclass(frozen=True, slots=True)
class Misfit:
    """An object that did not become a version.

    Attributes:
        key: Its key.
        reason: Why not.
        detail: More about it, or empty.
    """

    key: str
    reason: Reason
    detail: str = ""


@dataclass(slots=True)
class Rebuilt:
    """What came of it.

    Attributes:
        versions: How many versions were put into the index, or would be on a dry run.
        known: How many were in it already.
        lost: How many numbers were passed over because nothing is left of them.
        artifacts: How many artifacts were looked at.
        misfits: How many objects did not fit, by reason.
        position: Where to go on; None when everything was looked at.
    """

    versions: int = 0
    known: int = 0
    lost: int = 0
    artifacts: int = 0
    misfits: Counter[Reason] = field(default_factory=Counter)
    position: str | None = None


class _Tally:
    """What one artifact gave."""

    def __init__(self) -> None:
        self.versions = self.known = self.lost = 0
        self.misfits: list[Misfit] = []


class Rebuild:
    """One walk through the bucket, or the rest of one."""

    def __init__(
        self,
        ports: Ports,
        ledger: Ledger,
        *,
        each: Each,
        wanted: Wanted,
        accept_gaps: bool,
        dry_run: bool,
        on_misfit: Callable[[Misfit], None] | None,
    ) -> None:
        """Prepares a walk; see `Maintenance.rebuild` and `Maintenance.adopt`."""
        self._ports = ports
        self._ledger = ledger
        self._each = each
        self._wanted = wanted
        self._accept_gaps = accept_gaps
        self._dry_run = dry_run
        self._on_misfit = on_misfit
        self._settler = Settler(ports, removes=False, mends=True)
        limits = Limits(dry_run=dry_run)
        work = Work(ports, ledger, Findings(), limits, each, started_ms=ports.clock.now_ms())
        self._index_pass = IndexPass(work, give_up_at=math.inf)

    def run(
        self,
        *,
        prefix: str,
        after: str,
        give_up_at: float,
        on_progress: Callable[[Rebuilt], None] | None = None,
    ) -> Rebuilt:
        """Walks until the end, or until time is up."""
        result = Rebuilt(position=after)
        for page in artifact_pages(self._ports.objects, prefix, after):
            for key, detail in page.unknown:
                self._tell(result, [Misfit(key, Reason.UNKNOWN_KEY, detail)])
            for start in range(0, len(page.artifacts), _AT_ONCE):
                batch = page.artifacts[start : start + _AT_ONCE]
                for tally in self._each(self._artifact, batch):
                    self._add(result, tally)
                result.position = batch[-1].last_key
                if on_progress is not None:
                    on_progress(result)
                if self._ports.clock.monotonic() >= give_up_at:
                    return result
            result.position = page.position
        return result

    def _add(self, result: Rebuilt, tally: _Tally) -> None:
        result.artifacts += 1
        result.versions += tally.versions
        result.known += tally.known
        result.lost += tally.lost
        self._tell(result, tally.misfits)

    def _tell(self, result: Rebuilt, misfits: Sequence[Misfit]) -> None:
        for misfit in misfits:
            result.misfits[misfit.reason] += 1
            if self._on_misfit is not None:
                self._on_misfit(misfit)

    def _artifact(self, listing: ArtifactListing) -> _Tally:
        artifact, tally = listing.artifact, _Tally()
        planned: _Planned | None = _Planned() if self._dry_run else None
        if self._wanted == "records":
            self._index_pass.restore_head(artifact)
        known = {(row.version.number, row.version.version_id) for row in self._ledger.rows(artifact) if not row.lost}
        for number, entries in _by_number(listing.listed):
            unknown = []
            for entry in entries:
                if (number, entry.ref.version_id) in known:
                    tally.known += 1
                elif not entry.marker:
                    unknown.append(entry)
            for record, entry in self._read(artifact, number, unknown):
                self._put(record, entry, tally, planned)
        return tally

    def _read(
        self, artifact: ArtifactId, number: int, entries: Sequence[ListedObject]
    ) -> Sequence[tuple[Record, ListedObject]]:
        """Records before other programs' objects, what is current before what was overwritten."""
        found = []
        for entry in entries:
            record = self._settler.read_version(artifact, number, entry.ref)
            if record is not None and (entry.latest or not record.foreign):
                found.append((record, entry))
        return sorted(found, key=lambda read: (read[0].foreign, not read[1].latest))

    def _put(self, record: Record, entry: ListedObject, tally: _Tally, planned: _Planned | None) -> None:
        if self._wanted == "foreign" and not record.foreign:
            tally.misfits.append(Misfit(entry.ref.key, Reason.HAS_RECORD))
            return
        outcome = self._settle(record, tally, planned)
        if outcome in {Outcome.COMMITTED, Outcome.RESTORED}:
            tally.versions += 1
        elif outcome is Outcome.KNOWN:
            tally.known += 1
        elif outcome in _REASONS:
            tally.misfits.append(Misfit(entry.ref.key, _REASONS[outcome]))

    def _settle(self, record: Record, tally: _Tally, planned: _Planned | None) -> Outcome:
        outcome = Outcome.RACING
        for _ in range(_LOOKS):
            outcome = (
                self._settler.settle(record) if planned is None else planned.settle(self._settler.plan(record), record)
            )
            if (
                outcome is Outcome.LEFT_AHEAD
                and self._accept_gaps
                and planned is None
                and self._close_gap(record, tally)
            ):
                continue
            if outcome is not Outcome.RACING:
                break
        return outcome

    def _close_gap(self, record: Record, tally: _Tally) -> bool:
        """Marks the numbers between the head and a record of its generation as lost."""
        found = record.version
        head = self._ledger.head(found.artifact)
        if head is None or head["gen"] != found.gen or found.number - int(head["next"]) > _WIDEST_GAP:
            return False
        while int(head["next"]) < found.number:
            try:
                self._ledger.pass_over(found.artifact, head)
            except Moved:
                return True
            tally.lost += 1
            head = self._ledger.head(found.artifact)
            if head is None:
                return True
        return True


class _Planned:
    """What a dry run would have put already: the life and its next number."""

    def __init__(self) -> None:
        self._gen: str | None = None
        self._next = 0

    def settle(self, outcome: Outcome, record: Record) -> Outcome:
        """What a record would become after what was planned before."""
        found = record.version
        if outcome is Outcome.COMMITTED and not (self._gen is not None and found.number != self._next):
            self._gen, self._next = self._gen or found.gen, found.number + 1
            return outcome
        follows = self._gen is not None and found.number == self._next
        if outcome in {Outcome.LEFT_HEADLESS, Outcome.LEFT_AHEAD, Outcome.LEFT_FOREIGN} and follows:
            if record.foreign or found.gen == self._gen:
                self._next += 1
                return Outcome.COMMITTED
            return Outcome.LEFT_DEAD
        if outcome is Outcome.LEFT_HEADLESS and self._gen is not None:
            return Outcome.LEFT_AHEAD if found.gen == self._gen else Outcome.LEFT_DEAD
        return outcome


def _by_number(listed: Sequence[tuple[int, ListedObject]]) -> Iterator[tuple[int, list[ListedObject]]]:
    found: dict[int, list[ListedObject]] = {}
    for number, entry in listed:
        found.setdefault(number, []).append(entry)
    for number in sorted(found):
        yield number, found[number]
