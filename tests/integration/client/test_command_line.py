"""`adk-artifacts` as a shell runs it, on an API of this machine and straight on its bucket."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from typer.testing import CliRunner, Result

from google_adk_aws.cli.app import app
from local import LocalApi
from local.emulator import CREDENTIALS

pytestmark = pytest.mark.integration

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    with LocalApi(data_dir=tmp_path_factory.mktemp("commands")) as api:
        yield api


@pytest.fixture(params=["api", "bucket"])
def store(request: pytest.FixtureRequest, api: LocalApi) -> str:
    """The same artifacts by either address."""
    return api.url if request.param == "api" else bucket_of(api)


def bucket_of(api: LocalApi) -> str:
    options = urlencode(
        {"table": api.table_name, "region": CREDENTIALS["AWS_REGION"], "endpoint_url": api.aws_endpoint_url}
    )
    return f"s3://{api.bucket_name}?{options}"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, api: LocalApi) -> None:
    for name, value in {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": api.aws_endpoint_url,
        "COLUMNS": "200",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("ADK_ARTIFACTS_STORE", "ADK_ARTIFACTS_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def scope(request: pytest.FixtureRequest) -> str:
    """A scope of the test's own."""
    return f"cli/{hashlib.sha256(request.node.name.encode()).hexdigest()[:12]}/s"


def run(store: str | None, *arguments: str, stdin: bytes | None = None) -> Result:
    given = ("--store", store) if store else ()
    return CliRunner().invoke(app, [*given, *arguments], input=stdin)


def done(store: str, *arguments: str, stdin: bytes | None = None) -> str:
    result = run(store, *arguments, stdin=stdin)
    assert result.exit_code == 0, result.output
    return result.stdout


def told(store: str, *arguments: str) -> Any:
    return json.loads(done(store, *arguments, "--json"))


def test_what_is_put_is_got(store: str, scope: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"one")
    assert done(store, "put", "a.md", f"{scope}/") == f"{scope}/a.md version 0\n"
    done(store, "put", "-", f"{scope}/a.md", stdin=b"two")
    assert done(store, "cat", f"{scope}/a.md") == "two"
    assert done(store, "get", f"{scope}/a.md", "-", "-v", "0") == "one"
    done(store, "get", f"{scope}/a.md", "b.md")
    assert (tmp_path / "b.md").read_bytes() == b"two"
    assert oct((tmp_path / "b.md").stat().st_mode & 0o777) == oct((tmp_path / "a.md").stat().st_mode & 0o777)


def test_large_content(store: str, scope: str, tmp_path: Path) -> None:
    body = os.urandom(9 * MIB)
    (tmp_path / "large.bin").write_bytes(body)
    done(store, "put", "large.bin", f"{scope}/")
    done(store, "get", f"{scope}/large.bin", "copy.bin")
    assert (tmp_path / "copy.bin").read_bytes() == body
    assert run(store, "cat", f"{scope}/large.bin").stdout_bytes == body


def test_a_file_that_is_there_stays(store: str, scope: str, tmp_path: Path) -> None:
    done(store, "put", "-", f"{scope}/a", stdin=b"new")
    (tmp_path / "a").write_bytes(b"mine")
    result = run(store, "get", f"{scope}/a")
    assert result.exit_code == 1
    assert "a is there already; --force overwrites it" in result.stderr
    assert (tmp_path / "a").read_bytes() == b"mine"
    done(store, "get", f"{scope}/a", "--force")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["a"], "nothing beside it"


def test_a_file_that_cannot_be_written_leaves_nothing(store: str, scope: str, tmp_path: Path) -> None:
    done(store, "put", "-", f"{scope}/a", stdin=b"x")
    (tmp_path / "folder" / "a").mkdir(parents=True)
    assert run(store, "get", f"{scope}/a", "folder", "-f").exit_code == 1
    assert run(store, "get", f"{scope}/a", "missing/a").exit_code == 1
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["a"]


