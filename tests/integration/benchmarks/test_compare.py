"""The comparison runs, and counts what is known to happen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import storage_cost

ROOT = Path(__file__).resolve().parents[3]
OURS = "ours, API"
PEER = "community, default"

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("benchmarks")
    command = [sys.executable, "-m", "benchmarks.compare", "--quick", "--out", str(out), "--rounds", "1"]
    command += ["--s3-ms", "3", "--dynamodb-ms", "1", "--api-ms", "1"]
    subprocess.run(command, cwd=ROOT, check=True, timeout=240)
    read: dict[str, Any] = json.loads((out / "compare.json").read_text())
    return read


def row(results: dict[str, Any], operation: str, contender: str = OURS, *, versions: int = 20) -> dict[str, Any]:
    (found,) = (
        row
        for row in results["rows"]
        if (row["operation"], row["contender"], row["versions"]) == (operation, contender, versions)
    )
    return dict(found)


def test_every_operation_is_measured_without_an_error(results: dict[str, Any]) -> None:
    assert {row["operation"] for row in results["rows"]} == {
        "list names",
        "load latest",
        "load version",
        "list versions",
        "versions with metadata",
        "describe latest",
        "save",
        "delete, until vanished",
        "delete, until answered",
        "3 savers of one name",
    }
    assert [row for row in results["rows"] if row["errors"]] == []


def test_calls_are_counted_and_put_in_sequence(results: dict[str, Any]) -> None:
    loaded = row(results, "load latest")
    assert loaded["calls_by_operation"] == {"GetItem": 1, "GetObject": 1}
    assert (loaded["depth"], loaded["api_requests"]) == (2, 1)
    saved = row(results, "save")
    assert saved["calls_by_operation"]["PutObject"] == 1
    assert saved["calls_by_operation"]["TransactWriteItems"] == 1
    assert saved["depth"] == saved["storage_calls"] == 5
    assert row(results, "versions with metadata")["depth"] == 1


def dollars_in_memory(operation: str) -> float:
    objects, table = storage_cost.prepared(names=1, versions=20)
    bill = storage_cost.Bill()
    storage_cost.OPERATIONS[operation](storage_cost.opened(objects, table, bill))
    return bill.dollars


def test_dollars_are_those_of_the_table_of_costs(results: dict[str, Any]) -> None:
    assert row(results, "load latest")["dollars_per_million"] == pytest.approx(dollars_in_memory("load latest"))
    powertools = 2 * storage_cost.WRITE_UNIT
    assert row(results, "save")["dollars_per_million"] == pytest.approx(dollars_in_memory("save") + powertools)


def test_nobody_loses_a_race(results: dict[str, Any]) -> None:
    assert row(results, "3 savers of one name", versions=0)["api_requests"] >= 3


def test_the_peer_is_counted_by_the_same_measure(results: dict[str, Any]) -> None:
    if PEER not in {row["contender"] for row in results["rows"]}:
        pytest.skip("google-adk-community is not installed: make bench")
    assert row(results, "load latest", PEER)["calls_by_operation"] == {"GetObject": 1, "ListObjectsV2": 1}
    assert row(results, "versions with metadata", PEER)["storage_calls"] == 21
    assert row(results, "save", PEER)["dollars_per_million"] == 2 * storage_cost.S3_PUT


def test_every_promise_is_judged(results: dict[str, Any]) -> None:
    assert len(results["bars"]) >= 10
    assert {bar["verdict"] for bar in results["bars"]} <= {"met", "NOT MET", "not measured"}
