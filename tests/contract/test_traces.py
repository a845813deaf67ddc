"""A trace shows every call of storage below its request, and names no artifact."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from tests.contract.traced_calls import NAME

ROOT: Final = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def printed() -> list[str]:
    roots = (".", "layers/artifact_store", "functions")
    done = subprocess.run(
        [sys.executable, "-m", "tests.contract.traced_calls"],
        cwd=ROOT,
        env={"PYTHONPATH": ":".join(str(ROOT / root) for root in roots)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if not line.startswith(('{"_aws"', '{"level"'))]


@pytest.fixture
def segments(printed: list[str]) -> list[dict[str, Any]]:
    statuses, *segments = map(json.loads, printed)
    assert statuses == [201, 500, 200]
    return [segment for segment in segments if segment["name"] != "dynamodb" or "CreateTable" not in str(segment)]


def test_calls_of_storage_are_below_their_requests(segments: list[dict[str, Any]]) -> None:
    requests = [segment["id"] for segment in segments if segment["name"] == "## handler"]
    calls = [segment for segment in segments if segment["name"] in {"s3", "dynamodb"}]
    told = [
        [call["aws"]["operation"] for call in calls if call["parent_id"] == request and not call.get("fault")]
        for request in requests
    ]
    assert told[0] == ["BatchGetItem", "PutObject", "TransactWriteItems"]
    assert told[2] == ["GetItem", "GetObject"]
    assert {call["parent_id"] for call in calls} <= set(requests)
    assert all(call["aws"]["request_id"] for call in calls if not call.get("fault"))


def test_a_failed_call_is_shown_as_one(segments: list[dict[str, Any]]) -> None:
    failed = [segment for segment in segments if segment.get("fault") or segment.get("error")]
    assert {(call["name"], call["aws"]["operation"], call["http"]["response"]["status"]) for call in failed} == {
        ("s3", "PutObject", 403)
    }
    assert {cause["type"] for call in failed for cause in call["cause"]["exceptions"]} == {"AccessDenied"}


def test_no_trace_names_an_artifact_or_quotes_an_error(printed: list[str]) -> None:
    traces = "\n".join(printed)
    for secret in (NAME, "app/u/s", "SECRET", "not authorized", '"message"'):
        assert secret not in traces