@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "..!2Fevil"])
def test_a_name_does_not_lead_out_of_the_folder(store: str, scope: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    result = run(store, "put", "-", f"{scope}/{name}", stdin=b"x")
    if result.exit_code == 0:
        done(store, "get", f"{scope}/{name}", "deep/er")
        assert (tmp_path / "deep" / "er" / "evil").read_bytes() == b"x"
    else:
        assert result.exit_code == 2, "or the store itself refuses it"


def test_a_folder_needs_a_name(store: str, scope: str) -> None:
    result = run(store, "put", "-", f"{scope}/", stdin=b"x")
    assert (result.exit_code, "standard input has no name" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    ("source", "said"),
    [(".", ".: a folder; put takes one file\n"), ("missing.md", "missing.md: No such file or directory\n")],
)
def test_what_is_no_file_is_said(store: str, scope: str, source: str, said: str) -> None:
    result = run(store, "put", source, f"{scope}/")
    assert (result.exit_code, result.stderr) == (1, said)


def test_lists_name_what_can_be_given_again(store: str, scope: str) -> None:
    user = scope.rpartition("/")[0]
    for name in (f"{scope}/a b/ü!21.txt", f"{user}/user:logo", f"{scope}/!1B[31mred"):
        done(store, "put", "-", name, stdin=b"x")
    listed = done(store, "ls", scope).splitlines()
    assert sorted(listed) == sorted([f"{scope}/a b/ü!21.txt", f"{scope}/!1B[31mred", f"{user}/user:logo"])
    for name in listed:
        assert done(store, "cat", name) == "x"
    assert done(store, "ls", user).splitlines() == [f"{user}/user:logo"]
    assert done(store, "ls", f"{user}/user").splitlines() == [f"{user}/user:logo"]
    assert done(store, "cat", f"{user}/user/logo") == "x", "as object keys have it"


def test_lists_tell_more_when_asked(store: str, scope: str) -> None:
    done(store, "put", "-", f"{scope}/a", "-t", "text/plain", stdin=b"12")
    version, size, _, kind, name = done(store, "ls", "-l", scope).strip().split("\t")
    assert (version, size, kind, name) == ("0", "2", "text/plain", f"{scope}/a")
    (line,) = told(store, "ls", scope)["artifacts"]
    assert (line["artifact"], line["version"], line["size"], line["mimeType"]) == (f"{scope}/a", 0, 2, "text/plain")


def test_everything_about_a_version(store: str, scope: str) -> None:
    facts = ["-m", "a=1", "-m", '{"b": [2]}', "--name", "Bär", "-t", "text/plain", "--ttl", "2h"]
    saved = json.loads(done(store, "put", "-", f"{scope}/a", *facts, "--json", stdin=b"12"))
    assert saved["customMetadata"] == {"a": "1", "b": [2]}
    assert (saved["displayName"], saved["mimeType"], saved["size"]) == ("Bär", "text/plain", 2)
    assert round(saved["expiresAt"] - saved["createTime"]) == 7200
    assert saved["sha256"] == hashlib.sha256(b"12").hexdigest()
    assert told(store, "info", f"{scope}/a") == saved
    assert told(store, "versions", f"{scope}/a")["versions"] == [
        {name: value for name, value in saved.items() if name != "artifact"}
    ]
    people = dict(line.split("\t") for line in done(store, "info", f"{scope}/a", "-v", "0").splitlines())
    assert people["display name"] == "Bär"
    assert people["expires"] != "never"
    assert done(store, "versions", f"{scope}/a").split("\t")[-1].strip() == saved["sha256"]


def test_conditions(store: str, scope: str) -> None:
    first = json.loads(done(store, "put", "-", f"{scope}/a", "--new", "--json", stdin=b"1"))
    assert run(store, "put", "-", f"{scope}/a", "--new", stdin=b"2").exit_code == 1
    assert done(store, "put", "-", f"{scope}/a", "--if-match", first["etag"], stdin=b"2").endswith("version 1\n")
    assert run(store, "put", "-", f"{scope}/a", "--if-match", first["etag"], stdin=b"3").exit_code == 1
    Path("same").write_bytes(b"2")
    done(store, "put", "same", f"{scope}/a", "--skip-unchanged")
    assert [one["version"] for one in told(store, "versions", f"{scope}/a")["versions"]] == [0, 1]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["-m", "x"], "neither KEY=VALUE nor a JSON object"),
        (["-m", "{x"], "no JSON object"),
        (["--ttl", "1w"], "is no time"),
        (["--ttl", ""], "is no time"),
        (["--ttl", "99999d"], "ttl must be whole seconds"),
        (["-t", "ä"], ""),
    ],
)
def test_arguments_that_cannot_be(store: str, scope: str, arguments: list[str], text: str) -> None:
    result = run(store, "put", "-", f"{scope}/a", *arguments, stdin=b"x")
    assert (result.exit_code, text in result.stderr) == (2, True), result.stderr
    assert done(store, "ls", scope) == ""


@pytest.mark.parametrize(
    "name", ["a", "a/b", "a/b/c", "a//c/d", "/b/c/d", "a/b/user:", "a/b/c/", "a/b/c/!ZZ", "a/b/c/!FF", "a/b/c/!"]
)
def test_names_that_are_none(store: str, name: str) -> None:
    result = run(store, "cat", name)
    assert result.exit_code == 2, result.output
    assert "APP/USER" in result.stderr or "!21" in result.stderr


@pytest.mark.parametrize("name", ["a", "a/b/c/d", "", "a//c"])
def test_scopes_that_are_none(store: str, name: str) -> None:
    assert run(store, "ls", name).exit_code == 2


