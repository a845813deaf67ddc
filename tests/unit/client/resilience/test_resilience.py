"""What a service does when what it calls fails; the services themselves are in the last part."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx
import pytest
from google.genai import types

from artifact_store.adapters.memory import MemoryObjects, open_store
from artifact_store.errors import StorageUnavailable
from google_adk_aws import (
    ArtifactCircuitOpenError,
    ArtifactClient,
    ArtifactConnectionError,
    ArtifactForbiddenError,
    ArtifactId,
    ArtifactNotFoundError,
    ArtifactServerError,
    ArtifactThrottledError,
    ArtifactTimeoutError,
    CircuitPolicy,
    HttpArtifactService,
    ResiliencePolicy,
    RetryBudget,
    RetryConfig,
    RetryPolicy,
)
from google_adk_aws._resilience.policy import Direction, Resilience
from tests.direct_services import in_memory
from tests.unit.client.resilience.clocks import FakeClock

pytestmark = pytest.mark.unit

QUICK: Final = RetryPolicy(attempts=3, base_delay=0, max_delay=0)
NEVER: Final = RetryPolicy(attempts=1)
DOWN: Final = ArtifactServerError("down", status=503)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


class Service:
    """Answers what it was told to, in turn; the last one for ever."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self) -> object:
        self.asked += 1
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, float):
            await asyncio.sleep(answer)
        return answer


async def outcome(resilience: Resilience, service: Callable[[], Awaitable[object]], way: Direction = "read") -> object:
    try:
        return await resilience.call(service, direction=way, place="it")
    except Exception as error:  # noqa: BLE001 - what comes out is what is looked at
        return type(error)


async def test_what_may_work_later_is_repeated(clock: FakeClock) -> None:
    resilience = Resilience(ResiliencePolicy(retry=QUICK), clock=clock)
    assert await outcome(resilience, Service(DOWN, DOWN, "there")) == "there"
    found = resilience.snapshot()
    assert (found.calls, found.attempts, found.retries, found.retries_refused) == (1, 3, 2, 0)


@pytest.mark.parametrize("error", [ArtifactForbiddenError("no"), ArtifactNotFoundError("no"), ValueError("no")])
async def test_what_cannot_work_later_is_not(clock: FakeClock, error: Exception) -> None:
    resilience = Resilience(ResiliencePolicy(retry=QUICK), clock=clock)
    service = Service(error)
    assert await outcome(resilience, service) is type(error)
    assert service.asked == 1


async def test_an_outage_is_not_multiplied(clock: FakeClock) -> None:
    budget = RetryBudget(share=0.1, reserve=5, reserve_seconds=1e9)
    resilience = Resilience(ResiliencePolicy(retry=QUICK, budget=budget, reads=None), clock=clock)
    service = Service(DOWN)
    for _ in range(100):
        assert await outcome(resilience, service) is ArtifactServerError
    assert 100 + 5 <= service.asked <= 100 + 5 + 10
    found = resilience.snapshot()
    assert found.attempts == service.asked == 100 + found.retries
    assert found.retries_refused > 80


async def test_reads_and_writes_have_circuits_of_their_own(clock: FakeClock) -> None:
    resilience = Resilience(ResiliencePolicy(retry=NEVER), clock=clock)
    down = Service(DOWN)
    for _ in range(3):
        await outcome(resilience, down, "write")
    assert await outcome(resilience, down, "write") is ArtifactCircuitOpenError
    assert down.asked == 3
    found = resilience.snapshot()
    assert (found.reads, found.writes, found.rejected, found.opened) == ("closed", "open", 1, 1)
    for _ in range(5):
        assert await outcome(resilience, down) is ArtifactServerError
    assert await outcome(resilience, down) is ArtifactCircuitOpenError


