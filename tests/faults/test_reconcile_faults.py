"""Reconcile stopped anywhere, beside anybody: it is repeated or resumed, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from artifact_store import Contention, StorageUnavailable
from artifact_store.maintenance import Checkpoint, InvalidCheckpoint, Limits
from tests.faults.interposed import Counted, Crash, World
from tests.faults.soundness import assert_sound
from tests.unit.maintenance.drifts import (
    CASES,
    DAY,
    DOC,
    HOUR,
    LOGO,
    bodies,
    crash,
    fail,
    healthy,
    plant_crashed_save,
    plant_lost_head,
    plant_lost_object,
    plant_orphan_blob,
    reconcile,
    save,
)

UNSOUND = {
    "a version too far",
    "a version without a beginning",
    "a lost object",
    "a lost latest object",
    "a lost blob",
} | {
    "a lost artifact",
    "a number of which nothing is left",
}


def prepare(name: str) -> World:
    world = healthy()
    CASES[name].plant(world)
    world.clock.sleep(2 * DAY)
    return world


def places(name: str) -> list[tuple[int, str]]:
    hook = Counted()
    reconcile(prepare(name), hook)
    return [(at, phase) for at in range(1, len(hook.calls) + 1) for phase in ("before", "after")]


@pytest.mark.parametrize("act", [fail, crash])
@pytest.mark.parametrize("name", CASES)
def test_a_run_that_stops_anywhere_is_repeated(name: str, act: Callable[[], None]) -> None:
    case = CASES[name]
    for at, phase in places(name):
        if act is crash and phase == "before":
            continue  # as after the call before
        world = prepare(name)
        with suppress(StorageUnavailable, Crash):
            reconcile(world, Counted(at, phase, act))
        reconcile(world)
        assert dict(reconcile(world).drift) == case.unrepaired, (at, phase)
        assert bodies(world) == case.loads, (at, phase)
        assert bodies(world, LOGO) == {0: b"logo"}
        if name not in UNSOUND:
            assert_sound(world)


@pytest.mark.parametrize("name", CASES)
def test_a_run_in_many_sittings_finds_the_same(name: str) -> None:
    case = CASES[name]
    world = prepare(name)
    checkpoint: Checkpoint | None = None
    sittings = 0
    while True:
        # Time is up as soon as the first page is done.
        hook = Counted(1, "after", lambda: world.clock.sleep(60))
        result = world.maintenance(hook).reconcile(checkpoint, timeout=30)
        sittings += 1
        if result.checkpoint is None:
            break
        checkpoint = Checkpoint.parse(str(result.checkpoint))
    assert sittings == 4
    assert dict(result.findings.repaired) == case.repaired
    assert dict(result.findings.unrepaired) == case.unrepaired
    assert reconcile(world).total == sum(case.unrepaired.values())


def test_a_checkpoint_survives_as_text_and_nothing_else_is_one() -> None:
    world = healthy()
    plant_crashed_save(world)
    world.clock.sleep(HOUR)
    seen: list[Checkpoint] = []
    world.maintenance().reconcile(on_progress=lambda at: seen.append(Checkpoint.parse(str(at))))
    assert [at.at for at in seen] == ["index", "uploads", "blobs"]
    assert all(at.findings.total == 1 for at in seen)
    assert len(str(seen[0])) < 1000
    for text in ("", "{}", "null", "[]", str(seen[0]).replace('"format": 1', '"format": 2'), str(seen[0])[:-1]):
        with pytest.raises(InvalidCheckpoint):
            Checkpoint.parse(text)


def save_next(world: World) -> None:
    save(world, b"next")


def replace(world: World) -> None:
    world.store().delete(DOC)
    save(world, b"re")


ACTS: dict[str, Callable[[World], object]] = {
    "a save": save_next,
    "a delete": lambda world: world.store().delete(DOC),
    "a delete and a save": replace,
    "another run": reconcile,
}


HEADLESS = {"a lost index", "a lost head", "a head with a low number"}
"""Until the head is mended nothing can be saved, and there is nothing to delete."""


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("name", [*CASES, "nothing"])
def test_whoever_acts_at_any_step_of_a_run_loses_nothing(name: str, act: str) -> None:
    def prepared() -> World:
        return healthy() if name == "nothing" else prepare(name)

    expected = [b"0", b"1", b"2"] if name == "nothing" else [*CASES[name].loads.values()]
    results: list[list[bytes]] = {
        "a save": [[*expected, b"next"]],
        "a delete": [list[bytes]()],
        "a delete and a save": [[b"re"]],
        "another run": [expected],
    }[act]
    if name in HEADLESS:
        results = [*results, expected, [*expected, b"re"]]
    hook = Counted()
    reconcile(prepared(), hook)
    for at in range(1, len(hook.calls) + 1):
        world = prepared()
        acted: list[object] = []

        def interfere(world: World = world, acted: list[object] = acted) -> None:
            with suppress(Contention):
                acted.append(ACTS[act](world))

        reconcile(world, Counted(at, "before", interfere))
        reconcile(world)
        assert [*bodies(world).values()] in (results if acted else [expected]), at
        world.clock.sleep(2 * DAY)
        reconcile(world)
        assert reconcile(world).repaired == {}, at


@pytest.mark.parametrize("lag", [0, 20 * 60])
def test_drift_that_comes_up_while_a_run_is_under_way_is_for_the_next(lag: int) -> None:
    for plant in (plant_crashed_save, plant_lost_head, plant_lost_object, plant_orphan_blob):
        hook = Counted()
        reconcile(healthy(), hook)
        for at in range(1, len(hook.calls) + 1):
            world = healthy()

            def act(world: World = world) -> None:
                plant(world)  # noqa: B023 - called at once
                world.clock.sleep(lag)

            reconcile(world, Counted(at, "before", act))
            world.clock.sleep(2 * DAY)
            reconcile(world)
            assert reconcile(world).total == 0
            assert bodies(world).keys() >= {1, 2}


def test_the_cap_on_losses_holds_over_sittings() -> None:
    world = healthy(versions=9)
    world.objects.delete([ref for ref in world.objects.refs() if ref.key.startswith(DOC.key_prefix)])
    limits = Limits(lose_at_most=4)
    first = world.maintenance(Counted(30, "after", lambda: world.clock.sleep(60))).reconcile(timeout=30, limits=limits)
    result = first
    while result.checkpoint is not None:
        result = world.maintenance().reconcile(result.checkpoint, limits=limits)
    assert sum(item.get("lost", False) is True for item in world.table.items().values()) == 4
