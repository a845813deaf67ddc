"""What docs/command-line.md shows is what its commands print, one after the other on one server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer

from google_adk_aws.cli._terminal import Exit
from google_adk_aws.cli.app import app
from local import LocalApi

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/command-line.md").read_text()
SHOWN: Final = re.findall(r"^```sh\n((?:(?!```).*\n)+)```\n+```text\n((?:(?!```).*\n)+)```$", PAGE, re.MULTILINE)
# What differs from run to run.
VARYING: Final = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"), "2026-11-24 09:30:00Z"),
    (re.compile(r"\b([0-9a-f]{8})[0-9a-f]{56}\b"), r"\1…"),
    (re.compile(r'^entity tag\t".*"$', re.MULTILINE), 'entity tag\t"…"'),
    (re.compile(r"s3://[^/\s]+/"), "s3://…/"),
    (re.compile(r"^https?://\S+$", re.MULTILINE), "https://…"),
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with LocalApi(data_dir=tmp_path_factory.mktemp("page")) as api:
        yield api.url


def test_everything_that_prints_is_run() -> None:
    assert len(SHOWN) == PAGE.count("```text") == PAGE.count("```sh\n")


def test_commands_print_what_is_shown(url: str, tmp_path: Path) -> None:
    (tmp_path / "q1.md").write_text("# Q1\n")
    (tmp_path / "logo.svg").write_text("<svg/>")
    command = tmp_path / "bin" / "adk-artifacts"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m google_adk_aws.cli "$@"\n')
    command.chmod(0o755)
    environment = {
        "ADK_ARTIFACTS_STORE": url,
        "HOME": str(tmp_path),
        "PATH": f"{command.parent}:{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT / 'client/src'}:{ROOT / 'layers/artifact_store'}",
        "PYTHONWARNINGS": "error::ResourceWarning",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    for script, output in SHOWN:
        done = subprocess.run(
            ["/bin/sh", "-euc", script],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        printed = done.stdout
        for varying, shown in VARYING:
            printed = varying.sub(shown, printed)
        assert printed.rstrip("\n") == output.rstrip("\n"), script
    assert (tmp_path / "latest.md").read_text() == "# Q1, better\n"


def test_every_option_is_told_and_no_other() -> None:
    group: Any = typer.main.get_command(app)
    names = [
        {name for name in (*option.opts, *option.secondary_opts, option.envvar) if name}
        for command in (group, *group.commands.values())
        for option in command.params
        if any(name.startswith("--") for name in option.opts)
    ]
    pages = PAGE + (ROOT / "docs/migration.md").read_text()
    told = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+|ADK_ARTIFACTS_[A-Z_]+)", pages))
    assert [sorted(option) for option in names if not option & (told | {"--help"})] == []
    assert set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", PAGE)) <= set().union(*names)


def test_every_command_and_exit_status_is_told() -> None:
    group = typer.main.get_command(app)
    for name in group.commands:  # type: ignore[attr-defined]
        assert re.search(rf"`(adk-artifacts )?{name}\b|^adk-artifacts .*\b{name} ", PAGE, re.MULTILINE), name
    for status in Exit:
        assert f"| {status.value} |" in PAGE
