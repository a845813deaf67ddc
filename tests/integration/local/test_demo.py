"""`make demo`: an ADK agent works with real files through the API."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from local.template import ROOT

ROOTS = [ROOT, ROOT / "layers" / "artifact_store", ROOT / "functions", ROOT / "client" / "src"]


@pytest.mark.integration
def test_the_demo_says_what_happened() -> None:
    ran = subprocess.run(
        [sys.executable, "examples/demo.py"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, ROOTS))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    for line in (
        "saved: user:voice.wav, version 0",
        "model: I see application/pdf, ",
        "model: I see audio/wav, 8044 bytes",
        "model: I read 'Kept for ever — also as text.'",
        "saved: summary.md, version 0",
        "all 4 files came back byte for byte",
        "in session s2: ['user:voice.wav']",
        "saved version 1; all: [0, 1]",
        "deleted; loading it gives None",
    ):
        assert line in ran.stdout
