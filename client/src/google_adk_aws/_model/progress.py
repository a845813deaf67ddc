"""How far a transfer has come, told to whoever wants to know."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["Progress", "ProgressCallback", "Reporter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a transfer has come.

    Attributes:
        done_bytes: Bytes that are where they are to be. Never falls, never passes `total_bytes`.
        total_bytes: Bytes of the whole; None while that is not known.
    """

    done_bytes: int
    total_bytes: int | None


ProgressCallback: TypeAlias = Callable[[Progress], Awaitable[Any] | Any]
"""Called on the event loop, one call at a time; an asynchronous one is awaited. What it raises ends the transfer."""


class Reporter:
    """Counts, and calls back.

    Args:
        callback: Who wants to know, if anybody does.
        total: Bytes of the whole, or None.
    """

    def __init__(self, callback: ProgressCallback | None, total: int | None = None) -> None:
        self.total = total
        self._callback = callback
        self._done = 0
        self._told = -1
        self._lock = asyncio.Lock()

    async def add(self, count: int) -> None:
        """So many bytes more are done."""
        if self._callback is None:
            return
        async with self._lock:
            self._done += count
            # After a new start, what was told already is not told again.
            if self._done <= self._told and count:
                return
            self._told = max(self._told, self._done)
            told = self._callback(Progress(done_bytes=self._told, total_bytes=self.total))
            if inspect.isawaitable(told):
                await told

    def start_again(self) -> None:
        """Everything that was done has to be done again."""
        self._done = 0
