"""Settle: what becomes of an object that is found under a key. Savers, healer and reconcile share it.

A record in S3 that the index does not name is a save that crashed, or one that is still under way. It
is committed for its saver if that is still right, and removed if it is proven dead:

- A grave of its generation, or a live head of another generation: dead. Generations of one artifact
  never live side by side, and the head is read after the object was seen.
- Its token counts for another object, in the token item or in a version of the same life: dead. That
  save happened; this object is a leftover of it.
- It sits exactly at the head's next number, or at 0 where there is no head: it is committed.
- It sits below the head's next number and the index has no such version: its entry was lost. Nothing
  else can have stood there when the number was passed, so it is put back.
- Anything else is left: a lower number has to come first, or another program put it.

Token items outlive their validity by a month (`KEPT_SECONDS`), so that a leftover which nobody settled
for a day is still known as one. After that the versions themselves are asked, which carry their tokens.
Only where there is no head and the month has passed nothing can tell, and the object is committed: what
cannot be proven dead is never removed.

The blob of a record that was never a version stays behind: its saver may be alive, unaware that its own
record was there for a moment (a repeated PUT answers 412), and name the blob again. The sweep takes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, StrEnum, auto
from typing import Final

from artifact_store._items import DAY_SECONDS, KEPT_SECONDS
from artifact_store.names import ArtifactId
from artifact_store.ports import CommitRefused, Head, ObjectHead, ObjectRef, Ports, Token
from artifact_store.record import Record, is_manifest, read_record

__all__ = ["Judgement", "Outcome", "Settler", "Verdict"]

_DAY_MS: Final = DAY_SECONDS * 1000
_EVIDENCE_MS: Final = (KEPT_SECONDS - DAY_SECONDS) * 1000
"""A record younger than this still finds the token item of the save that it would double."""


class Outcome(StrEnum):
    """What became of an object that was looked at."""

    COMMITTED = auto()
    """It is a version now."""
    RESTORED = auto()
    """It was a version whose entry in the index was lost; the entry is back."""
    KNOWN = auto()
    """It was a version already, or its number is held by one."""
    REMOVED = auto()
    """It was dead and is removed from S3."""
    GONE = auto()
    """There is nothing under the key."""
    IGNORED = auto()
    """The key is not one of an artifact's versions."""
    LEFT_AHEAD = auto()
    """Left: versions below it are missing from the index."""
    LEFT_HEADLESS = auto()
    """Left: a later version of an artifact that the index does not know."""
    LEFT_DEAD = auto()
    """Left: it is dead, but whoever asked removes nothing."""
    LEFT_FOREIGN = auto()
    """Left: another program put it, where no version can be."""
    RACING = auto()
    """The index moved on meanwhile; look again."""

    @property
    def left(self) -> bool:
        """Whether the object stays, unsettled."""
        return self.value.startswith("left_")


