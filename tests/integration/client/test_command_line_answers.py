"""What `adk-artifacts` makes of answers that a healthy API does not give, of terminals and of Ctrl-C."""

from __future__ import annotations

import asyncio
import io
import json
import os
import pty
import re
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from google_adk_aws.cli import start
from google_adk_aws.cli._terminal import Exit, print_table
from google_adk_aws.cli._terminal import run as run_work
from google_adk_aws.cli.app import app

pytestmark = pytest.mark.integration

Answer = tuple[int, dict[str, str], bytes]
OK: Answer = 200, {}, b'{"status":"ok"}'


class _Server(ThreadingHTTPServer):
    """Answers by path; `Date` only when told."""

    answers: dict[str, Answer]
    dated = True


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        status, headers, body = self.server.answers.get(self.path.partition("?")[0], (404, {}, b""))
        self.send_response_only(status)
        if self.server.dated and "Date" not in headers:
            self.send_header("Date", self.date_time_string())
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Server]:
    monkeypatch.delenv("ADK_ARTIFACTS_TOKEN", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.answers = {"/v1/health": OK}
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(server: _Server, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["-s", f"http://127.0.0.1:{server.server_port}", *arguments])


def problem(status: int, code: str) -> Answer:
    document = {"code": code, "title": "t", "status": status, "detail": f"it is {code}", "requestId": "r-1"}
    return status, {"Content-Type": "application/problem+json"}, json.dumps(document).encode()


def rows(result: Result) -> dict[str, Any]:
    return {check["check"]: check for check in json.loads(result.stdout)["checks"]}


LIST = "/v1/apps/a/users/b/artifacts"
NOBODY = "/v1/apps/adk-artifacts-doctor/users/nobody/sessions/none/artifacts"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (problem(401, "unauthenticated"), "failed"),
        (problem(403, "forbidden"), "failed"),
        (problem(400, "invalid_name"), "could not check"),
    ],
)
def test_who_the_caller_is(server: _Server, answer: Answer, state: str) -> None:
    server.answers[LIST] = answer
    result = run(server, "doctor", "--scope", "a/b", "--json")
    assert rows(result)["caller"]["state"] == state
    assert result.exit_code == (1 if state == "failed" else 0)


def test_a_caller_who_is_not_for_every_app(server: _Server) -> None:
    server.answers[NOBODY] = problem(403, "forbidden")
    result = run(server, "doctor", "--json")
    assert (rows(result)["caller"]["state"], result.exit_code) == ("warning", 0)
    shown = run(server, "doctor").stdout
    assert "--scope says whose artifacts to look for" in shown


@pytest.mark.parametrize("status", [401, 403])
def test_an_api_that_wants_to_know_first(server: _Server, status: int) -> None:
    server.answers["/v1/health"] = status, {}, b""
    assert rows(run(server, "doctor", "--json"))["reachable"]["state"] == "ok"


@pytest.mark.parametrize("answer", [(200, {}, b"<html>"), (500, {}, b"")])
def test_a_server_that_is_another(server: _Server, answer: Answer) -> None:
    server.answers["/v1/health"] = answer
    result = run(server, "doctor", "--json")
    assert (rows(result)["reachable"]["state"], result.exit_code) == ("failed", 1)


@pytest.mark.parametrize(
    ("date", "state"), [("Tue, 24 Nov 2020 09:30:00 GMT", "warning"), ("yesterday", "could not check")]
)
def test_clocks(server: _Server, date: str, state: str) -> None:
    server.answers["/v1/health"] = 200, {"Date": date}, OK[2]
    assert rows(run(server, "doctor", "--json"))["clock"]["state"] == state


def test_an_answer_without_a_date(server: _Server) -> None:
    server.dated = False
    assert rows(run(server, "doctor", "--json"))["clock"]["state"] == "could not check"


def test_credentials_that_cannot_be_had(server: _Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent")
    result = run(server, "--auth", "google", "--audience", "x", "doctor", "--json")
    assert rows(result)["reachable"]["state"] == "could not check"


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (problem(401, "unauthenticated"), Exit.DENIED),
        (problem(403, "forbidden"), Exit.DENIED),
        (problem(404, "artifact_not_found"), Exit.NOT_FOUND),
        (problem(400, "invalid_name"), Exit.USAGE),
        ((200, {"Content-Type": "text/html"}, b"<html>"), Exit.UNAVAILABLE),
    ],
)
def test_every_answer_has_its_exit_status(server: _Server, answer: Answer, status: Exit) -> None:
    server.answers[LIST] = answer
    result = run(server, "ls", "a/b")
    assert result.exit_code == status
    assert len(result.stderr.splitlines()) == 1
    assert ("(request r-1)" in result.stderr) == (b"r-1" in answer[2])


