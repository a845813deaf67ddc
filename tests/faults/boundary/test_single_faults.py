"""Every call of every operation meets every fault, once and for good."""

from __future__ import annotations

import pytest

from tests.faults.boundary.bench import Clients
from tests.faults.boundary.operations import OPERATIONS
from tests.faults.boundary.ordeal import calls_of, undergo
from tests.faults.boundary.wire import Fault, kinds_of

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_fault_loses_doubles_or_halves_anything(name: str, clients: Clients, tell: list[str]) -> None:
    failed = tried = 0
    for at, (service, call) in enumerate(calls_of(clients, name)):
        for kind in kinds_of(service, call):
            for always in (False, True):
                fault = Fault(at, kind, always)
                try:
                    failed += undergo(clients, name, fault)
                except Exception as error:
                    error.add_note(f"{name}: {call}, {fault}")
                    raise
                tried += 1
    tell.append(f"{name}: {tried} faults, {failed} of them told to the caller")
    assert 0 < failed < tried, "some are too much for botocore's repetitions, some are not"
