"""One direction's circuit: whether calls go through, and the one call that tries whether they may again.

Nothing is held while a call is under way: a permit is taken before it, and given back with what came of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Circuit", "CircuitPolicy", "CircuitState", "Permit", "Refusal", "Verdict"]

CircuitState: TypeAlias = Literal["closed", "open", "half_open"]
Verdict: TypeAlias = Literal["answered", "failed", "unknown"]
"""What came of a call: somebody answered (if only that there is nothing), nobody did, or that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitPolicy:
    """When calls of one direction are refused at once, instead of being tried.

    Attributes:
        failures: Calls that fail one after the other, each after its retries, until the circuit opens.
        open_seconds: How long it then refuses every call. After that one call goes through as a probe, without
            retries; if it is answered the circuit closes, if not it stays open for as long again.
    """

    failures: int
    open_seconds: float

    def __post_init__(self) -> None:
        if self.failures < 1:
            raise ValueError("failures must be at least 1")
        if self.open_seconds <= 0:
            raise ValueError("open_seconds must be more than 0")


@dataclass(frozen=True, slots=True)
class Permit:
    """A call that went through.

    Attributes:
        life: How often the circuit had changed its state by then; what an earlier life's call tells is old news.
        probe: Whether everything waits for this one.
    """

    life: int
    probe: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that did not.

    Attributes:
        retry_after: Seconds after which one may go through; 0 while a probe is under way.
    """

    retry_after: float


class Circuit:
    """Closed, open or half open; for any number of threads and event loops.

    Args:
        policy: When it opens, and for how long.
        clock: Seconds that never go back.
    """

    def __init__(self, policy: CircuitPolicy, clock: Callable[[], float]) -> None:
        self.policy = policy
        self.opened = 0
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened_at: float | None = None
        self._probing = False
        self._life = 0

    @property
    def state(self) -> CircuitState:
        """What the next call would meet; half open also while a probe is under way."""
        opened_at = self._opened_at
        if opened_at is None:
            return "closed"
        return "open" if self._clock() - opened_at < self.policy.open_seconds else "half_open"

    def enter(self) -> Permit | Refusal:
        """Asks whether a call may go through. A permit has to be given back, whatever happens."""
        with self._lock:
            if self._opened_at is None:
                return Permit(self._life, probe=False)
            left = self._opened_at + self.policy.open_seconds - self._clock()
            if left > 0 or self._probing:
                return Refusal(max(0.0, left))
            self._probing = True
            return Permit(self._life, probe=True)

    def leave(self, permit: Permit, verdict: Verdict) -> None:
        """Gives a permit back."""
        with self._lock:
            if permit.life != self._life:
                return
            if permit.probe:
                # A probe that was cancelled has told nothing: the next call is another one.
                self._probing = False
            if verdict == "answered":
                self._close()
            elif verdict == "failed":
                self._failures += 1
                if permit.probe or self._failures >= self.policy.failures:
                    self._open()

    def _open(self) -> None:
        self._opened_at = self._clock()
        self._failures = 0
        self._life += 1
        self.opened += 1

    def _close(self) -> None:
        self._failures = 0
        if self._opened_at is not None:
            self._opened_at = None
            self._life += 1
