"""One emulator, and clients whose calls can be spoilt, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local import Emulator
from tests.faults.boundary.bench import Clients

TOLD: list[str] = []


@pytest.fixture(scope="package")
def clients() -> Iterator[Clients]:
    with Emulator() as emulator:
        yield Clients(emulator.url)


@pytest.fixture
def tell() -> list[str]:
    """Lines that the summary shows, also when all is well."""
    return TOLD


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TOLD:
        terminalreporter.section("injected faults")
        for line in TOLD:
            terminalreporter.write_line(line)
