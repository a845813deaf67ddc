"""The operations of maintenance, as one object."""

from __future__ import annotations

import math

from artifact_store.maintenance.findings import OnFinding
from artifact_store.maintenance.ledger import Ledger
from artifact_store.maintenance.reconcile import Checkpoint, OnProgress, Reconcile, Reconciled
from artifact_store.maintenance.work import Each, Limits, in_turn
from artifact_store.ports import Ports, Table

__all__ = ["Maintenance"]


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
