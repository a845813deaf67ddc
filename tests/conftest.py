"""What every test may ask for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.telling import PROPERTY, Tell, told_in


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Tells a line in the summary of the run."""
    return partial(record_property, PROPERTY)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = list(told_in(terminalreporter))
    if lines:
        terminalreporter.section("checked schedules and injected faults")
        for line in lines:
            terminalreporter.write_line(line)
