"""Whether bucket and index agree: what reconcile could not repair, else a sample of both, read without any write."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from artifact_store.adapters.aws import open_ports
from artifact_store.checkup.asking import Question, Verdict, off, ok
from artifact_store.checkup.read_only import Allowance, ReadOnly, Spent
from artifact_store.maintenance.bookmark import Place, last_place
from artifact_store.maintenance.findings import Findings
from artifact_store.maintenance.index_pass import IndexPass
from artifact_store.maintenance.ledger import Ledger
from artifact_store.maintenance.object_pass import ObjectPass
from artifact_store.maintenance.work import Limits, Work, in_turn

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client

__all__ = ["CALLS", "Agreement"]

CALLS: Final = 250
"""How many storage calls each side's sample may cost: some seconds, from wherever the check runs."""

_PERMISSIONS: Final = (
    "s3:ListBucket, s3:ListBucketVersions, s3:GetObject, s3:GetObjectVersion, "
    "dynamodb:GetItem, dynamodb:BatchGetItem, dynamodb:Query, dynamodb:Scan"
)

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(slots=True)
class _Side:
    """One side of the sample: what reconcile's pass of the same name compares.

    Attributes:
        compared: How many artifacts (and graves) were compared to the end.
        whole: Whether that was everything.
    """

    compared: int = 0
    whole: bool = False

    def each(self, function: Callable[[Given], Made], given: Iterable[Given]) -> list[Made]:
        """One after the other, counted."""

        def counted(thing: Given) -> Made:
            made = function(thing)
            self.compared += 1
            return made

        return in_turn(counted, given)

    def __str__(self) -> str:
        return f"all {self.compared:,}" if self.whole else f"the first {self.compared:,}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One bucket and its index table.

    Attributes:
        s3: A client.
        bucket_name: The bucket.
        dynamodb: A client.
        index_table_name: The table.
        calls: How many storage calls each side's sample may cost.
        limits: How old something is that counts; reconcile's own, and never a write.
    """

    s3: S3Client
    bucket_name: str
    dynamodb: DynamoDBClient
    index_table_name: str
    calls: int = CALLS
    limits: Limits = Limits(dry_run=True)  # noqa: RUF009 - frozen

    def question(self) -> Question:
        """What to ask."""
        return Question(
            name="drift",
            looks_at="whether bucket and index table agree",
            target=f"bucket {self.bucket_name} or table {self.index_table_name}",
            permission=_PERMISSIONS,
            resource="bucket, objects and table",
            judge=self.judge,
        )

    def judge(self) -> Verdict:
        """Drift that a run of reconcile has left is told as it is kept; else a sample is compared."""
        allowance = Allowance(self.calls)
        ports, table = open_ports(
            bucket_name=self.bucket_name,
            index_table_name=self.index_table_name,
            s3=cast("S3Client", ReadOnly(self.s3, allowance)),
            dynamodb=cast("DynamoDBClient", ReadOnly(self.dynamodb, allowance)),
        )
        place = last_place(table)
        left = place.checkpoint.findings.unrepaired if place.checkpoint is not None else {}
        if place.checkpoint is not None and left:
            return off(
                f"the reconcile that began at {_time(place.checkpoint.started_ms)} and is under way could not repair "
                f"{_counts(left)} so far",
                self._remedy("--dry-run"),
            )
        findings = Findings(once=True)
        sides = []
        for side_of in (_objects, _entries):
            side = _Side()
            work = Work(
                ports, Ledger(table, ports.clock), findings, self.limits, side.each, started_ms=ports.clock.now_ms()
            )
            allowance.left = self.calls
            try:
                side_of(work)
            except Spent:
                pass
            else:
                side.whole = True
            sides.append(side)
        looked = f"compared {sides[0]} artifacts of the bucket and {sides[1]} of the table; {_last(place)}"
        if findings.total:
            told = "1 difference" if findings.total == 1 else f"{findings.total:,} differences"
            return off(f"{told}: {_counts(findings.drift)}; {looked}", self._remedy(""))
        return ok(f"no difference; {looked}")

    def _remedy(self, how: str) -> str:
        command = f"python -m artifact_store reconcile --bucket {self.bucket_name} --table {self.index_table_name}"
        if how:
            return f"See what it is: {command} {how}; docs/maintenance.md tells what to do for each kind"
        return f"{command} (first with --dry-run: it tells what it would do)"


def _objects(work: Work) -> None:
    """Objects without an entry, and entries beside objects whose own object is gone."""
    compared = ObjectPass(work, IndexPass(work, give_up_at=math.inf))
    after: str | None = ""
    while after is not None:
        after = compared.step(after, in_time=lambda: True)


def _entries(work: Work) -> None:
    """Heads, entries and graves that contradict each other, and entries of artifacts without any object."""
    compared = IndexPass(work, give_up_at=math.inf)
    after = compared.step(None)
    while after is not None:
        after = compared.step(after)


def _last(place: Place) -> str:
    if not place.completed_ms:
        return "no reconcile has ended in this table yet"
    return f"the last reconcile ended at {_time(place.completed_ms)}"


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _counts(counts: Mapping[str, Any]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()))
