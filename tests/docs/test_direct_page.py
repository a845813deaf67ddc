"""What docs/direct-s3.md shows is what its programs print, one after the other on one server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from local import Emulator
from local.emulator import CREDENTIALS

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/direct-s3.md").read_text()
SHOWN: Final = re.findall(r"^```python\n(.*?)^```\n+```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def endpoint_url() -> Iterator[str]:
    with Emulator() as emulator:
        yield emulator.url


def test_every_program_is_followed_by_what_it_prints() -> None:
    assert len(SHOWN) == PAGE.count("```python") == 3


def test_programs_print_what_is_shown(endpoint_url: str, tmp_path: Path) -> None:
    environment = {
        **CREDENTIALS,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint_url,
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT / 'client/src'}:{ROOT / 'layers/artifact_store'}",
        "PYTHONWARNINGS": "error::ResourceWarning",
    }
    for program, output in SHOWN:
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (done.stdout, done.returncode) == (output, 0), done.stderr
