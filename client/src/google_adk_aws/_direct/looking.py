"""What is found out about a bucket once, for all services that reach it by the same clients."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ["Looks"]


class Looks:
    """Buckets that were looked at. For any number of threads of one process."""

    def __init__(self) -> None:
        self._fit: set[str] = set()
        self._failed: dict[str, tuple[float, Exception]] = {}
        self._locks: dict[str, threading.Lock] = {}

    def once(self, bucket_name: str, look: Callable[[], None]) -> None:
        """Looks at a bucket, unless that was done before; who waits meanwhile gets what comes of it.

        Args:
            bucket_name: Which.
            look: Raises what is wrong with it; then it is looked at again by the next one who asks.
        """
        if bucket_name in self._fit:
            return
        asked = time.monotonic()
        with self._locks.setdefault(bucket_name, threading.Lock()):
            if bucket_name in self._fit:
                return
            failed_at, error = self._failed.get(bucket_name, (0.0, None))
            # Else all who wait would time out on a dead server one after the other.
            if error is not None and failed_at > asked:
                raise error
            try:
                look()
            except Exception as failure:
                self._failed[bucket_name] = time.monotonic(), failure
                raise
            self._failed.pop(bucket_name, None)
            self._fit.add(bucket_name)
