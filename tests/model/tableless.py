"""The store on a bucket alone: its savers, what it promises, and how its schedules end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar, Final

from artifact_store import StorageUnavailable
from artifact_store import _saving as saving
from artifact_store.adapters.bucket_index import BucketIndex
from artifact_store.adapters.bucket_lives import Lives
from artifact_store.adapters.bucket_memory import Memory
from artifact_store.adapters.bucket_sweeping import sweep
from artifact_store.adapters.time import InTurn
from artifact_store.ids import token_hash
from artifact_store.maintenance import in_turn
from artifact_store.names import BLOB_PREFIX, parse_object_key
from artifact_store.ports import ObjectRef, Ports, StoredObject
from artifact_store.record import Record, is_manifest, read_record
from tests.model import judge
from tests.model.ending import alone
from tests.model.history import Event, Key
from tests.model.judge import Artifact, Violation
from tests.model.operations import (
    CALLER,
    DOC,
    Again,
    Answer,
    Delete,
    Save,
    SaveInRounds,
    content_of,
    token_of,
)
from tests.model.schedule import NOON
from tests.model.worlds import World

__all__ = [
    "EARLIER",
    "EARLIER_CLIENT",
    "Retrying",
    "Rules",
    "SaveAnew",
    "Sweep",
    "cold",
    "explained",
    "judge_bucket",
    "warm",
]

EARLIER: Final = (Save("p"),)
EARLIER_CLIENT: Final = 60
_GHOST: Final = 1000


@dataclass(frozen=True, slots=True)
class SaveAnew(SaveInRounds):
    """Saves, round by round; repeated after a failure, by a process that knows nothing of it, it is another save.

    Attributes:
        minted: Its idempotency key, which means something to its process alone.
        tried: What the process remembers of earlier rounds.
        named: The generation it has last put a record for.
    """

    minted: str = ""
    named: str | None = None
    tried: frozenset[int] = frozenset()
    once: ClassVar[bool] = False

    def run(self, ports: Ports) -> Answer:
        assert isinstance(ports.index, BucketIndex)
        minted = self.minted or ports.new_id()
        token = token_hash(caller=CALLER, artifact=DOC, idempotency_key=minted)
        memory = ports.index._memory
        memory.keep_tried(token, self.tried)
        save = saving.Save(ports, DOC, content_of(self.token), token=token)
        save._blob, save._seen, save._named = self.blob, self.seen, self.named
        try:
            saved = save._attempt()
        except StorageUnavailable:
            if not self.once:
                raise
            return Again(replace(self, blob=None, seen=None, named=None, minted=minted, tried=memory.tried(token)))
        if saved is None:
            knows = replace(self, minted=minted, tried=memory.tried(token), named=save._named)
            return Again(replace(knows, blob=save._blob, seen=save._seen))
        assert token_of(saved.version) == self.token
        return saved.version.gen, saved.version.number


@dataclass(frozen=True, slots=True)
class Retrying(SaveAnew):
    """Saves, and repeats what fails in the same process with the same key: one save however often."""

    once: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Sweep:
    """Removes what is dead."""

    once: ClassVar[bool] = False

    def run(self, ports: Ports) -> Answer:
        assert isinstance(ports.index, BucketIndex)
        return sweep(ports.objects, ports.index, DOC.scope)


def cold(ports: Ports, memory: Memory | None = None) -> Ports:
    """Without a table, in a process that knows nothing yet."""
    index = BucketIndex(ports.objects, ports.clock, both=ports.parallel, each=in_turn, memory=memory)
    return replace(ports, index=index, fetch=index.fetch)


def warm(ports: Ports) -> Ports:
    """Without a table, in a process that has read before what was saved before."""
    memory = Memory()
    for ref, record in _earlier():
        memory.keep_record(ref, record)
    return cold(ports, memory)


@cache
def _earlier() -> list[tuple[ObjectRef, Record]]:
    world, _ = alone(World(), EARLIER, client=EARLIER_CLIENT, now=NOON, weaken=cold)
    lives = Lives(world.objects, Memory(), InTurn())
    read = [(ref, lives.read(DOC, number, ref)) for number, ref in lives.listed(DOC).items()]
    return [(ref, record) for ref, record in read if record is not None]


def explained(events: frozenset[Event], *, unsure: bool) -> bool:
    """Whether what callers were told can be explained by what is promised without a table.

    It is what is promised with one, but for what a bucket cannot forbid:

    - A save that is repeated by another process is another save.
    - A save during a delete may be gone with the deleted life before anybody sees it, and then share its number with
      another save of that life.
    - A save whose PUT was done without an answer, during a delete, may have been seen in the deleted life as well.

    Args:
        events: What was asked and answered.
        unsure: Whether answers to PUTs may have been lost on the way to a save that went on.
    """
    deletes = [event for event in events if isinstance(event.operation, Delete)]
    during = {
        event.key
        for event in events
        if any(event.key not in other.before and other.key not in event.before for other in deletes)
    }
    if not unsure:
        return judge.explained(events, Rules(during))
    told_twice = {
        event
        for event in events
        if isinstance(event.operation, SaveInRounds) and event.key in during and event.answer is not None
    }
    ghosts = {event.key: (*event.key[:2], event.key[2] + _GHOST) for event in told_twice}
    both = {event._replace(before=event.before | {ghosts[event.key]}) for event in told_twice}
    both |= {event._replace(key=ghosts[event.key], answer=None, ended=False) for event in told_twice}
    return judge.explained(events - told_twice | both, Rules(during))


class Rules:
    """What operations do to an artifact without a table."""

    def __init__(self, during: set[Key]) -> None:
        """Args: during: Operations that overlap a delete."""
        self._during = during

    def __call__(self, artifact: Artifact, event: Event, shared: frozenset[Key]) -> Iterator[Artifact]:
        if isinstance(event.operation, Sweep):
            yield artifact
            return
        if not isinstance(event.operation, (Save, SaveInRounds)):
            yield from judge.done(artifact, event, shared)
            return
        # Not the idempotency key tells what is the same save, but which operation it is.
        one = str((*event.key[:2], event.key[2] % _GHOST))
        life = len(artifact.lives) - 1
        here = [used for used in artifact.used if used[0] == one and used[1] == life and artifact.live is not None]
        if here:
            yield from judge.told(artifact, life, here[0][2], event.answer)
            return
        for after in judge.done(artifact._replace(used=()), event, shared):
            used = tuple([(one, *place[1:]) for place in after.used])
            yield after._replace(used=(*artifact.used, *used))
        if event.key in self._during and event.answer is not None and artifact.live is not None:
            number: int = event.answer[1]  # type: ignore[index]
            if number < len(artifact.live):
                yield from judge.told(artifact, life, number, event.answer)


def judge_bucket(world: World) -> None:
    """What holds at every moment: the versions of the life there is are 0 to some number, with their content.

    Raises:
        Violation: It does not.
    """
    found: dict[int, StoredObject] = {}
    blobs = set()
    for key, versions in world.objects._keys.items():
        current = list(versions.values())[-1]
        assert isinstance(current, StoredObject)
        if key.startswith(BLOB_PREFIX):
            blobs.add((key, current.head.version_id))
        else:
            found[parse_object_key(key)[1]] = current
    if 0 not in found:
        return
    gen = found[0].head.metadata["artifact-gen"]
    live = {number: stored for number, stored in found.items() if stored.head.metadata["artifact-gen"] == gen}
    if sorted(live) != list(range(len(live))):
        raise Violation(f"gap: versions {sorted(live)}")
    for number, stored in live.items():
        if is_manifest(stored.head):
            blob = read_record(DOC, number, stored.head, manifest=stored, foreign_gen="").version.blob
            if blob is None or (blob.key, blob.version_id) not in blobs:
                raise Violation(f"lost: version {number} has no content")
