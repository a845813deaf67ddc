"""What `local` exports, and what the server does not pay for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import local
from local.template import ROOT


def test_every_public_name_is_there() -> None:
    assert sorted(local.__all__) == [
        "Emulator",
        "EmulatorError",
        "LocalApi",
        "LoopbackTransport",
        "Template",
        "provision",
    ]
    for name in local.__all__:
        assert getattr(local, name).__name__ == name


def test_another_name_is_not() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = local.nothing  # type: ignore[attr-defined]


def test_the_server_starts_without_httpx() -> None:
    script = "import sys, local.__main__; sys.exit('httpx' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
