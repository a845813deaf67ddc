"""Many schedules of many clients, each drawn from a seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from time import process_time
from typing import Any, Final
from unittest.mock import patch

from artifact_store import _deleting
from tests.model.ending import Ending, alone
from tests.model.judge import Violation, judge_always
from tests.model.operations import Abort, Delete, Finalize, Heal, List, Load, Operation, Reconcile, Save, Versions
from tests.model.replay import Weaken, Where
from tests.model.scenarios import uploaded
from tests.model.schedule import NOON, PATH, Model, Move, State, described
from tests.model.worlds import World

__all__ = ["Broken", "Chooser", "Run", "Sample", "sample"]

_TOO_LONG: Final = 1000
_REMEMBER: Final = 400
"""So many schedules share what is known of where operations stand."""

_PURGE_PAGE: Final = 2
"""A purge takes several pages, as it does for more than 500 versions."""

_EARLIER_CLIENT: Final = 60
_SKEWS: Final = ((0,), (0,), (0,), (0, -1_500, 90_000))
"""Milliseconds by which clients' clocks are wrong."""


@dataclass(frozen=True)
class Broken:
    """A schedule that breaks a promise.

    Attributes:
        number: The schedule's, which with the seed makes it again.
        promise: Which promise, and how.
        schedule: Its calls.
    """

    number: int
    promise: str
    schedule: Sequence[str]

    def __str__(self) -> str:
        return "\n  ".join([f"schedule {self.number}: {self.promise}", *self.schedule])


@dataclass
class Sample:
    """What was seen in the drawn schedules.

    Attributes:
        schedules: How many.
        moves: How many storage calls and faults, by kind.
        answers: How many operations were answered, by name.
        seconds: Of this process.
        broken: Schedules that break a promise.
    """

    schedules: int = 0
    moves: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    seconds: float = 0
    broken: list[Broken] = field(default_factory=list)

    def add(self, other: Sample) -> None:
        """Adds what was seen in others."""
        self.schedules += other.schedules
        self.moves += other.moves
        self.answers += other.answers
        self.seconds += other.seconds
        self.broken += other.broken

    def __str__(self) -> str:
        told = [f"{self.schedules:,} schedules", f"{self.moves.total():,} calls"]
        told += [f"{times:,} {kind}" for kind, times in sorted(self.moves.items()) if kind not in {"go", "swap"}]
        told += [f"{times:,} {name}" for name, times in sorted(self.answers.items())]
        return f"{', '.join(told)}, {self.seconds:.0f} s: {len(self.broken)} broken"


Run = Callable[[Random, list[tuple[State, Move]], dict[Any, Any], Weaken | None], State]
"""Draws a schedule and runs it to its end; notes every move, and may share what is known of where operations stand."""


def sample(
    seed: str, numbers: Iterable[int], *, weaken: Weaken | None = None, until: int = 1, run: Run | None = None
) -> Sample:
    """Draws schedules and runs them; seed and number determine one.

    Args:
        seed: Of all of them.
        numbers: Which ones.
        weaken: Takes a safety away.
        until: Stop after so many that break a promise.
        run: Runs one; by default, one of the store with its table.
    """
    found = Sample()
    started = process_time()
    roots: dict[Any, Any] = {}
    for number in numbers:
        if number % _REMEMBER == 0:
            roots.clear()
        random = Random(f"{seed}/{number}")  # noqa: S311 - a schedule, no secret
        path: list[tuple[State, Move]] = []
        found.schedules += 1
        try:
            with patch.object(_deleting, "PURGE_PAGE", _PURGE_PAGE):
                end = (run or _run)(random, path, roots, weaken)
        except Violation as violation:
            told = [described(state, move) for state, move in path]
            found.broken.append(Broken(number, str(violation), told))
            if len(found.broken) == until:
                break
        else:
            found.answers.update(
                type(event.operation).__name__ for event in end.history.events if event.answer is not None
            )
        found.moves.update(move.kind for _, move in path)
    found.seconds = process_time() - started
    return found


def _run(random: Random, path: list[tuple[State, Move]], roots: dict[Any, Where], weaken: Weaken | None) -> State:
    clients = _clients(random)
    earlier = random.choice([(), (), (Save("p"),), (Save("p"), Save("Q"))])
    world, events = alone(uploaded(World(), [Finalize("u")]), earlier, client=_EARLIER_CLIENT, now=NOON, weaken=weaken)
    skews = random.choice(_SKEWS)
    model = Model(
        clients,
        faults=random.randint(0, 3),
        passing=random.choice([["forget"], ["jump"]]),
        skews={client: random.choice(skews) for client in range(len(clients))},
        weaken=weaken,
        roots=roots,
    )
    state = model.start(world, events)
    chooser = Chooser(random, len(clients))
    while moves := model.moves(state):
        move = chooser.choose(moves)
        path.append((state, move))
        after = model.step(state, move)
        if after.world is not state.world:
            judge_always(after.world)
        state = after
        if len(path) > _TOO_LONG:
            raise Violation("livelock: nobody comes to an end")
    undisturbed = all(move.kind in PATH for _, move in path)
    Ending(weaken=weaken).judge(state, repeat=random.choice([True, False]), undisturbed=undisturbed)
    return state


def _clients(random: Random) -> Sequence[Sequence[Operation]]:
    """Two or three savers, maybe one save twice, up to two deleters, maybe healer, reconcile and readers."""
    tokens = [random.choice(letter) for letter in ("aA", "bB", "cC")[: random.randint(2, 3)]]
    clients: list[list[Operation]] = [[Save(token)] for token in tokens]
    if random.random() < 0.5:
        clients.append([Save(tokens[0])])
    if random.random() < 0.4:
        clients += [[Finalize("u")] for _ in range(random.randint(1, 2))]
        clients += [[Abort("u")]] if random.random() < 0.3 else []
    clients += [[Delete()] for _ in range(random.choice([0, 1, 1, 2]))]
    helping = random.random()
    if helping < 0.3:
        clients.append([Heal(random.randint(0, 2)) for _ in range(2)])
    elif helping < 0.4:
        clients.append([Reconcile()])
    if random.random() < 0.4:
        kinds: list[Operation] = [Load(), Load(0), Load(1), List(), Versions()]
        clients += [random.choices(kinds, k=random.randint(1, 3)) for _ in range(random.randint(1, 2))]
    return clients


class Chooser:
    """Chooses among moves, in one of several tempers."""

    def __init__(self, random: Random, clients: int) -> None:
        self._random = random
        self._starts = [random.randint(0, 14) for _ in range(clients)]
        self._faulty = random.choice([0.03, 0.15, 0.4])
        self._steady = random.choice([0.0, 0.5, 0.9])
        self._last = 0
        self._chosen = 0

    def choose(self, moves: Sequence[Move]) -> Move:
        random = self._random
        self._chosen += 1
        faults = [move for move in moves if move.kind not in PATH]
        if faults and random.random() < self._faulty:
            kind = random.choice(sorted({move.kind for move in faults}))
            able = [move for move in faults if move.kind == kind]
        else:
            able = [move for move in moves if move.kind in PATH]
        able = [move for move in able if move.kind == "land" or self._starts[move.client] <= self._chosen] or able
        if random.random() < self._steady:
            able = [move for move in able if move.client == self._last] or able
        move = random.choice(able)
        self._last = move.client
        return move
