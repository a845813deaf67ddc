"""The operations of maintenance, as one object."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from artifact_store._deleting import Deleter
from artifact_store.maintenance.findings import OnFinding
from artifact_store.maintenance.ledger import Ledger
from artifact_store.maintenance.rebuild import Misfit, Rebuild, Rebuilt, Wanted
from artifact_store.maintenance.reconcile import Checkpoint, OnProgress, Reconcile, Reconciled
from artifact_store.maintenance.work import Each, Limits, in_turn
from artifact_store.names import ArtifactId, Scope
from artifact_store.ports import Grave, Ports, Table

__all__ = ["Maintenance", "Purged"]

OnMisfit: TypeAlias = Callable[[Misfit], None]
OnRebuilt: TypeAlias = Callable[[Rebuilt], None]


class Maintenance:
    """Compares one bucket with its index table and repairs them.

    Every operation may be repeated, stopped anywhere, and run beside savers and deleters.
    """

    def __init__(self, ports: Ports, table: Table, *, each: Each = in_turn) -> None:
        """Puts it together.

        Args:
            ports: What the store stands on.
            table: The table under the index.
            each: Does things for many artifacts at once.
        """
        self._ports = ports
        self._ledger = Ledger(table, ports.clock)
        self._each = each

    def reconcile(
        self,
        checkpoint: Checkpoint | None = None,
        *,
        timeout: float = math.inf,
        limits: Limits | None = None,
        on_finding: OnFinding | None = None,
        on_progress: OnProgress | None = None,
    ) -> Reconciled:
        """Finds and repairs every difference between bucket and index.

        Args:
            checkpoint: Where the last sitting stopped; None to begin.
            timeout: Stop after about so many seconds, at the next good place.
            limits: How careful to be.
            on_finding: Called with each difference, perhaps from several threads.
            on_progress: Called after each page.

        Raises:
            Unavailable: Storage failed; go on from the last checkpoint.
        """
        sitting = Reconcile(
            self._ports,
            self._ledger,
            limits=limits or Limits(),
            each=self._each,
            checkpoint=checkpoint,
            give_up_at=self._ports.clock.monotonic() + timeout,
            on_finding=on_finding,
        )
        return sitting.run(on_progress)

    def rebuild(
        self,
        scope: Scope | None = None,
        *,
        position: str = "",
        timeout: float = math.inf,
        accept_gaps: bool = False,
        dry_run: bool = False,
        on_misfit: OnMisfit | None = None,
        on_progress: OnRebuilt | None = None,
    ) -> Rebuilt:
        """Makes the index again from the records in the bucket; what the index has is kept.

        Args:
            scope: Whose artifacts; None for all.
            position: Where the last sitting stopped.
            timeout: Stop after about so many seconds, at the next artifact.
            accept_gaps: Mark versions as lost that are missing between others, instead of ending before them.
            dry_run: Write nothing.
            on_misfit: Called with each object that does not fit.
            on_progress: Called now and then.

        Raises:
            Unavailable: Storage failed; go on from the last position.
        """
        return self._walk("records", accept_gaps=accept_gaps, dry_run=dry_run, on_misfit=on_misfit).run(
            prefix=f"{scope.key_prefix}/" if scope is not None else "",
            after=position,
            give_up_at=self._ports.clock.monotonic() + timeout,
            on_progress=on_progress,
        )

    def adopt(
        self,
        prefix: str,
        *,
        position: str = "",
        timeout: float = math.inf,
        dry_run: bool = False,
        on_misfit: OnMisfit | None = None,
        on_progress: OnRebuilt | None = None,
    ) -> Rebuilt:
        """Makes versions of objects that another program put under keys as the store writes them.

        Args:
            prefix: What their keys start with.
            position: Where the last sitting stopped.
            timeout: Stop after about so many seconds, at the next artifact.
            dry_run: Write nothing.
            on_misfit: Called with each object that does not fit.
            on_progress: Called now and then.

        Raises:
            Unavailable: Storage failed; go on from the last position.
        """
        return self._walk("foreign", accept_gaps=False, dry_run=dry_run, on_misfit=on_misfit).run(
            prefix=prefix,
            after=position,
            give_up_at=self._ports.clock.monotonic() + timeout,
            on_progress=on_progress,
        )

    def _walk(self, wanted: Wanted, *, accept_gaps: bool, dry_run: bool, on_misfit: OnMisfit | None) -> Rebuild:
        return Rebuild(
            self._ports,
            self._ledger,
            each=self._each,
            wanted=wanted,
            accept_gaps=accept_gaps,
            dry_run=dry_run,
            on_misfit=on_misfit,
        )

    def purge(self, scope: Scope | None = None, *, timeout: float = math.inf, dry_run: bool = False) -> Purged:
        """Removes what deleted artifacts left, however recently they were deleted.

        Args:
            scope: Whose; None for all.
            timeout: Stop after about so many seconds.
            dry_run: Count only.

        Raises:
            Unavailable: Storage failed; repeat.
        """
        give_up_at = self._ports.clock.monotonic() + timeout
        deleter = Deleter(self._ports)
        ended = left = 0
        for artifact, grave in self._graves(scope):
            if grave.confirmed:
                continue
            in_time = self._ports.clock.monotonic() < give_up_at
            if dry_run or (in_time and deleter.purge(artifact, grave.gen, give_up_at=give_up_at)):
                ended += 1
            else:
                left += 1
        return Purged(ended, left)

    def _graves(self, scope: Scope | None) -> Iterator[tuple[ArtifactId, Grave]]:
        return self._ledger.graves_of(scope) if scope is not None else self._ledger.all_graves()


@dataclass(frozen=True, slots=True)
class Purged:
    """What a purge gave.

    Attributes:
        ended: Deleted lives of which nothing is left now.
        left: Those for which time did not suffice.
    """

    ended: int
    left: int
