"""What a migration did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from artifact_store.names import ArtifactId

__all__ = ["Failure", "ProgressCallback", "Report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What could not be done.

    Attributes:
        what: `app/user/session/filename`, encoded as in object keys, or what the source calls it.
        version: The number at the source; None: all of it.
        reason: Why.
    """

    what: str
    version: int | None
    reason: str

    def to_json(self) -> dict[str, Any]:
        """As a member of a JSON report."""
        return {"what": self.what, "version": self.version, "reason": self.reason}


@dataclass(slots=True, kw_only=True)
class Report:
    """Counts of versions, if nothing else is said. It grows while the work goes on.

    Attributes:
        source: Address.
        target: Address.
        dry_run: Whether nothing was saved: `copied` is then what would be.
        artifacts: Artifacts that were looked at.
        copied: Saved now.
        copied_bytes: Bytes of those, as far as they are known in a dry run.
        present: At the target already.
        waiting: Not tried, because an earlier version of the artifact failed.
        verified: Compared with the target, and equal.
        failures: What could not be done, and what is not equal.
        skipped: What lies at the source and is no artifact, with the reason.
        renumbered: Artifacts whose versions have other numbers at the target: encoded name → old number → new one.
        references: Versions that refer to another artifact by a version number, which may be another one now.
    """

    source: str
    target: str
    dry_run: bool = False
    artifacts: int = 0
    copied: int = 0
    copied_bytes: int = 0
    present: int = 0
    waiting: int = 0
    verified: int = 0
    failures: list[Failure] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    renumbered: dict[str, dict[int, int]] = field(default_factory=dict)
    references: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything is at the target, and as it was where that was verified."""
        return not self.failures and not self.waiting

    def failed(self, artifact: ArtifactId, version: int | None, error: Exception) -> None:
        """Notes an error."""
        reason = str(error) or type(error).__name__
        self.failures.append(Failure(what=artifact.key_prefix, version=version, reason=reason))

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "ok": self.ok,
            "source": self.source,
            "target": self.target,
            "dryRun": self.dry_run,
            "artifacts": self.artifacts,
            "copied": self.copied,
            "copiedBytes": self.copied_bytes,
            "present": self.present,
            "waiting": self.waiting,
            "verified": self.verified,
            "failures": [failure.to_json() for failure in self.failures],
            "skipped": [{"what": what, "reason": reason} for what, reason in self.skipped],
            "renumbered": self.renumbered,
            "references": self.references,
        }


ProgressCallback: TypeAlias = Callable[[Report], None]
