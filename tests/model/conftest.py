"""The checker runs in processes of its own: it needs all processors, and no coverage."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest


@pytest.fixture(scope="session")
def workers() -> Iterator[ProcessPoolExecutor]:
    """As many processes as there are processors, at most eight."""
    processes = min(os.cpu_count() or 1, 8)
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool
        pool.shutdown(cancel_futures=True)
