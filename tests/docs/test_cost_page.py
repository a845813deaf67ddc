"""What docs/cost.md shows is what the command prints, and what it prints adds up."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

pytestmark = pytest.mark.unit

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/cost.md").read_text()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/cost.py", *arguments]
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'layers/artifact_store'}"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def bill(*arguments: str) -> dict[str, Any]:
    done = run("--json", *arguments)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def dollars(found: dict[str, Any], what: str) -> float:
    (line,) = [line for line in found["lines"] if line["what"] == what]
    amount: float = line["dollars"]
    return amount


def test_the_example_prints_what_is_shown() -> None:
    arguments = re.findall(r'^make cost ARGS="(.*)"$', PAGE, re.MULTILINE)[0].split()
    shown = re.findall(r"^```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[0]
    assert run(*arguments).stdout == shown


def test_every_argument_is_told() -> None:
    known = set(re.findall(r"(--[a-z-]+)", run("--help").stdout)) - {"--help"}
    assert known == set(re.findall(r"(--[a-z][a-z-]+)", PAGE)) - {"--help"}


def test_the_lines_add_up() -> None:
    found = bill("--artifacts", "1e6", "--saves", "1e6", "--loads", "1e6", "--deletes", "1e5")
    assert found["dollarsPerMonth"] == pytest.approx(sum(line["dollars"] for line in found["lines"]), abs=0.01)


def test_rates_and_sizes_are_what_is_paid_for() -> None:
    found = bill("--saves", "2e6", "--artifacts", "1000", "--versions", "3", "--size", "1GB", "--price", "s3-gb=1")
    # A PUT of $5, a transaction of three items at twice $0.625 at least, and $1.25 for two idempotency writes.
    assert dollars(found, "storage calls of saves") > 2 * (5 + 3 * 1.25 + 1.25)
    assert dollars(found, "API Gateway") == 2.0
    assert dollars(found, "content in S3") == 3000.0
    assert dollars(found, "storage calls of loads") == 0
    twice = bill("--artifacts", "2000", "--versions", "3")
    assert dollars(twice, "index in DynamoDB") == pytest.approx(2 * dollars(found, "index in DynamoDB"), abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--size", "big"], "'big' is no size: 1500, 200KB"),
        (["--loads", "-1"], "'-1' is not 0 or more"),
        (["--loads", "many"], "'many' is not 0 or more"),
        (["--price", "gold=3"], "'gold' is no price: api-million"),
        (["--versions", "0"], "--versions and --names must be at least 1"),
    ],
)
def test_what_cannot_be_is_said(arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
