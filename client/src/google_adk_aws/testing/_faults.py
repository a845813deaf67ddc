"""What is to go wrong, and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from google_adk_aws._errors import ArtifactConnectionError, ArtifactError, ArtifactServerError, ArtifactTimeoutError

__all__ = ["Fault", "Faults", "Operation"]

Operation: TypeAlias = Literal["save", "load", "describe", "list", "versions", "delete"]
"""What an agent asks for, in the words of `docs/testing.md`."""

OPERATIONS: Final[tuple[Operation, ...]] = get_args(Operation)


@dataclass(slots=True, eq=False)
class Fault:
    """One thing that goes wrong.

    Attributes:
        operation: With which operation.
        filename: With which artifact, by ADK's name; None for any.
        error: What is raised; None if it is only slow.
        takes_effect: Whether the operation is done before the error is raised.
        seconds: How long it takes longer.
        times: How often it happens still; None for always.
        fired: How often it has happened.
    """

    operation: Operation
    filename: str | None
    error: Exception | None
    takes_effect: bool
    seconds: float
    times: int | None
    fired: int = 0

    def __str__(self) -> str:
        what = type(self.error).__name__ if self.error else f"{self.seconds} s"
        return f"{what} of {self.operation} {self.filename or 'anything'}"


class Faults:
    """The switches of a service in memory. Each answers the fault, whose `fired` counts."""

    def __init__(self) -> None:
        self._planned: list[Fault] = []

    @property
    def pending(self) -> list[Fault]:
        """What was planned and has not happened as often as it was to; what happens always, if it never did."""
        return [one for one in self._planned if (one.times or 0) > 0 or not one.fired]

    def fail(
        self,
        operation: Operation,
        error: Exception | None = None,
        *,
        filename: str | None = None,
        times: int | None = 1,
    ) -> Fault:
        """The operation fails and changes nothing.

        Args:
            operation: Which.
            error: What is raised: any of this package's errors. By default `ArtifactServerError`, which is what
                a service raises when the storage has failed and every automatic retry with it.
            filename: Only with this artifact, as ADK names it (`user:` included). A `list` has none.
            times: The next so many; None for every one from now on.
        """
        error = error or ArtifactServerError("planned by the test", code="storage_failed", status=503)
        return self._plan(operation, filename=filename, error=error, times=times)

    def lose_answer(
        self,
        operation: Operation,
        error: ArtifactError | None = None,
        *,
        filename: str | None = None,
        times: int | None = 1,
    ) -> Fault:
        """The operation is done, but the caller is told that it may have failed.

        Args:
            operation: Which.
            error: What is raised; by default `ArtifactTimeoutError`.
            filename: As in `fail`.
            times: As in `fail`.
        """
        error = error or ArtifactTimeoutError("planned by the test: the answer is lost", code="timeout")
        return self._plan(operation, filename=filename, error=error, times=times, takes_effect=True)

    def slow_down(
        self, operation: Operation, seconds: float, *, filename: str | None = None, times: int | None = 1
    ) -> Fault:
        """The operation takes so many seconds longer.

        Args:
            operation: Which.
            seconds: How long.
            filename: As in `fail`.
            times: As in `fail`.
        """
        if seconds < 0:
            raise ValueError("seconds must not be negative")
        return self._plan(operation, filename=filename, error=None, times=times, seconds=seconds)

    def break_down(self) -> None:
        """Everything fails from now on, as when nobody answers, until `clear`."""
        for operation in OPERATIONS:
            error = ArtifactConnectionError("planned by the test: no answer", code="no_answer")
            # Already counted: an outage is not a promise that every operation is tried.
            self._plan(operation, filename=None, error=error, times=None).fired = 1

    def clear(self) -> None:
        """Nothing is planned any more."""
        self._planned.clear()

    def _plan(
        self,
        operation: Operation,
        *,
        filename: str | None,
        error: Exception | None,
        times: int | None,
        takes_effect: bool = False,
        seconds: float = 0.0,
    ) -> Fault:
        if operation not in OPERATIONS:
            raise ValueError(f"operation must be one of {', '.join(OPERATIONS)}")
        if operation == "list" and filename is not None:
            raise ValueError("a list has no filename")
        if times is not None and times < 1:
            raise ValueError("times must be at least 1, or None")
        fault = Fault(
            operation=operation,
            filename=filename,
            error=error,
            takes_effect=takes_effect,
            seconds=seconds,
            times=times,
        )
        self._planned.append(fault)
        return fault

    def _next(self, operation: Operation, filename: str | None) -> Fault | None:
        """What happens to an operation: the fault that was planned first."""
        for fault in self._planned:
            if fault.operation == operation and fault.filename in (None, filename) and fault.times != 0:
                fault.fired += 1
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

    @asynccontextmanager
    async def around(self, operation: Operation, filename: str | None = None) -> AsyncIterator[None]:
        """Runs an operation with what is planned for it."""
        fault = self._next(operation, filename)
        if fault is None:
            yield
            return
        await asyncio.sleep(fault.seconds)
        if fault.error is None or fault.takes_effect:
            yield
        if fault.error is not None:
            raise fault.error
