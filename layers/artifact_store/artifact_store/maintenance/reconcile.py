"""Reconcile: finds and repairs every difference between bucket and index, in as many sittings as it takes.

Four passes, in this order, since each relies on the one before:

1. objects: every object version is in the index, and every entry beside it has its object;
2. index: every head tells what its versions tell, artifacts without any object are marked, purges end;
3. uploads: what callers began and gave up is aborted;
4. blobs: what no record names goes.

What is young is left alone: its saver or deleter is at work, or the healer comes. A run may stop after
any page; its checkpoint tells where to go on and what was found so far.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from artifact_store.maintenance.blob_pass import BlobPass
from artifact_store.maintenance.findings import Findings, OnFinding
from artifact_store.maintenance.index_pass import IndexPass
from artifact_store.maintenance.ledger import Ledger
from artifact_store.maintenance.object_pass import ObjectPass
from artifact_store.maintenance.upload_pass import UploadPass
from artifact_store.maintenance.work import Each, Limits, Work
from artifact_store.ports import Key, Ports

__all__ = ["Checkpoint", "InvalidCheckpoint", "OnProgress", "Reconcile", "Reconciled"]

Pass: TypeAlias = Literal["objects", "index", "uploads", "blobs"]

_PASSES: Final[tuple[Pass, ...]] = get_args(Pass)
_FORMAT: Final = 1


class InvalidCheckpoint(Exception):
    """The checkpoint is not one of this release; start from the beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Where a run stands.

    Attributes:
        at: The pass it is in.
        after: The object key it goes on after, or an item's key as JSON; empty at the start.
        started_ms: When the run began; what counts as young is judged by it.
        findings: What was found so far; a sitting adds to them as it goes, so that the checkpoint it
            started from counts its findings even if it never reaches the next one.
    """

    at: Pass
    after: str
    started_ms: int
    findings: Findings

    @classmethod
    def begin(cls, now_ms: int) -> Checkpoint:
        """The start of a run."""
        return cls(at="objects", after="", started_ms=now_ms, findings=Findings())

    def __str__(self) -> str:
        """As text to keep: JSON of less than 4 KB, except for very long keys."""
        return json.dumps(
            {
                "format": _FORMAT,
                "at": self.at,
                "after": self.after,
                "started": self.started_ms,
                "findings": self.findings.to_json(),
            }
        )

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Reads what `str` wrote.

        Raises:
            InvalidCheckpoint: It did not.
        """
        try:
            value: Mapping[str, Any] = json.loads(text)
            if value["format"] != _FORMAT or value["at"] not in _PASSES:
                raise InvalidCheckpoint
            return cls(
                at=cast("Pass", value["at"]),
                after=str(value["after"]),
                started_ms=int(value["started"]),
                findings=Findings.from_json(value["findings"]),
            )
        except (ValueError, KeyError, TypeError):
            raise InvalidCheckpoint("not a checkpoint of this release") from None


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a sitting gave.

    Attributes:
        findings: What was found since the run began.
        checkpoint: Where to go on; None when the run is complete.
    """

    findings: Findings
    checkpoint: Checkpoint | None


OnProgress: TypeAlias = Callable[[Checkpoint], None]


class Reconcile:
    """One run, or the rest of one."""

    def __init__(
        self,
        ports: Ports,
        ledger: Ledger,
        *,
        limits: Limits,
        each: Each,
        checkpoint: Checkpoint | None,
        give_up_at: float,
        on_finding: OnFinding | None = None,
    ) -> None:
        """Prepares a sitting; see `Maintenance.reconcile`."""
        self._clock = ports.clock
        self._give_up_at = give_up_at
        self._at = checkpoint or Checkpoint.begin(ports.clock.now_ms())
        findings = self._at.findings
        findings.on_finding = on_finding
        findings.once = limits.dry_run
        work = Work(ports, ledger, findings, limits, each, started_ms=self._at.started_ms)
        index_pass = IndexPass(work, give_up_at=give_up_at)
        self._objects = ObjectPass(work, index_pass)
        self._index = index_pass
        self._uploads = UploadPass(work)
        self._blobs = BlobPass(work)

    def run(self, on_progress: OnProgress | None = None) -> Reconciled:
        """Goes on until everything is compared or time is up."""
        at = self._at
        while self._in_time():
            after = self._step(at)
            if after is None:
                place = _PASSES.index(at.at) + 1
                if place == len(_PASSES):
                    return Reconciled(at.findings, None)
                at = self._moved(at, _PASSES[place], "")
            else:
                at = self._moved(at, at.at, after)
            if on_progress is not None:
                on_progress(at)
        return Reconciled(at.findings, at)

    def _in_time(self) -> bool:
        return self._clock.monotonic() < self._give_up_at

    @staticmethod
    def _moved(at: Checkpoint, to: Pass, after: str) -> Checkpoint:
        return Checkpoint(at=to, after=after, started_ms=at.started_ms, findings=at.findings)

    def _step(self, at: Checkpoint) -> str | None:
        if at.at == "objects":
            return self._objects.step(at.after, in_time=self._in_time)
        if at.at == "uploads":
            return self._uploads.step(at.after)
        if at.at == "blobs":
            return self._blobs.step(at.after, in_time=self._in_time)
        after: Key | None = None
        if at.after:
            partition, sort = json.loads(at.after)
            after = partition, sort
        rest = self._index.step(after)
        return json.dumps(rest) if rest is not None else None
