"""Every object version of the bucket against the entries of the index, page by page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from artifact_store._settling import Outcome
from artifact_store.errors import InvalidInput
from artifact_store.maintenance.findings import Drift, Left
from artifact_store.maintenance.index_pass import IndexPass
from artifact_store.maintenance.listing import AFTER_BLOBS, numbers_between, version_of, whole_keys
from artifact_store.maintenance.work import Work
from artifact_store.names import BLOB_PREFIX, ArtifactId
from artifact_store.ports import ListedObject, Row

__all__ = ["ObjectPass"]

_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class _Group:
    """What a page lists of one artifact.

    Attributes:
        artifact: Whose objects.
        listed: Its object versions and delete markers, with their numbers.
        after: Versions whose key is not greater than this were on an earlier page; empty if there was none.
        until: Versions whose key is greater than this are on a later page; None if there is none.
    """

    artifact: ArtifactId
    listed: Sequence[tuple[int, ListedObject]]
    after: str
    until: str | None


class ObjectPass:
    """Finds objects that the index does not name, and entries whose objects are gone.

    Entries of artifacts that have no object at all are the index pass's.
    """

    def __init__(self, work: Work, index_pass: IndexPass) -> None:
        self._work = work
        self._index_pass = index_pass

    def step(self, after: str, *, in_time: Callable[[], bool]) -> str | None:
        """Compares one page; returns the key to continue after, or None at the end.

        Args:
            after: Every version of this key and of those before it has been compared.
            in_time: Asked now and then; when it says no, the rest of the page is left for later.
        """
        listed, rest = whole_keys(self._work.ports.objects, "", after)
        if rest is not None and rest.startswith(BLOB_PREFIX):
            rest = AFTER_BLOBS
        records = [entry for entry in listed if not entry.ref.key.startswith(BLOB_PREFIX)]
        groups = self._groups(records, after=after, until=rest)
        for start in range(0, len(groups), _AT_ONCE):
            batch = groups[start : start + _AT_ONCE]
            self._work.each(self._compare, batch)
            if start + _AT_ONCE < len(groups) and not in_time():
                return batch[-1].listed[-1][1].ref.key
        return rest

    def _groups(self, listed: Sequence[ListedObject], *, after: str, until: str | None) -> list[_Group]:
        found: dict[ArtifactId, list[tuple[int, ListedObject]]] = defaultdict(list)
        began_before = _place_of(after)
        if began_before is not None:
            # Its objects may have ended with the last page, but not its entries.
            found[began_before[0]] = []
        for entry in listed:
            place = _place_of(entry.ref.key)
            if place is None:
                self._work.findings.note(Left.UNKNOWN_KEY, entry.ref.key)
            else:
                found[place[0]].append((place[1], entry))
        return [
            _Group(artifact, entries, _inside(artifact, after) or "", _inside(artifact, until))
            for artifact, entries in found.items()
        ]

    def _compare(self, group: _Group) -> None:
        self._work.guarded(lambda: self._compare_group(group), group.artifact.key_prefix)

    def _compare_group(self, group: _Group) -> None:
        work, artifact = self._work, group.artifact
        rows = self._rows(group)
        unknown = [(number, entry) for number, entry in group.listed if self._is_unknown(entry, rows.get(number, ()))]
        if unknown:
            self._settle_all(artifact, unknown)
            rows = self._rows(group)
        listed: dict[int, dict[str, ListedObject]] = defaultdict(dict)
        for number, entry in group.listed:
            listed[number][entry.ref.version_id] = entry
        changed = [self._compare_row(row, listed[number]) for number in rows for row in rows[number]]
        if any(changed):
            self._index_pass.check(artifact, is_repair=True)
        work.findings.looked_at("artifacts")
        work.findings.looked_at("objects", len(group.listed))

    def _rows(self, group: _Group) -> Mapping[int, Sequence[Row]]:
        """The entries of all versions whose objects would be on this page."""
        found: dict[int, list[Row]] = defaultdict(list)
        for first, last in numbers_between(group.after, group.until):
            for row in self._work.ledger.rows(group.artifact, first, last):
                found[row.version.number].append(row)
        return found

    def _is_unknown(self, entry: ListedObject, rows: Sequence[Row]) -> bool:
        if entry.marker or not self._work.is_settled(entry.modified_ms):
            return False
        return all(row.version.version_id != entry.ref.version_id for row in rows)

    def _settle_all(self, artifact: ArtifactId, unknown: Sequence[tuple[int, ListedObject]]) -> None:
        work = self._work
        if not work.limits.dry_run:
            # What becomes of an object depends on the head.
            self._index_pass.check(artifact)
        ahead = []
        # Of one number, what was overwritten comes first: a record counts before what another program put over it.
        for number, entry in sorted(unknown, key=lambda found: (found[0], found[1].latest)):
            outcome = work.settle(artifact, number, None if entry.latest else entry.ref)
            if outcome is Outcome.LEFT_AHEAD:
                ahead.append(number)
            elif outcome is Outcome.LEFT_HEADLESS:
                work.findings.note(Drift.UNPLACED_OBJECT, entry.ref.key, repaired=False)
        following = 0 if work.limits.dry_run else self._follow(artifact)
        for number in ahead:
            if number >= following:
                work.findings.note(Drift.UNPLACED_OBJECT, artifact.object_key(number), repaired=False)

    def _follow(self, artifact: ArtifactId) -> int:
        """Settles what stands at the head's next number, as long as there is something; returns that number.

        Keys sort 1, 10, 2: what is on this page may have to wait for versions that are on a later one.
        """
        while True:
            head = self._work.ports.index.head(artifact)
            if head is None:
                return 0
            if self._work.settle(artifact, head.next) not in {Outcome.COMMITTED, Outcome.REMOVED}:
                return head.next

    def _compare_row(self, row: Row, listed: Mapping[str, ListedObject]) -> bool:
        """Repairs one entry; returns whether the head may have to follow."""
        work, version = self._work, row.version
        what = version.artifact.object_key(version.number)
        entry = listed.get(version.version_id)
        if entry is None:
            # A list is older than the entries: what it does not have is looked for.
            return not row.lost and work.is_lost(row) and work.lives(row) and work.mark_lost(row)
        if work.has_lost_blob(row):
            return not row.lost and work.lives(row) and work.mark_lost(row)
        if row.lost:
            return work.repair(Drift.FOUND_OBJECT, what, lambda: work.ledger.mark(row, lost=False))
        is_hidden = any(other.marker and other.latest for other in listed.values())
        if is_hidden and work.lives(row):
            # A marker is nobody's data: without them, what was there before is there again.
            hiding = [other.ref for other in listed.values() if other.marker]
            work.repair(Drift.HIDDEN_OBJECT, what, lambda: work.ports.objects.delete(hiding))
        return False


def _place_of(key: str) -> tuple[ArtifactId, int] | None:
    try:
        return version_of(key)
    except InvalidInput:
        return None


def _inside(artifact: ArtifactId, key: str | None) -> str | None:
    """The part of a key that tells the version, if it is one of the artifact's."""
    prefix = f"{artifact.key_prefix}/"
    return key.removeprefix(prefix) if key is not None and key.startswith(prefix) else None
