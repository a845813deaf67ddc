"""Rebuild, adopt and purge stopped anywhere, beside anybody: they are repeated, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from artifact_store import ArtifactId, Content, Contention, StorageUnavailable
from artifact_store.maintenance import Maintenance
from tests.faults.interposed import Counted, Crash, World
from tests.faults.soundness import assert_sound
from tests.unit.maintenance.drifts import DAY, DOC, LOGO, bodies, crash, fail, healthy, reconcile, save

ALL = [b"0", b"1", b"2"]


def lost_index() -> World:
    world = healthy()
    world.table = type(world.table)(clock=world.clock)
    return world


def half_an_index() -> World:
    world = healthy()
    world.table.delete(
        [key for key in world.table.items() if key[1] == "h#doc" or key[1].startswith("v#doc#0000000001")]
    )
    return world


def index_with_a_gap() -> World:
    world = lost_index()
    world.objects.delete([ref for ref in world.objects.refs() if ref.key == DOC.object_key(1)])
    return world


def foreign_bucket() -> World:
    world = World()
    for number in range(3):
        world.objects.put_foreign(DOC.object_key(number), b"%d" % number)
    world.objects.put_foreign(LOGO.object_key(0), b"logo")
    return world


def unended_purge() -> World:
    world = healthy()
    for artifact in (DOC, LOGO):
        with suppress(StorageUnavailable):
            world.store(Counted(3, "before", fail)).delete(artifact)
    return world


CASES: dict[str, tuple[Callable[[], World], Callable[[Maintenance], object], list[bytes]]] = {
    "rebuild": (lost_index, Maintenance.rebuild, ALL),
    "rebuild of a half": (half_an_index, Maintenance.rebuild, ALL),
    "rebuild over a gap": (
        index_with_a_gap,
        lambda maintenance: maintenance.rebuild(accept_gaps=True),
        [b"0", b"2"],
    ),
    "adopt": (foreign_bucket, lambda maintenance: maintenance.adopt(""), ALL),
    "purge": (unended_purge, Maintenance.purge, []),
}


@pytest.mark.parametrize("act", [fail, crash])
@pytest.mark.parametrize("name", CASES)
def test_it_is_repeated_wherever_it_stopped(name: str, act: Callable[[], None]) -> None:
    prepare, run, expected = CASES[name]
    hook = Counted()
    run(prepare().maintenance(hook))
    for at in range(1, len(hook.calls) + 1):
        for phase in ("before", "after"):
            world = prepare()
            with suppress(StorageUnavailable, Crash):
                run(world.maintenance(Counted(at, phase, act)))
            run(world.maintenance())
            assert [*bodies(world).values()] == expected, (at, phase)
            assert [*bodies(world, LOGO).values()] == ([b"logo"] if expected else [])
            world.clock.sleep(2 * DAY)
            reconcile(world)
            if name != "rebuild over a gap":
                assert_sound(world)


@pytest.mark.parametrize("name", ["rebuild", "adopt", "purge"])
def test_savers_and_deleters_beside_it_lose_nothing(name: str) -> None:
    prepare, run, expected = CASES[name]
    other = ArtifactId(DOC.scope, "other")

    def save_other(world: World) -> None:
        world.store().save(other, Content(body=b"other"), caller="c", idempotency_key="other")

    def save_same(world: World) -> None:
        with suppress(Contention):
            save(world, b"next")

    def delete(world: World) -> None:
        world.store().delete(DOC)

    hook = Counted()
    run(prepare().maintenance(hook))
    for interfere in (save_other, save_same, delete):
        for at in range(1, len(hook.calls) + 1):
            world = prepare()
            run(world.maintenance(Counted(at, "after", lambda: interfere(world))))  # noqa: B023 - called at once
            run(world.maintenance())
            found = [*bodies(world).values()]
            if interfere is save_other:
                assert bodies(world, other) == {0: b"other"}
                assert found == expected
            elif interfere is save_same:
                assert sorted(body for body in found if body != b"next") == expected, at
                assert found.count(b"next") <= 1
            else:
                assert found in ([], expected), at
            world.clock.sleep(2 * DAY)
            reconcile(world)
            assert reconcile(world).total == 0


def test_what_an_interrupted_rebuild_left_to_do_is_done_by_savers_too() -> None:
    for at in range(4, 30, 3):
        world = lost_index()
        with suppress(Crash):
            world.maintenance(Counted(at, "after", crash)).rebuild()
        assert save(world, b"next") == 3
        assert [*bodies(world).values()] == [*ALL, b"next"]
