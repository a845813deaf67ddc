"""What stands between a call and a service that fails: retries with a budget, deadlines, circuits, hedged reads."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Literal, TypeAlias, TypeVar

from google_adk_aws._errors import (
    ArtifactCircuitOpenError,
    ArtifactError,
    ArtifactThrottledError,
    ArtifactTimeoutError,
    ArtifactUnavailableError,
)
from google_adk_aws._io.per_process import PerProcess
from google_adk_aws._resilience.budget import Budget, RetryBudget
from google_adk_aws._resilience.circuit import Circuit, CircuitPolicy, CircuitState, Permit, Refusal, Verdict
from google_adk_aws._resilience.counts import Counts
from google_adk_aws._resilience.retry import RetryPolicy

__all__ = ["Direction", "Resilience", "ResiliencePolicy", "ResilienceSnapshot", "resilience_of"]

Direction: TypeAlias = Literal["read", "write"]
Result = TypeVar("Result")

_READS: Final = CircuitPolicy(failures=5, open_seconds=30.0)
_WRITES: Final = CircuitPolicy(failures=3, open_seconds=60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResiliencePolicy:
    """What a service does when what it calls fails. One for both services.

    Attributes:
        retry: How often one call is tried, with which waits, and its deadline over all of that.
        budget: How many retries all calls may send together; None for no limit.
        reads: When reads are refused at once, instead of being tried; None never refuses.
        writes: The same for saves and deletes, apart from reads.
        attempt_timeout: Seconds for one attempt; None leaves it to the timeouts of the connection.
        hedge_after: Seconds after which a read that has no answer is sent a second time, beside the first; the first
            answer counts. None never does. Put it above the usual latency: what is hedged is paid for twice.
    """

    retry: RetryPolicy = field(default_factory=RetryPolicy)
    budget: RetryBudget | None = field(default_factory=RetryBudget)
    reads: CircuitPolicy | None = _READS
    writes: CircuitPolicy | None = _WRITES
    attempt_timeout: float | None = None
    hedge_after: float | None = None

    def __post_init__(self) -> None:
        for name in ("attempt_timeout", "hedge_after"):
            seconds = getattr(self, name)
            if seconds is not None and seconds <= 0:
                raise ValueError(f"{name} must be more than 0 seconds, or None")


def resilience_of(policy: ResiliencePolicy | None, retry: RetryPolicy | None) -> ResiliencePolicy:
    """The policy that two arguments name: the whole, or retries alone.

    Raises:
        ValueError: Both are given.
        TypeError: The first one is something else.
    """
    if policy is not None and not isinstance(policy, ResiliencePolicy):
        raise TypeError(f"resilience must be a ResiliencePolicy, not {type(policy).__name__}")
    if policy is not None and retry is not None:
        raise ValueError("retry and resilience are both given; resilience has a retry of its own")
    if policy is not None:
        return policy
    return ResiliencePolicy() if retry is None else ResiliencePolicy(retry=retry)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResilienceSnapshot:
    """How things stand, and what has happened since the service was made, in this process.

    Attributes:
        reads: The circuit of reads: `closed`, `open` or `half_open`.
        writes: That of saves and deletes.
        calls: Calls that went through.
        attempts: What they sent: at least one each.
        retries: Attempts after the first of a call.
        retries_refused: Retries that the budget did not allow.
        rejected: Calls that an open circuit refused.
        opened: How often a circuit opened.
        hedges: Reads that were sent a second time.
        hedges_won: How often the second answer came first.
    """

    reads: CircuitState
    writes: CircuitState
    calls: int
    attempts: int
    retries: int
    retries_refused: int
    rejected: int
    opened: int
    hedges: int
    hedges_won: int


class _State:
    """What one process has seen."""

    def __init__(self, policy: ResiliencePolicy, clock: Callable[[], float]) -> None:
        self.budget = None if policy.budget is None else Budget(policy.budget, clock)
        self.circuits: Mapping[Direction, Circuit | None] = {
            "read": None if policy.reads is None else Circuit(policy.reads, clock),
            "write": None if policy.writes is None else Circuit(policy.writes, clock),
        }
        self.counts = Counts()


class Resilience:
    """A policy at work for one service. For any number of threads and event loops.

    Args:
        policy: What to do.
        clock: Seconds that never go back.
    """

    def __init__(self, policy: ResiliencePolicy, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.policy = policy
        # Of a fork's parent a child would have locks that nobody gives back, and a probe that never ends.
        self._states = PerProcess(lambda: _State(policy, clock))

    @property
    def _budget(self) -> Budget | None:
        return self._states.get().budget

    @property
    def _circuits(self) -> Mapping[Direction, Circuit | None]:
        return self._states.get().circuits

    @property
    def _counts(self) -> Counts:
        return self._states.get().counts

    def snapshot(self) -> ResilienceSnapshot:
        """How things stand."""
        reads, writes = self._circuits["read"], self._circuits["write"]
        return ResilienceSnapshot(
            reads="closed" if reads is None else reads.state,
            writes="closed" if writes is None else writes.state,
            opened=sum(circuit.opened for circuit in (reads, writes) if circuit is not None),
            **self._counts.all(),
        )

    async def call(
        self,
        attempt: Callable[[], Awaitable[Result]],
        *,
        direction: Direction,
        place: str,
        retry: RetryPolicy | None = None,
        to_end: bool = False,
    ) -> Result:
        """Makes one call, by as many attempts as it takes and the policy allows.

        Args:
            attempt: Makes one. Every one is safe to repeat.
            direction: Whether it may change anything.
            place: Who is called, as messages name it.
            retry: When to repeat this one; by default the policy's.
            to_end: Whether an attempt has to come to its end, which content in parts needs, and takes its time for.
                Neither deadline nor timeout cuts it then; after the deadline there is no further attempt.

        Raises:
            ArtifactCircuitOpenError: It was not even tried.
            ArtifactTimeoutError: The deadline has passed.
            ArtifactError: The last attempt's.
        """
        permit = self._enter(direction, place)
        verdict: Verdict = "unknown"
        try:
            chosen = retry or self.policy.retry
            result = await self._within_deadline(attempt, direction, place, chosen, permit, to_end=to_end)
        except ArtifactError as error:
            verdict = "failed" if _nobody_is_there(error) else "answered"
            raise
        else:
            verdict = "answered"
            return result
        finally:
            circuit = self._circuits[direction]
            if circuit is not None and permit is not None:
                circuit.leave(permit, verdict)

    def _enter(self, direction: Direction, place: str) -> Permit | None:
        circuit = self._circuits[direction]
        permit = None if circuit is None else circuit.enter()
        if isinstance(permit, Refusal):
            self._counts.add("rejected", direction)
            raise ArtifactCircuitOpenError(
                f"{direction}s of {place} failed one after the other; nothing is sent for now",
                code="circuit_open",
                retry_after=permit.retry_after,
                direction=direction,
            )
        self._counts.add("calls", direction)
        if self._budget is not None:
            self._budget.deposit()
        return permit

    async def _within_deadline(
        self,
        attempt: Callable[[], Awaitable[Result]],
        direction: Direction,
        place: str,
        retry: RetryPolicy,
        permit: Permit | None,
        *,
        to_end: bool,
    ) -> Result:
        last_error: ArtifactError | None = None
        deadline = asyncio.timeout(None if to_end else retry.deadline)
        try:
            async with deadline:
                # A probe asks once: whether somebody is there again.
                loop = retry.attempted(unless=self._stop) if permit is None or not permit.probe else retry.once()
                async for number in loop:
                    with number:
                        if number.retry_state.attempt_number > 1:
                            self._counts.add("retries", direction)
                        try:
                            return await self._hedged(attempt, direction, place, to_end=to_end)
                        except ArtifactError as error:
                            last_error = error
                            raise
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise ArtifactTimeoutError(
                f"no answer from {place} within the deadline of {retry.deadline:g} s"
                + (f"; the last attempt failed with: {last_error}" if last_error else ""),
                code="deadline_exceeded",
            ) from (last_error or error)
        raise AssertionError("tenacity ended its loop without a result")  # pragma: no cover

    def _stop(self) -> bool:
        """Whether there is nothing left for another attempt; taken if there is."""
        if self._budget is None or self._budget.take():
            return False
        self._counts.add("retries_refused")
        return True

    async def _hedged(
        self, attempt: Callable[[], Awaitable[Result]], direction: Direction, place: str, *, to_end: bool
    ) -> Result:
        after = self.policy.hedge_after
        if to_end:
            self._counts.add("attempts", direction)
            return await attempt()
        if after is None or direction == "write":
            return await self._once(attempt, direction, place)
        first = asyncio.ensure_future(self._once(attempt, direction, place))
        second: asyncio.Future[Result] | None = None
        try:
            await asyncio.wait([first], timeout=after)
            if first.done() or (self._budget is not None and not self._budget.take()):
                return await first
            self._counts.add("hedges", direction)
            second = asyncio.ensure_future(self._once(attempt, direction, place))
            await asyncio.wait([first, second], return_when=asyncio.FIRST_COMPLETED)
            winner, other = (first, second) if first.done() else (second, first)
            if winner.exception() is not None:
                # The other may still bring an answer.
                winner, other = other, winner
                await asyncio.wait([winner])
            if winner is second and winner.exception() is None:
                self._counts.add("hedges_won", direction)
            return winner.result()
        finally:
            for task in (first, second):
                if task is not None and not task.done():
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError, ArtifactError):
                        await task
                elif task is not None and not task.cancelled():
                    # Looked at, so that nobody is told of an error that was never retrieved.
                    task.exception()

    async def _once(self, attempt: Callable[[], Awaitable[Result]], direction: Direction, place: str) -> Result:
        self._counts.add("attempts", direction)
        timeout = asyncio.timeout(self.policy.attempt_timeout)
        try:
            async with timeout:
                return await attempt()
        except TimeoutError as error:
            if not timeout.expired():
                raise
            raise ArtifactTimeoutError(
                f"no answer from {place} within {self.policy.attempt_timeout:g} s", code="timeout"
            ) from error


def _nobody_is_there(error: ArtifactError) -> bool:
    """Whether it says something about who is called, and not about the call.

    Who is told that there is nothing, that it may not, that it is too fast, or that an equal request is under way has
    had an answer.
    """
    if isinstance(error, ArtifactThrottledError) or error.status == HTTPStatus.CONFLICT:
        return False
    return isinstance(error, ArtifactUnavailableError)