async def test_the_error_says_when_to_come_back(clock: FakeClock) -> None:
    resilience = Resilience(ResiliencePolicy(retry=NEVER), clock=clock)
    for _ in range(3):
        await outcome(resilience, Service(DOWN), "write")
    clock.pass_(20)
    with pytest.raises(ArtifactCircuitOpenError, match="writes of it failed") as caught:
        await resilience.call(Service("x"), direction="write", place="it")
    assert (caught.value.code, caught.value.retry_after) == ("circuit_open", 40.0)
    for _ in range(5):
        await outcome(resilience, Service(DOWN))
    with pytest.raises(ArtifactCircuitOpenError, match="reads of it failed") as caught:
        await resilience.call(Service("x"), direction="read", place="it")
    assert caught.value.retry_after == 30.0


@pytest.mark.parametrize(
    "error",
    [
        ArtifactNotFoundError("no"),
        ArtifactForbiddenError("no"),
        ArtifactThrottledError("slowly", status=429),
        ArtifactServerError("an equal one is under way", status=409),
        ValueError("a bug"),
    ],
)
async def test_an_answer_is_no_failure(clock: FakeClock, error: Exception) -> None:
    resilience = Resilience(ResiliencePolicy(retry=NEVER, reads=CircuitPolicy(failures=1, open_seconds=9)), clock=clock)
    for _ in range(5):
        await outcome(resilience, Service(error))
    assert resilience.snapshot().reads == "closed"
    await outcome(resilience, Service(ArtifactConnectionError("nobody")))
    assert resilience.snapshot().reads == "open"


async def test_one_probe_goes_through_and_is_not_repeated(clock: FakeClock) -> None:
    policy = ResiliencePolicy(retry=QUICK, reads=CircuitPolicy(failures=1, open_seconds=30))
    resilience = Resilience(policy, clock=clock)
    await outcome(resilience, Service(DOWN))
    clock.pass_(30)
    down = Service(DOWN)
    assert await outcome(resilience, down) is ArtifactServerError
    assert down.asked == 1
    clock.pass_(30)

    gate = asyncio.Event()
    asked = 0

    async def slow() -> str:
        nonlocal asked
        asked += 1
        await gate.wait()
        return "there"

    tasks = [asyncio.create_task(outcome(resilience, slow)) for _ in range(20)]
    await asyncio.sleep(0)
    gate.set()
    answers = await asyncio.gather(*tasks)
    assert (asked, answers.count("there"), answers.count(ArtifactCircuitOpenError)) == (1, 1, 19)
    assert resilience.snapshot().reads == "closed"


async def test_a_probe_that_is_cancelled_leaves_the_place_to_another(clock: FakeClock) -> None:
    policy = ResiliencePolicy(retry=QUICK, reads=CircuitPolicy(failures=1, open_seconds=30))
    resilience = Resilience(policy, clock=clock)
    await outcome(resilience, Service(DOWN))
    clock.pass_(30)
    probe = asyncio.create_task(resilience.call(Service(60.0), direction="read", place="it"))
    await asyncio.sleep(0)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert await outcome(resilience, Service("there")) == "there"


async def test_an_attempt_has_a_timeout_and_a_call_a_deadline(clock: FakeClock) -> None:
    one = Resilience(ResiliencePolicy(retry=QUICK, attempt_timeout=0.001), clock=clock)
    assert await outcome(one, Service(60.0, "there")) == "there"
    deadline = RetryPolicy(attempts=1, deadline=0.001)
    with pytest.raises(ArtifactTimeoutError, match="within the deadline") as caught:
        await Resilience(ResiliencePolicy(retry=deadline)).call(Service(60.0), direction="read", place="it")
    assert caught.value.code == "deadline_exceeded"
    assert await outcome(one, Service(TimeoutError("its own"))) is TimeoutError


