"""The faults run in processes of their own, each with an emulator: they need all processors, and no coverage."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest


@pytest.fixture(scope="module")
def workers() -> Iterator[ProcessPoolExecutor]:
    """As many processes as there are processors, at most four."""
    processes = min(os.cpu_count() or 1, 4)
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool
        pool.shutdown(cancel_futures=True)
