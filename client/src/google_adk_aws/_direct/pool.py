"""One bounded pool of threads and connections for all services that reach one place with the same credentials.

A process may have hundreds of services: one for each agent, or for each request. Threads and connections are theirs
together, and end with the last of them.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from google_adk_aws._direct.workers import Workers
from google_adk_aws._io.per_process import PerProcess

if TYPE_CHECKING:
    from google_adk_aws._direct.access import Access
    from google_adk_aws._direct.aws_clients import Clients

__all__ = ["Lease", "PoolSnapshot"]

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSnapshot:
    """How a pool of threads and connections fares, in this process.

    Attributes:
        services: Services that share it.
        workers: Threads that call AWS, at most.
        busy: Calls that are under way.
        waiting: Calls that wait for a thread.
        calls: Calls since the pool was made.
    """

    services: int
    workers: int
    busy: int
    waiting: int
    calls: int


@dataclass(frozen=True, slots=True)
class _Key:
    """What services must have in common to share a pool."""

    access: tuple[object, ...] = field(repr=False)
    environment: tuple[tuple[str, str], ...] = field(repr=False)

    @classmethod
    def of(cls, access: Access) -> _Key:
        given = (
            access.region_name,
            access.aws_access_key_id,
            access.aws_secret_access_key,
            access.aws_session_token,
            access.endpoint_url,
            access.table_endpoint_url,
            access.workers,
            # Its client is changed for its bucket.
            access.bucket_name if access.allow_unconditional_writes else None,
        )
        # What is not given, boto3 finds there.
        found = sorted(item for item in os.environ.items() if item[0].startswith("AWS_"))
        return cls(given, tuple(found))


class _Pool:
    """Threads and clients, and who uses them."""

    def __init__(self, access: Access) -> None:
        self.workers = Workers(access.workers)
        self.clients: PerProcess[Clients] = PerProcess(lambda: _clients(access))
        self.leases: weakref.WeakSet[Lease] = weakref.WeakSet()
        self.limit = access.workers
        self.calls = 0

    def close(self) -> None:
        self.workers.close()
        clients = self.clients.made()
        if clients is not None:
            clients.close()


def _clients(access: Access) -> Clients:
    # Here and not above: users of the API need no boto3.
    from google_adk_aws._direct.aws_clients import Clients  # noqa: PLC0415

    return Clients(access)


# A service that is forgotten without being closed takes its threads along.
_pools: Final[weakref.WeakValueDictionary[_Key, _Pool]] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def _renew_lock() -> None:
    """Another thread may have held it when the process forked."""
    global _lock  # noqa: PLW0603 - the one of this module
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)


class _UnderWay:
    """Calls that have not ended. A process has its own: those of its parent never end in it."""

    def __init__(self) -> None:
        self._futures: set[Future[Any]] = set()
        self._lock = threading.Lock()

    def add(self, future: Future[Any]) -> None:
        with self._lock:
            self._futures.add(future)
        future.add_done_callback(self._discard)

    def _discard(self, future: Future[Any]) -> None:
        with self._lock:
            self._futures.discard(future)

    def all(self) -> set[Future[Any]]:
        with self._lock:
            return set(self._futures)


class Lease:
    """A service's part in a pool.

    Args:
        access: How the service reaches its bucket.

    Raises:
        ValueError: There would be no thread.
    """

    def __init__(self, access: Access) -> None:
        self._key = _Key.of(access)
        self._under_way = PerProcess(_UnderWay)
        self._closed = False
        with _lock:
            self._pool = _pools.get(self._key) or _Pool(access)
            _pools[self._key] = self._pool
            self._pool.leases.add(self)

    @property
    def clients(self) -> Clients:
        """This process's clients, made now if need be.

        Raises:
            ArtifactConnectionError: There are no credentials, or an argument makes no client.
        """
        return self._pool.clients.get()

    async def call(self, function: Callable[[], Result], *, to_end: bool = False) -> Result:
        """Calls a function in one of the pool's threads, as `Workers.call` does.

        Raises:
            RuntimeError: The lease is closed.
        """
        if self._closed:
            raise RuntimeError("the artifact service is closed")
        self._pool.calls += 1
        return await self._pool.workers.call(function, to_end=to_end, on_begun=self._under_way.get().add)

    @property
    def under_way(self) -> list[bool]:
        """Of each call of this lease that has not ended, whether a thread is at it."""
        return [future.running() for future in self._under_way.get().all()]

    def snapshot(self) -> PoolSnapshot:
        """How the pool fares."""
        with _lock:
            leases = list(self._pool.leases)
        running = [each for lease in leases for each in lease.under_way]
        return PoolSnapshot(
            services=len(leases),
            workers=self._pool.limit,
            busy=sum(running),
            waiting=len(running) - sum(running),
            calls=self._pool.calls,
        )

    def close(self) -> None:
        """Waits for this lease's calls; the pool ends with its last lease."""
        self._closed = True
        wait(self._under_way.get().all())
        with _lock:
            self._pool.leases.discard(self)
            is_last = not self._pool.leases and _pools.get(self._key) is self._pool
            if is_last:
                del _pools[self._key]
        if is_last:
            self._pool.close()