def test_what_is_missing(store: str, scope: str) -> None:
    done(store, "put", "-", f"{scope}/a", stdin=b"x")
    for arguments in (
        ["cat", f"{scope}/b"],
        ["info", f"{scope}/a", "-v", "7"],
        ["versions", f"{scope}/b"],
        ["url", f"{scope}/b"],
    ):
        assert run(store, *arguments).exit_code == 4, arguments
    assert run(store, "put", "missing.txt", f"{scope}/a").exit_code == 1


def test_links(store: str, scope: str) -> None:
    done(store, "put", "-", f"{scope}/a", stdin=b"linked")
    result = run(store, "url", f"{scope}/a", "--expires-in", "60")
    assert httpx.get(result.stdout.strip()).content == b"linked"
    assert "good until" in result.stderr
    link = told(store, "url", f"{scope}/a")
    assert (link["version"], httpx.get(link["url"], headers=link["headers"]).content) == (0, b"linked")
    assert run(store, "url", f"{scope}/a", "--expires-in", "0").exit_code == 2


def test_copies(store: str, scope: str, api: LocalApi) -> None:
    done(store, "put", "-", f"{scope}/a", "-m", "n=0", stdin=b"0")
    done(store, "put", "-", f"{scope}/a", "-t", "text/plain", stdin=b"1")
    assert done(store, "cp", f"{scope}/a", f"{scope}/b") == f"{scope}/b version 0\n"
    assert told(store, "info", f"{scope}/b")["mimeType"] == "text/plain"
    copied = told(store, "cp", "-a", f"{scope}/a", f"{scope}/c", "--to-store", bucket_of(api))
    assert [one["version"] for one in copied["versions"]] == [0, 1]
    assert [done(store, "cat", f"{scope}/c", "-v", str(number)) for number in (0, 1)] == ["0", "1"]
    assert told(store, "info", f"{scope}/c", "-v", "0")["customMetadata"] == {"n": "0"}
    assert done(store, "cp", "-v", "0", f"{scope}/a", f"{scope}/a") == f"{scope}/a version 2\n"
    assert run(store, "cp", "-a", "-v", "0", f"{scope}/a", f"{scope}/b").exit_code == 2


def test_deletes(store: str, scope: str) -> None:
    user = scope.rpartition("/")[0]
    for name in (f"{scope}/a", f"{scope}/b", f"{scope}/c", f"{user}/user:own"):
        done(store, "put", "-", name, stdin=b"x")
    done(store, "rm", f"{scope}/a", f"{scope}/none")
    assert run(store, "rm", f"{scope}/b", "nonsense").exit_code == 2
    assert len(done(store, "ls", scope).splitlines()) == 3, "nothing is deleted before every argument is read"
    assert run(store, "rm", "--session", scope, stdin=b"n\n").exit_code == 1
    assert len(done(store, "ls", scope).splitlines()) == 3
    assert "2 artifacts deleted" in run(store, "rm", "--session", scope, stdin=b"y\n").stderr
    assert done(store, "ls", scope) == f"{user}/user:own\n"
    assert run(store, "rm", "--session", "-y", user).exit_code == 2
    assert run(store, "rm", "--user", "-y", scope).exit_code == 2
    assert run(store, "rm", "--user", "--session", "-y", scope).exit_code == 2


def test_a_user_is_deleted_by_the_api(api: LocalApi, scope: str) -> None:
    user = scope.rpartition("/")[0]
    done(api.url, "put", "-", f"{scope}/a", stdin=b"x")
    assert run(bucket_of(api), "rm", "--user", "-y", user).exit_code == 2
    assert "1 artifacts deleted" in run(api.url, "rm", "--user", "-y", user).stderr
    assert done(api.url, "ls", scope) == ""


def test_a_healthy_api_is_told_so(api: LocalApi, scope: str) -> None:
    assert {check["check"]: check["state"] for check in told(api.url, "doctor", "--scope", scope)["checks"]} == {
        "credentials": "ok",
        "reachable": "ok",
        "clock": "ok",
        "caller": "ok",
    }


def test_a_bucket_is_looked_at(api: LocalApi) -> None:
    result = run(bucket_of(api), "doctor", "--json")
    report = json.loads(result.stdout)
    states = {check["check"]: check["state"] for check in report["checks"]}
    assert (states["reachable"], states["caller"], states["versioning"]) == ("ok", "ok", "ok")
    assert report["ok"] == (result.exit_code == 0) == ("failed" not in states.values())
    assert {check["remedy"] for check in report["checks"] if check["state"] == "ok"} == {None}


