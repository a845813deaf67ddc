"""Which versions live, told by the bucket alone.

A life of an artifact is its object 0: the version of it that is current, and the generation that it names.
Version N lives if 0 to N are there and N names that generation. The rules that make this enough:

- Number N > 0 is put, only where nothing is, by a saver that has seen object N - 1 of the same generation.
- Object 0 is the first of a life to go, by its S3 version id, which no other object ever has again.

So as long as object 0 is there, nothing of its life was removed, and its versions are 0 to some number. Whatever
else lies above them is dead for ever: leftovers of earlier lives, or a PUT that came too late for one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from artifact_store.adapters.bucket_memory import UNVERSIONED, Memory
from artifact_store.errors import InvalidVersion
from artifact_store.model import ArtifactSummary, Version
from artifact_store.names import ArtifactId, parse_version
from artifact_store.ports import Head, ListedObject, ObjectHead, ObjectRef, ObjectStore, Parallel, StoredObject
from artifact_store.record import Record, is_manifest, read_record

__all__ = ["PAGE", "Life", "Lives", "run_of", "summary"]

PAGE: Final = 1000
"""Objects on a page of a list."""

_NO_GEN: Final = ""


@dataclass(frozen=True, slots=True)
class Life:
    """A life of an artifact, as it was found.

    Attributes:
        gen: Its generation.
        latest: Its latest version.
        refs: The objects of all its versions.
    """

    gen: str
    latest: Version
    refs: Sequence[ObjectRef]

    @property
    def next(self) -> int:
        """The number that the next save takes."""
        return self.latest.number + 1

    @property
    def head(self) -> Head:
        """As the port tells it."""
        return Head(gen=self.gen, next=self.next, latest=summary(self.latest), blob=self.latest.blob)


def summary(version: Version) -> ArtifactSummary:
    """One line of a list for an artifact whose latest version this is."""
    return ArtifactSummary(
        artifact=version.artifact,
        number=version.number,
        gen=version.gen,
        version_id=version.version_id,
        size=version.size,
        sha256=version.sha256,
        mime_type=version.part.mime_type,
        created_ms=version.created_ms,
    )


class Lives:
    """Reads lives from a bucket."""

    def __init__(self, objects: ObjectStore, memory: Memory, both: Parallel) -> None:
        """Args: objects: The bucket. memory: Of this process. both: Does two calls at once; is not nested."""
        self.objects = objects
        self.memory = memory
        self.both = both
        self.unversioned = False
        """Whether an object was seen whose version id says nothing."""

    def listed(self, artifact: ArtifactId) -> Mapping[int, ObjectRef]:
        """The objects that are under the numbers of an artifact; as many calls as it has pages."""
        return {number: self._seen(entry.ref) for number, entry in self._entries(artifact) if entry.latest}

    def listed_ever(self, artifact: ArtifactId) -> Sequence[tuple[int, ObjectRef]]:
        """The same, and those that others have hidden or put something over."""
        return [(number, entry.ref) for number, entry in self._entries(artifact)]

    def _entries(self, artifact: ArtifactId) -> Iterator[tuple[int, ListedObject]]:
        prefix = artifact.key_prefix + "/"
        after: ObjectRef | None = None
        while True:
            page, after = self.objects.list_versions(prefix, limit=PAGE, after=after)
            for entry in page:
                number = None if entry.marker else _number(entry.ref.key[len(prefix) :])
                if number is not None:
                    yield number, entry
            if after is None:
                return

    def _seen(self, ref: ObjectRef) -> ObjectRef:
        if ref.version_id == UNVERSIONED:
            self.unversioned = True
        return ref

    def zero_of(self, artifact: ArtifactId, gen: str) -> Record | None:
        """The object 0 that began a generation; None when that does not live."""
        first = self.memory.first_of(gen)
        if first is not None:
            return self.remembered(artifact, 0, first)
        zero = self.current(artifact, 0)
        return zero if zero is not None and self.begun(zero) == gen else None

    def current(self, artifact: ArtifactId, number: int) -> Record | None:
        """What is under a number now; None when nothing is."""
        head = self.objects.head(artifact.object_key(number))
        if head is None:
            return None
        ref = self._seen(ObjectRef(artifact.object_key(number), head.version_id))
        return self.memory.record(ref) or self.record_of(artifact, number, head)

    def remembered(self, artifact: ArtifactId, number: int, ref: ObjectRef) -> Record | None:
        """What a listed object says, without a call if that was read before; None when it has gone."""
        return self.memory.record(ref) or self.read(artifact, number, ref)

    def read(self, artifact: ArtifactId, number: int, ref: ObjectRef) -> Record | None:
        """What a listed object says, and that it is there now; None when it has gone."""
        head = self.objects.head_version(ref)
        if head is None:
            return None
        return self.memory.record(ref) or self.record_of(artifact, number, head)

    def record_of(
        self, artifact: ArtifactId, number: int, head: ObjectHead, stored: StoredObject | None = None
    ) -> Record | None:
        """The record that an object is; None when it had to be read and has gone."""
        ref = ObjectRef(artifact.object_key(number), head.version_id)
        if is_manifest(head) and stored is None:
            stored = self.objects.get(ref)
            if stored is None:
                return None
        manifest = stored if is_manifest(head) else None
        record = read_record(artifact, number, head, manifest=manifest, foreign_gen=_NO_GEN)
        self.memory.keep_record(ref, record)
        return record

    def begun(self, zero: Record) -> str:
        """The generation that an object 0 begins; of another program's object, one made from its identity."""
        gen = zero.version.gen
        if zero.foreign:
            told = f"{zero.version.version_id} {zero.version.created_ms}"
            gen = hashlib.sha256(told.encode()).hexdigest()[:32]
        self.memory.keep_first(gen, ObjectRef(zero.version.artifact.object_key(0), zero.version.version_id))
        return gen

    def gen_now(self, artifact: ArtifactId) -> str | None:
        """The generation that lives now; None when none does. One call."""
        zero = self.current(artifact, 0)
        return self.begun(zero) if zero is not None else None

    def look(self, artifact: ArtifactId, *, proven: bool) -> Life | None:
        """The life there is; None when there was none at some moment since this was asked.

        Args:
            artifact: Whose.
            proven: Whether its object 0 must be seen after the list was read. Else the list may have been read
                while a delete was at work, and `next` be too low; whoever goes on from that puts a dead object.
        """
        refs = run_of(self.listed(artifact))
        if not refs:
            return None
        top = len(refs) - 1
        zero, latest = self.both(
            lambda: (self.read if proven else self.remembered)(artifact, 0, refs[0]),
            lambda: self.remembered(artifact, top, refs[top]) if top else None,
        )
        if zero is None:
            return None
        return self.among(artifact, refs, zero, latest if top else zero, proven=proven)

    def among(
        self, artifact: ArtifactId, refs: Sequence[ObjectRef], zero: Record, last: Record | None, *, proven: bool
    ) -> Life | None:
        """The life that these objects 0, 1, … hold, given what the first and the last of them say."""
        gen = self.begun(zero)
        known = {0: zero, len(refs) - 1: last}

        def at(number: int) -> Record | None:
            if number not in known:
                known[number] = self.remembered(artifact, number, refs[number])
            return known[number]

        def lives(number: int) -> bool:
            # What another program put belongs to the version below it.
            while number:
                record = at(number)
                if record is None or not record.foreign:
                    return record is not None and record.version.gen == gen
                number -= 1
            return True

        latest, low, high = zero, 0, len(refs)
        middle = high - 1
        while low < middle:
            record = at(middle)
            if record is not None and lives(middle):
                latest, low = record, middle
            else:
                high = middle
            middle = (low + high) // 2
        if low < len(refs) - 1 and proven and self.read(artifact, 0, refs[0]) is None:
            # What is missing may have gone with its life.
            return None
        return Life(gen, replace(latest.version, gen=gen), refs[: low + 1])

    def version_of(
        self, artifact: ArtifactId, refs: Sequence[ObjectRef], zero: Record, record: Record
    ) -> Record | None:
        """A listed record as a version of the life that an object 0 began; None if it is none of it."""
        gen = self.begun(zero)
        if not record.foreign:
            return record if record.version.gen == gen else None
        number = record.version.number
        life = self.among(artifact, refs[: number + 1], zero, record if number else zero, proven=False)
        alive = life is not None and life.latest.number == number
        return replace(record, version=replace(record.version, gen=gen)) if alive else None


def _number(text: str) -> int | None:
    try:
        return parse_version(text)
    except InvalidVersion:
        return None


def run_of(refs: Mapping[int, ObjectRef]) -> Sequence[ObjectRef]:
    """The objects 0, 1, … up to the first number that is missing."""
    run: list[ObjectRef] = []
    while len(run) in refs:
        run.append(refs[len(run)])
    return run
