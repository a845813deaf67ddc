"""`adk-artifacts migrate`, as a shell starts it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import typer
from google.adk.artifacts.file_artifact_service import FileArtifactService
from moto import mock_aws
from typer.testing import CliRunner, Result

from google_adk_aws import S3ArtifactService
from google_adk_aws.cli import migrate as module
from google_adk_aws.migration._addresses import Address
from tests.ports.conftest import make_bucket
from tests.unit.client.migration.stores import contents, fill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.adk.artifacts.base_artifact_service import BaseArtifactService


pytestmark = pytest.mark.unit

COPY = "apps/reports/users/ada/sessions/s1/artifacts/q1.png/versions/1/q1.png"


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    asyncio.run(fill(FileArtifactService(tmp_path / "old")))
    return tmp_path / "old"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield make_bucket(boto3.client("s3"))


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.command()(module.migrate)
    return CliRunner().invoke(app, list(arguments))


def held(service: BaseArtifactService) -> Any:
    return asyncio.run(contents(service))


def reported(*arguments: str) -> dict[str, Any]:
    done = run(*arguments, "--json")
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["ok"] == (done.exit_code == 0)
    return report


def test_from_files_to_files_and_a_second_look(old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    places = old.as_uri(), new.as_uri()
    assert reported(*places, "--dry-run")["migration"]["copied"] == 5
    assert not (tmp_path / "cache").exists()
    report = reported(*places, "--verify")
    assert (report["migration"]["copied"], report["verification"]["verified"]) == (5, 5)
    assert Path(report["journal"]).is_relative_to(tmp_path / "cache")
    assert held(FileArtifactService(new)) == held(FileArtifactService(old))
    assert reported(*places)["migration"]["present"] == 5
    (new / COPY).write_bytes(b"\x1b[2J")
    report = reported(*places, "--verify-only")
    assert (report["migration"], len(report["verification"]["failures"])) == (None, 1)
    done = run(*places, "--verify-only")
    assert (done.exit_code, "reports/ada/s1/q1.png/1: version 1 of the target has SHA-256" in done.output) == (1, True)


def test_into_a_bucket_and_back(old: Path, bucket: str, tmp_path: Path) -> None:
    done = run(old.as_uri(), f"s3://{bucket}", "--concurrency", "1", "--verify")
    assert (done.exit_code, "versions copied" in done.output) == (0, True), done.output
    files = FileArtifactService(old)
    with S3ArtifactService(bucket, workers=1) as service:
        assert held(service) == held(files)
    for scopes, copied in ((["--scope", "reports/ada"], 1), ([], 4)):
        home = (tmp_path / "home").as_uri()
        assert (
            reported(f"s3://{bucket}", home, *scopes, "--journal", str(tmp_path / "j"))["migration"]["copied"] == copied
        )
    assert held(FileArtifactService(tmp_path / "home")) == held(files)


def test_a_community_bucket(bucket: str, tmp_path: Path) -> None:
    boto3.client("s3").put_object(Bucket=bucket, Key="a/b/c/d/4", Body=b"1", ContentType="image/png")
    report = reported(
        f"s3://{bucket}?layout=community&region=eu-central-1", (tmp_path / "new").as_uri(), "--no-provenance"
    )
    assert report["migration"]["renumbered"] == {"a/b/c/d": {"4": 0}}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ftp://x", "s3://b"], "an address begins with"),
        (["s3://b", "s3://b?layout=community"], "both addresses are b"),
        (["s3://b/prefix", "s3://c"], "no path"),
        (["s3://b?tabel=x", "s3://c"], "layout, region, table"),
        (["s3://b?layout=flat", "s3://c"], "the layout is community"),
        (["file://host/x", "s3://c"], "the whole path"),
        (["https://u:p@api.example.com", "s3://c"], "no credentials"),
        (["s3://b", "s3://c", "--scope", "a"], "a scope is app/user/session"),
        (["s3://b", "s3://c", "--dry-run", "--verify"], "a dry run copies nothing"),
        (["s3://b", "s3://c", "--concurrency", "0"], "greater than or equal to 1"),
    ],
)
def test_wrong_arguments(arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert (done.exit_code, said in done.output) == (2, True), done.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["file:///does/not/exist", "file:///neither"], "no folder"),
        (["https://api.example.com", "file:///neither"], "name scopes"),
    ],
)
def test_stores_that_cannot_be_opened(arguments: list[str], said: str) -> None:
    done = run(*arguments)
    assert (done.exit_code, said in done.output) == (3, True), done.output


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("google.cloud.storage", "google.adk_community.artifacts"):
        monkeypatch.setitem(sys.modules, name, None)
    here = tmp_path.as_uri()
    for arguments, said in (
        (["gs://b", here], "pip install 'google-cloud-storage'"),
        ([here, "gs://b"], "pip install 'google-cloud-storage'"),
        ([here, "s3://b?layout=community"], "pip install 'google-adk-community[s3]'"),
    ):
        done = run(*arguments)
        assert (done.exit_code, said in done.output) == (3, True), done.output


def test_an_interruption_is_no_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "open_source", interrupted)
    done = run(tmp_path.as_uri(), "s3://b")
    assert (done.exit_code, "the same command goes on" in done.output) == (130, True)


def test_what_would_command_a_terminal_is_not_printed(tmp_path: Path) -> None:
    (tmp_path / "old/users/\x1b[2J/x/versions/0").mkdir(parents=True)
    folder = tmp_path / "old/apps/a/users/b/artifacts/\x1b]0;x"
    (folder / "versions/0").mkdir(parents=True)
    done = run((tmp_path / "old").as_uri(), (tmp_path / "new").as_uri())
    assert (done.exit_code, "\x1b]" in done.output, "is missing" in done.output) == (1, False, True)


def test_addresses() -> None:
    parsed = Address.parse("s3://b?table=t&endpoint_url=http://127.0.0.1:9000")
    assert (parsed.kind, parsed.place) == ("s3", "b")
    assert parsed.options == {"table": "t", "endpoint_url": "http://127.0.0.1:9000"}
    assert Address.parse("file:///a%20b").place == "/a b"
    assert Address.parse("artifacts+https://x/y").kind == "api"


def test_the_package_imports_none_of_it() -> None:
    program = (
        # httpx imports rich where it is installed.
        "import httpx, sys; known = set(sys.modules);"
        "import google_adk_aws, google_adk_aws.migration;"
        "print(sorted({'typer', 'rich', 'boto3', 'botocore'} & (set(sys.modules) - known)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
