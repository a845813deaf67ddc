"""Every schedule of a model, each state once."""

from __future__ import annotations

import gc
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from time import process_time
from typing import Any, Final

from tests.model.history import Event
from tests.model.judge import Violation, judge_always
from tests.model.schedule import Effect, Model, Move, State, Turn, described
from tests.model.worlds import Call, World

__all__ = ["Found", "Remembering", "everything"]

_TOO_LONG: Final = 400


@dataclass(kw_only=True)
class Found:
    """What exploring has found.

    Attributes:
        states: Different states.
        steps: Storage calls from one state to another.
        ends: States in which nobody is at work any more.
        worlds: Different contents of bucket and table.
        longest: Calls of the longest schedule.
        seconds: Of this process.
        violation: What is broken; None if nothing is.
        schedule: The calls that lead there.
    """

    states: int = 0
    steps: int = 0
    ends: int = 0
    worlds: int = 0
    longest: int = 0
    seconds: float = 0
    violation: str | None = None
    schedule: Sequence[str] = ()

    def __str__(self) -> str:
        return (
            f"{self.states:,} states, {self.steps:,} steps, {self.ends:,} ends, {self.worlds:,} worlds, "
            f"longest {self.longest}, {self.seconds:.0f} s: {self.violation or 'no violation'}"
        )


class Remembering(Model):
    """A model that does nothing twice, so that equal worlds are one object."""

    def __init__(self, *args: Any, always: Callable[[World], None] = judge_always, **options: Any) -> None:
        """As `Model`; `always` judges every world when it is first seen."""
        super().__init__(*args, **options)
        self._always = always
        self.worlds: dict[Hashable, World] = {}
        self._effects: dict[Any, Effect] = {}

    def effect(self, world: World, turn: Turn, move: Move, now: int) -> Effect:
        key = world, turn, move, now
        found = self._effects.get(key)
        if found is None:
            found = super().effect(world, turn, move, now)
            self._effects[key] = found
        return found

    def do(self, call: Call, version: int, world: World, now: int) -> tuple[Any, World]:
        answer, after = super().do(call, version, world, now)
        return answer, self.known(after)

    def forget(self, world: World) -> World:
        return self.known(super().forget(world))

    def known(self, world: World) -> World:
        """The one world that is equal to this one; judged when it is first seen."""
        known = self.worlds.setdefault(world.identity, world)
        if known is world:
            self._always(world)
        return known


def everything(model: Remembering, world: World, events: frozenset[Event], judge: Callable[[State], None]) -> Found:
    """Goes through all schedules, depth first, and stops at the first violation.

    Args:
        model: Who does what.
        world: What there is before.
        events: What has happened before.
        judge: Judges the states in which nobody is at work any more.
    """
    started = process_time()
    search = _Search(model, judge)
    collects = gc.isenabled()
    gc.disable()  # millions of tuples and no cycle among them
    try:
        search.run(model.start(model.known(world), events))
    finally:
        if collects:
            gc.enable()
    search.found.worlds = len(model.worlds)
    search.found.seconds = process_time() - started
    return search.found


class _Search:
    def __init__(self, model: Model, judge: Callable[[State], None]) -> None:
        self.found = Found()
        self._model = model
        self._judge = judge
        self._under_way: dict[State, bool] = {}
        """Every state that was seen, and whether the schedule that is followed leads through it."""
        self._path: list[tuple[State, Iterator[Move]]] = []

    def run(self, start: State) -> None:
        move: Move | None = None
        try:
            self._enter(start)
            while self._path:
                state, moves = self._path[-1]
                move = next(moves, None)
                if move is None:
                    self._leave(state)
                else:
                    self._follow(self._model.step(state, move))
        except Violation as violation:
            self.found.violation = str(violation)
            self.found.schedule = self._told(move)
        self.found.states = len(self._under_way)

    def _follow(self, state: State) -> None:
        self.found.steps += 1
        under_way = self._under_way.get(state)
        if under_way is None:
            self._enter(state)
        elif under_way:
            raise Violation("livelock: calls lead back to where they began")

    def _enter(self, state: State) -> None:
        self._under_way[state] = True
        self._path.append((state, iter(self._model.moves(state))))
        length = len(self._path) - 1
        if length > self.found.longest:
            self.found.longest = length
            if length > _TOO_LONG:
                raise Violation("livelock: nobody comes to an end")

    def _leave(self, state: State) -> None:
        if state.done:
            self.found.ends += 1
            self._judge(state)
        self._under_way[state] = False
        self._path.pop()

    def _told(self, last: Move | None) -> list[str]:
        """The path to here, call by call."""
        told = []
        for place, (state, _) in enumerate(self._path):
            following = self._path[place + 1][0] if place + 1 < len(self._path) else None
            taken = last
            if following is not None:
                taken = next(move for move in self._model.moves(state) if self._model.step(state, move) == following)
            if taken is not None:
                told.append(described(state, taken))
        return told
