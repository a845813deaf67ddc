"""What the tests on servers share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.tally import Tally


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Tally:
    return Tally(record_property)
