"""Whether a bucket and its index table are set as the store needs them. Nothing that serves requests imports it."""

from artifact_store.checkup.examine import check_bucket
from artifact_store.checkup.report import Check, NotCheckable, Report, Severity, State

__all__ = ["Check", "NotCheckable", "Report", "Severity", "State", "check_bucket"]
