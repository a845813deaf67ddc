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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, so that at the end no process is alone with one."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = list(told_in(terminalreporter))
    if lines:
        terminalreporter.section("checked schedules and injected faults")
        for line in lines:
            terminalreporter.write_line(line)
