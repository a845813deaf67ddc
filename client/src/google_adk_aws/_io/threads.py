"""Work that would be felt on the event loop, done in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
from collections.abc import Callable
from typing import Final, ParamSpec, TypeVar

__all__ = ["in_thread", "off_loop"]

_OFF_LOOP_BYTES: Final = 256 * 1024

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


async def off_loop(function: Callable[..., Result], /, *args: object, size: int) -> Result:
    """Calls a function over `size` bytes: in a thread when that would be felt on the event loop."""
    if size > _OFF_LOOP_BYTES:
        return await asyncio.to_thread(function, *args)
    return function(*args)


async def in_thread(
    function: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """Calls a function in a thread, and does not go on before it has ended, not even when cancelled.

    For what uses a file that the caller closes next: by then its number may be another file's.
    """
    call = functools.partial(contextvars.copy_context().run, function, *args, **kwargs)
    running = asyncio.get_running_loop().run_in_executor(None, call)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([running])
        # Looked at, so that nobody is told of an error that was never retrieved.
        if not running.cancelled():
            running.exception()
        raise
