"""Ports with a meter: every storage call is counted and timed, and may be made slower."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from artifact_store.adapters.memory import MemoryObjects, MemoryTable
from artifact_store.adapters.memory_transfers import MemoryTransfers
from artifact_store.adapters.time import InTurn, SystemClock
from artifact_store.ids import new_id
from artifact_store.index import TableIndex
from artifact_store.ports import Ports, Table

NAMES = {
    "create": "PutObject",
    "head": "HeadObject",
    "head_version": "HeadObject",
    "list_versions": "ListObjectVersions",
    "pending": "ListMultipartUploads",
    "query": "Query",
    "scan": "Scan",
    "transact": "TransactWriteItems",
    "put": "PutItem",
}


class Meter:
    """How many calls there were, and how long they took together, by name and outcome."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.seconds: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, name: str, seconds: float) -> None:
        with self._lock:
            self.calls[name] += 1
            self.seconds[name] += seconds  # type: ignore[assignment]  # a Counter of floats works as well

    def table(self, operations: int, what: str) -> str:
        """Calls and milliseconds, as a table."""
        lines = [f"| call | per {what} | ms each |", "|---|---|---|"]
        for name, count in sorted(self.calls.items()):
            lines.append(f"| {name} | {count / operations:.2f} | {self.seconds[name] / count * 1000:.1f} |")
        return "\n".join(lines)


class Metered:
    """A port whose calls are metered.

    A call takes effect after half of its latency: the other half is the answer's way back.
    """

    def __init__(self, target: object, service: str, meter: Meter, *, latency: Callable[[], float]) -> None:
        self._target = target
        self._service = service
        self._meter = meter
        self._latency = latency

    def __getattr__(self, method: str) -> Any:
        attribute = getattr(self._target, method)
        if not callable(attribute):
            return attribute

        def call(*args: Any, **options: Any) -> Any:
            name = self._name(method, args)
            half = self._latency() / 2
            started = time.perf_counter()
            _pass(half)
            try:
                result = attribute(*args, **options)
            except Exception as error:
                name = f"{name}: {type(error).__name__}"
                raise
            finally:
                _pass(half)
                self._meter.add(name, time.perf_counter() - started)
            return result

        return call

    def _name(self, method: str, args: tuple[Any, ...]) -> str:
        several = bool(args) and isinstance(args[0], list) and len(args[0]) > 1
        if method == "get":
            return "GetObject" if self._service == "s3" else "BatchGetItem" if several else "GetItem"
        if method == "delete":
            if self._service == "s3":
                return "DeleteObjects" if several else "DeleteObject"
            return "BatchWriteItem"
        return NAMES[method]


def _pass(seconds: float) -> None:
    if seconds > 0:
        time.sleep(seconds)


class MeteredClock(SystemClock):
    """A clock that tells how long was waited on purpose."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def sleep(self, seconds: float) -> None:
        started = time.perf_counter()
        super().sleep(seconds)
        self._meter.add("(pause)", time.perf_counter() - started)


def memory_ports(objects: MemoryObjects, table: MemoryTable) -> Ports:
    """Ports over the strict in-memory adapters."""
    clock = SystemClock()
    return Ports(
        objects=objects,
        transfers=MemoryTransfers(objects, clock=clock),
        index=TableIndex(table, clock),
        clock=clock,
        parallel=InTurn(),
        new_id=new_id,
    )


def metered_ports(
    ports: Ports,
    table: Table,
    meter: Meter,
    *,
    s3: Callable[[], float] = lambda: 0.0,
    dynamodb: Callable[[], float] = lambda: 0.0,
) -> tuple[Ports, Table]:
    """The same ports and the table under their index, all metered.

    Args:
        ports: What is metered.
        table: The table under their index.
        meter: Where calls are counted.
        s3: Gives the latency that is added to each call of the bucket, in seconds.
        dynamodb: Gives the latency that is added to each call of the table, in seconds.
    """
    clock = MeteredClock(meter)
    slow_objects: Any = Metered(ports.objects, "s3", meter, latency=s3)
    slow_transfers: Any = Metered(ports.transfers, "s3", meter, latency=s3)
    slow_table: Any = Metered(table, "dynamodb", meter, latency=dynamodb)
    slow = replace(
        ports, objects=slow_objects, transfers=slow_transfers, index=TableIndex(slow_table, clock), clock=clock
    )
    return slow, slow_table
