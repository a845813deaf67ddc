"""A healthy bucket and table for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.unit.checkup.healthy import Case, healthy_case


@pytest.fixture
def case() -> Iterator[Case]:
    with mock_aws():
        yield healthy_case()
