"""An API that a test talks to without a network, and a client of it."""

from __future__ import annotations

import pytest

from google_adk_aws import ArtifactClient

from .fake_api import FakeApi


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def client(api: FakeApi) -> ArtifactClient:
    return api.client()
