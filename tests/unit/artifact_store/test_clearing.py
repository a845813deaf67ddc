"""Deleting all artifacts of one scope: whole artifacts, no other scope's, as far as time goes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from artifact_store import ArtifactId, Content, Scope, StorageUnavailable
from artifact_store.adapters.time import ManyInThreads
from artifact_store.maintenance import in_turn
from artifact_store.model import ArtifactSummary
from tests.faults.interposed import Counted, World
from tests.faults.soundness import assert_sound

SESSION = Scope("app", "u", "s")


def save(world: World, scope: Scope, name: str, versions: int = 1) -> ArtifactId:
    artifact = ArtifactId(scope, name)
    for number in range(versions):
        world.store().save(artifact, Content(body=b"x"), caller="c", idempotency_key=f"{number}")
    return artifact


def names(world: World, scope: Scope) -> list[str]:
    found: list[ArtifactSummary] = []
    position: str | None = None
    while True:
        page = world.store().list_artifacts(scope, limit=1000, position=position)
        found += page.items
        position = page.position
        if position is None:
            return [item.artifact.adk_filename for item in found]


def test_a_session_loses_its_artifacts_and_nobody_else_theirs() -> None:
    world = World()
    for number in range(250):
        save(world, SESSION, f"doc{number}")
    for other in (SESSION.user_scope, Scope("app", "u", "s2"), Scope("app", "u2", "s"), Scope("app2", "u", "s")):
        save(world, other, "doc0")
    cleared = world.store().delete_all(SESSION, each=in_turn)

    assert (cleared.artifacts, cleared.complete, cleared.failure) == (250, True, None)
    assert names(world, SESSION) == ["user:doc0"]
    for other in (Scope("app", "u", "s2"), Scope("app", "u2", "s"), Scope("app2", "u", "s")):
        assert "doc0" in names(world, other)
    assert_sound(world)
    assert world.store().delete_all(SESSION, each=in_turn).artifacts == 0, "repeating it is fine"


def test_a_user_scope_loses_only_what_belongs_to_the_user() -> None:
    world = World()
    save(world, SESSION.user_scope, "doc")
    save(world, SESSION, "doc")

    assert world.store().delete_all(SESSION.user_scope, each=in_turn).artifacts == 1
    assert names(world, SESSION) == ["doc"]


def test_many_at_a_time_is_the_same() -> None:
    world = World()
    for number in range(40):
        save(world, SESSION, f"doc{number}", versions=2)

    cleared = world.store().delete_all(SESSION, each=ManyInThreads(workers=8))

    assert (cleared.artifacts, cleared.complete) == (40, True)
    assert_sound(world)


def test_when_time_is_up_the_rest_stays_whole_and_it_says_so() -> None:
    world = World()
    for number in range(5):
        save(world, SESSION, f"doc{number}", versions=2)

    def slow(name: str, phase: str) -> None:
        if phase == "after" and name == "transact":
            world.clock.sleep(2)

    cleared = world.store(slow).delete_all(SESSION, each=in_turn, timeout=3)

    assert (cleared.artifacts, cleared.complete, cleared.failure) == (2, False, None)
    assert names(world, SESSION) == ["doc2", "doc3", "doc4"]
    assert_sound(world)
    assert world.store().delete_all(SESSION, each=in_turn).complete


def test_what_a_purge_left_is_handed_on() -> None:
    world = World()
    artifact = save(world, SESSION, "doc", versions=501)
    told: list[ArtifactId] = []

    def slow(name: str, phase: str) -> None:
        if (name, phase) == ("transact", "after"):
            world.clock.sleep(60)

    cleared = world.store(slow).delete_all(
        SESSION, each=in_turn, timeout=1, on_unfinished=lambda artifact, _: told.append(artifact)
    )

    assert (cleared.artifacts, told) == (1, [artifact])


def fail() -> None:
    raise StorageUnavailable("injected")


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_failure_spares_the_others_and_is_told(phase: str) -> None:
    def prepared() -> World:
        world = World()
        for number in range(3):
            save(world, SESSION, f"doc{number}")
        return world

    counting = Counted()
    prepared().store(counting).delete_all(SESSION, each=in_turn)
    clear: Callable[[World, Counted | None], object] = lambda world, hook: world.store(hook).delete_all(  # noqa: E731
        SESSION, each=in_turn
    )
    for at in range(1, len(counting.calls) + 1):
        world = prepared()
        hook = Counted(at, phase, fail)
        cleared = world.store(hook).delete_all(SESSION, each=in_turn)
        left = names(world, SESSION)
        # A purge that failed leaves an artifact deleted all the same.
        assert cleared.complete == (cleared.failure is None)
        assert len(left) <= 1 or at == 1
        assert cleared.artifacts >= 2 or at == 1
        clear(world, None)
        assert names(world, SESSION) == []
