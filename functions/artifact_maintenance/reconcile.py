"""Entry point of the reconcile function: a schedule invokes it, each time it goes on where it stopped."""

from __future__ import annotations

from typing import Any

from artifact_maintenance.telemetry import count, failures_logged, instrumented, logger
from artifact_maintenance.wiring import parts
from artifact_store.maintenance import Drift, Finding, Findings
from artifact_store.maintenance.bookmark import Bookmark
from artifact_store.maintenance.sitting import sit

__all__ = ["handler"]

_MARGIN_SECONDS = 45.0
"""What is begun just before the end still has to be ended."""

_LOGGED_FINDINGS = 100


def _handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    told = 0

    def on_finding(finding: Finding) -> None:
        nonlocal told
        told += 1
        if finding.is_drift and told <= _LOGGED_FINDINGS:
            logger.warning("drift", extra={"kind": finding.kind, "what": finding.what, "repaired": finding.repaired})

    now = parts()
    with failures_logged("reconcile stopped"):
        sitting = sit(
            now.maintenance,
            Bookmark(now.table, now.clock, holder=context.aws_request_id),
            now.clock,
            seconds=context.get_remaining_time_in_millis() / 1000 - _MARGIN_SECONDS,
            rest_seconds=0 if event.get("force") else now.settings.reconcile_rest_seconds,
            on_finding=on_finding,
        )
    if sitting is None:
        return {"complete": None}
    if sitting.complete:
        _report(sitting.findings)
    return {"complete": sitting.complete, "drift": sitting.findings.total, **sitting.findings.to_json()}


def _report(findings: Findings) -> None:
    """The metrics of a whole run. A healthy store's drift is 0."""
    count({"Drift": findings.total, "DriftUnrepaired": findings.unrepaired.total(), "Reconciled": 1})
    for kind in Drift:
        if findings.drift.get(kind, 0):
            count({"Drift": findings.drift[kind]}, kind=kind.value)
    logger.info("reconciled", extra={"findings": findings.to_json()})


handler = instrumented(_handle)
