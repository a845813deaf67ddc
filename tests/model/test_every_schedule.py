"""Every schedule of a few clients with a fault anywhere, on the store's own code."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ProcessPoolExecutor

import pytest

from tests.model.explore import Found
from tests.model.scenarios import SCENARIOS, explore
from tests.telling import Tell

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def explored(workers: ProcessPoolExecutor) -> Mapping[str, Future[Found]]:
    return {name: workers.submit(explore, scenario) for name, scenario in SCENARIOS.items()}


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_schedule_breaks_a_promise(name: str, explored: Mapping[str, Future[Found]], tell: Tell) -> None:
    found = explored[name].result()
    scenario = SCENARIOS[name]
    tell(f"{name}: {scenario.faults} of {', '.join(scenario.kinds)}, anywhere: {found}")
    assert found.violation is None, "\n".join([found.violation or "", *found.schedule])
    assert found.ends > 1
