"""Thousands of requests made up from docs/openapi.json, alone and in turn, sent to the API on this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.api import LocalApi

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
DOCUMENT = ROOT / "docs" / "openapi.json"
# Another number makes other requests.
SEED = int(os.environ.get("MADE_UP_SEED", "1"))

pytestmark = [pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def api() -> Iterator[LocalApi]:
    with LocalApi() as running:
        yield running


def made_up(url: str, folder: Path, *options: str) -> tuple[int, int, str]:
    """Exit code, number of requests, and everything that was printed."""
    print(f"MADE_UP_SEED={SEED}")  # noqa: T201 - pytest shows it when the test fails
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")]
    command += ["run", str(DOCUMENT), "--url", url, "--seed", str(SEED), "--no-color", *options]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.made_up.hooks", "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=540)
    count = re.search(r"(\d+) generated", ran.stdout)
    return ran.returncode, int(count[1]) if count else 0, ran.stdout + ran.stderr


def test_no_request_that_can_be_made_up_breaks_the_contract(api: LocalApi, tmp_path: Path) -> None:
    code, count, text = made_up(api.url, tmp_path, "--max-examples", "30", "--exclude-checks", "nothing_succeeds")
    assert code == 0, text
    assert count >= 2000, text


def test_without_a_known_caller_nothing_succeeds(tmp_path: Path) -> None:
    # As behind a gateway that forgot its authorizer.
    with LocalApi(environment={"AUTH_MODE": "JWT", "JWT_APP_CLAIM": "app"}) as api:
        code, count, text = made_up(
            api.url,
            tmp_path,
            *("--checks", "not_a_server_error,response_schema_conformance,nothing_succeeds"),
            *("--phases", "examples,fuzzing", "--max-examples", "10", "--exclude-path", "/v1/health"),
        )
    assert code == 0, text
    assert count >= 300, text


def test_what_breaks_the_contract_is_noticed(api: LocalApi, tmp_path: Path) -> None:
    code, _, text = made_up(
        api.url,
        tmp_path,
        *("--checks", "nothing_succeeds", "--phases", "fuzzing", "--max-examples", "1", "--include-path", "/v1/health"),
    )
    assert code == 1, text
    assert "nothing_succeeds" in text
