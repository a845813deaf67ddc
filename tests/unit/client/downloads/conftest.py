"""What is downloaded, and where to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.client.fake_api import FakeApi
from tests.unit.client.transfers import DATA


@pytest.fixture
def api() -> FakeApi:
    api = FakeApi()
    api.put(DATA, kind="bytes", mimeType="video/mp4", displayName="ü")
    return api


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "copy"
