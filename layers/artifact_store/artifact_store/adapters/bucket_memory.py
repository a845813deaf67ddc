"""What one process may remember of a bucket: what can never change, and what it has tried itself."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final, Generic, TypeVar

from artifact_store.model import Version
from artifact_store.names import ArtifactId
from artifact_store.ports import ObjectRef, Token
from artifact_store.record import Record

__all__ = ["UNVERSIONED", "Memory", "Recent"]

UNVERSIONED: Final = "null"
"""S3's version id of an object that was put while versioning was off: the next one under its key has the same."""

_MOST_RECORDS: Final = 4096
_MOST_TOKENS: Final = 16384

Key = TypeVar("Key")
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """A mapping that forgets what was not used for the longest time. Not thread-safe."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, key: Key, value: Value) -> None:
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def drop(self, key: Key) -> None:
        self._kept.pop(key, None)


class Memory:
    """Thread-safe and bounded. Forgetting records costs a call; forgetting a key makes its repetition a new save."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: Recent[ObjectRef, Record] = Recent(_MOST_RECORDS)
        self._first: Recent[str, ObjectRef] = Recent(_MOST_RECORDS)
        self._saved: Recent[str, Token] = Recent(_MOST_TOKENS)
        self._tried: Recent[str, frozenset[int]] = Recent(_MOST_TOKENS)
        self._buried: Recent[ArtifactId, tuple[Version, ...]] = Recent(_MOST_RECORDS)

    def record(self, ref: ObjectRef) -> Record | None:
        """What a version of an object says, which never changes. That it still exists is not known."""
        with self._lock:
            return self._records.get(ref)

    def keep_record(self, ref: ObjectRef, record: Record) -> None:
        """Remembers what a version of an object says, unless its version id may come to name another one."""
        if ref.version_id != UNVERSIONED:
            with self._lock:
                self._records.put(ref, record)

    def first_of(self, gen: str) -> ObjectRef | None:
        """The object 0 that began a generation."""
        with self._lock:
            return self._first.get(gen)

    def keep_first(self, gen: str, ref: ObjectRef) -> None:
        """Remembers which object 0 began a generation."""
        with self._lock:
            self._first.put(gen, ref)

    def saved(self, token: str, now_ms: int) -> Token | None:
        """What an idempotency key has saved in this process, for as long as it stands for that."""
        with self._lock:
            token_seen = self._saved.get(token)
        return token_seen if token_seen is not None and token_seen.expires_ms >= now_ms else None

    def keep_saved(self, token: str, what: Token) -> None:
        """Remembers what a key has saved."""
        with self._lock:
            self._saved.put(token, what)

    def tried(self, token: str) -> frozenset[int]:
        """Numbers that a key's save was told to take."""
        with self._lock:
            return self._tried.get(token) or frozenset()

    def keep_tried(self, token: str, numbers: frozenset[int]) -> None:
        """Adds numbers that a key's save is told to take."""
        with self._lock:
            self._tried.put(token, (self._tried.get(token) or frozenset()) | numbers)

    def buried(self, artifact: ArtifactId) -> tuple[Version, ...]:
        """Versions 0 whose objects this process has removed, and whose blobs it has not."""
        with self._lock:
            return self._buried.get(artifact) or ()

    def keep_buried(self, version: Version) -> None:
        """Remembers a version 0 whose object was removed."""
        with self._lock:
            self._buried.put(version.artifact, (*(self._buried.get(version.artifact) or ()), version))

    def forget_buried(self, version: Version) -> None:
        """Forgets a version 0 of which nothing is left."""
        with self._lock:
            left = tuple([other for other in self._buried.get(version.artifact) or () if other.gen != version.gen])
            if left:
                self._buried.put(version.artifact, left)
            else:
                self._buried.drop(version.artifact)
