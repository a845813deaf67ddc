"""Maintenance over boto3 and many threads, and the command as a process."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from artifact_store import ArtifactId, ArtifactStore, Content, Scope
from artifact_store.adapters.aws import open_ports
from artifact_store.adapters.time import ManyInThreads
from artifact_store.maintenance import Drift, Limits, Maintenance, Reason
from tests.integration.stores import client
from tests.ports.conftest import make_bucket, make_table
from tests.stand_ins import Endpoints, running

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
SCOPE = Scope("app", "u@x", "s/1")
AT_ONCE = Limits(settle_after_ms=-60_000, blob_age_ms=-60_000)
"""As if everything were old; a stand-in's clock cannot be set."""


@pytest.fixture(scope="module")
def endpoints() -> Iterator[Endpoints]:
    with running() as found:
        yield found


class Bench:
    """A bucket and a table of their own."""

    def __init__(self, endpoints: Endpoints) -> None:
        self.endpoints = endpoints
        self.s3, self.dynamodb = client("s3", endpoints.s3), client("dynamodb", endpoints.dynamodb)
        self.bucket_name, self.table_name = make_bucket(self.s3), make_table(self.dynamodb)
        ports, table = open_ports(
            bucket_name=self.bucket_name, index_table_name=self.table_name, s3=self.s3, dynamodb=self.dynamodb
        )
        self.store = ArtifactStore(ports)
        self.maintenance = Maintenance(ports, table, each=ManyInThreads(workers=8))

    def save(self, name: str, body: bytes, **facts: Any) -> int:
        content = Content(body=body, **facts)
        key = f"{name} {body!r}"
        return self.store.save(artifact(name), content, caller="c", idempotency_key=key).version.number

    def items(self) -> list[tuple[str, str]]:
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.table_name)
        return [(item["pk"]["S"], item["sk"]["S"]) for page in pages for item in page["Items"]]

    def drop(self, *prefixes: str) -> None:
        for partition, sort in self.items():
            if sort.startswith(prefixes):
                key = {"pk": {"S": partition}, "sk": {"S": sort}}
                self.dynamodb.delete_item(TableName=self.table_name, Key=key)

    def remove_object(self, key: str) -> None:
        for version in self.s3.list_object_versions(Bucket=self.bucket_name, Prefix=key)["Versions"]:
            if version["Key"] == key:
                self.s3.delete_object(Bucket=self.bucket_name, Key=key, VersionId=version["VersionId"])

    def command(self, *arguments: str) -> tuple[int, list[Any]]:
        done = subprocess.run(
            [sys.executable, "-m", "artifact_store", *arguments, "--json"],
            env={
                "PYTHONPATH": str(ROOT / "layers/artifact_store"),
                "BUCKET_NAME": self.bucket_name,
                "INDEX_TABLE_NAME": self.table_name,
                **self.endpoints.environment(),
                "AWS_DEFAULT_REGION": "eu-central-1",
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in {0, 1}, done.stderr
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def bench(endpoints: Endpoints) -> Bench:
    return Bench(endpoints)


def artifact(name: str) -> ArtifactId:
    return ArtifactId(SCOPE, name)


def filled(bench: Bench) -> Bench:
    for number in range(30):
        for body in (b"0", b"1"):
            bench.save(f"f{number:02}", body, custom_metadata={"text": "x" * 3000} if number % 10 == 0 else {})
    return bench


def test_planted_drift_is_found_repaired_and_gone(bench: Bench) -> None:
    filled(bench)
    assert bench.maintenance.reconcile(limits=AT_ONCE).findings.total == 0
    bench.drop("h#f01", "v#f02#0000000000")
    bench.remove_object(artifact("f03").object_key(1))
    bench.s3.delete_object(Bucket=bench.bucket_name, Key=artifact("f04").object_key(0))
    bench.s3.put_object(
        Bucket=bench.bucket_name,
        Key="!blobs/orphan",
        Body=b"x",
        Metadata={"artifact-blob-of": artifact("f05").key_prefix},
    )
    findings = bench.maintenance.reconcile(limits=AT_ONCE).findings
    assert findings.drift == {
        Drift.LOST_HEAD: 1,
        Drift.UNINDEXED_OBJECT: 1,
        Drift.LOST_OBJECT: 1,
        Drift.HIDDEN_OBJECT: 1,
        Drift.ORPHAN_BLOB: 1,
    }
    assert bench.maintenance.reconcile(limits=AT_ONCE).findings.total == 0
    for name in ("f01", "f02", "f04"):
        assert [bench.store.load(artifact(name), number).body for number in range(2)] == [b"0", b"1"]
    assert bench.store.load(artifact("f03")).body == b"0"


def test_a_lost_table_is_rebuilt_by_the_command(bench: Bench) -> None:
    filled(bench)
    before = sorted(bench.items())
    bench.drop("")
    assert bench.items() == []
    status, documents = bench.command("rebuild", "--all")
    assert status == 0
    assert (documents[-1]["versions"], documents[-1]["artifacts"]) == (60, 30)
    assert sorted(bench.items()) == before
    status, documents = bench.command("reconcile")
    assert (status, documents[-1]["drift"]) == (0, 0)


def test_the_command_reconciles(bench: Bench) -> None:
    filled(bench)
    bench.drop("h#f07")
    status, documents = bench.command("reconcile", "--dry-run")
    assert (status, documents[-1]["drift"]) == (1, 1)
    status, documents = bench.command("reconcile")
    assert status == 1
    assert documents[0] == {
        "drift": True,
        "kind": "lost_head",
        "repaired": True,
        "what": artifact("f07").key_prefix,
    }
    assert bench.command("reconcile")[0] == 0
    assert bench.store.load(artifact("f07")).body == b"1"


def test_a_bucket_from_before_it_had_versioning_is_adopted(bench: Bench) -> None:
    old = f"old-{uuid.uuid4()}"
    bench.s3.create_bucket(Bucket=old, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    for key, body in ((artifact("doc").object_key(0), b"0"), (artifact("doc").object_key(1), b"1"), ("x/y", b"")):
        bench.s3.put_object(Bucket=old, Key=key, Body=body, ContentType="text/plain")
    bench.s3.put_bucket_versioning(Bucket=old, VersioningConfiguration={"Status": "Enabled"})
    bench.bucket_name = old
    status, documents = bench.command("adopt", "--prefix", "")
    assert (status, documents[-1]["versions"], documents[-1]["misfits"]) == (1, 2, {Reason.UNKNOWN_KEY: 1})
    ports, _ = open_ports(bucket_name=old, index_table_name=bench.table_name, s3=bench.s3, dynamodb=bench.dynamodb)
    store = ArtifactStore(ports)
    assert [store.load(artifact("doc"), number).body for number in range(2)] == [b"0", b"1"]
    assert store.delete(artifact("doc"))
    listed = bench.s3.list_object_versions(Bucket=old)
    assert [version["Key"] for version in listed["Versions"]] == ["x/y"]
