"""The index without a table: the bucket tells by itself what lives.

For one bucket that belongs to savers who all use this index, in as many processes as they like. The records are
the same as beside a table, so that `rebuild` can make one from the bucket. What is promised and what is not:
docs/adr/0013-a-bucket-without-a-table.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Final

from artifact_store._items import DAY_SECONDS
from artifact_store.adapters.bucket_lives import Life, Lives, run_of, summary
from artifact_store.adapters.bucket_loading import BucketLoader
from artifact_store.adapters.bucket_memory import Memory
from artifact_store.adapters.bucket_names import names_page
from artifact_store.adapters.bucket_turns import Turns
from artifact_store.errors import InvalidPosition, InvalidVersion, StorageUnavailable
from artifact_store.model import ArtifactSummary, Page, Version
from artifact_store.names import ArtifactId, Scope, parse_version
from artifact_store.ports import (
    Clock,
    CommitRefused,
    Each,
    Grave,
    Head,
    ObjectRef,
    ObjectStore,
    Parallel,
    Row,
    Token,
    Turn,
)
from artifact_store.record import Record

__all__ = ["BucketIndex"]


_LOOKS: Final = 5


class _Going(Exception):
    """A version went while its life was looked at."""


class BucketIndex:
    """`Index` over a bucket; see the port for what each method promises, and here for what is different.

    Thread-safe. It has to live as long as its process: what an idempotency key has saved or may have saved is
    known to the process that tried, and to no other.
    """

    def __init__(
        self, objects: ObjectStore, clock: Clock, *, both: Parallel, each: Each, memory: Memory | None = None
    ) -> None:
        """Reads a bucket.

        Args:
            objects: The bucket.
            clock: Tells how long an idempotency key stands for its save.
            both: Does two calls at once. Not the store's own: that one waits for this one.
            each: Does many calls, several at a time.
            memory: What the process knows; nothing by default.
        """
        self._memory = memory or Memory()
        self._lives = Lives(objects, self._memory, both)
        self._turns = Turns()
        self._clock = clock
        self._each = each

    @property
    def fetch(self) -> BucketLoader:
        """Loads from the same bucket."""
        return BucketLoader(self._lives)

    @property
    def each(self) -> Each:
        """Does many calls, several at a time."""
        return self._each

    @property
    def unversioned(self) -> bool:
        """Whether objects without a version id were seen, so that a delete may hit what was saved after it."""
        return self._lives.unversioned

    @property
    def keeps_time(self) -> bool:
        return False

    @property
    def remembers(self) -> bool:
        return False

    def head(self, artifact: ArtifactId) -> Head | None:
        life = self._lives.look(artifact, proven=True)
        return life.head if life else None

    def head_and_token(self, artifact: ArtifactId, token: str) -> tuple[Head | None, Token | None]:
        """As the port has it; a token is known if this process has used it.

        Reading the head for a token counts as an attempt to save under it.
        """
        for _ in range(_LOOKS):
            self._turns.looking(token)
            life = self._lives.look(artifact, proven=False)
            known = self._memory.saved(token, self._clock.now_ms())
            if known is None:
                try:
                    known = self._found(artifact, life, token)
                except _Going:
                    continue
            if known is None:
                self._memory.keep_tried(token, frozenset([life.next if life else 0]))
            return life.head if life else None, known
        raise _too_fast()

    @contextmanager
    def turn(self, artifact: ArtifactId, token: str, head: Head | None) -> Iterator[Turn]:
        """One after the other, each from what the one before has put, if that is as good as a look."""
        with self._turns.taken(artifact) as line:
            since = self._turns.now()
            turn = Turn(head)
            looked = self._turns.only_look(token)
            last = line.later(head, looked=looked) if looked is not None else None
            if last is not None:
                turn.head = Life(last.gen, last, ()).head
                self._memory.keep_tried(token, frozenset([turn.head.next]))
            yield turn
            if turn.put is not None:
                line.took(turn.put, since=since)

    def _found(self, artifact: ArtifactId, life: Life | None, token: str) -> Token | None:
        """What an attempt whose answer was lost has saved.

        Raises:
            _Going: What could tell has gone, and the life with it.
        """
        for number in sorted(self._memory.tried(token)):
            if life is None or number >= life.next:
                return None
            record = self._lives.remembered(artifact, number, life.refs[number])
            if record is None:
                raise _Going
            if record.token == token:
                return self._remember(record.version, token, record.fingerprint)
        return None

    def _remember(self, version: Version, token: str, fingerprint: str) -> Token:
        what = Token(
            fingerprint=fingerprint,
            gen=version.gen,
            number=version.number,
            version_id=version.version_id,
            created_ms=version.created_ms,
            expires_ms=version.created_ms + DAY_SECONDS * 1000,
        )
        self._memory.keep_saved(token, what)
        return what

    def head_and_grave(self, artifact: ArtifactId, gen: str) -> tuple[Head | None, Grave | None]:
        """As the port has it; where another generation lives, every other one counts as buried."""
        life = self._lives.look(artifact, proven=False)
        if life is None or life.gen == gen:
            return life.head if life else None, None
        return life.head, _grave(gen)

    def version_and_token(
        self, artifact: ArtifactId, number: int, gen: str, token: str
    ) -> tuple[Version | None, Token | None]:
        return self.version(artifact, number, gen), self._memory.saved(token, self._clock.now_ms())

    def version(self, artifact: ArtifactId, number: int, gen: str) -> Version | None:
        """As the port has it, but only while its generation lives."""
        return next((version for version in self.versions_numbered(artifact, number) if version.gen == gen), None)

    def has_token(self, artifact: ArtifactId, gen: str, token: str, *, created_since_ms: int) -> bool:  # noqa: ARG002
        """False: whatever stands where a version can stand is one."""
        return False

    def versions_numbered(self, artifact: ArtifactId, number: int) -> Sequence[Version]:
        """As the port has it, but only what lives: its object 0 is seen after it was."""
        record = self._lives.current(artifact, number)
        if record is None:
            return []
        if record.foreign:
            life = self._lives.look(artifact, proven=True)
            return [replace(record.version, gen=life.gen)] if life is not None and number < life.next else []
        return [record.version] if self._lives.gen_now(artifact) == record.version.gen else []

    def rows(self, artifact: ArtifactId, *, limit: int, position: str | None) -> Page[Row]:
        """As the port has it, but only what lives."""
        after = _last_number(position)
        for _ in range(_LOOKS):
            refs = run_of(self._lives.listed(artifact))
            if not refs:
                return Page([], None)
            wanted = range(after + 1, min(after + 1 + limit, len(refs)))
            rows = self._proven(artifact, refs, wanted)
            if rows is not None:
                return Page(rows, str(wanted[-1]) if wanted and wanted[-1] < len(refs) - 1 else None)
        raise _too_fast()

    def _proven(self, artifact: ArtifactId, refs: Sequence[ObjectRef], wanted: Sequence[int]) -> Sequence[Row] | None:
        """What lives of the listed objects with these numbers; None when their life has ended.

        Object 0 is looked for once all were listed. Where it is, nothing can be dead that names its generation.
        """
        reads = [partial(self._lives.read, artifact, 0, refs[0])]
        reads += [partial(self._lives.remembered, artifact, number, refs[number]) for number in wanted]
        zero, *records = self._each(lambda read: read(), reads)
        if zero is None:
            return None
        found = [self._lives.version_of(artifact, refs, zero, record) for record in records if record]
        return [_row(record) for record in found if record]

    def buried_rows(self, artifact: ArtifactId, gen: str, *, limit: int, position: str | None) -> Page[Row]:  # noqa: ARG002
        """As the port has it: of every generation that does not live."""
        after = _last_number(position)
        listed = self._lives.listed(artifact)
        numbers = sorted(number for number in listed if number > after)
        wanted = numbers[:limit]
        records = self._each(lambda number: self._lives.remembered(artifact, number, listed[number]), wanted)
        # Asked after they were read: what is no part of the life there is now can never be part of one.
        living = self._lives.gen_now(artifact)
        rows = [_row(record) for record in records if record and not record.foreign and record.version.gen != living]
        if position is None:
            rows[:0] = [Row(version=dead, token=None, lost=False) for dead in self._memory.buried(artifact)]
        return Page(rows, str(wanted[-1]) if len(numbers) > limit else None)

    def blobs_named(self, artifact: ArtifactId) -> frozenset[ObjectRef]:
        """The blobs that records of an artifact name, whether they live or not."""
        listed = self._lives.listed_ever(artifact)
        records = self._each(lambda found: self._lives.remembered(artifact, *found), listed)
        blobs = [record.version.blob for record in records if record is not None]
        return frozenset(ObjectRef(blob.key, blob.version_id) for blob in blobs if blob is not None)

    def heads(self, scope: Scope, *, limit: int, position: str | None) -> Page[ArtifactSummary]:
        """As the port has it, in the order of S3's keys. Costs a list for every artifact: `names` does not."""
        page = self.names(scope, limit=limit, position=position)
        found = self._each(lambda artifact: self._lives.look(artifact, proven=True), page.items)
        return Page([summary(life.latest) for life in found if life is not None], page.position)

    def names(self, scope: Scope, *, limit: int, position: str | None) -> Page[ArtifactId]:
        """The live artifacts of one scope, in the order of S3's keys; one call for 1,000 versions."""
        return names_page(self._lives.objects, scope, limit=limit, position=position)

    def graves(self, scope: Scope, *, limit: int, position: str | None) -> Page[tuple[ArtifactId, Grave]]:  # noqa: ARG002
        """Nothing: a deleted generation is told by objects that belong to no living one."""
        return Page([], None)

    def commit(self, version: Version, *, token: str, fingerprint: str, salt: str = "") -> None:  # noqa: ARG002
        """Writes nothing: a record that was put under the right number is a version by that."""
        ref = ObjectRef(version.artifact.object_key(version.number), version.version_id)
        if not token.startswith("foreign-"):
            self._memory.keep_record(ref, Record(version=version, token=token, fingerprint=fingerprint))
            self._remember(version, token, fingerprint)
        if version.number == 0:
            self._memory.keep_first(version.gen, ref)

    def restore(self, version: Version, *, token: str) -> None:  # noqa: ARG002
        """Refused: there is no entry that could be lost."""
        raise CommitRefused

    def bury(self, artifact: ArtifactId, head: Head, *, expired: bool = False) -> None:  # noqa: ARG002
        """Removes the life's object 0, by its version id; nothing of that life can be seen from then on."""
        zero = self._lives.zero_of(artifact, head.gen)
        if zero is None:
            raise CommitRefused
        self._lives.objects.delete([ObjectRef(artifact.object_key(0), zero.version.version_id)])
        # It alone told which blob it has.
        self._memory.keep_buried(replace(zero.version, gen=head.gen))

    def grave(self, artifact: ArtifactId, gen: str) -> Grave | None:
        """One for every generation that does not live."""
        return None if self._lives.gen_now(artifact) == gen else _grave(gen)

    def widen_grave(self, artifact: ArtifactId, grave: Grave) -> None:
        """Does nothing: objects tell by themselves that they are dead."""

    def confirm_grave(self, artifact: ArtifactId, gen: str) -> None:
        """Does nothing, as there is no grave that would stay."""

    def remove_versions(self, versions: Sequence[Version]) -> None:
        """Forgets what this process has buried; else the entries are the objects."""
        for version in versions:
            self._memory.forget_buried(version)


def _too_fast() -> StorageUnavailable:
    return StorageUnavailable("the artifact is deleted and saved again faster than it can be looked at")


def _grave(gen: str) -> Grave:
    return Grave(gen=gen, next=0, confirmed=False)


def _row(record: Record) -> Row:
    return Row(version=record.version, token=record.token, lost=False)


def _last_number(position: str | None) -> int:
    if position is None:
        return -1
    try:
        return parse_version(position)
    except InvalidVersion:
        raise InvalidPosition("the position is not of this list", field="cursor") from None
