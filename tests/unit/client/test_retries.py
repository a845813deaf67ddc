from __future__ import annotations

import asyncio
import email.utils
import random
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from google.genai import types

from google_adk_aws import (
    ArtifactConflictError,
    ArtifactConnectionError,
    ArtifactError,
    ArtifactServerError,
    ArtifactThrottledError,
    ArtifactTimeoutError,
    RetryPolicy,
)

from .scripted import AT_ONCE, NAMED, OWNER, ScriptedApi, artifacts, content, gateway, problem, saved

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

pytestmark = pytest.mark.unit

TEXT = types.Part(text="hello")
WORTH_REPEATING = [
    httpx.ConnectError("refused"),
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("Server disconnected without sending a response."),
    httpx.ConnectTimeout("t"),
    httpx.ReadTimeout("t"),
    httpx.WriteTimeout("t"),
    httpx.PoolTimeout("t"),
    gateway(429, "Too Many Requests"),
    gateway(500, "Internal Server Error"),
    gateway(502, "Bad Gateway"),
    gateway(503, "Service Unavailable"),
    gateway(504, "Gateway Timeout"),
    problem(409, "request_in_progress", headers={"retry-after": "0"}),
    problem(503, "contention", headers={"retry-after": "0"}),
    problem(503, "storage_unavailable"),
    problem(500, "internal_error"),
    httpx.Response(503, html="<h1>busy</h1>"),
]
FINAL = [
    problem(400, "invalid_name", field="filename"),
    problem(400, "digest_mismatch"),
    problem(401, "unauthenticated"),
    problem(403, "forbidden"),
    problem(404, "route_not_found"),
    problem(409, "some_conflict"),
    problem(413, "content_too_large"),
    problem(422, "idempotency_key_reused"),
    gateway(400, "Bad Request"),
    gateway(401, "Unauthorized"),
    gateway(403, "Forbidden"),
    gateway(404, "Not Found"),
    gateway(413, "Request Entity Too Large"),
    gateway(409, "Conflict"),
    gateway(418, "I'm a teapot"),
    gateway(501, "Not Implemented"),
    httpx.Response(302, headers={"location": "https://elsewhere.example/"}),
]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits are written down instead of waited for, and have no jitter."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("google_adk_aws._resilience.policy.asyncio.sleep", sleep)
    monkeypatch.setattr(random, "uniform", lambda _, ceiling: ceiling)
    return waited


@pytest.mark.parametrize("failure", WORTH_REPEATING, ids=repr)
async def test_what_may_work_later_is_repeated(failure: Any) -> None:
    api = ScriptedApi(failure, failure, saved(2))
    assert await api.service().save_artifact(**NAMED, artifact=TEXT, custom_metadata={"a": 1}) == 2
    assert len(api.requests) == 3
    first, *others = api.requests
    for other in others:
        assert other.headers["idempotency-key"] == first.headers["idempotency-key"]
        assert (other.url, other.content, other.headers) == (first.url, first.content, first.headers)


@pytest.mark.parametrize("failure", FINAL, ids=repr)
async def test_what_cannot_work_later_is_not_repeated(failure: httpx.Response) -> None:
    api = ScriptedApi(failure)
    with pytest.raises(ArtifactError) as caught:
        await api.service().save_artifact(**NAMED, artifact=TEXT)
    assert len(api.requests) == 1
    assert caught.value.status == failure.status_code


@pytest.mark.parametrize(
    "call",
    [
        lambda service: service.load_artifact(**NAMED),
        lambda service: service.delete_artifact(**NAMED),
        lambda service: service.list_artifact_keys(**OWNER),
        lambda service: service.list_versions(**NAMED),
        lambda service: service.list_artifact_versions(**NAMED),
        lambda service: service.get_artifact_version(**NAMED),
        lambda service: service.save_artifact(**NAMED, artifact=TEXT),
    ],
)
async def test_every_call_gives_up_after_its_attempts_with_the_last_error(
    call: Callable[[Any], Awaitable[Any]],
) -> None:
    api = ScriptedApi(httpx.ConnectError("refused"), gateway(500, "first"), gateway(503, "last"))
    with pytest.raises(ArtifactServerError, match=r"503 Service Unavailable: last \(request id gw-1\)") as caught:
        await call(api.service())
    assert (caught.value.status, caught.value.request_id, caught.value.code) == (503, "gw-1", "http_503")
    assert len(api.requests) == 3


async def test_one_attempt_switches_retries_off() -> None:
    api = ScriptedApi(httpx.ConnectError("refused"))
    with pytest.raises(ArtifactConnectionError, match="refused"):
        await api.service(retry=RetryPolicy(attempts=1)).load_artifact(**NAMED)
    assert len(api.requests) == 1


async def test_each_page_of_a_list_is_retried_by_itself() -> None:
    busy = gateway(503, "busy")
    api = ScriptedApi(busy, busy, artifacts(["a"], "c"), busy, busy, artifacts(["b"]))
    assert await api.service().list_artifact_keys(**OWNER) == ["a", "b"]