class Verdict(Enum):
    """What is to be done with an object."""

    COMMIT = auto()
    RESTORE = auto()
    REMOVE = auto()
    LEAVE = auto()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be done with an object, and why not if nothing.

    Attributes:
        verdict: What is to be done.
        record: The object; a foreign one with the generation it would belong to.
        outcome: What to report when it is left alone.
    """

    verdict: Verdict
    record: Record
    outcome: Outcome = Outcome.RACING


class Settler:
    """Commits, restores, removes or leaves what is found in S3; safe to repeat at any point."""

    def __init__(self, ports: Ports, *, removes: bool = True, mends: bool = False) -> None:
        """Settles over a store's ports.

        Args:
            ports: What the store stands on.
            removes: Whether what is dead goes; else it is left.
            mends: Whether the index may have lost what was committed a moment ago. DynamoDB takes a
                repeated transaction for done.
        """
        self._removes = removes
        self._mends = mends
        self._objects = ports.objects
        self._index = ports.index
        self._clock = ports.clock
        self._new_id = ports.new_id

    def read(self, artifact: ArtifactId, number: int) -> Record | None:
        """Reads the record that holds a number; None when there is none."""
        return self._read(artifact, number, self._objects.head(artifact.object_key(number)))

    def read_version(self, artifact: ArtifactId, number: int, ref: ObjectRef) -> Record | None:
        """Reads one version of the object under a number's key; None when it does not exist."""
        return self._read(artifact, number, self._objects.head_version(ref))

    def _read(self, artifact: ArtifactId, number: int, found: ObjectHead | None) -> Record | None:
        if found is None:
            return None
        manifest = None
        if is_manifest(found):
            manifest = self._objects.get(ObjectRef(artifact.object_key(number), found.version_id))
            if manifest is None:
                return None
        return read_record(artifact, number, found, manifest=manifest, foreign_gen=self._new_id())

    def settle(self, record: Record) -> Outcome:
        """Judges an object that was just read, and does it."""
        return self.carry_out(self.judge(record))

    def plan(self, record: Record) -> Outcome:
        """What settling would give, if nobody else is at work; writes nothing."""
        judgement = self.judge(record)
        found = judgement.record.version
        if judgement.verdict is Verdict.COMMIT:
            known, used = self._index.version_and_token(found.artifact, found.number, found.gen, record.token)
            if known is not None:
                return Outcome.KNOWN
            if used is not None and not record.foreign and _forbids(used, record):
                judgement = Judgement(Verdict.REMOVE, record)
        planned = {
            Verdict.COMMIT: Outcome.COMMITTED,
            Verdict.RESTORE: Outcome.RESTORED,
            Verdict.REMOVE: Outcome.REMOVED if self._removes else Outcome.LEFT_DEAD,
        }
        return planned.get(judgement.verdict, judgement.outcome)

    def judge(self, record: Record) -> Judgement:
        """Decides by the index as it is now."""
        if record.foreign:
            return self._judge_foreign(record)
        found = record.version
        head, grave = self._index.head_and_grave(found.artifact, found.gen)
        if grave is not None or (head is not None and head.gen != found.gen):
            return Judgement(Verdict.REMOVE, record)
        if head is not None:
            return self._judge_living(record, head)
        if found.number == 0:
            return Judgement(Verdict.COMMIT, record)
        return Judgement(Verdict.LEAVE, record, Outcome.LEFT_HEADLESS)

    def _judge_living(self, record: Record, head: Head) -> Judgement:
        found = record.version
        if found.number > head.next:
            return Judgement(Verdict.LEAVE, record, Outcome.LEFT_AHEAD)
        if found.number < head.next:
            return self._judge_passed(record)
        if self._counts_already(record):
            return Judgement(Verdict.REMOVE, record)
        return Judgement(Verdict.COMMIT, record)

    def _judge_foreign(self, record: Record) -> Judgement:
        """A foreign object becomes a version where a save would have stood; it is not ours to remove."""
        found = record.version
        head = self._index.head(found.artifact)
        for known in self._index.versions_numbered(found.artifact, found.number):
            if known.version_id == found.version_id:
                # It is ours already: the index tells into which life it was adopted.
                return self.judge(replace(record, foreign=False, version=known))
        if head is None and found.number == 0:
            return Judgement(Verdict.COMMIT, record)
        if head is not None and found.number == head.next:
            return Judgement(Verdict.COMMIT, replace(record, version=replace(found, gen=head.gen)))
        return Judgement(Verdict.LEAVE, record, Outcome.LEFT_FOREIGN)

    def _judge_passed(self, record: Record) -> Judgement:
        found = record.version
        known, used = self._index.version_and_token(found.artifact, found.number, found.gen, record.token)
        if known is not None:
            same = known.version_id == found.version_id
            return Judgement(Verdict.LEAVE, record, Outcome.KNOWN if same else Outcome.LEFT_FOREIGN)
        if used is not None and _forbids(used, record):
            return Judgement(Verdict.LEAVE, record, Outcome.LEFT_FOREIGN)
        return Judgement(Verdict.RESTORE, record)

    def _counts_already(self, record: Record) -> bool:
        """Whether a version of the same life has this token, for a record that outlived the token item."""
        found = record.version
        if self._clock.now_ms() - found.created_ms < _EVIDENCE_MS:
            return False
        return self._index.has_token(
            found.artifact, found.gen, record.token, created_since_ms=found.created_ms - _DAY_MS
        )

    def carry_out(self, judgement: Judgement) -> Outcome:
        """Does what was decided, as far as the index still agrees."""
        record = judgement.record
        if judgement.verdict is Verdict.COMMIT:
            return self._commit(record)
        if judgement.verdict is Verdict.RESTORE:
            return self._restore(record)
        if judgement.verdict is Verdict.REMOVE:
            return self._remove(record)
        return judgement.outcome

    def _commit(self, record: Record) -> Outcome:
        found = record.version
        try:
            salt = self._new_id() if self._mends else ""
            self._index.commit(found, token=record.token, fingerprint=record.fingerprint, salt=salt)
        except CommitRefused:
            known, used = self._index.version_and_token(found.artifact, found.number, found.gen, record.token)
            if known is not None:
                return Outcome.KNOWN if known.version_id == found.version_id else Outcome.LEFT_FOREIGN
            if used is None or record.foreign or not _forbids(used, record):
                return Outcome.RACING
            # Its save counts elsewhere already: this object would hold the number for ever.
            return self._remove(record)
        return Outcome.COMMITTED

    def _remove(self, record: Record) -> Outcome:
        if not self._removes:
            return Outcome.LEFT_DEAD
        found = record.version
        self._objects.delete([ObjectRef(found.artifact.object_key(found.number), found.version_id)])
        return Outcome.REMOVED

    def _restore(self, record: Record) -> Outcome:
        try:
            self._index.restore(record.version, token=record.token)
        except CommitRefused:
            return Outcome.RACING
        return Outcome.RESTORED


def _forbids(used: Token, record: Record) -> bool:
    """Whether a token says that this record's save is another object."""
    return used.version_id != record.version.version_id and used.forbids(record.version.created_ms)
