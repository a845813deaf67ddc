"""The real clock, and two storage calls at once on real threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

__all__ = ["InThreads", "InTurn", "ManyInThreads", "SystemClock"]


class SystemClock:
    """Time as the machine has it."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class InThreads:
    """Runs the second of two calls on a worker thread while the first runs here."""

    def __init__(self, *, workers: int = 16) -> None:
        """Args: workers: At most so many second calls at the same time; more have to wait."""
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="artifact-store")

    def __call__(self, first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
        later = self._pool.submit(second)
        try:
            result = first()
        except BaseException:
            later.cancel()
            raise
        return result, later.result()


class ManyInThreads:
    """Does the same for many things, several at a time. Must not be called from inside of itself."""

    def __init__(self, *, workers: int = 16) -> None:
        """Args: workers: At most so many at the same time."""
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="artifact-maintenance")

    def __call__(self, function: Callable[[Any], Any], given: Iterable[Any], /) -> Sequence[Any]:
        return list(self._pool.map(function, given))


class InTurn:
    """Runs the two calls one after the other, for adapters that do no input or output."""

    def __call__(self, first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
        return first(), second()