async def test_waits_double_up_to_their_bound(waits: list[float]) -> None:
    policy = RetryPolicy(attempts=7, base_delay=0.5, max_delay=5)
    with pytest.raises(ArtifactServerError):
        await ScriptedApi(gateway(503, "busy")).service(retry=policy).load_artifact(**NAMED)
    assert waits == [0.5, 1, 2, 4, 5, 5]


def test_waits_have_full_jitter() -> None:
    policy = RetryPolicy(base_delay=1, max_delay=64)
    delays = [policy.delay(attempt=4, error=None) for _ in range(500)]
    assert 0 <= min(delays) < 1
    assert 7 < max(delays) <= 8
    assert policy.delay(attempt=10**6, error=None) <= 64


async def test_retry_after_is_obeyed(waits: list[float]) -> None:
    busy = gateway(429, "slow down", headers={"retry-after": "7"})
    await ScriptedApi(busy, content(b"")).service().load_artifact(**NAMED)
    assert waits == [7]


async def test_retry_after_as_a_date_is_obeyed(waits: list[float]) -> None:
    date = email.utils.formatdate(time.time() + 10, usegmt=True)
    await (
        ScriptedApi(gateway(503, "busy", headers={"retry-after": date}), content(b"")).service().load_artifact(**NAMED)
    )
    (waited,) = waits
    assert 8 <= waited <= 10


@pytest.mark.parametrize("value", ["soon", "", "nan", "inf", "-5", "Thu, 01 Jan 1970 00:00:00 GMT", "1e400"])
async def test_a_retry_after_without_sense_is_no_wait(value: str, waits: list[float]) -> None:
    await (
        ScriptedApi(gateway(503, "busy", headers={"retry-after": value}), content(b"")).service().load_artifact(**NAMED)
    )
    assert waits == [0]


async def test_a_retry_after_that_is_too_long_is_left_to_the_caller(waits: list[float]) -> None:
    api = ScriptedApi(gateway(429, "slow down", headers={"retry-after": "3600"}))
    with pytest.raises(ArtifactThrottledError) as caught:
        await api.service(retry=RetryPolicy(deadline=None)).load_artifact(**NAMED)
    assert caught.value.retry_after == 3600
    assert (len(api.requests), waits) == (1, [])


async def test_a_wait_that_would_pass_the_deadline_is_not_begun(waits: list[float]) -> None:
    api = ScriptedApi(gateway(503, "busy", headers={"retry-after": "15"}))
    with pytest.raises(ArtifactServerError, match="busy"):
        await api.service(retry=RetryPolicy(deadline=10)).load_artifact(**NAMED)
    assert (len(api.requests), waits) == (1, [])


class Hanging(ScriptedApi):
    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.asked.set()
        await asyncio.sleep(60)
        raise AssertionError


async def test_the_deadline_ends_a_request_that_hangs() -> None:
    api, started = Hanging(), time.monotonic()
    with pytest.raises(ArtifactTimeoutError, match=r"within the deadline of 0\.2 s") as caught:
        await api.service(retry=RetryPolicy(deadline=0.2)).save_artifact(**NAMED, artifact=TEXT)
    assert time.monotonic() - started < 5
    assert caught.value.code == "deadline_exceeded"
    assert len(api.requests) == 1


async def test_cancelling_a_call_is_not_a_timeout_and_not_repeated() -> None:
    api = Hanging()
    task = asyncio.create_task(api.service().load_artifact(**NAMED))
    await asyncio.wait_for(api.asked.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(api.requests) == 1


async def test_without_a_deadline_attempts_are_the_only_bound() -> None:
    api = ScriptedApi(gateway(503, "busy"))
    with pytest.raises(ArtifactServerError):
        await api.service(retry=RetryPolicy(attempts=4, base_delay=0, deadline=None)).load_artifact(**NAMED)
    assert len(api.requests) == 4


async def test_a_timeout_error_that_is_not_the_deadlines_passes() -> None:
    def slow(_: httpx.Request) -> httpx.Response:
        raise TimeoutError("not ours")

    with pytest.raises(TimeoutError, match="not ours"):
        await ScriptedApi(slow).service(retry=AT_ONCE).load_artifact(**NAMED)


async def test_conflicts_over_a_key_are_final() -> None:
    with pytest.raises(ArtifactConflictError) as caught:
        await ScriptedApi(problem(422, "idempotency_key_reused")).service().save_artifact(**NAMED, artifact=TEXT)
    assert caught.value.code == "idempotency_key_reused"


async def test_a_retry_is_logged_without_the_content(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="google_adk_aws"):
        await ScriptedApi(gateway(503, "busy"), saved()).service().save_artifact(**NAMED, artifact=TEXT)
    (line,) = [record.getMessage() for record in caplog.records if record.name.startswith("google_adk_aws")]
    assert line.startswith("attempt 1 failed, next one in 0.00 s: the API answered 503")
