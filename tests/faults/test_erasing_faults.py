"""The deletion of a user crashes or fails at every storage call; its request is delivered again, and it gets done."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from artifact_store import ArtifactId, ArtifactNotFound, Content, Scope, StorageDenied, StorageUnavailable
from artifact_store.names import BLOB_PREFIX
from tests.faults.interposed import Counted, Crash, Hook, World
from tests.faults.planted import plant_record
from tests.faults.soundness import assert_sound

USER = Scope("app", "u")
ONE, TWO = Scope("app", "u", "s1"), Scope("app", "u", "s2")
ARTIFACTS = [
    ArtifactId(ONE, "a"),
    ArtifactId(ONE, "b"),
    ArtifactId(TWO, "a"),
    ArtifactId(USER, "logo"),
]
OTHERS = [ArtifactId(Scope("app", "u2", "s1"), "a"), ArtifactId(Scope("app", "u!", "s1"), "a")]
VISIBILITY = 1800


def fail() -> None:
    raise StorageUnavailable("injected")


def crash() -> None:
    raise Crash


def prepared() -> World:
    world = World()
    for artifact in (*ARTIFACTS, *OTHERS):
        for number in range(2):
            wordy = {"text": "y" * 3000} if number else {}
            content = Content(body=b"%d" % number, custom_metadata=wordy)
            world.store().save(artifact, content, caller="c", idempotency_key=f"{number}")
    # Savers that died between bucket and index: one of a session that has nothing else.
    plant_record(world, ArtifactId(Scope("app", "u", "s3"), "torn"), 0)
    plant_record(world, ARTIFACTS[0], 2, gen=world.store().describe(ARTIFACTS[0]).gen)
    return world


def sit(world: World, hook: Hook | None = None, *, seconds: float = 100) -> bool:
    """Starts a job, or finds it, and goes on with it."""
    job = world.erasures(hook).start(USER)
    return world.eraser(hook).work(USER, job.id, holder=f"h{world.clock.now}", seconds=seconds)


def lives(world: World, artifact: ArtifactId) -> int:
    """How many versions can be loaded; every one of them loads, or this fails."""
    store = world.store()
    try:
        versions = store.list_versions(artifact).items
    except ArtifactNotFound:
        return 0
    for version in versions:
        store.load(artifact, version.number)
    return len(versions)


def assert_erased(world: World, *, orphan_blobs: int = 0) -> None:
    assert [ref.key for ref in world.objects.refs() if ref.key.startswith("app/u/")] == []
    for artifact in (*ARTIFACTS, ArtifactId(Scope("app", "u", "s3"), "torn")):
        assert lives(world, artifact) == 0
    for artifact in OTHERS:
        assert lives(world, artifact) == 2
    blobs = [ref.key for ref in world.objects.refs() if ref.key.startswith(BLOB_PREFIX)]
    assert len(blobs) == len(OTHERS) + orphan_blobs
    assert_sound(world, orphan_blobs=orphan_blobs)


def test_a_user_is_deleted_with_content_and_what_crashes_left() -> None:
    world = prepared()
    assert sit(world)
    assert_erased(world)
    job = world.erasures().get(USER, next(str(item["job"]) for item in world.table.items().values() if "job" in item))
    # The saves that were torn became versions before they went: one of them an artifact of its own.
    assert (job.status, job.sessions, job.artifacts) == ("done", 3, len(ARTIFACTS) + 1)


@pytest.mark.parametrize("act", [fail, crash])
@pytest.mark.parametrize("phase", ["before", "after"])
def test_whatever_call_it_dies_at_redelivery_ends_it(phase: str, act: Callable[[], None]) -> None:
    counting = Counted()
    sit(prepared(), counting)
    for at in range(1, len(counting.calls) + 1):
        world = prepared()
        with suppress(StorageUnavailable, Crash):
            sit(world, Counted(at, phase, act))
        for artifact in ARTIFACTS:
            assert lives(world, artifact) in {0, 2, 3}, (at, "no artifact half deleted")
        world.clock.sleep(VISIBILITY)
        sit(world)
        assert_erased(world)


def test_a_sitting_whose_time_is_up_hands_on_and_the_next_goes_on() -> None:
    world = prepared()

    def slow(name: str, phase: str) -> None:
        if (name, phase) == ("transact", "after"):
            world.clock.sleep(1)

    sittings = 1
    while not sit(world, slow, seconds=1.5):
        sittings += 1
        assert sittings < 20
    assert sittings > 2
    assert_erased(world)


def test_sessions_beyond_one_page_are_found_and_the_bookmark_survives_a_crash() -> None:
    world = World()
    scopes = [Scope("app", "u", f"s{number}") for number in range(120)]
    for scope in scopes:
        world.store().save(ArtifactId(scope, "a"), Content(body=b"x"), caller="c", idempotency_key="k")
    listed: list[str] = []

    def die(name: str, phase: str) -> None:
        if name == "list_folders" and phase == "before":
            listed.append(name)
            if len(listed) == 2:
                raise Crash

    with pytest.raises(Crash):
        sit(world, die)
    (item,) = [item for key, item in world.table.items().items() if key[0].startswith("!erasures:")]
    assert (item["sessions"], item["artifacts"], len(str(item["begun"]).split())) == (0, 0, 50)
    assert str(item["after"]) > "app/u/s1"
    world.clock.sleep(VISIBILITY)
    assert sit(world)
    (item,) = [item for key, item in world.table.items().items() if key[0].startswith("!erasures:")]
    # What the sitting did that died was not noted: of artifacts, the counts may be too low.
    assert (item["status"], item["sessions"], item["artifacts"]) == ("done", 120, 70)
    assert world.objects.refs() == []


def test_while_one_sitting_is_at_work_another_leaves_it_alone() -> None:
    world = prepared()
    job = world.erasures().start(USER)
    answers: list[bool] = []
    others = Counted(9, "after", lambda: answers.append(world.eraser().work(USER, job.id, holder="other", seconds=100)))
    assert world.eraser(others).work(USER, job.id, holder="first", seconds=100)
    assert answers == [True]
    assert_erased(world)
    assert world.erasures().get(USER, job.id).status == "done"


def test_a_sitting_that_was_away_too_long_does_not_write_over_the_next() -> None:
    world = prepared()
    job = world.erasures().start(USER)

    def overslept() -> None:
        world.clock.sleep(VISIBILITY)
        assert world.eraser().work(USER, job.id, holder="next", seconds=100)

    assert world.eraser(Counted(9, "after", overslept)).work(USER, job.id, holder="first", seconds=100)
    assert_erased(world)
    done = world.erasures().get(USER, job.id)
    assert (done.status, done.sessions) == ("done", 3)


@pytest.mark.parametrize("error", [StorageUnavailable, StorageDenied, KeyError])
def test_after_five_failures_in_a_row_a_job_is_given_up(error: type[Exception]) -> None:
    world = prepared()
    job = world.erasures().start(USER)

    def broken(name: str, phase: str) -> None:
        if name == "list_folders" and phase == "before":
            raise error("x")

    for attempt in range(5):
        assert world.erasures().get(USER, job.id).status == "running", attempt
        with pytest.raises(error):
            world.eraser(broken).work(USER, job.id, holder=f"{attempt}", seconds=9)
    given_up = world.erasures().get(USER, job.id)
    assert (given_up.status, given_up.failures) == ("failed", 5)
    assert given_up.finished_ms is not None
    assert world.eraser().work(USER, job.id, holder="h", seconds=9), "its request, delivered once more, does nothing"
    assert lives(world, ARTIFACTS[0]) == 2
    assert sit(world), "a new one may be started"
    assert_erased(world)


def test_what_is_saved_while_it_runs_may_live_and_is_whole() -> None:
    world = prepared()
    late = ArtifactId(ONE, "late")

    def save() -> None:
        world.store().save(late, Content(body=b"late"), caller="c", idempotency_key="late")

    counting = Counted()
    sit(prepared(), counting)
    for at in range(3, len(counting.calls) + 1):
        world = prepared()
        assert sit(world, Counted(at, "after", save))
        for artifact in ARTIFACTS:
            assert lives(world, artifact) == 0
        assert lives(world, late) in {0, 1}
        assert_sound(world)
