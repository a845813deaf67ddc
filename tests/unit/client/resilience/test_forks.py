"""A forked process begins anew: what its parent has under way never ends in it."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Final

import pytest

from google_adk_aws import ArtifactServerError, CircuitPolicy, ResiliencePolicy, RetryPolicy
from google_adk_aws._resilience.policy import Resilience
from tests.unit.client.resilience.clocks import FakeClock

pytestmark = pytest.mark.unit

POLICY: Final = ResiliencePolicy(
    retry=RetryPolicy(attempts=1), writes=CircuitPolicy(failures=1, open_seconds=60), reads=None
)


async def _fail() -> str:
    raise ArtifactServerError("down", status=503)


async def _answer() -> str:
    return "there"


def _call(resilience: Resilience) -> str:
    return asyncio.run(resilience.call(_answer, direction="write", place="it"))


async def _fork_while_probing(resilience: Resilience, clock: FakeClock, writing: int) -> int:
    with pytest.raises(ArtifactServerError):
        await resilience.call(_fail, direction="write", place="it")
    clock.pass_(60)
    gate, probing = asyncio.Event(), asyncio.Event()

    async def probe() -> str:
        probing.set()
        await gate.wait()
        return "there"

    task = asyncio.create_task(resilience.call(probe, direction="write", place="it"))
    await probing.wait()
    child = os.fork()
    if child == 0:
        # Whatever happens, the child must not go on with the test run, nor for ever.
        signal.alarm(60)
        try:
            asyncio._set_running_loop(None)  # the parent's
            found = _call(resilience)
            os.write(writing, f"{found} {resilience.snapshot().calls}".encode())
        finally:
            os._exit(0)
    gate.set()
    await task
    return child


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_a_probe_of_the_parent_keeps_nobody_out_of_the_child() -> None:
    clock = FakeClock()
    resilience = Resilience(POLICY, clock=clock)
    reading, writing = os.pipe()
    child = asyncio.run(_fork_while_probing(resilience, clock, writing))
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        assert answer.read() == b"there 1"
    os.waitpid(child, 0)
    assert (resilience.snapshot().calls, resilience.snapshot().writes) == (2, "closed")
