"""Saves of one artifact in one process put one after the other, each after what the one before has put.

Without a table whoever loses a number has to look before it tries the next, so savers who meet at every number take
two calls for each version. In one process they need not meet. Nothing here is needed for safety: the conditional PUT
decides, as it does between processes, and a saver who waited too long goes on as if it were alone.

Going on from what another save has put is as good as having looked, if all of this is true:

- This save has looked since it was asked to save, so that the life was there since then; or it found none, and the life
  began with an object 0 that this process put after that look began.
- Its token was looked up this once. A repeated one may have put something itself whose answer is lost; only a look
  finds that.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from artifact_store.adapters.bucket_memory import Recent
from artifact_store.model import Version
from artifact_store.names import ArtifactId
from artifact_store.ports import Head

__all__ = ["Line", "Turns"]

_MOST_LOOKS: Final = 16384
_PATIENCE_SECONDS: Final = 2.0
"""So long a turn is waited for; a PUT that hangs must not stop every other save of its artifact."""


@dataclass(slots=True)
class Line:
    """The saves of one artifact that are at work in this process.

    Attributes:
        here: How many there are.
        turn: Held by the one that puts.
    """

    here: int = 0
    turn: threading.Lock = field(default_factory=threading.Lock)
    # The latest version that one of them has put, and when the PUT of its life's object 0 began; before all looks if
    # none of them has put that. Replaced as one: who waited too long goes on beside the one whose turn it is.
    _last: tuple[Version, int] | None = None

    def took(self, version: Version, *, since: int) -> None:
        """Remembers what was put in a turn that began then."""
        last, begun = self._last or (None, -1)
        if last is None or last.gen != version.gen:
            begun = since if version.number == 0 else -1
        elif last.number > version.number:
            return
        self._last = version, begun

    def later(self, head: Head | None, *, looked: int) -> Version | None:
        """What was put after all that a look has seen, in the same life; None if nothing was."""
        if self._last is None:
            return None
        last, begun = self._last
        if head is None:
            return last if begun > looked else None
        return last if last.gen == head.gen and last.number >= head.next else None


class Turns:
    """The lines of one process. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[ArtifactId, Line] = {}
        self._looks: Recent[str, tuple[int, int]] = Recent(_MOST_LOOKS)
        self._ticks = count()

    def now(self) -> int:
        """A moment; every later one is greater."""
        return next(self._ticks)

    def looking(self, token: str) -> None:
        """Notes that a save looks at its artifact now."""
        with self._lock:
            looks, _ = self._looks.get(token) or (0, 0)
            self._looks.put(token, (looks + 1, self.now()))

    def only_look(self, token: str) -> int | None:
        """When a save looked at its artifact; None when it did not do so exactly once."""
        with self._lock:
            looks, moment = self._looks.get(token) or (0, 0)
        return moment if looks == 1 else None

    @contextmanager
    def taken(self, artifact: ArtifactId) -> Iterator[Line]:
        """Waits for a turn, but not for long, and gives it back at the end."""
        with self._lock:
            line = self._lines.setdefault(artifact, Line())
            line.here += 1
        mine = line.turn.acquire(timeout=_PATIENCE_SECONDS)
        try:
            yield line
        finally:
            if mine:
                line.turn.release()
            with self._lock:
                line.here -= 1
                if not line.here:
                    del self._lines[artifact]
