"""`python -m artifact_store check`: what it prints, and its exit status."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from typing import Any

import boto3
import pytest

from artifact_store.checkup import State, check_bucket
from artifact_store.checkup.command import add_check
from artifact_store.maintenance.command import main
from tests.unit.checkup.healthy import Case
from tests.unit.checkup.test_could_not_check import raising, refused


class Run:
    """One run of the command, with a case's clients."""

    def __init__(self, *arguments: str) -> None:
        out, err = io.StringIO(), io.StringIO()
        self.status = main(["check", *arguments], out=out, err=err, others=[add_check])
        self.out, self.err = out.getvalue(), err.getvalue()

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@pytest.fixture
def clients(case: Case, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What boto3 makes while a test runs."""
    for name in ("BUCKET_NAME", "INDEX_TABLE_NAME"):
        monkeypatch.delenv(name, raising=False)
    found = {"s3": case.s3, "dynamodb": case.dynamodb}
    monkeypatch.setattr(boto3, "client", lambda service, **_: found[service])
    return found


def named(case: Case) -> list[str]:
    return ["--bucket", case.bucket, "--table", case.table]


def test_a_healthy_bucket_ends_with_0(case: Case, clients: dict[str, Any]) -> None:
    run = Run(*named(case))
    assert (run.status, run.err) == (0, "")
    assert run.lines[0] == "ok               required     versioning           enabled"
    rows = [line for line in run.lines[:-1] if not line.startswith("    ")]
    assert len(rows) == 14
    assert {line.index(line.split()[1]) for line in rows} == {17}
    assert [line.split()[0] for line in rows].count("ok") == 12
    assert run.lines[-1] == "12 ok, 2 off, 0 could not check; nothing that is required is off"


def test_the_remedy_is_under_its_row(case: Case, clients: dict[str, Any]) -> None:
    lines = Run(*named(case)).lines
    (at,) = [number for number, line in enumerate(lines) if "access-logging" in line]
    assert lines[at] == "off              recommended  access-logging       no access logs"
    assert lines[at + 1].startswith(f"    aws s3api put-bucket-logging --bucket {case.bucket} ")
    assert not any(after.startswith("    ") for line, after in pairwise(lines) if line.startswith("ok"))


def test_something_required_that_is_off_ends_with_1(case: Case, clients: dict[str, Any]) -> None:
    case.s3.delete_bucket_policy(Bucket=case.bucket)
    run = Run(*named(case))
    assert run.status == 1
    assert run.lines[-1] == "11 ok, 3 off, 0 could not check; something that is required is off"


def test_strict_lets_what_is_recommended_count(case: Case, clients: dict[str, Any]) -> None:
    run = Run(*named(case), "--strict")
    assert run.status == 1
    assert run.lines[-1].endswith("; something that is required or recommended is off")
    answer = {"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": ""}}
    clients["s3"] = case.with_call("get_bucket_logging", lambda **_: answer).s3
    assert Run(*named(case), "--strict").status == 0


def test_something_required_that_could_not_be_checked_ends_with_3(case: Case, clients: dict[str, Any]) -> None:
    clients["s3"] = case.with_call("get_bucket_policy", raising(refused("AccessDenied"))).s3
    run = Run(*named(case))
    assert run.status == 3
    (at,) = [number for number, line in enumerate(run.lines) if "tls-only" in line]
    assert run.lines[at : at + 2] == [
        "could not check  required     tls-only             AWS answered AccessDenied",
        f"    Allow s3:GetBucketPolicy on arn:aws:s3:::{case.bucket}, then check again",
    ]
    assert run.lines[-1] == "11 ok, 2 off, 1 could not check; something that is required could not be checked"


def test_something_recommended_that_could_not_be_checked_is_told(case: Case, clients: dict[str, Any]) -> None:
    clients["s3"] = case.with_call("get_bucket_logging", raising(refused("AccessDenied"))).s3
    run = Run(*named(case))
    assert (run.status, run.lines[-1]) == (
        0,
        "12 ok, 1 off, 1 could not check; nothing that is required is off or open",
    )
    assert Run(*named(case), "--strict").status == 3


def test_without_a_table_it_says_so(case: Case, clients: dict[str, Any]) -> None:
    run = Run("--bucket", case.bucket)
    assert run.status == 0
    assert run.lines[-2] == "No index table was named: neither it nor drift was looked at."
    assert not any("table-recovery" in line or "drift  " in line for line in run.lines)


def test_the_environment_names_both(case: Case, clients: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKET_NAME", case.bucket)
    monkeypatch.setenv("INDEX_TABLE_NAME", case.table)
    assert Run().lines == Run(*named(case)).lines


def test_json_is_one_document(case: Case, clients: dict[str, Any]) -> None:
    case.s3.delete_bucket_policy(Bucket=case.bucket)
    clients["s3"] = case.with_call("get_bucket_encryption", raising(refused("AccessDenied"))).s3
    run = Run(*named(case), "--json")
    assert run.status == 1
    document = json.loads(run.out)
    assert {name: value for name, value in document.items() if name != "checks"} == {
        "bucket": case.bucket,
        "table": case.table,
        "strict": False,
        "verdict": "off",
        "counts": {"ok": 10, "off": 3, "could not check": 1},
    }
    assert document["checks"][0] == {
        "name": "versioning",
        "looksAt": "versioning of the bucket",
        "severity": "required",
        "state": "ok",
        "found": "enabled",
        "remedy": None,
        "error": None,
        "permission": None,
    }
    assert document["checks"][1]["error"] == "AccessDenied"
    assert document["checks"][1]["permission"] == "s3:GetEncryptionConfiguration"
    library = check_bucket(case.bucket, index_table_name=case.table, s3=clients["s3"], dynamodb=case.dynamodb)
    assert document == json.loads(json.dumps(library.to_json()))
    assert library.counts[State.OFF] == 3


def test_what_cannot_be_checked_at_all_ends_with_2(case: Case, clients: dict[str, Any]) -> None:
    assert Run().err == "artifact_store: give --bucket, or set BUCKET_NAME\n"
    missing = Run("--bucket", "other", "--json")
    assert (missing.status, missing.out) == (2, "")
    assert missing.err == "artifact_store: there is no bucket other (NoSuchBucket)\n"
    assert Run("--bucket", case.bucket, "--table", "other").status == 2
    assert [Run().status, Run("--unknown").status] == [2, 2]


def test_no_credentials_end_with_2(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    run = Run("--bucket", "some-bucket")
    assert (run.status, run.err) == (2, "artifact_store: there are no AWS credentials: NoCredentialsError\n")


def test_its_help_tells_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert Run("--help").status == 0
    told = capsys.readouterr().out
    assert [f"\n  {status}  " in told for status in range(5)] == [True, True, True, True, False]
    assert "mfa-delete" in told
