"""Whether bucket and index agree: what is told, from what, and that nothing is written."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from artifact_store import ArtifactId, ArtifactStore, Content, Scope
from artifact_store.adapters.aws import open_ports, open_store
from artifact_store.adapters.dynamodb import DynamoTable
from artifact_store.adapters.time import SystemClock
from artifact_store.checkup import State
from artifact_store.checkup.asking import Verdict
from artifact_store.checkup.drift import Agreement
from artifact_store.checkup.read_only import Allowance, ReadOnly, Spent, WriteRefused
from artifact_store.maintenance import Checkpoint, Drift, Findings, Limits
from artifact_store.maintenance.bookmark import Bookmark, Place
from artifact_store.record import Draft
from tests.unit.checkup.healthy import Case

SCOPE: Final = Scope("app", "u", "s")
AT_ONCE: Final = Limits(dry_run=True, settle_after_ms=-60_000)
"""As if everything were old."""


class Bench:
    """A store with three artifacts of two versions each."""

    def __init__(self, case: Case) -> None:
        case.s3.delete_bucket_policy(Bucket=case.bucket)  # moto reads no conditions, so nothing could be put
        self.case = case
        self.store: ArtifactStore = open_store(
            bucket_name=case.bucket, index_table_name=case.table, s3=case.s3, dynamodb=case.dynamodb
        )
        for name in ("a", "b", "c"):
            for body in (b"0", b"1"):
                content = Content(body=body)
                self.store.save(artifact(name), content, caller="c", idempotency_key=f"{name}{body!r}")
        self.agreement = Agreement(
            s3=case.s3,
            bucket_name=case.bucket,
            dynamodb=case.dynamodb,
            index_table_name=case.table,
            limits=AT_ONCE,
        )

    def judge(self, **changes: Any) -> Verdict:
        return replace(self.agreement, **changes).judge()

    def drop_item(self, sort: str) -> None:
        for item in self.case.dynamodb.scan(TableName=self.case.table)["Items"]:
            if item["sk"]["S"].startswith(sort):
                key = {"pk": item["pk"], "sk": item["sk"]}
                self.case.dynamodb.delete_item(TableName=self.case.table, Key=key)

    def drop_object(self, key: str) -> None:
        for version in self.case.s3.list_object_versions(Bucket=self.case.bucket, Prefix=key)["Versions"]:
            self.case.s3.delete_object(Bucket=self.case.bucket, Key=key, VersionId=version["VersionId"])

    def crash_a_save(self) -> None:
        """Leaves what a save leaves that ends between its two steps."""
        ports, _ = open_ports(
            bucket_name=self.case.bucket,
            index_table_name=self.case.table,
            s3=self.case.s3,
            dynamodb=self.case.dynamodb,
        )
        head = ports.index.head(artifact("a"))
        assert head is not None
        now = int(time.time() * 1000)
        draft = Draft(gen=head.gen, token="0" * 64, content=Content(body=b"2"), created_ms=now)
        body, content_type, metadata = draft.object(None)
        ports.objects.create(artifact("a").object_key(2), body, content_type=content_type, metadata=metadata)

    def state(self) -> object:
        versions = self.case.s3.list_object_versions(Bucket=self.case.bucket)
        items = self.case.dynamodb.scan(TableName=self.case.table)["Items"]
        return [versions.get("Versions"), versions.get("DeleteMarkers"), json.dumps(items, sort_keys=True)]

    def keep(self, place: Place) -> None:
        clock = SystemClock()
        table = DynamoTable(client=self.case.dynamodb, table_name=self.case.table, clock=clock)
        bookmark = Bookmark(table, clock, holder="a run")
        bookmark.take(seconds=1)
        bookmark.release(place)


def artifact(name: str) -> ArtifactId:
    return ArtifactId(SCOPE, name)


@pytest.fixture
def bench(case: Case) -> Bench:
    return Bench(case)


def test_a_store_in_agreement(bench: Bench) -> None:
    verdict = bench.judge()
    assert (verdict.state, verdict.remedy) == (State.OK, None)
    assert verdict.found == (
        "no difference; compared all 3 artifacts of the bucket and all 3 of the table; "
        "no reconcile has ended in this table yet"
    )


@pytest.mark.parametrize(
    ("kind", "sort", "key"),
    [
        (Drift.UNINDEXED_OBJECT, "v#a#0000000000", None),
        (Drift.LOST_OBJECT, None, artifact("b").object_key(1)),
        (Drift.LOST_HEAD, "h#c", None),
    ],
)
def test_a_difference_is_told_and_left_as_it_is(bench: Bench, kind: Drift, sort: str | None, key: str | None) -> None:
    if sort is not None:
        bench.drop_item(sort)
    if key is not None:
        bench.drop_object(key)
    before = bench.state()
    verdict = bench.judge()
    assert verdict.state is State.OFF
    assert verdict.found.startswith(f"1 difference: 1 {kind}; compared all 3 artifacts of the bucket and all ")
    assert verdict.remedy is not None
    assert f"reconcile --bucket {bench.case.bucket} --table {bench.case.table}" in verdict.remedy
    assert bench.state() == before


def test_entries_of_an_artifact_without_any_object_are_found_from_the_table(bench: Bench) -> None:
    for number in (0, 1):
        bench.drop_object(artifact("a").object_key(number))
    verdict = bench.judge()
    assert verdict.found.startswith(
        "2 differences: 2 lost_object; compared all 2 artifacts of the bucket and all 3 of the table"
    )


def test_what_is_young_is_left_to_its_saver(bench: Bench) -> None:
    bench.crash_a_save()
    assert bench.judge().found.startswith("1 difference: 1 unindexed_object; ")
    assert bench.judge(limits=Limits(dry_run=True)).state is State.OK


def test_a_sample_says_that_it_is_one(bench: Bench) -> None:
    verdict = bench.judge(calls=3)
    assert verdict.state is State.OK
    assert verdict.found.startswith(
        "no difference; compared the first 2 artifacts of the bucket and the first 0 of the table; "
    )


@pytest.mark.parametrize("calls", [3, 8, 20])
def test_a_sample_costs_no_more_than_it_may(bench: Bench, calls: int) -> None:
    made: list[str] = []

    def note(model: Any, **_: object) -> None:
        made.append(model.name)

    for client in (bench.case.s3, bench.case.dynamodb):
        client.meta.events.register("before-call", note, unique_id="note")
    try:
        bench.judge(calls=calls)
    finally:
        for client in (bench.case.s3, bench.case.dynamodb):
            client.meta.events.unregister("before-call", unique_id="note")
    assert len(made) <= 2 * calls + 1
    assert set(made) <= {"GetItem", "BatchGetItem", "Query", "Scan", "HeadObject", "GetObject", "ListObjectVersions"}


def test_when_the_last_reconcile_ended_is_told(bench: Bench) -> None:
    bench.keep(Place(None, 1_700_000_000_000))
    assert bench.judge().found.endswith("; the last reconcile ended at 2023-11-14T22:13:20Z")


def test_what_a_run_under_way_could_not_repair_is_told_without_a_sample(bench: Bench) -> None:
    findings = Findings()
    findings.note(Drift.BROKEN_ENTRY, "app/u/s/a", repaired=False)
    findings.note(Drift.LOST_HEAD, "app/u/s/b")
    bench.keep(Place(Checkpoint(at="blobs", after="", started_ms=1_700_000_000_000, findings=findings), 0))
    verdict = bench.judge(calls=1)
    assert (verdict.state, verdict.found) == (
        State.OFF,
        "the reconcile that began at 2023-11-14T22:13:20Z and is under way could not repair 1 broken_entry so far",
    )
    assert verdict.remedy is not None
    assert "--dry-run" in verdict.remedy


def test_what_a_run_under_way_has_repaired_is_not_off(bench: Bench) -> None:
    findings = Findings()
    findings.note(Drift.LOST_HEAD, "app/u/s/b")
    began = int(time.time() * 1000)
    bench.keep(Place(Checkpoint(at="blobs", after="", started_ms=began, findings=findings), 0))
    assert bench.judge().state is State.OK


def test_limits_that_would_write_are_refused(bench: Bench) -> None:
    bench.drop_item("h#a")
    before = bench.state()
    with pytest.raises(WriteRefused, match="transact_write_items"):
        bench.judge(limits=Limits(settle_after_ms=-60_000))
    assert bench.state() == before


def test_a_client_that_can_only_read(case: Case) -> None:
    allowance = Allowance(1)
    client = ReadOnly(case.s3, allowance)
    for name in ("put_object", "delete_object", "copy_object", "get_paginator", "put_bucket_policy"):
        with pytest.raises(WriteRefused, match=name):
            getattr(client, name)
    with pytest.raises(ClientError):
        client.head_object(Bucket=case.bucket, Key="none")
    with pytest.raises(Spent):
        client.head_object(Bucket=case.bucket, Key="none")