async def test_what_has_to_come_to_its_end_is_not_cut_and_not_begun_again_after_the_deadline(clock: FakeClock) -> None:
    policy = ResiliencePolicy(
        retry=RetryPolicy(attempts=9, base_delay=0, max_delay=0, deadline=0.05), attempt_timeout=0.01
    )
    resilience, service = Resilience(policy, clock=clock), Service(0.1, DOWN)
    assert await resilience.call(service, direction="write", place="it", to_end=True) == 0.1

    async def slow() -> None:
        await asyncio.sleep(0.1)
        raise DOWN

    with pytest.raises(ArtifactServerError):
        await resilience.call(slow, direction="write", place="it", to_end=True)
    assert (service.asked, resilience.snapshot().attempts) == (1, 2)


HEDGED: Final = ResiliencePolicy(retry=NEVER, hedge_after=0.001)


async def test_a_slow_read_is_asked_again_and_the_first_answer_counts(clock: FakeClock) -> None:
    resilience = Resilience(HEDGED, clock=clock)
    service = Service(60.0, "there")
    assert await outcome(resilience, service) == "there"
    found = resilience.snapshot()
    assert (service.asked, found.hedges, found.hedges_won) == (2, 1, 1)


async def test_a_hedge_that_fails_does_not_count(clock: FakeClock) -> None:
    resilience = Resilience(HEDGED, clock=clock)
    assert await outcome(resilience, Service(0.02, DOWN)) == 0.02
    found = resilience.snapshot()
    assert (found.hedges, found.hedges_won) == (1, 0)
    assert await outcome(resilience, Service("at once")) == "at once"
    assert resilience.snapshot().hedges == 1


async def test_writes_and_an_empty_budget_are_not_hedged(clock: FakeClock) -> None:
    resilience = Resilience(HEDGED, clock=clock)
    assert await outcome(resilience, Service(0.01), "write") == 0.01
    nothing = RetryBudget(share=0, reserve=0)
    poor = Resilience(ResiliencePolicy(retry=NEVER, hedge_after=0.001, budget=nothing), clock=clock)
    assert await outcome(poor, Service(0.01)) == 0.01
    assert resilience.snapshot().hedges == poor.snapshot().hedges == 0


async def test_a_cancelled_read_cancels_both(clock: FakeClock) -> None:
    cancelled = 0
    both = asyncio.Event()

    async def slow() -> None:
        nonlocal cancelled
        if resilience.snapshot().attempts == 2:
            both.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled += 1
            raise

    resilience = Resilience(HEDGED, clock=clock)
    task = asyncio.create_task(resilience.call(slow, direction="read", place="it"))
    async with asyncio.timeout(10):
        await both.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cancelled == 2


async def test_without_circuits_and_budget_everything_goes_through(clock: FakeClock) -> None:
    resilience = Resilience(ResiliencePolicy(retry=QUICK, budget=None, reads=None, writes=None), clock=clock)
    service = Service(DOWN)
    for _ in range(10):
        assert await outcome(resilience, service, "write") is ArtifactServerError
    assert service.asked == 30
    assert (resilience.snapshot().reads, resilience.snapshot().writes) == ("closed", "closed")


@pytest.mark.parametrize("name", ["attempt_timeout", "hedge_after"])
def test_what_cannot_be_is_said(name: str) -> None:
    wrong: dict[str, Any] = {name: 0}
    with pytest.raises(ValueError, match=f"{name} must be more than 0"):
        ResiliencePolicy(**wrong)


# ---------------------------------------------------------------------------------------------- the services

OWNER: Final[dict[str, Any]] = {"app_name": "app", "user_id": "ada", "session_id": "s", "filename": "doc"}
DOC: Final = ArtifactId.of(app="app", user="ada", session="s", filename="doc")
HELLO: Final = types.Part.from_text(text="hello")


