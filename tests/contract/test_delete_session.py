"""Deleting all of a session's artifacts."""

from __future__ import annotations

import pytest

from artifact_api import wiring
from artifact_store import ArtifactId, StorageDenied, StorageUnavailable
from tests.contract.calls import DOC, SESSION, USER, Answer, Context, call, event_of, invoke, save
from tests.faults.interposed import Counted, World

OTHER = "/v1/apps/app/users/u/sessions/s2/artifacts"


def delete() -> Answer:
    return call("DELETE", SESSION)


def names(path: str = SESSION) -> list[str]:
    return [one["filename"] for one in call("GET", path, query={"limit": "1000"}).json["artifacts"]]


def test_a_session_loses_its_artifacts_and_its_user_keeps_theirs() -> None:
    for number in range(30):
        save(f"{SESSION}/f{number}")
    save(f"{USER}/logo")
    save(f"{OTHER}/doc")

    assert delete().json == {"deleted": 30, "complete": True}
    assert names() == ["user:logo"]
    assert names(OTHER) == ["doc", "user:logo"]
    assert delete().json == {"deleted": 0, "complete": True}, "it may be repeated"


def test_numbers_start_again_afterwards() -> None:
    save(DOC)
    save(DOC)
    delete()
    assert save(DOC).json["version"] == 0


def test_there_is_no_such_thing_for_all_that_belongs_to_a_user() -> None:
    save(f"{USER}/logo")
    answer = call("DELETE", USER)
    assert (answer.status, answer.headers["allow"]) == (405, "GET")
    assert names(USER) == ["logo"]


def test_when_time_is_up_the_answer_says_so_and_a_further_request_goes_on(world: World) -> None:
    for number in range(20):
        save(f"{SESSION}/f{number:02}")

    def slow(name: str, phase: str) -> None:
        if (name, phase) == ("transact", "after"):
            world.clock.sleep(1)

    wiring.use(store=world.store(slow))
    answer = invoke(event_of("DELETE", SESSION), Context(milliseconds=5000)).json
    assert answer["complete"] is False
    assert 3 <= answer["deleted"] < 20
    wiring.use(store=world.store())
    assert len(names()) == 20 - answer["deleted"]
    assert delete().json == {"deleted": 20 - answer["deleted"], "complete": True}


@pytest.mark.parametrize(("error", "status"), [(StorageUnavailable("x"), 503), (StorageDenied("x"), 500)])
def test_a_failure_before_anything_was_deleted_is_a_problem(world: World, error: Exception, status: int) -> None:
    def fail() -> None:
        raise error

    save(DOC)
    wiring.use(store=world.store(Counted(1, "before", fail)))
    assert delete().status == status
    assert delete().json == {"deleted": 1, "complete": True}


def test_a_failure_in_between_leaves_something_to_repeat(world: World) -> None:
    failed: list[str] = []

    def fail_once(name: str, phase: str) -> None:
        if (name, phase) == ("transact", "before"):
            failed.append(name)
            if len(failed) == 2:
                raise StorageUnavailable("x")

    save(f"{SESSION}/a")
    save(f"{SESSION}/b")
    wiring.use(store=world.store(fail_once))
    answer = delete().json
    assert answer == {"deleted": 1, "complete": False}
    assert len(names()) == 1
    assert delete().json == {"deleted": 1, "complete": True}


def test_what_a_purge_left_is_handed_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[ArtifactId] = []
    monkeypatch.setattr(wiring, "ask_for_purge", lambda artifact, _gen: told.append(artifact))
    for _ in range(501):
        save(DOC)

    def slow(name: str, phase: str) -> None:
        if (name, phase) == ("transact", "after"):
            world.clock.sleep(60)

    wiring.use(store=world.store(slow))
    assert delete().json == {"deleted": 1, "complete": True}
    assert [artifact.filename for artifact in told] == ["doc"]
