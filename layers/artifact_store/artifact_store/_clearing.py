"""Clear: deletes every artifact of a few scopes, many at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from artifact_store._deleting import Deleter
from artifact_store.errors import Unavailable
from artifact_store.model import ArtifactSummary, Page
from artifact_store.names import ArtifactId, Scope
from artifact_store.ports import Each, Grave, Ports

__all__ = ["Cleared", "Clearer"]

_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Cleared:
    """What clearing gave.

    Attributes:
        artifacts: How many were deleted.
        complete: Whether every artifact is gone that lived when this began.
        failure: What storage failed with, if that is why it is not complete; else time was up.
    """

    artifacts: int
    complete: bool
    failure: Unavailable | None = None


class Clearer:
    """Deletes all artifacts of scopes. Each one vanishes at once and as a whole, whatever becomes of the others."""

    def __init__(self, ports: Ports, *, each: Each) -> None:
        """Args: ports: The storage. each: Deletes several artifacts at a time."""
        self._index = ports.index
        self._clock = ports.clock
        self._deleter = Deleter(ports)
        self._each = each

    def clear(
        self,
        scopes: Sequence[Scope],
        *,
        give_up_at: float,
        on_unfinished: Callable[[ArtifactId, str], None] | None = None,
    ) -> Cleared:
        """Deletes what lives in these scopes; of a session, not what belongs to its user.

        Args:
            scopes: Which ones.
            give_up_at: Begin nothing after this time.
            on_unfinished: As for a delete.

        """
        artifacts = 0
        todo: list[tuple[Scope, str | None]] = [(scope, None) for scope in scopes]

        def delete(summary: ArtifactSummary) -> bool | Unavailable | None:
            left = give_up_at - self._clock.monotonic()
            if left <= 0:
                return None
            try:
                return self._deleter.delete(summary.artifact, timeout=left, on_unfinished=on_unfinished)
            except Unavailable as error:
                return error

        failure: Unavailable | None = None
        while todo:
            try:
                pages = self._each(self._page, todo)
            except Unavailable as error:
                return Cleared(artifacts, complete=False, failure=error)
            results = self._each(delete, [summary for page in pages for summary in page.items])
            artifacts += sum(result is True for result in results)
            failure = next((result for result in results if isinstance(result, Unavailable)), failure)
            if None in results:
                return Cleared(artifacts, complete=False, failure=failure)
            todo = [(todo[i][0], page.position) for i, page in enumerate(pages) if page.position is not None]
        return Cleared(artifacts, complete=failure is None, failure=failure)

    def _page(self, at: tuple[Scope, str | None]) -> Page[ArtifactSummary]:
        return self._index.heads(at[0], limit=_PAGE, position=at[1])

    def purge(self, scopes: Sequence[Scope], *, give_up_at: float) -> bool:
        """Removes what deleted artifacts of these scopes left, whoever deleted them.

        Returns:
            True when nothing is left.

        Raises:
            Unavailable: Some is left; repeat.
        """
        graves = [grave for scope in scopes for grave in self._unconfirmed(scope)]

        def purge(grave: tuple[ArtifactId, str]) -> bool:
            in_time = self._clock.monotonic() < give_up_at
            return in_time and self._deleter.purge(*grave, give_up_at=give_up_at)

        return all(self._each(purge, graves))

    def _unconfirmed(self, scope: Scope) -> list[tuple[ArtifactId, str]]:
        found: list[tuple[ArtifactId, Grave]] = []
        position: str | None = None
        while True:
            page = self._index.graves(scope, limit=_PAGE, position=position)
            found += [buried for buried in page.items if not buried[1].confirmed]
            position = page.position
            if position is None:
                return [(artifact, grave.gen) for artifact, grave in found]
