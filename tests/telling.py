"""What tests have counted is told at the end of a run, also when all is well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pytest

__all__ = ["PROPERTY", "Tell", "told_in"]

PROPERTY = "told"
"""The property under which a test's report has its lines: reports come from the processes that ran them."""


class Tell(Protocol):
    """Tells one line."""

    def __call__(self, line: str, /) -> None: ...


def told_in(reporter: pytest.TerminalReporter) -> Iterator[str]:
    """The lines of all tests that ran, in the order of their ends."""
    for reports in reporter.stats.values():
        for report in reports:
            # Each phase of a test has the properties of those before it.
            if isinstance(report, pytest.TestReport) and report.when == "call":
                yield from (str(value) for name, value in report.user_properties if name == PROPERTY)
