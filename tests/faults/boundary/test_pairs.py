"""Two faults at random calls of a random operation.

FAULT_SEED=… draws others, FAULT_PAIRS=… more of them.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from typing import Final

import pytest

from tests.faults.boundary.trials import pairs_of_faults
from tests.telling import Tell

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]

SEED: Final = os.environ.get("FAULT_SEED", "1")
PAIRS: Final = int(os.environ.get("FAULT_PAIRS", "300"))
_AT_ONCE: Final = 50


def test_no_pair_of_faults_loses_doubles_or_halves_anything(workers: ProcessPoolExecutor, tell: Tell) -> None:
    parts = [
        workers.submit(pairs_of_faults, SEED, range(first, min(first + _AT_ONCE, PAIRS)))
        for first in range(0, PAIRS, _AT_ONCE)
    ]
    found = [part.result() for part in parts]
    told = sum(part.told for part in found)
    tell(f"seed {SEED}: {PAIRS} pairs of faults, {told} told to the caller")
    assert sum(part.faults for part in found) == PAIRS
    assert 0 < told < PAIRS