class Api(httpx.AsyncBaseTransport):
    """Reads work, writes do not."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.method)
        if request.method == "GET":
            return problem(404, "artifact_not_found")
        return problem(503, "storage_unavailable")


def problem(status: int, code: str) -> httpx.Response:
    facts = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": code}
    return httpx.Response(status, json=facts, headers={"Content-Type": "application/problem+json"})


async def test_over_http_writes_are_refused_while_reads_go_on() -> None:
    api = Api()
    policy = ResiliencePolicy(retry=QUICK)
    async with HttpArtifactService(
        "https://api.example", auth="t", http_client=httpx.AsyncClient(transport=api), resilience=policy
    ) as service:
        for _ in range(3):
            with pytest.raises(ArtifactServerError):
                await service.save_artifact(**OWNER, artifact=HELLO)
        with pytest.raises(ArtifactCircuitOpenError):
            await service.save_artifact(**OWNER, artifact=HELLO)
        assert api.asked == ["POST"] * 9
        assert await service.load_artifact(**OWNER) is None
        found = service.resilience_snapshot()
        assert (found.writes, found.reads, found.rejected, found.retries) == ("open", "closed", 1, 6)


def test_over_http_a_policy_is_named_once() -> None:
    with pytest.raises(ValueError, match="retry and resilience are both given"):
        ArtifactClient("https://api.example", retry=QUICK, resilience=ResiliencePolicy())


async def test_on_s3_writes_are_refused_while_reads_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def down(*_: object, **__: object) -> None:
        nonlocal asked
        asked += 1
        raise StorageUnavailable("down")

    async with in_memory(open_store(), retry_config=RetryConfig(max_attempts=2, base_delay=0, max_delay=0)) as service:
        await service.save_artifact(**OWNER, artifact=HELLO)
        with monkeypatch.context() as outage:
            outage.setattr(MemoryObjects, "create", down)
            for _ in range(3):
                with pytest.raises(ArtifactServerError):
                    await service.save_artifact(**OWNER, artifact=HELLO)
            with pytest.raises(ArtifactCircuitOpenError, match="writes of the bucket 'memory'"):
                await service.save_artifact(**OWNER, artifact=HELLO)
        assert asked == 6
        assert await service.load_artifact(**OWNER) == HELLO
        found = service.resilience_snapshot()
        assert (found.writes, found.reads, found.retries) == ("open", "closed", 3)
        assert await service.list_versions(**OWNER) == [0]


async def test_on_s3_a_save_that_is_repeated_is_one_version(monkeypatch: pytest.MonkeyPatch) -> None:
    create = MemoryObjects.create
    lost = iter([True, False, False, False])

    def loses_an_answer(*given: Any, **named: Any) -> str:
        answer = create(*given, **named)
        if next(lost):
            raise StorageUnavailable("the answer is lost")
        return answer

    async with in_memory(open_store(), retry_config=RetryPolicy(attempts=3, base_delay=0, max_delay=0)) as service:
        monkeypatch.setattr(MemoryObjects, "create", loses_an_answer)
        assert await service.save_artifact(**OWNER, artifact=HELLO) == 0
        assert await service.list_versions(**OWNER) == [0]


def test_the_founding_names_of_retries() -> None:
    config = RetryConfig(
        max_attempts=5, base_delay=2, max_delay=9, exponential_base=3, jitter=False, retryable_errors=["SlowDown"]
    )
    policy = config.policy()
    assert [policy.delay(attempt=attempt, error=None) for attempt in (1, 2, 3)] == [2, 6, 9]
    assert policy.is_worth_repeating(ArtifactThrottledError("slowly", code="SlowDown"))
    assert not policy.is_worth_repeating(ArtifactServerError("broken", code="InternalError"))
    named = RetryConfig(retryable_errors=["AccessDenied"]).policy()
    assert not named.is_worth_repeating(ArtifactForbiddenError("no", code="AccessDenied"))
    assert RetryConfig().policy().attempts == 3
    wrong: Any = {"max_attempts": 5}
    with pytest.raises(TypeError, match="retry_config must be a RetryConfig or a RetryPolicy, not dict"):
        in_memory(open_store(), retry_config=wrong)
    with pytest.raises(ValueError, match="exponential_base must lie between 1 and 100"):
        RetryConfig(exponential_base=0.5).policy()
    with pytest.raises(ValueError, match="retry and resilience are both given"):
        in_memory(open_store(), retry_config=config, resilience=ResiliencePolicy())
