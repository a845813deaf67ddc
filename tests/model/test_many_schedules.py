"""Many clients at once and up to three faults, in schedules drawn from a seed.

MODEL_SEED=… draws others, MODEL_SCHEDULES=… more of them.
"""

from __future__ import annotations

import os
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Final

import pytest

from tests.model.sampling import Sample, sample
from tests.telling import Tell

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

SEED: Final = os.environ.get("MODEL_SEED", "1")
SCHEDULES: Final = int(os.environ.get("MODEL_SCHEDULES", "20000"))
_AT_ONCE: Final = 1000


@pytest.fixture(scope="module")
def drawn(workers: ProcessPoolExecutor) -> list[Future[Sample]]:
    return [
        workers.submit(sample, SEED, range(first, min(first + _AT_ONCE, SCHEDULES)))
        for first in range(0, SCHEDULES, _AT_ONCE)
    ]


def test_no_drawn_schedule_breaks_a_promise(drawn: list[Future[Sample]], tell: Tell) -> None:
    found = Sample()
    for part in drawn:
        found.add(part.result())
    tell(f"seed {SEED}: {found}")
    assert not found.broken, f"seed {SEED}, {found.broken[0]}"
    assert found.schedules == SCHEDULES


def test_a_schedule_is_made_again_from_its_seed_and_number() -> None:
    once, again = (sample("7", range(20, 40)) for _ in range(2))
    assert once.moves == again.moves
    assert sample("8", range(20, 40)).moves != once.moves
