"""The program of docs/concepts.md prints what is shown below it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.docs.blocks import ROOT, blocks_of

pytestmark = pytest.mark.unit


def test_the_program_prints_what_is_shown() -> None:
    program, output = blocks_of("docs/concepts.md")
    done = subprocess.run(
        [sys.executable, "-c", program.text],
        env={"PYTHONPATH": f"{ROOT / 'client/src'}:{ROOT / 'layers/artifact_store'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (output.text, "")
