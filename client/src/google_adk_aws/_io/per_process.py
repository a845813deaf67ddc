"""What each process must have of its own.

Threads, connections and held locks do not survive a fork: the child would wait for threads that are not there, share
sockets with its parent, and find locks held by nobody. So they belong to the process that made them, and a child
makes its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["PerProcess"]

Value = TypeVar("Value")


class PerProcess(Generic[Value]):
    """One of something for every process.

    Args:
        make: Makes it; perhaps twice at the same moment, of which one is used.
    """

    def __init__(self, make: Callable[[], Value]) -> None:
        self._make = make
        self._by_pid: dict[int, Value] = {}

    def get(self) -> Value:
        """This process's, made now if need be."""
        # No lock: another thread may hold it while the process forks, and in the child for ever.
        pid = os.getpid()
        found = self._by_pid.get(pid)
        if found is None:
            found = self._by_pid.setdefault(pid, self._make())
        return found

    def made(self) -> Value | None:
        """This process's, if there is one."""
        return self._by_pid.get(os.getpid())
