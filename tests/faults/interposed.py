"""Ports with a hook before and after every storage call, for faults, crashes and interleavings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from artifact_store.adapters.memory import MemoryObjects, MemoryTable
from artifact_store.adapters.memory_transfers import MemoryTransfers
from artifact_store.adapters.time import InTurn
from artifact_store.erasing import Eraser
from artifact_store.erasures import Erasures
from artifact_store.ids import new_id
from artifact_store.index import TableIndex
from artifact_store.maintenance import Maintenance, in_turn
from artifact_store.ports import Clock, Parallel, Ports
from artifact_store.store import ArtifactStore

Hook = Callable[[str, str], None]


class Crash(BaseException):
    """The process dies here. Not an Exception, so that nothing handles it."""


class TestClock:
    """A clock that only sleeping moves."""

    __test__ = False

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def now_ms(self) -> int:
        return int(self.now * 1000)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Interposed:
    """Calls `hook(name, "before" | "after")` around every call of a port."""

    def __init__(self, target: object, hook: Hook) -> None:
        self._target = target
        self._hook = hook

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._target, name)
        if not callable(attribute):
            return attribute

        def call(*args: Any, **kwargs: Any) -> Any:
            self._hook(name, "before")
            result = attribute(*args, **kwargs)
            self._hook(name, "after")
            return result

        return call


class World:
    """One bucket and one table, and as many stores over them as a test wants."""

    def __init__(self) -> None:
        self.clock = TestClock()
        self.objects = MemoryObjects(clock=self.clock)
        self.transfers = MemoryTransfers(self.objects, clock=self.clock)
        self.table = MemoryTable(clock=self.clock)

    def store(
        self, hook: Hook | None = None, *, clock: Clock | None = None, parallel: Parallel | None = None
    ) -> ArtifactStore:
        return ArtifactStore(self._ports(self._table(hook), hook, clock or self.clock, parallel or InTurn()))

    def maintenance(self, hook: Hook | None = None) -> Maintenance:
        table = self._table(hook)
        return Maintenance(self._ports(table, hook, self.clock, InTurn()), table)

    def erasures(self, hook: Hook | None = None) -> Erasures:
        return Erasures(self._table(hook), self.clock)

    def eraser(self, hook: Hook | None = None) -> Eraser:
        ports = self._ports(self._table(hook), hook, self.clock, InTurn())
        return Eraser(ports, self.erasures(hook), each=in_turn)

    def _table(self, hook: Hook | None) -> Any:
        return Interposed(self.table, hook) if hook else self.table

    def _ports(self, table: Any, hook: Hook | None, clock: Clock, parallel: Parallel) -> Ports:
        objects: Any = Interposed(self.objects, hook) if hook else self.objects
        transfers: Any = Interposed(self.transfers, hook) if hook else self.transfers
        return Ports(
            objects=objects,
            transfers=transfers,
            index=TableIndex(table, clock),
            clock=clock,
            parallel=parallel,
            new_id=new_id,
        )


class Counted:
    """A hook that counts calls, and does something at one of them."""

    def __init__(self, at: int = 0, phase: str = "", act: Callable[[], object] | None = None) -> None:
        self.calls: list[str] = []
        self._at = at
        self._phase = phase
        self._act = act

    def __call__(self, name: str, phase: str) -> None:
        if phase == "before":
            self.calls.append(name)
        if self._act is not None and len(self.calls) == self._at and phase == self._phase:
            act, self._act = self._act, None
            act()


class Depth:
    """A hook and a `Parallel` that count calls, and how many of them wait for each other."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.depth = 0

    def hook(self, name: str, phase: str) -> None:
        if phase == "before":
            self.calls.append(name)
            self.depth += 1

    def parallel(self, first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
        start = self.depth
        one = first()
        after_first, self.depth = self.depth, start
        two = second()
        self.depth = max(after_first, self.depth)
        return one, two
