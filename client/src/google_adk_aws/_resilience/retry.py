"""When a request is repeated, and how long to wait before that."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import tenacity

from google_adk_aws._errors import ArtifactError, ArtifactUnavailableError

__all__ = ["RetryPolicy"]

logger = logging.getLogger(__name__)


_MAX_BASE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how long one call is tried.

    Only what may work later is repeated: no answer, 429, 5xx and an equal request in progress. Saves
    carry one idempotency key through all attempts, so a repeated save is never a second version.
    Waits grow exponentially with full jitter; a longer Retry-After of the server is obeyed.

    Attributes:
        attempts: Requests per call at most, the first included. 1 switches retries off.
        base_delay: Upper bound of the first wait, in seconds; doubles with every attempt.
        max_delay: Upper bound of a wait of our own, in seconds.
        max_retry_after: Longest Retry-After that is waited for, in seconds; with a longer one the
            call fails at once and the error's `retry_after` says when to come back.
        deadline: Time for one call over all attempts and waits, in seconds; None for no limit.
        exponential_base: What the upper bound of a wait is multiplied by with every attempt.
        jitter: Whether a wait is drawn between 0 and its bound. Without it, clients that failed together come back
            together.
        codes: Errors that are repeated, by their codes, of those that may work later; None for all of them.
    """

    attempts: int = 10
    base_delay: float = 0.2
    max_delay: float = 5.0
    max_retry_after: float = 20.0
    deadline: float | None = 90.0
    exponential_base: float = 2.0
    jitter: bool = True
    codes: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError("attempts must be at least 1")
        if not 0 <= self.base_delay <= self.max_delay:
            raise ValueError("base_delay must lie between 0 and max_delay")
        if self.max_retry_after < 0:
            raise ValueError("max_retry_after must not be negative")
        if self.deadline is not None and self.deadline <= 0:
            raise ValueError("deadline must be more than 0 seconds, or None")
        if not 1 <= self.exponential_base <= _MAX_BASE:
            raise ValueError(f"exponential_base must lie between 1 and {_MAX_BASE}")

    def is_worth_repeating(self, error: BaseException) -> bool:
        """Whether the same request may work later."""
        if not isinstance(error, ArtifactUnavailableError):
            return False
        if self.codes is not None and error.code not in self.codes:
            return False
        return error.retry_after is None or error.retry_after <= self.max_retry_after

    def delay(self, *, attempt: int, error: BaseException | None) -> float:
        """Seconds to wait after attempt number `attempt` (from 1) failed with `error`."""
        # The exponent is bounded: 2.0**1024 overflows, and the bound is reached long before.
        ceiling = min(self.max_delay, self.base_delay * self.exponential_base ** min(attempt - 1, 64))
        delay = random.uniform(0, ceiling) if self.jitter else ceiling  # noqa: S311 - spreads load, guards nothing
        retry_after = error.retry_after if isinstance(error, ArtifactError) else None
        if retry_after is None:
            return delay
        # On top, so that clients told the same second do not come back in the same instant.
        return retry_after + min(delay, self.base_delay)

    def without_deadline(self) -> RetryPolicy:
        """The same, for what may take as long as it gets on."""
        return dataclasses.replace(self, deadline=None)

    def once(self) -> tenacity.AsyncRetrying:
        """The loop of one attempt."""
        return dataclasses.replace(self, attempts=1).attempted()

    def attempted(self, *, unless: Callable[[], bool] | None = None) -> tenacity.AsyncRetrying:
        """The loop of attempts; the last one's error leaves it.

        Args:
            unless: Asked before a wait; when it says so, there is no further attempt.
        """

        def wait(state: tenacity.RetryCallState) -> float:
            return self.delay(attempt=state.attempt_number, error=_error_of(state))

        enough: tenacity.stop.stop_base = tenacity.stop_after_attempt(self.attempts)
        if self.deadline is not None:
            # Better the API's own error now than a timeout after a wait that leads nowhere.
            enough = tenacity.stop_any(enough, tenacity.stop_before_delay(self.deadline))

        def stop(state: tenacity.RetryCallState) -> bool:
            # Last: it may take something away, which only an attempt that is made is worth.
            return enough(state) or (unless is not None and unless())

        return tenacity.AsyncRetrying(
            stop=stop,
            wait=wait,
            retry=tenacity.retry_if_exception(self.is_worth_repeating),
            before_sleep=_log_retry,
            sleep=asyncio.sleep,
            reraise=True,
        )


def _error_of(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _log_retry(state: tenacity.RetryCallState) -> None:
    logger.info(
        "attempt %d failed, next one in %.2f s: %s", state.attempt_number, state.upcoming_sleep, _error_of(state)
    )
