"""Every call of every operation meets every fault, once and for good."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ProcessPoolExecutor

import pytest

from tests.faults.boundary.operations import OPERATIONS
from tests.faults.boundary.trials import Tried, every_fault
from tests.telling import Tell

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def tried(workers: ProcessPoolExecutor) -> Mapping[str, Future[Tried]]:
    return {name: workers.submit(every_fault, name) for name in OPERATIONS}


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_fault_loses_doubles_or_halves_anything(name: str, tried: Mapping[str, Future[Tried]], tell: Tell) -> None:
    found = tried[name].result()
    tell(f"{name}: {found.faults} faults, {found.told} of them told to the caller")
    assert 0 < found.told < found.faults, "some are too much for botocore's repetitions, some are not"
