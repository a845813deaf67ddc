"""The same faults, operations and judgement for every service: through the API, and straight on S3 in both modes.

Every call of every operation meets every fault; then several at once, drawn by FAULT_SEED, FAULT_DRAWS of them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, Final

import pytest

from tests.faults.boundary.trials import Tried
from tests.faults.services.places import PLACES
from tests.faults.services.trials import every_fault, is_doubling_seen, some_faults
from tests.telling import Tell

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]

SEED: Final = os.environ.get("FAULT_SEED", "1")
DRAWS: Final = int(os.environ.get("FAULT_DRAWS", "80"))


@pytest.fixture(scope="module")
def tried(workers: ProcessPoolExecutor) -> Mapping[tuple[str, str], Future[Tried]]:
    found: dict[tuple[str, str], Any] = {}
    for place in PLACES:
        found[place, "every fault"] = workers.submit(every_fault, place)
        for what, patient in (("several faults", True), ("one fault, not repeated", False)):
            found[place, what] = workers.submit(some_faults, place, SEED, range(DRAWS), patient=patient)
    return found


@pytest.mark.parametrize("what", ["every fault", "several faults", "one fault, not repeated"])
@pytest.mark.parametrize("place", PLACES)
def test_no_fault_loses_doubles_or_halves_anything(
    place: str, what: str, tried: Mapping[tuple[str, str], Future[Tried]], tell: Tell
) -> None:
    found = tried[place, what].result()
    tell(f"{place}, {what}: {found.faults} trials, {found.told} of them told to the caller")
    assert 0 < found.told <= found.faults


@pytest.mark.parametrize("place", PLACES)
def test_a_save_that_is_done_twice_would_be_seen(place: str, workers: ProcessPoolExecutor) -> None:
    assert workers.submit(is_doubling_seen, place).result()
