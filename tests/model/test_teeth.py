"""The checker sees what it is there to see: without one of the store's safeties it finds what breaks."""

from __future__ import annotations

import pytest

from artifact_store import Saved
from artifact_store import _saving as saving
from artifact_store.record import Record
from tests.model.operations import Delete, Save, SaveInRounds
from tests.model.replay import Weaken
from tests.model.sampling import sample
from tests.model.scenarios import Scenario, explore
from tests.model.weakened import by_key, graveless, tokenless
from tests.telling import Tell

SCHEDULES = 1000
A, B = SaveInRounds("a"), SaveInRounds("b")
DOOMED = Scenario(clients=[[A], [Delete()], [B]], earlier=[Save("p")], kinds=["crash before", "lose"])


def assert_seen(promise: str | None, expected: set[str]) -> None:
    assert promise is not None
    assert promise.partition(":")[0] in expected


@pytest.fixture
def _helpless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A saver does not commit what others have left."""
    whole = saving.Save._help

    def help_myself(save: saving.Save, record: Record) -> Saved | None:
        return whole(save, record) if record.token == save._token else None

    monkeypatch.setattr(saving.Save, "_help", help_myself)


@pytest.mark.parametrize(
    ("weaken", "expected"),
    [
        (tokenless, {"doubled", "answers"}),
        (graveless, {"answers", "gave up", "livelock", "index", "stray", "drift"}),
        (by_key, {"lost", "answers"}),
    ],
)
def test_a_safety_is_missed_in_drawn_schedules(weaken: Weaken, expected: set[str], tell: Tell) -> None:
    found = sample("teeth", range(SCHEDULES), weaken=weaken)
    tell(f"{weaken.__name__}: a promise is broken by one of {found.schedules} drawn schedules")
    assert_seen(found.broken[0].promise if found.broken else None, expected)


@pytest.mark.usefixtures("_helpless")
def test_helping_is_missed_in_drawn_schedules(tell: Tell) -> None:
    found = sample("teeth", range(SCHEDULES))
    tell(f"helpless: a promise is broken by one of {found.schedules} drawn schedules")
    assert_seen(found.broken[0].promise if found.broken else None, {"gave up", "livelock"})


@pytest.mark.parametrize(
    ("weaken", "scenario", "expected"),
    [
        (tokenless, Scenario(clients=[[A], [A]], faults=0), {"doubled", "answers"}),
        (graveless, DOOMED, {"livelock", "index", "stray", "drift"}),
        (by_key, DOOMED, {"lost", "answers"}),
    ],
)
def test_a_safety_is_missed_in_some_schedule(
    weaken: Weaken, scenario: Scenario, expected: set[str], tell: Tell
) -> None:
    found = explore(scenario, weaken=weaken)
    tell(f"{weaken.__name__}: a promise is broken in one of {found.states:,} states")
    assert_seen(found.violation, expected)
    assert found.schedule


@pytest.mark.usefixtures("_helpless")
def test_helping_is_missed_in_some_schedule() -> None:
    found = explore(Scenario(clients=[[A], [B]], kinds=["crash before"]))
    assert_seen(found.violation, {"livelock"})
