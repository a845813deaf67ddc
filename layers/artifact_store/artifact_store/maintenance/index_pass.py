"""Every entry of the index against the others: heads, versions and graves of one artifact have to agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from artifact_store._deleting import PURGE_PAGE, Deleter, object_refs
from artifact_store._settling import Outcome
from artifact_store.errors import Unavailable
from artifact_store.maintenance.findings import Drift, Left
from artifact_store.maintenance.ledger import Entry
from artifact_store.maintenance.listing import whole_keys
from artifact_store.maintenance.work import Work
from artifact_store.names import ArtifactId
from artifact_store.ports import Grave, Item, Key, Row

__all__ = ["IndexPass"]

PAGE: Final = 1000
_LOOKS: Final = 4
_HOLES: Final = 1000
"""So many missing entries of one artifact are mended in one run."""


@dataclass(slots=True)
class _Life:
    """What the entries of one generation tell.

    Attributes:
        following: The number after its latest entry.
        holes: Numbers below that which have no entry; the first ones.
        latest: Its latest entry.
        survivor: Its latest entry that is not lost.
    """

    following: int = 0
    holes: list[int] = field(default_factory=list)
    latest: Row | None = None
    survivor: Row | None = None

    def add(self, row: Row) -> None:
        number = row.version.number
        room = _HOLES - len(self.holes)
        self.holes += range(self.following, min(number, self.following + room))
        self.following, self.latest = number + 1, row
        if not row.lost:
            self.survivor = row


class IndexPass:
    """Finds heads, entries and graves that contradict each other, and artifacts without any object."""

    def __init__(self, work: Work, *, give_up_at: float) -> None:
        self._work = work
        self._deleter = Deleter(work.ports)
        self._give_up_at = give_up_at

    def step(self, after: Key | None) -> Key | None:
        """Compares the artifacts of one page of the table; returns the key to continue after, or None."""
        work = self._work
        entries, rest = work.ledger.scan(limit=PAGE, after=after)
        work.findings.looked_at("items", len(entries))
        heads: dict[ArtifactId, None] = {}
        versions: dict[ArtifactId, None] = {}
        graves: list[Entry] = []
        expired: list[Entry] = []
        for entry in entries:
            if not isinstance(entry, Entry):
                self._note_unknown(entry)
            elif entry.artifact is not None and entry.kind == "head":
                heads[entry.artifact] = None
                if self._has_expired(entry):
                    expired.append(entry)
            elif entry.artifact is not None and entry.kind == "version":
                versions[entry.artifact] = None
            elif entry.kind == "grave":
                graves.append(entry)
        headless = work.ledger.without_head([artifact for artifact in versions if artifact not in heads])
        work.each(self._expire, expired)
        work.each(self._check_guarded, [*heads, *headless])
        work.each(self._purge, graves)
        return rest

    def _has_expired(self, head: Entry) -> bool:
        expires_ms = head.item.get("expires_ms")
        return expires_ms is not None and self._work.is_settled(int(expires_ms))

    def _expire(self, head: Entry) -> None:
        """Deletes an artifact whose time was over a while ago: nobody was told of its timer's end."""
        work, artifact = self._work, head.artifact
        if artifact is None or work.limits.dry_run:
            return

        def expire() -> None:
            gen = str(head.item["gen"])
            with suppress(Unavailable):
                if self._deleter.bury_expired(artifact, gen):
                    work.findings.looked_at("expired")
                    self._deleter.purge(artifact, gen, give_up_at=self._give_up_at)

        work.guarded(expire, artifact.key_prefix)

    def _note_unknown(self, key: Key) -> None:
        if not key[0].startswith("!"):
            self._work.findings.note(Left.UNKNOWN_KEY, f"{key[0]} {key[1]}")

    def _purge(self, entry: Entry) -> None:
        """Ends a purge that nobody has ended."""
        self._work.guarded(
            lambda: self._purge_grave(entry), f"{entry.artifact and entry.artifact.key_prefix} {entry.gen}"
        )

    def _purge_grave(self, entry: Entry) -> None:
        work, artifact, gen = self._work, entry.artifact, entry.gen
        if artifact is None or entry.item["confirmed"] or not work.is_settled(int(entry.item["buried_ms"])):
            return
        what = f"{artifact.key_prefix} {gen}"
        done = True
        if not work.limits.dry_run:
            try:
                done = self._deleter.purge(artifact, gen, give_up_at=self._give_up_at)
            except Unavailable:
                done = False
        work.findings.note(Drift.UNPURGED_GRAVE, what, repaired=done)

    def _check_guarded(self, artifact: ArtifactId) -> None:
        self._work.guarded(lambda: self._check_with_objects(artifact), artifact.key_prefix)

    def _check_with_objects(self, artifact: ArtifactId) -> None:
        """Checks an artifact, and whether it has any object left: else no list of objects shows it."""
        work = self._work
        latest = self.check(artifact)
        if latest is None or not work.is_lost(latest):
            return
        for row in work.ledger.rows(artifact):
            if row.version.gen != latest.version.gen or row.lost or not work.is_lost(row):
                continue
            if work.lives(row) and not work.mark_lost(row) and not work.may_lose:
                break
        self.check(artifact, is_repair=True)

    def check(self, artifact: ArtifactId, *, is_repair: bool = False) -> Row | None:
        """Makes the head say what the versions say.

        Args:
            artifact: What to check.
            is_repair: Whether the head is expected to be wrong, because of a repair that is counted already.

        Returns:
            The latest version that is not lost, if the artifact lives.
        """
        for _ in range(_LOOKS):
            seen = self._work.ledger.head(artifact)
            lives = self._lives(artifact)
            if self._work.ledger.head(artifact) != seen:
                continue
            # Nothing was committed or deleted between the two reads, so the entries belong to this head.
            if seen is None:
                again = self._mend_missing(artifact, lives)
            else:
                again = self._mend(artifact, seen, lives, is_repair=is_repair)
            if not again:
                return lives[str(seen["gen"])].survivor if seen is not None and str(seen["gen"]) in lives else None
        self._work.findings.note(Left.BUSY, artifact.key_prefix)
        return None

    def _lives(self, artifact: ArtifactId) -> dict[str, _Life]:
        lives: dict[str, _Life] = {}
        for row in self._work.ledger.rows(artifact):
            lives.setdefault(row.version.gen, _Life()).add(row)
        return lives

    def restore_head(self, artifact: ArtifactId) -> None:
        """Puts back the head of an artifact that has entries but no head; nothing else."""
        if self._work.ledger.head(artifact) is None:
            lives = self._lives(artifact)
            self._restore_head(artifact, lives, self._work.ledger.graves(artifact, sorted(lives)))

    def _mend_missing(self, artifact: ArtifactId, lives: dict[str, _Life]) -> bool:
        graves = self._work.ledger.graves(artifact, sorted(lives))
        self._remove_stale(artifact, [gen for gen in graves if graves[gen].confirmed])
        return self._restore_head(artifact, lives, graves)

    def _restore_head(self, artifact: ArtifactId, lives: dict[str, _Life], graves: Mapping[str, Grave]) -> bool:
        """Puts back a lost head: of the newest generation that was not deleted; they sort by time."""
        undeleted = sorted(gen for gen in lives if gen not in graves)
        if not undeleted:
            return False
        gen = undeleted[-1]
        head = self._head_of(lives[gen])
        return self._work.repair(
            Drift.LOST_HEAD, artifact.key_prefix, lambda: self._work.ledger.restore_head(artifact, gen, head)
        )

    def _mend(self, artifact: ArtifactId, seen: Item, lives: dict[str, _Life], *, is_repair: bool) -> bool:
        """Mends a head and what contradicts it; returns whether to look again."""
        work, gen = self._work, str(seen["gen"])
        self._mend_others(artifact, gen, [other for other in lives if other != gen])
        life = lives.get(gen, _Life())
        filled = [self._fill(artifact, gen, number) for number in life.holes]
        # What is missing at the end is put back if it is there; else the head is wrong.
        following = life.following
        while following < int(seen["next"]) and self._restore(artifact, following):
            following += 1
        if any(filled) or following > life.following:
            return not work.limits.dry_run
        if life.latest is None:
            work.repair(Drift.WRONG_HEAD, artifact.key_prefix, lambda: work.ledger.drop_head(artifact, seen))
            return False
        head = self._head_of(life)
        if head == seen:
            return False
        if is_repair:
            work.repair_quietly(lambda: work.ledger.mend_head(artifact, seen, head))
        else:
            work.repair(Drift.WRONG_HEAD, artifact.key_prefix, lambda: work.ledger.mend_head(artifact, seen, head))
        return False

    def _mend_others(self, artifact: ArtifactId, gen: str, others: Sequence[str]) -> None:
        graves = self._work.ledger.graves(artifact, others)
        self._remove_stale(artifact, [other for other in graves if graves[other].confirmed])
        ungraved = [other for other in others if other not in graves]
        self._remove_stale(artifact, [other for other in ungraved if other < gen])
        for other in ungraved:
            if other > gen:
                # Either this life or that one ought to be in a grave: nothing here tells which.
                self._work.findings.note(Drift.STALE_ENTRY, f"{artifact.key_prefix} {other}", repaired=False)

    def _fill(self, artifact: ArtifactId, gen: str, number: int) -> bool:
        """Puts back one missing entry, or notes that its version is lost; returns whether something was written."""
        work, key = self._work, artifact.object_key(number)
        if self._restore(artifact, number):
            return not work.limits.dry_run
        if work.ports.objects.head(key) is not None:
            # Another program's object: it may be what was adopted as this version, or not.
            work.findings.note(Drift.LOST_ENTRY, key, repaired=False)
            return False
        return work.repair(Drift.LOST_ENTRY, key, lambda: work.ledger.put_lost(artifact, gen, number))

    def _restore(self, artifact: ArtifactId, number: int) -> bool:
        """Puts an entry back if its object is there, be it hidden or overwritten."""
        key = artifact.object_key(number)
        done = {Outcome.RESTORED, Outcome.COMMITTED, Outcome.KNOWN}
        if self._work.settle(artifact, number) in done:
            return True
        listed, _ = whole_keys(self._work.ports.objects, key, "")
        earlier = [entry.ref for entry in listed if entry.ref.key == key and not entry.marker and not entry.latest]
        return any(self._work.settle(artifact, number, ref) in done for ref in earlier)

    def _head_of(self, life: _Life) -> Item:
        latest = life.survivor or life.latest
        assert latest is not None  # noqa: S101 - a life is made from its entries
        return self._work.ledger.head_for(latest, following=life.following)

    def _remove_stale(self, artifact: ArtifactId, gens: Sequence[str]) -> None:
        """Removes what is left of generations that no purge will come for.

        They are dead: a later one lives, read after their entries, or a grave says that everything is gone.
        """
        if not gens:
            return
        rows = list(self._work.ledger.rows(artifact))
        stale = [row for row in rows if row.version.gen in gens]
        kept = frozenset(ref for row in rows if row.version.gen not in gens for ref in object_refs(row.version))
        for row in stale:
            self._work.findings.note(Drift.STALE_ENTRY, artifact.object_key(row.version.number))
        if self._work.limits.dry_run:
            return
        for start in range(0, len(stale), PURGE_PAGE):
            self._deleter.remove([row.version for row in stale[start : start + PURGE_PAGE]], keeping=kept)
