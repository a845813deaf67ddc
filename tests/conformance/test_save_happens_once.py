"""A save through the client, the handlers and the store, with storage failing once at each of its calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from google.genai import types

from artifact_api import wiring
from artifact_store import StorageUnavailable
from google_adk_aws import HttpArtifactService
from tests.faults.interposed import Counted, World

if TYPE_CHECKING:
    from local import LoopbackTransport

pytestmark = pytest.mark.unit

NAMED: dict[str, Any] = {"app_name": "app", "user_id": "alice", "session_id": "s1", "filename": "f"}
CALLS_OF_A_SAVE = 3


def fail() -> None:
    raise StorageUnavailable("made up")


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("at", range(1, CALLS_OF_A_SAVE + 1))
async def test_one_failure(loopback: LoopbackTransport, at: int, phase: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def do_not_wait(_: float) -> None: ...

    monkeypatch.setattr("google_adk_aws._resilience.policy.asyncio.sleep", do_not_wait)
    world, hook = World(), Counted(at, phase, fail)
    requests: list[httpx.Request] = []

    class Transport(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            requests.append(request)
            return await loopback.handle_async_request(request)

    wiring.use(store=world.store(hook))
    service = HttpArtifactService("http://loopback", http_client=httpx.AsyncClient(transport=Transport()))
    assert await service.save_artifact(**NAMED, artifact=types.Part(text="once")) == 0
    assert len(hook.calls) > at, "there was no such call"
    assert len(requests) == 2
    assert requests[0].headers["idempotency-key"] == requests[1].headers["idempotency-key"]
    wiring.use(store=world.store())
    assert await service.list_versions(**NAMED) == [0]
    assert await service.load_artifact(**NAMED) == types.Part(text="once")
    assert await service.save_artifact(**NAMED, artifact=types.Part(text="next")) == 1
