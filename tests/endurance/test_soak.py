"""Callers for some seconds, with one restart; `make soak` runs a hundred of them for ten minutes."""

from __future__ import annotations

import pytest

from tests.endurance.soaking import Soaked, soak

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(300)]


def test_callers_notice_no_restart() -> None:
    result = soak(seconds=15, callers=10)
    assert not result.errors, result.errors[:5]
    assert not result.broken, result.broken[:5]
    assert not result.drift, result
    assert min(result.counts[what] for what in ("save", "load", "list", "versions", "describe")) > 0, result


def test_growing_memory_is_seen() -> None:
    flat = Soaked(10, 1, memory={"API": [100 << 20] * 40})
    grown = Soaked(10, 1, memory={"API": [(100 + second) << 20 for second in range(40)]})
    assert flat.is_flat()
    assert not grown.is_flat()
