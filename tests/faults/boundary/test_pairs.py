"""Two faults at random calls of a random operation.

FAULT_SEED=… draws others, FAULT_PAIRS=… more of them.
"""

from __future__ import annotations

import os
from random import Random
from typing import Final

import pytest

from tests.faults.boundary.bench import Clients
from tests.faults.boundary.operations import OPERATIONS
from tests.faults.boundary.ordeal import calls_of, undergo
from tests.faults.boundary.wire import Fault, kinds_of

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(600)]

SEED: Final = os.environ.get("FAULT_SEED", "1")
PAIRS: Final = int(os.environ.get("FAULT_PAIRS", "300"))


def test_no_pair_of_faults_loses_doubles_or_halves_anything(clients: Clients, tell: list[str]) -> None:
    calls = {name: calls_of(clients, name) for name in OPERATIONS}
    failed = 0
    for number in range(PAIRS):
        random = Random(f"{SEED}/{number}")  # noqa: S311 - a test case, no secret
        name = random.choice(sorted(calls))
        faults = []
        for at in sorted(random.choices(range(len(calls[name])), k=2)):
            kind = random.choice(kinds_of(*calls[name][at]))
            faults.append(Fault(at, kind, always=random.random() < 0.5))
        try:
            failed += undergo(clients, name, *faults)
        except Exception as error:
            error.add_note(f"FAULT_SEED={SEED}, pair {number}: {name}, {', '.join(map(str, faults))}")
            raise
    tell.append(f"seed {SEED}: {PAIRS} pairs of faults, {failed} told to the caller")
    assert 0 < failed < PAIRS
