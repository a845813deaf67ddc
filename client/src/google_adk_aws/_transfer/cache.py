"""Contents that were loaded, kept in memory so that they need not be sent again.

A cached content is asked for with its entity tag, and the API answers whether it still is what was asked for:
nothing is ever stale. Only `max_age` trades that for requests that are not made at all.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from artifact_store.names import ArtifactId
from google_adk_aws._model.wire import StoredContent

__all__ = ["ContentCache"]

_Asked: TypeAlias = tuple[ArtifactId, int | None]
_Key: TypeAlias = tuple[ArtifactId, str]


@dataclass(slots=True)
class _Entry:
    content: StoredContent
    asked: set[_Asked] = field(default_factory=set)


class ContentCache:
    """The contents that were used last, up to a number of bytes. For any number of threads and event loops.

    What is kept is immutable, and so is what is given: bytes, and frozen facts about them.

    Args:
        max_bytes: Of all contents together. A larger content is not kept.
        max_age: Seconds for which a content is given without asking whether it is still the one.
        clock: Monotonic seconds.
    """

    def __init__(self, max_bytes: int, *, max_age: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        if max_bytes < 0 or max_age < 0:
            raise ValueError("cache_bytes and cache_max_age must not be negative")
        self._max_bytes = max_bytes
        self._max_age = max_age
        self._clock = clock
        self._bytes = 0
        self._entries: OrderedDict[_Key, _Entry] = OrderedDict()
        self._answers: dict[_Asked, tuple[_Key, float]] = {}
        self._changes = 0
        self._lock = threading.Lock()

    @property
    def mark(self) -> int:
        """To be taken before a request whose answer is kept: what changes meanwhile makes that answer old."""
        return self._changes

    def get(self, artifact: ArtifactId, version: int | None) -> tuple[StoredContent, bool] | None:
        """What was last answered to this question, and whether it is young enough not to ask again."""
        with self._lock:
            answer = self._answers.get((artifact, version))
            if answer is None:
                return None
            key, confirmed = answer
            self._entries.move_to_end(key)
            return self._entries[key].content, self._clock() - confirmed < self._max_age

    def put(
        self,
        artifact: ArtifactId,
        version: int | None,
        content: StoredContent,
        *,
        mark: int,
        confirmed: bool = True,
    ) -> None:
        """Keeps an answer, also as that to the question for its version, if it has an entity tag to ask by.

        Args:
            artifact: Which.
            version: What was asked for; None is the latest.
            content: The answer.
            mark: Taken before the request.
            confirmed: Whether the API has just said so. If not, it is asked before the content is given.
        """
        if content.etag is None or len(content.body) > self._max_bytes:
            return
        key = (artifact, content.etag)
        with self._lock:
            if mark != self._changes:
                return
            if key not in self._entries:
                self._entries[key] = _Entry(content)
                self._bytes += len(content.body)
            self._entries.move_to_end(key)
            for number in {version, content.version}:
                self._answer((artifact, number), key, self._clock() if confirmed else -math.inf)
            while self._bytes > self._max_bytes:
                self._drop(next(iter(self._entries)))

    def saved(self, artifact: ArtifactId) -> None:
        """There is another latest version now."""
        with self._lock:
            self._changes += 1
            self._forget((artifact, None))

    def deleted(self, artifact: ArtifactId) -> None:
        """There is nothing any more."""
        with self._lock:
            self._changes += 1
            for key in [key for key in self._entries if key[0] == artifact]:
                self._drop(key)

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._changes += 1
            self._entries.clear()
            self._answers.clear()
            self._bytes = 0

    def _answer(self, asked: _Asked, key: _Key, confirmed: float) -> None:
        known = self._answers.get(asked)
        if known is not None and known[0] != key:
            self._forget(asked)
        self._answers[asked] = key, confirmed
        self._entries[key].asked.add(asked)

    def _forget(self, asked: _Asked) -> None:
        """Forgets an answer, and its content when it is the answer to nothing else."""
        known = self._answers.pop(asked, None)
        if known is None:
            return
        entry = self._entries[known[0]]
        entry.asked.discard(asked)
        if not entry.asked:
            self._drop(known[0])

    def _drop(self, key: _Key) -> None:
        entry = self._entries.pop(key)
        self._bytes -= len(entry.content.body)
        for asked in entry.asked:
            self._answers.pop(asked, None)
