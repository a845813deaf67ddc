"""Schedules of the store on a bucket alone: few clients completely, many drawn from a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from unittest.mock import patch

from artifact_store import _deleting
from artifact_store.adapters import bucket_lives
from artifact_store.index import TableIndex
from artifact_store.maintenance import Maintenance
from artifact_store.ports import Ports
from tests.model.ending import alone
from tests.model.explore import Found, Remembering, everything
from tests.model.judge import Violation
from tests.model.operations import Answer, Delete, List, Load, Operation, Save, Versions
from tests.model.replay import Weaken
from tests.model.sampling import Chooser
from tests.model.schedule import FAULTS, NOON, Model, Move, State
from tests.model.tableless import (
    EARLIER,
    EARLIER_CLIENT,
    Retrying,
    SaveAnew,
    Sweep,
    cold,
    explained,
    judge_bucket,
    warm,
)
from tests.model.worlds import World

__all__ = ["SCENARIOS", "Scenario", "explore", "run_drawn"]

_LAST_CLIENT: Final = 90
_KINDS: Final = ("crash before", "crash after", "fail", "lose", "conflict")
"""Faults after which every save that goes on knows what it has done. Their schedules are judged more strictly."""
_TOO_LONG: Final = 2000
_MANY: Final = tuple(Save(token) for token in "pqrstuvwxyz")
"""So many that numbers of two digits are listed between others."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Clients, what they find, and what may go wrong.

    Attributes:
        clients: What each client does, one operation after the other.
        earlier: What was saved before.
        faults: How many may happen.
        kinds: Which ones.
        ports: What its processes know.
        page: Objects on a page of a list.
    """

    clients: Sequence[Sequence[Operation]]
    earlier: Sequence[Operation] = ()
    faults: int = 1
    kinds: Sequence[str] = _KINDS
    ports: Weaken = cold
    page: int = 1000


_A, _B, _C, _LARGE = SaveAnew("a"), SaveAnew("b"), SaveAnew("c"), SaveAnew("A")

SCENARIOS: Final[Mapping[str, Scenario]] = {
    "two savers that repeat what fails": Scenario(clients=[[Retrying("a")], [Retrying("b")]], kinds=tuple(FAULTS)),
    "three savers": Scenario(clients=[[_A], [_B], [_C]]),
    "saver, deleter, re-saver": Scenario(clients=[[_A], [Delete()], [_B]]),
    "saver, deleter, re-saver, of one that lives": Scenario(clients=[[_A], [Delete()], [_B]], earlier=EARLIER),
    "the same, PUTs done twice": Scenario(clients=[[_LARGE], [Delete()], [_B]], earlier=EARLIER, kinds=["repeat"]),
    "the same, done later": Scenario(clients=[[_A], [Delete()], [_B]], kinds=["late"]),
    "the same, known to them": Scenario(clients=[[_A], [Delete()], [_B]], earlier=EARLIER, ports=warm),
    "savers after a purge that may have crashed": Scenario(
        clients=[[Delete()], [_A, _B]], earlier=[Save("p"), Save("Q"), Save("r")], kinds=["crash before", "crash after"]
    ),
    "two deleters, saver": Scenario(clients=[[Delete()], [Delete()], [_A]], earlier=EARLIER),
    "saver, deleter, reader": Scenario(clients=[[_LARGE], [Delete()], [Load()]], earlier=EARLIER),
    "saver, deleter, reader of a version": Scenario(clients=[[_A], [Delete()], [Load(1)]], earlier=EARLIER),
    "saver, deleter, reader of names": Scenario(clients=[[_A], [Delete()], [List()]], earlier=EARLIER),
    "a list of versions while they are deleted": Scenario(clients=[[_A], [Delete()], [Versions()]], earlier=EARLIER),
}


def explore(scenario: Scenario, *, weaken: Weaken | None = None) -> Found:
    """Goes through all schedules of a scenario."""
    ports = weaken or scenario.ports
    model = Remembering(
        scenario.clients, faults=scenario.faults, kinds=scenario.kinds, weaken=ports, passing=(), always=judge_bucket
    )
    with patch.object(bucket_lives, "PAGE", scenario.page):
        world, events = alone(World(), scenario.earlier, client=EARLIER_CLIENT, now=NOON, weaken=ports)
        return everything(model, world, events, Ending(ports, unsure="repeat" in scenario.kinds).judge)


def run_drawn(random: Random, path: list[tuple[State, Move]], roots: dict[Any, Any], weaken: Weaken | None) -> State:
    """Draws clients and what happens to them, and runs them to their end: what `sample` wants."""
    unsure = random.random() < 0.3
    kinds = [kind for kind in FAULTS if unsure or kind != "repeat"]
    ports = weaken or random.choice([cold, warm])
    earlier = EARLIER if ports is warm else random.choice([(), EARLIER, _MANY[:3], _MANY])
    clients = _clients(random)
    page = random.choice([1, 2, 1000])
    with patch.object(bucket_lives, "PAGE", page), patch.object(_deleting, "PURGE_PAGE", 2):
        world, events = alone(World(), earlier, client=EARLIER_CLIENT, now=NOON, weaken=ports)
        model = Model(
            clients,
            faults=random.randint(0, 3),
            kinds=kinds,
            passing=(),
            weaken=ports,
            roots=roots.setdefault((ports, page), {}),
        )
        state = model.start(world, events)
        chooser = Chooser(random, len(clients))
        while moves := model.moves(state):
            move = chooser.choose(moves)
            path.append((state, move))
            after = model.step(state, move)
            if after.world is not state.world:
                judge_bucket(after.world)
            state = after
            if len(path) > _TOO_LONG:
                raise Violation("livelock: nobody comes to an end")
        Ending(ports, unsure=unsure).judge(state)
    return state


def _clients(random: Random) -> Sequence[Sequence[Operation]]:
    """Two or three savers, up to two deleters, maybe readers."""
    savers = [random.choice(letter) for letter in ("aA", "bB", "cC")[: random.randint(2, 3)]]
    clients: list[list[Operation]] = [[SaveAnew(token)] for token in savers]
    if random.random() < 0.3:
        clients[0].append(SaveAnew("d"))
    deletes = random.choice([0, 1, 1, 2])
    clients += [[Delete()] for _ in range(deletes)]
    if not deletes and random.random() < 0.5:
        clients += [[Retrying("e")]]
    if random.random() < 0.2:
        clients += [[Sweep()]]
    if random.random() < 0.6:
        kinds: list[Operation] = [Load(), Load(0), Load(1), List(), Versions()]
        clients += [random.choices(kinds, k=random.randint(1, 3)) for _ in range(random.randint(1, 2))]
    return clients


class Ending:
    """Judges how schedules end; does nothing twice."""

    def __init__(self, ports: Weaken, *, unsure: bool) -> None:
        self._ports = ports
        self._unsure = unsure
        self._seen: dict[World, Any] = {}
        self._explained: set[Any] = set()

    def judge(self, state: State) -> None:
        """Looks at what is left, and judges whether all that callers have seen can be explained.

        Raises:
            Violation: A promise is broken.
        """
        events = state.history.events
        if state.world not in self._seen:
            self._seen[state.world] = self._look(state.world)
        before = frozenset([event.key for event in events if event.ended])
        seen = self._seen[state.world]
        known = events | {event._replace(before=event.before | before) for event in seen}
        if known not in self._explained:
            if not explained(known, unsure=self._unsure):
                lines = sorted(
                    f"{event.key} {event.operation} after {sorted(event.before)}: {event.answer}" for event in known
                )
                raise Violation("\n  ".join(["answers: no order of the operations explains them", *lines]))
            self._explained.add(known)

    def _look(self, world: World) -> Any:
        after, seen = alone(world, [Versions(), Load(), List()], client=_LAST_CLIENT, now=NOON, weaken=self._ports)
        _, rebuilt = alone(after, [_Rebuilt()], client=_LAST_CLIENT, now=NOON)
        (listed,) = [event.answer for event in seen if isinstance(event.operation, Versions)]
        (again,) = [event.answer for event in rebuilt]
        if listed != again:
            raise Violation(f"rebuild: the bucket tells {listed}, a table made from it {again}")
        return seen


@dataclass(frozen=True)
class _Rebuilt:
    """Makes a table from the bucket, and lists the versions it tells."""

    once = False

    def run(self, ports: Ports) -> Answer:
        assert isinstance(ports.index, TableIndex)
        Maintenance(ports, ports.index._table).rebuild()
        return Versions().run(ports)