def test_what_does_not_answer(scope: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
        report = json.loads(run(nobody, "doctor", "--json").stdout)
        assert [(check["check"], check["state"]) for check in report["checks"]][1:] == [("reachable", "failed")]
        assert run(nobody, "doctor").exit_code == 1
        assert run(nobody, "request", "GET", "/v1/health").exit_code == 3


def test_something_else_answers(api: LocalApi) -> None:
    result = run(f"{api.url}/no/stage", "doctor", "--json")
    assert result.exit_code == 1
    assert "stage" in json.loads(result.stdout)["checks"][1]["remedy"]


def test_raw_requests(api: LocalApi, scope: str) -> None:
    app_, user, session = scope.split("/")
    path = f"/v1/apps/{app_}/users/{user}/sessions/{session}/artifacts"
    Path("body").write_bytes(b"raw")
    sent = run(api.url, "request", "post", f"{path}/a", "-d", "@body", "-H", "Content-Type: text/plain", "-i")
    assert sent.exit_code == 0, sent.output
    assert "HTTP 201" in sent.stderr
    assert json.loads(sent.stdout)["mimeType"] == "text/plain"
    assert done(api.url, "request", "GET", f"{path}/a") == "raw"
    assert run(api.url, "request", "POST", f"{path}/a", "-d", "@-", stdin=b"in").exit_code == 0
    assert run(api.url, "request", "POST", f"{path}/a", "-d", "text").exit_code == 0
    assert run(api.url, "request", "GET", f"{path}/none").exit_code == 4
    assert run(api.url, "request", "GET", f"{path}?limit=x").exit_code == 1
    assert run(api.url, "request", "GET", "v1/health").exit_code == 2
    assert run(api.url, "request", "GET", "/v1/health", "-H", "nonsense").exit_code == 2
    assert run(bucket_of(api), "request", "GET", "/v1/health").exit_code == 2


def test_an_index_is_made_again(api: LocalApi, scope: str) -> None:
    store = bucket_of(api)
    done(store, "put", "-", f"{scope}/a", stdin=b"x")
    assert told(store, "rebuild", scope, "--dry-run")
    done(store, "rebuild", scope)
    assert run(store, "rebuild").exit_code == 2
    assert run(store, "rebuild", scope, "--all").exit_code == 2
    result = run(api.url, "rebuild", "--all")
    assert (result.exit_code, result.stderr) == (2, "rebuild needs --store s3://BUCKET?table=NAME\n")


def test_which_store() -> None:
    for arguments in (
        ["ls", "a/b"],
        ["-s", "ftp://x", "ls", "a/b"],
        ["-s", "file:///x", "ls", "a/b"],
        ["-s", "s3://b?x=1", "ls", "a/b"],
    ):
        result = run(None, *arguments)
        assert result.exit_code == 2, result.output
        assert result.stderr
    assert "s3://BUCKET?table=NAME" in run(None, "ls", "a/b").stderr


def test_a_bucket_that_is_missing(api: LocalApi) -> None:
    options = urlencode({"region": CREDENTIALS["AWS_REGION"], "endpoint_url": api.aws_endpoint_url})
    assert run(f"s3://no-such-bucket?{options}", "ls", "a/b").exit_code == 3


@pytest.mark.parametrize("auth", ["google", "iam"])
def test_signed_requests(api: LocalApi, auth: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent")
    audience = ("--audience", "artifacts") if auth == "google" else ()
    result = run(api.url, "--auth", auth, *audience, "--region", "eu-central-1", "ls", "a/b")
    assert (result.exit_code == 0) == (auth == "iam"), result.output


def test_a_token_is_sent_and_never_shown(api: LocalApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADK_ARTIFACTS_TOKEN", "a-token-that-is-secret")
    (row,) = [row for row in told(api.url, "doctor")["checks"] if row["check"] == "credentials"]
    assert row["found"] == "BearerAuth"
    assert "a-token-that-is-secret" not in run(api.url, "--verbose", "cat", "a/b/c/none").output


def test_an_error_is_one_line_unless_more_is_asked_for(api: LocalApi) -> None:
    short = run(api.url, "cat", "a/b/c/none")
    assert len(short.stderr.splitlines()) == 1
    assert "(request " in short.stderr
    assert "Traceback" in run(api.url, "--verbose", "cat", "a/b/c/none").stderr


def test_versions_and_help() -> None:
    assert run(None, "--version").stdout.startswith("adk-artifacts ")
    for command in ([], ["ls"], ["put"], ["get"], ["rm"], ["cp"], ["doctor"], ["request"], ["rebuild"], ["migrate"]):
        result = run(None, *command, "--help")
        assert (result.exit_code, "Usage" in result.stdout) == (0, True)


def test_the_console_script_says_what_it_misses(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise ModuleNotFoundError('no typer', name='typer')\n")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
    done = subprocess.run(
        [sys.executable, "-m", "google_adk_aws.cli"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'google-adk-aws[cli]'" in done.stderr
