"""The store on a bucket alone: every schedule of a few clients, many drawn ones, and what is missed without a safety.

MODEL_SEED=… draws others, MODEL_TABLELESS_SCHEDULES=… more of them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from typing import Any, Final

import pytest

from artifact_store.adapters.bucket_index import BucketIndex
from artifact_store.adapters.bucket_lives import Life, Lives
from artifact_store.names import ArtifactId
from artifact_store.ports import ObjectRef
from artifact_store.record import Record
from tests.model import judge, tableless, tableless_schedules
from tests.model.explore import Found
from tests.model.sampling import Sample, sample
from tests.model.tableless import warm
from tests.model.tableless_schedules import SCENARIOS, explore, run_drawn
from tests.telling import Tell

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SEED: Final = os.environ.get("MODEL_SEED", "1")
SCHEDULES: Final = int(os.environ.get("MODEL_TABLELESS_SCHEDULES", "5000"))
_AT_ONCE: Final = 500


def draw(first: int, until: int) -> Sample:
    return sample(f"tableless {SEED}", range(first, until), run=run_drawn)


@pytest.fixture(scope="module")
def explored(workers: ProcessPoolExecutor) -> Mapping[str, Future[Found]]:
    return {name: workers.submit(explore, scenario) for name, scenario in SCENARIOS.items()}


@pytest.fixture(scope="module")
def drawn(workers: ProcessPoolExecutor, explored: Mapping[str, Future[Found]]) -> Sequence[Future[Sample]]:
    assert explored, "they come first"
    return [workers.submit(draw, first, min(first + _AT_ONCE, SCHEDULES)) for first in range(0, SCHEDULES, _AT_ONCE)]


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_schedule_breaks_a_promise(name: str, explored: Mapping[str, Future[Found]], tell: Tell) -> None:
    found = explored[name].result()
    scenario = SCENARIOS[name]
    tell(f"without a table, {name}: {scenario.faults} of {', '.join(scenario.kinds)}, anywhere: {found}")
    assert found.violation is None, "\n".join([found.violation or "", *found.schedule])
    assert found.ends > 1


def test_no_drawn_schedule_breaks_a_promise(drawn: Sequence[Future[Sample]], tell: Tell) -> None:
    found = Sample()
    for part in drawn:
        found.add(part.result())
    tell(f"without a table, seed {SEED}: {found}")
    assert not found.broken, f"seed {SEED}, {found.broken[0]}"
    assert found.schedules == SCHEDULES


def by_number(
    self: Lives, artifact: ArtifactId, refs: Sequence[ObjectRef], zero: Record, last: Record | None, *, proven: bool
) -> Life:
    """Takes for alive whatever stands under the numbers above 0."""
    gen = self.begun(zero)
    return Life(gen, replace((last or zero).version, gen=gen), refs)


@pytest.mark.parametrize(
    "name", ["savers after a purge that may have crashed", "saver, deleter, re-saver, of one that lives"]
)
def test_liveness_by_number_alone_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Lives, "among", by_number)
    found = explore(SCENARIOS[name])
    assert found.violation is not None
    assert found.violation.startswith(("answers", "gap", "rebuild"))


def test_a_list_that_is_not_proven_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    look = Lives.look
    monkeypatch.setattr(Lives, "look", lambda self, artifact, *, proven: look(self, artifact, proven=False))
    torn = replace(SCENARIOS["saver, deleter, reader of names"], page=1, ports=warm, faults=0)
    assert (explore(torn).violation or "").startswith("answers")


def test_a_process_that_forgets_what_it_tried_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BucketIndex, "_found", lambda *_: None)
    found = explore(SCENARIOS["two savers that repeat what fails"])
    assert (found.violation or "").startswith(("answers", "rebuild"))


def test_what_is_not_promised_does_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A save during a delete may share its number with another one: the judge allows no more than is needed."""

    def as_with_a_table(events: Any, *, unsure: bool) -> bool:
        return judge.explained(events, tableless.Rules(set()))

    monkeypatch.setattr(tableless_schedules, "explained", as_with_a_table)
    found = explore(replace(SCENARIOS["saver, deleter, re-saver, of one that lives"], faults=0))
    assert (found.violation or "").startswith("answers")