@pytest.mark.parametrize(("code", "status"), [(401, 5), (403, 5), (404, 4), (429, 3), (503, 3), (400, 1), (204, 0)])
def test_raw_answers_too(server: _Server, code: int, status: int) -> None:
    server.answers["/x"] = code, {}, b""
    assert run(server, "request", "GET", "/x").exit_code == status


def test_an_interrupt_is_told() -> None:
    async def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(typer.Exit) as ended:
        run_work(interrupted(), verbose=False)
    assert ended.value.exit_code == Exit.INTERRUPTED


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_table_and_no_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    out = _Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    print_table(("name", "size"), [("a\x1b[31m[bold]b", "1")])
    shown = out.getvalue()
    assert "name" in shown
    assert "[bold]b" in shown
    assert "\x1b[31m" not in shown


@pytest.mark.parametrize("columns", [("version", "artifact"), ("", "")])
def test_a_table_is_whole_on_a_narrow_terminal(columns: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    out = _Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setenv("COLUMNS", "40")
    print_table(columns, [("0", "x" * 60), ("17", "user:owl:")])
    shown = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in out.getvalue().splitlines()]
    width = 9 if any(columns) else 4
    assert shown[-2:] == [f"{'0':{width}}{'x' * 60}", f"{'17':{width}}user:owl:"]
    assert shown[:-2] == (["version  artifact"] if any(columns) else [])


def test_an_interrupt_waits_for_no_keyboard(server: _Server) -> None:
    command = [sys.executable, "-m", "google_adk_aws.cli", "-s", f"http://127.0.0.1:{server.server_port}"]
    with subprocess.Popen(
        [*command, "put", "-", "a/b/c/d"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdin is not None
        # More than a pipe holds: when all is written, the command is reading and wants more.
        process.stdin.write(bytes(1 << 20))
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(timeout=30) == Exit.INTERRUPTED
        finally:
            process.kill()


def test_an_interrupt_is_heard_whichever_thread_gets_it() -> None:
    async def work() -> None:
        # Nothing else wakes the loop before this has passed.
        threading.Timer(0.2, lambda: signal.pthread_kill(threading.get_ident(), signal.SIGINT)).start()
        await asyncio.sleep(20)

    begun = time.monotonic()
    with pytest.raises(typer.Exit) as ended:
        run_work(work(), verbose=False)
    assert ended.value.exit_code == Exit.INTERRUPTED
    assert time.monotonic() - begun < 10


def test_an_interrupt_is_an_answer_to_a_question(server: _Server) -> None:
    keyboard, terminal = pty.openpty()
    command = [sys.executable, "-m", "google_adk_aws.cli", "-s", f"http://127.0.0.1:{server.server_port}"]
    with subprocess.Popen(
        [*command, "rm", "--session", "a/b/c"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        said = b""
        while b"[y/N]: " not in said:
            said += os.read(keyboard, 1000)
        # Python loses a signal that comes between the question and its reading.
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(timeout=30) == Exit.FAILED
        finally:
            process.kill()
    os.close(keyboard)
    os.close(terminal)


def test_other_missing_modules_are_no_matter_of_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google_adk_aws.cli.app", None)
    with pytest.raises(ModuleNotFoundError):
        start.main()


@pytest.mark.parametrize("name", ["typer", "rich"])
def test_what_the_extra_brings_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(*_: object, **__: object) -> Any:
        raise ModuleNotFoundError(name=name)

    imported: Callable[..., Any] = __import__
    monkeypatch.delitem(sys.modules, "google_adk_aws.cli.app")
    monkeypatch.setattr(
        "builtins.__import__",
        lambda module, *rest: missing() if module == "google_adk_aws.cli.app" else imported(module, *rest),
    )
    with pytest.raises(SystemExit) as ended:
        start.main()
    assert ended.value.code == 2
    assert "pip install 'google-adk-aws[cli]'" in capsys.readouterr().err


def test_it_runs_as_a_module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["adk-artifacts", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("google_adk_aws.cli", run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("adk-artifacts ")
