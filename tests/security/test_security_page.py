"""SECURITY.md names the test of every promise, and a promise for every test."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def test_every_test_that_is_named_is_there_and_every_attack_is_named() -> None:
    named = re.findall(r"`([\w/]+\.py)`", PAGE)
    files = {name if "/" in name else f"tests/security/{name}" for name in named}
    assert [name for name in sorted(files) if not (ROOT / name).is_file()] == []
    assert [file.name for file in sorted(Path(__file__).parent.glob("test_[0-9]*.py")) if file.name not in named] == []
