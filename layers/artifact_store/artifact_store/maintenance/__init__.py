"""What keeps bucket and index in agreement: reconcile, rebuild, adopt. Nothing that serves requests imports it."""

from artifact_store.maintenance.findings import Drift, Finding, Findings, Left
from artifact_store.maintenance.operations import Maintenance, Purged
from artifact_store.maintenance.rebuild import Misfit, Reason, Rebuilt
from artifact_store.maintenance.reconcile import Checkpoint, InvalidCheckpoint, Reconciled
from artifact_store.maintenance.work import Limits, in_turn

__all__ = [
    "Checkpoint",
    "Drift",
    "Finding",
    "Findings",
    "InvalidCheckpoint",
    "Left",
    "Limits",
    "Maintenance",
    "Misfit",
    "Purged",
    "Reason",
    "Rebuilt",
    "Reconciled",
    "in_turn",
]
