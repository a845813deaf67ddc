"""How many retries a service may send beside its calls, so that an outage is not multiplied by them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Budget", "RetryBudget"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryBudget:
    """How many retries all calls of one service may make together, in one process. Hedges count as retries.

    Attributes:
        share: Retries for each call in the long run: 0.2 is one for five.
        reserve: Retries at once beyond that share, at most.
        reserve_seconds: In how many seconds an empty reserve is full again, whether there are calls or not.
    """

    share: float = 0.2
    reserve: int = 100
    reserve_seconds: float = 10.0

    def __post_init__(self) -> None:
        if self.share < 0:
            raise ValueError("share must not be negative")
        if self.reserve < 0:
            raise ValueError("reserve must not be negative")
        if self.reserve_seconds <= 0:
            raise ValueError("reserve_seconds must be more than 0")


class Budget:
    """A bucket of tokens: each call brings its share of one, time brings the rest, each retry takes one.

    Args:
        policy: Its size, and what flows into it.
        clock: Seconds that never go back.
    """

    def __init__(self, policy: RetryBudget, clock: Callable[[], float]) -> None:
        self._policy = policy
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = float(policy.reserve)
        self._seen = clock()

    def deposit(self) -> None:
        """A call is made."""
        with self._lock:
            # At least one may be saved up, or a share without reserve would never be a retry.
            self._tokens = min(self._tokens + self._policy.share, max(1.0, self._policy.reserve))

    def take(self) -> bool:
        """Whether a retry may be made; it counts as made then."""
        with self._lock:
            self._refill()
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True

    def _refill(self) -> None:
        now, policy = self._clock(), self._policy
        earned = (now - self._seen) * policy.reserve / policy.reserve_seconds
        self._tokens = max(self._tokens, min(self._tokens + earned, policy.reserve))
        self._seen = now
