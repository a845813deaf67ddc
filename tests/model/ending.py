"""After the last call: interrupted saves are repeated or not, the store repairs itself, and all is judged."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any, Final

from artifact_store import ArtifactStoreError
from artifact_store.adapters.time import InTurn
from artifact_store.index import TableIndex
from artifact_store.names import BLOB_PREFIX, parse_object_key
from artifact_store.ports import Ports
from tests.model.history import Event
from tests.model.judge import Violation, explained, judge_at_rest
from tests.model.operations import Answer, Finalize, Heal, Load, Operation, Reconcile, Save, SaveInRounds, Versions
from tests.model.replay import SECONDS_PER_PAUSE, Weaken
from tests.model.schedule import State
from tests.model.worlds import STORAGE_CLOCK, World

__all__ = ["Ending", "alone"]

_REPAIRER: Final = 90
"""Numbers of clients that no schedule has: ids and S3 versions come from them."""

_LATER_MS: Final = 26 * 60 * 60 * 1000
_USUAL_MS: Final = 15 * 60 * 1000


def alone(
    world: World, operations: Sequence[Operation], *, client: int, now: int, weaken: Weaken | None = None
) -> tuple[World, frozenset[Event]]:
    """Does operations one after the other, with nobody else there and no fault.

    Raises:
        Violation: One fails.
    """
    after = world.copy()
    ports = _Alone(after, client, now).ports
    events: list[Event] = []
    for place, operation in enumerate(operations):
        before = frozenset([event.key for event in events])
        try:
            answer = operation.run(weaken(ports) if weaken else ports)
        except ArtifactStoreError as error:
            raise Violation(f"broke: {operation} alone: {error!r}") from error
        events.append(Event((client, place, 0), operation, before, answer, ended=True))
    return after, frozenset(events)


class _Alone:
    """Ports straight to a world; also the clock."""

    def __init__(self, world: World, client: int, now: int) -> None:
        STORAGE_CLOCK.now = now
        self._now = now
        self._client = client
        self._ids = count(1)
        self._pauses = 0
        world.objects._ids = count(client * 1_000_000)
        self.ports = Ports(
            objects=world.objects,
            transfers=world.transfers,
            index=TableIndex(world.table, self),
            clock=self,
            parallel=InTurn(),
            new_id=self._new_id,
        )

    def _new_id(self) -> str:
        return f"{self._now:012x}{self._client:016x}{next(self._ids):04x}"

    def now_ms(self) -> int:
        return self._now

    def monotonic(self) -> float:
        return self._now / 1000 + self._pauses * SECONDS_PER_PAUSE

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self._pauses += 1


class Ending:
    """Judges how schedules end; does nothing twice."""

    def __init__(self, *, weaken: Weaken | None = None) -> None:
        """Judges nothing yet."""
        self._weaken = weaken
        self._repaired: dict[Any, tuple[frozenset[Event], Answer]] = {}
        self._explained: set[frozenset[Event]] = set()

    def judge(self, state: State, *, repeat: bool, undisturbed: bool) -> None:
        """Lets the store repair what is left, and judges what callers then see.

        Args:
            state: The end of a schedule.
            repeat: Whether callers repeat the saves that were interrupted, and every object is looked
                at again as its S3 event demands, before all is compared a day later.
            undisturbed: Whether nothing has failed, so that nothing may be left to repair.

        Raises:
            Violation: A promise is broken.
        """
        events = state.history.events
        interrupted = {
            _repetition(event.operation)
            for event in events
            if isinstance(event.operation, (Save, SaveInRounds, Finalize)) and event.answer is None
        }
        seen, drift = self._repair(state.world, tuple(sorted(interrupted, key=str)), state.now, repeat=repeat)
        if undisturbed and drift != ():
            raise Violation(f"drift: nothing has failed, and there is {drift}")
        before = frozenset([event.key for event in events if event.ended])
        told = events | {event._replace(before=event.before | before) for event in seen}
        if told not in self._explained:
            if not explained(told):
                raise Violation(_describe(told))
            self._explained.add(told)

    def _repair(
        self, world: World, interrupted: tuple[Operation, ...], now: int, *, repeat: bool
    ) -> tuple[frozenset[Event], Answer]:
        """What callers see in the end, and what reconcile has found."""
        key = world, interrupted if repeat else None, now
        known = self._repaired.get(key)
        if known is not None:
            return known
        seen: frozenset[Event] = frozenset()
        if repeat:
            world, seen = self._alone(world, interrupted, now)
            keys = {ref.key for ref in world.objects.refs() if not ref.key.startswith(BLOB_PREFIX)}
            numbers = sorted(parse_object_key(key)[1] for key in keys)
            world, _ = self._alone(world, [Heal(number) for number in numbers], now, client=_REPAIRER + 1)
        world, compared = self._alone(world, [Reconcile(_USUAL_MS)], now + _LATER_MS, client=_REPAIRER + 2)
        (drift,) = [event.answer for event in compared]
        judge_at_rest(world)
        final: list[Operation] = [Versions(), Load()]
        if not repeat:
            final.append(Reconcile(_USUAL_MS))
        _, last = self._alone(world, final, now + _LATER_MS, client=_REPAIRER + 3)
        if any(isinstance(event.operation, Reconcile) and event.answer != () for event in last):
            raise Violation("drift: reconcile leaves something to do")
        first = frozenset([event.key for event in seen])
        seen |= {event._replace(before=event.before | first) for event in last}
        self._repaired[key] = seen, drift
        return seen, drift

    def _alone(
        self, world: World, operations: Sequence[Operation], now: int, *, client: int = _REPAIRER
    ) -> tuple[World, frozenset[Event]]:
        return alone(world, operations, client=client, now=now, weaken=self._weaken)


def _repetition(operation: Save | SaveInRounds | Finalize) -> Operation:
    return operation if isinstance(operation, Finalize) else Save(operation.token)


def _describe(events: frozenset[Event]) -> str:
    """In which way the answers cannot be explained."""
    by_time = sorted(events, key=lambda event: (len(event.before), event.key))
    lines = [f"{event.key} {event.operation} after {sorted(event.before)}: {event.answer}" for event in by_time]
    return "\n  ".join(["answers: no order of the operations explains them", *lines])
