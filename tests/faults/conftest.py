"""The faults run in processes of their own, each with an emulator: they need all processors, and no coverage."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

TOLD: list[str] = []


@pytest.fixture(scope="package")
def workers() -> Iterator[ProcessPoolExecutor]:
    """As many processes as there are processors, at most four."""
    processes = min(os.cpu_count() or 1, 4)
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool
        pool.shutdown(cancel_futures=True)


@pytest.fixture
def tell() -> list[str]:
    """Lines that the summary shows, also when all is well."""
    return TOLD


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TOLD:
        terminalreporter.section("injected faults")
        for line in TOLD:
            terminalreporter.write_line(line)
