"""One operation, its faults, and the judgement of it."""

from __future__ import annotations

import asyncio
import contextlib
from types import SimpleNamespace
from typing import Any, Final
from unittest.mock import patch

from google_adk_aws import ArtifactError, ArtifactPermissionError, ArtifactUnavailableError
from google_adk_aws._resilience import retry
from tests.faults.boundary.wire import Fault
from tests.faults.services.operations import OPERATIONS, Operation, bodies, prepare, save
from tests.faults.services.places import Place
from tests.faults.services.wires import DENIED, DirectWire

__all__ = ["calls_of", "undergo"]

_SECONDS: Final = 60.0
"""Nobody waits for long: what hangs is answered at once here, and retries pause for milliseconds."""

_GIVING_UP: Final = (("http", "DELETE"),)
_FREEING: Final = (*_GIVING_UP, ("s3", "HeadObject"), ("s3", "DeleteObject"), ("s3", "AbortMultipartUpload"))


async def calls_of(place: Place, name: str) -> list[tuple[str, str]]:
    """The calls of an operation to which nothing happens."""
    operation, scope = OPERATIONS[name], place.new_scope()
    await prepare(operation, place.sound, scope)
    place.wire.begin()
    await operation.run(place.service, scope)
    return list(place.wire.calls)


async def undergo(place: Place, name: str, *faults: Fault) -> bool:
    """Runs an operation that meets these faults, and judges; returns whether the caller was told."""
    operation, scope = OPERATIONS[name], place.new_scope()
    await prepare(operation, place.sound, scope)
    place.wire.begin(*faults)
    told: ArtifactError | None = None
    async with asyncio.timeout(_SECONDS):
        try:
            await _at_work(place, name, scope)
        except ArtifactError as error:
            told = error
    met, calls = list(place.wire.met), list(place.wire.calls)
    place.wire.begin()
    if told is not None:
        _judge_error(told, met, calls, operation)
    now = await bodies(place.sound, scope, operation.name)
    before, after = list(operation.before), list(operation.after)
    if told is None:
        assert now == after, f"answered, and not done: {now}"
    else:
        assert now in (before, after), f"half done: {now}"
    # Whatever has happened, the next one is served.
    if operation.after != operation.before and operation.after:
        body = b"the next"
        assert await save(place.service, scope, body, name=operation.name) in {len(before), len(after)}
        now = await bodies(place.sound, scope, operation.name)
        assert now in ([*before, body], [*after, body]), f"then lost, or done twice: {now}"
    await place.settle(scope)
    assert await bodies(place.sound, scope, operation.name) == now, "repaired into something else"
    return told is not None


async def _at_work(place: Place, name: str, scope: dict[str, Any]) -> None:
    """Nobody waits: not between the service's repetitions, nor between botocore's."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(patch.object(retry, "asyncio", SimpleNamespace(sleep=_no_time)))
        if isinstance(place.wire, DirectWire):
            stack.enter_context(place.wire.clock.for_botocore())
        await OPERATIONS[name].run(place.service, scope)


async def _no_time(_: float) -> None:
    await asyncio.sleep(0)


def _judge_error(error: ArtifactError, met: list[Fault], calls: list[tuple[str, str]], operation: Operation) -> None:
    assert error.error_code, "an error has a code"
    assert met, f"told of what has not happened: {error!r}"
    if any(fault.kind == DENIED for fault in met):
        assert isinstance(error, ArtifactPermissionError), error
        (denied, *_) = [fault for fault in met if fault.kind == DENIED]
        # An upload that is denied is given up, which frees what was sent.
        freeing = _FREEING if operation.is_large else _GIVING_UP
        again = [call for call in calls[denied.at + 1 :] if call not in freeing]
        assert not again, f"after it was denied: {again}"
    else:
        assert isinstance(error, ArtifactUnavailableError), f"nobody would think of repeating it: {error!r}"
