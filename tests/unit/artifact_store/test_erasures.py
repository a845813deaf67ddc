"""The jobs that delete users: one runs at a time, one sitting holds it, and what ended is forgotten in a month."""

from __future__ import annotations

from dataclasses import replace

import pytest

from artifact_store import DeletionNotFound, Scope, StorageUnavailable
from artifact_store.erasures import Erasure, ErasureBusy, ErasureRequest, Erasures, InvalidErasureRequest
from artifact_store.maintenance.ledger import parse_key
from artifact_store.ports import ConditionFailed
from tests.faults.interposed import Counted, World

USER = Scope("app", "u@x/1")
DAY = 24 * 60 * 60


def ended(world: World, status: str = "done") -> Erasure:
    erasures = world.erasures()
    job = erasures.start(USER)
    taken = erasures.take(USER, job.id, holder="h", seconds=10)
    assert taken is not None
    return erasures.end(taken, "failed" if status == "failed" else "done", holder="h")


def test_a_second_start_finds_the_job_that_runs() -> None:
    world = World()
    job = world.erasures().start(USER)
    world.clock.sleep(5)

    assert world.erasures().start(USER) == job
    assert world.erasures().get(USER, job.id) == job
    assert (job.status, job.sessions, job.artifacts, job.finished_ms) == ("running", 0, 0, None)
    assert job.started_ms == world.clock.now_ms() - 5000


@pytest.mark.parametrize("job", ["", "x", "current", "0" * 31, "0" * 33, "A" * 32, "0" * 2000])
def test_what_is_no_id_is_not_even_looked_for(job: str) -> None:
    world = World()
    world.erasures().start(USER)
    calls = Counted()
    with pytest.raises(DeletionNotFound):
        world.erasures(calls).get(USER, job)
    assert calls.calls == []


def test_users_have_jobs_of_their_own() -> None:
    world = World()
    job = world.erasures().start(USER)
    for other in (Scope("app", "u@x"), Scope("app", "v"), Scope("app2", "u@x/1")):
        assert world.erasures().start(other).id != job.id
        with pytest.raises(DeletionNotFound):
            world.erasures().get(other, job.id)
    with pytest.raises(DeletionNotFound):
        world.erasures().get(USER, "0" * 32)


@pytest.mark.parametrize("status", ["done", "failed"])
def test_after_the_end_a_new_job_starts_and_the_old_one_is_still_known(status: str) -> None:
    world = World()
    first = ended(world, status)
    world.clock.sleep(60)
    second = world.erasures().start(USER)

    assert second.id != first.id
    assert world.erasures().get(USER, first.id) == first
    assert (first.status, first.finished_ms) == (status, first.started_ms)
    third = ended(world)
    assert third.id == second.id, "it ran"
    assert world.erasures().get(USER, second.id).status == "done"


def test_what_ended_is_forgotten_after_a_month_and_what_runs_never() -> None:
    world = World()
    first = ended(world)
    second = world.erasures().start(USER)
    world.clock.sleep(30 * DAY - 1)
    world.table.expire()
    assert world.erasures().get(USER, first.id).status == "done"
    world.clock.sleep(2)
    world.table.expire()
    with pytest.raises(DeletionNotFound):
        world.erasures().get(USER, first.id)
    assert world.erasures().get(USER, second.id).status == "running"


def test_one_sitting_holds_a_job_until_it_lets_go_or_its_time_is_over() -> None:
    world = World()
    erasures = world.erasures()
    job = erasures.start(USER)
    taken = erasures.take(USER, job.id, holder="a", seconds=100)
    assert taken == job
    with pytest.raises(ErasureBusy):
        erasures.take(USER, job.id, holder="b", seconds=100)
    further = replace(job, sessions=3, artifacts=7, after=None, begun=("app/u/s", "app/u/user"))
    erasures.keep(further, holder="a", seconds=0)
    assert erasures.take(USER, job.id, holder="b", seconds=100) == further
    world.clock.sleep(101)
    assert erasures.take(USER, job.id, holder="c", seconds=100) == further
    for late in (lambda: erasures.keep(job, holder="b", seconds=9), lambda: erasures.end(job, "done", holder="b")):
        with pytest.raises(ErasureBusy):
            late()
    assert erasures.get(USER, job.id) == further


def test_a_job_that_ended_or_never_was_is_not_taken() -> None:
    world = World()
    job = ended(world)
    assert world.erasures().take(USER, job.id, holder="h", seconds=1) is None
    assert world.erasures().take(USER, "0" * 32, holder="h", seconds=1) is None
    world.erasures().start(USER)
    assert world.erasures().take(USER, job.id, holder="h", seconds=1) is None
    assert world.erasures().take(Scope("app", "v"), job.id, holder="h", seconds=1) is None


@pytest.mark.parametrize("before", [0, 1])
def test_of_two_starts_at_once_both_find_the_same_job(before: int) -> None:
    world = World()
    for _ in range(before):
        ended(world)
    started: list[Erasure] = []
    hook = Counted(1, "after", lambda: started.append(world.erasures().start(USER)))
    assert [world.erasures(hook).start(USER)] == started


def test_a_start_that_loses_every_race_says_so() -> None:
    world = World()

    def lose(name: str, phase: str) -> None:
        if name == "put" and phase == "before":
            raise ConditionFailed

    with pytest.raises(StorageUnavailable):
        world.erasures(lose).start(USER)


def test_nothing_of_a_job_can_be_an_artifacts() -> None:
    world = World()
    ended(world)
    world.erasures().start(USER)
    keys = list(world.table.items())
    assert len(keys) == 2
    for key in keys:
        assert key[0] == "!erasures:app/u@x!2F1"
        assert parse_key(key) is None


@pytest.mark.parametrize("scope", [USER, Scope("a", "user"), Scope("\u00e9", " b ")])
def test_a_request_comes_back_from_its_text(scope: Scope) -> None:
    request = ErasureRequest(scope, "f" * 32)
    assert ErasureRequest.of_text(request.to_text()) == request


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "null",
        "[]",
        "{}",
        '{"user": "app/u"}',
        '{"user": "app/u", "job": ""}',
        '{"user": "app/u", "job": 5}',
        '{"user": "app/u/s", "job": "j"}',
        '{"user": "app", "job": "j"}',
        '{"user": "a b/c", "job": "j"}',
        '{"user": 5, "job": "j"}',
    ],
)
def test_what_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(InvalidErasureRequest):
        ErasureRequest.of_text(text)


def test_ids_are_made_as_told() -> None:
    world = World()
    assert Erasures(world.table, world.clock, make_id=lambda: "mine").start(USER).id == "mine"
