"""What is uploaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.client.transfers import DATA


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a.bin"
    file.write_bytes(DATA)
    return file
