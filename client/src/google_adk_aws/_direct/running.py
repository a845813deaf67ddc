"""Where every operation on the storage passes: the one place for policies about them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, TypeVar

from google_adk_aws._direct.failures import translated
from google_adk_aws._direct.pool import Lease
from google_adk_aws._io.per_process import PerProcess
from google_adk_aws._resilience.policy import Resilience

if TYPE_CHECKING:
    from artifact_store.store import ArtifactStore
    from google_adk_aws._direct.opening import Opened

__all__ = ["Kind", "Run", "Runner"]

Kind: TypeAlias = Literal["read", "write"]
Result = TypeVar("Result")


class Run(Protocol):
    """Runs one operation on the storage; every one is safe to repeat as it is."""

    async def __call__(
        self,
        function: Callable[[ArtifactStore], Result],
        /,
        *,
        operation: str,
        kind: Kind,
        to_end: bool = False,
    ) -> Result:
        """Calls a function with the store, in a thread.

        Args:
            function: What to do. Called again, it does no more than once: keys are made outside of it.
            operation: In the words that follow "Failed to" in an error's message: `save artifact`.
            kind: Whether it may change anything.
            to_end: Whether a task that is cancelled waits until the function has ended, and no timeout cuts it.

        Raises:
            ArtifactError: It failed.
        """


class Runner:
    """Runs operations in the workers of this process, over the store of this process.

    Args:
        opened: The clients, and the store over them.
        workers: The threads.
        resilience: What stands between an operation and a storage that fails.
        place: What is called, as messages name it.
    """

    def __init__(self, opened: PerProcess[Opened], workers: Lease, resilience: Resilience, *, place: str) -> None:
        self._opened = opened
        self._workers = workers
        self._resilience = resilience
        self._place = place

    async def __call__(
        self,
        function: Callable[[ArtifactStore], Result],
        /,
        *,
        operation: str,
        kind: Kind,
        to_end: bool = False,
    ) -> Result:
        """Does what `Run` says."""
        call = partial(self._call, function, operation, kind)
        return await self._resilience.call(
            lambda: self._workers.call(call, to_end=to_end),
            direction=kind,
            place=self._place,
            to_end=to_end,
        )

    def _call(self, function: Callable[[ArtifactStore], Result], operation: str, kind: Kind) -> Result:
        with translated(operation):
            opened = self._opened.get()
            if kind == "write":
                opened.before_write()
            return function(opened.store)
