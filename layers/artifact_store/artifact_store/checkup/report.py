"""What a check says: a row for everything that was looked at, and what the rows come to."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, ClassVar

from artifact_store.errors import ArtifactStoreError

__all__ = ["Check", "NotCheckable", "Report", "Severity", "State"]


class NotCheckable(ArtifactStoreError):
    """There is nothing to check: no such bucket or table, or no credentials that AWS accepts."""

    code: ClassVar[str] = "not_checkable"


class State(StrEnum):
    """What one check came to."""

    OK = "ok"
    """It is as it has to be."""
    OFF = "off"
    """AWS said that it is not."""
    COULD_NOT_CHECK = "could not check"
    """AWS did not say: the call was refused, failed, or is unknown to the server. It may be either."""


class Severity(StrEnum):
    """What it means when a check is not ok."""

    REQUIRED = "required"
    """Artifacts may be lost or read by others. Decides the verdict."""
    RECOMMENDED = "recommended"
    """Good practice that costs something. Decides a strict verdict only."""
    OPTIONAL = "optional"
    """It is told, and decides nothing: to have it excludes something that is required."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One row of the report.

    Attributes:
        name: Stable across releases, e.g. `versioning`.
        looks_at: What was looked at, in words.
        severity: What it means when it is not ok.
        state: What it came to.
        found: What was found, in words.
        remedy: What makes it ok: a command, a property of a template, or a permission. None when it is ok.
        error: AWS's error code, or the name of what went wrong here; None unless it could not be checked.
        permission: What the check needs of IAM; None unless it could not be checked.
    """

    name: str
    looks_at: str
    severity: Severity
    state: State
    found: str
    remedy: str | None = None
    error: str | None = None
    permission: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All rows of one bucket, and of its index table if one was named.

    Attributes:
        bucket_name: The bucket.
        index_table_name: The table; None if none was named, so that neither it nor drift was looked at.
        checks: One for each thing that was looked at, in the same order every time.
    """

    bucket_name: str
    index_table_name: str | None
    checks: tuple[Check, ...]

    def verdict(self, *, strict: bool = False) -> State:
        """What the rows come to: off if one that counts is off, else whether all that count could be checked.

        Args:
            strict: Whether what is recommended counts like what is required.
        """
        counting = {Severity.REQUIRED, Severity.RECOMMENDED} if strict else {Severity.REQUIRED}
        states = {check.state for check in self.checks if check.severity in counting}
        if State.OFF in states:
            return State.OFF
        return State.COULD_NOT_CHECK if State.COULD_NOT_CHECK in states else State.OK

    @property
    def counts(self) -> dict[State, int]:
        """How many rows there are of each state."""
        found = Counter(check.state for check in self.checks)
        return {state: found[state] for state in State}

    def to_json(self, *, strict: bool = False) -> dict[str, Any]:
        """The report as one JSON document."""
        return {
            "bucket": self.bucket_name,
            "table": self.index_table_name,
            "strict": strict,
            "verdict": self.verdict(strict=strict).value,
            "counts": {state.value: count for state, count in self.counts.items()},
            "checks": [_camel_case(asdict(check)) for check in self.checks],
        }


def _camel_case(row: dict[str, Any]) -> dict[str, Any]:
    return {("looksAt" if name == "looks_at" else name): value for name, value in row.items()}
