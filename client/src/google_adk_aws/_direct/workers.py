"""Threads for calls that block, a bounded number."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

from google_adk_aws._io.per_process import PerProcess

__all__ = ["Workers"]

Result = TypeVar("Result")

_NAME: Final = "s3-artifact-service"


class Workers:
    """Calls functions in threads, for tasks of any event loop.

    Args:
        count: Threads of one process, at most. More calls wait their turn.
    """

    def __init__(self, count: int) -> None:
        if count < 1:
            raise ValueError("workers must be at least 1")
        self._pools = PerProcess(lambda: ThreadPoolExecutor(count, thread_name_prefix=_NAME))
        self._closed = False

    async def call(
        self,
        function: Callable[[], Result],
        *,
        to_end: bool = False,
        on_begun: Callable[[Future[Result]], None] | None = None,
    ) -> Result:
        """Calls a function in a thread. When the task is cancelled, the call itself goes on.

        Args:
            function: What to call.
            to_end: Whether a task that is cancelled waits for its end all the same.
            on_begun: Called with what becomes of it, before it is waited for.

        Raises:
            RuntimeError: The workers are closed.
        """
        if self._closed:
            raise RuntimeError("the artifact service is closed")
        run = functools.partial(contextvars.copy_context().run, function)
        future: Future[Result] = self._pools.get().submit(run)
        if on_begun is not None:
            on_begun(future)
        running = asyncio.wrap_future(future)
        try:
            return await (asyncio.shield(running) if to_end else running)
        except asyncio.CancelledError:
            while not running.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait([running])
            if not running.cancelled():
                # Looked at, so that nobody is told of an error that was never retrieved.
                running.exception()
            raise

    def close(self) -> None:
        """Ends the threads once they have done what they were given; nothing more is taken."""
        self._closed = True
        pool = self._pools.made()
        if pool is not None:
            pool.shutdown(wait=True)
