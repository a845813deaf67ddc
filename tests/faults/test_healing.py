"""Healing: whatever a saver left is settled from its key alone, whoever else is at work and whatever fails."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from artifact_store import (
    ArtifactId,
    ArtifactNotFound,
    ArtifactStore,
    Content,
    Contention,
    Outcome,
    Scope,
    StorageUnavailable,
)
from artifact_store.ports import ObjectExists
from tests.faults.interposed import Counted, Crash, World
from tests.faults.planted import drop_items, live_gen, object_keys, plant_record
from tests.faults.soundness import assert_sound

DOC = ArtifactId(Scope("app", "u", "s"), "doc")
SMALL = Content(body=b"new")
WORDY = Content(body=b"new", custom_metadata={"text": "x" * 3000})
DAY = 24 * 3600


def fail() -> None:
    raise StorageUnavailable("injected")


def crash() -> None:
    raise Crash


def save(world: World, key: str, hook: Counted | None = None, content: Content | None = None) -> int:
    content = content or Content(body=key.encode())
    return world.store(hook).save(DOC, content, caller="c", idempotency_key=key).version.number


def prepared(earlier: int) -> World:
    world = World()
    for number in range(earlier):
        save(world, str(number))
    return world


def heal_all(world: World) -> list[Outcome]:
    return [world.store().heal(key) for key in object_keys(world)]


def bodies(world: World) -> list[bytes]:
    store = world.store()
    try:
        return [store.load(DOC, version.number).body for version in store.list_versions(DOC).items]
    except ArtifactNotFound:
        return []


def steps(operation: Callable[[ArtifactStore], object], prepare: Callable[[], World]) -> list[tuple[int, str]]:
    hook = Counted()
    operation(prepare().store(hook))
    return [(at, phase) for at in range(1, len(hook.calls) + 1) for phase in ("before", "after")]


@pytest.mark.parametrize("earlier", [0, 2])
@pytest.mark.parametrize("content", [SMALL, WORDY], ids=["inline", "manifest"])
def test_a_crashed_save_is_committed_once_its_record_is_there(content: Content, earlier: int) -> None:
    def saving(store: ArtifactStore) -> object:
        return store.save(DOC, content, caller="c", idempotency_key="k")

    before = [b"%d" % number for number in range(earlier)]
    record_at = 3 if content is WORDY else 2
    for at, phase in steps(saving, lambda: prepared(earlier)):
        world = prepared(earlier)
        with pytest.raises(Crash):
            saving(world.store(Counted(at, phase, crash)))
        outcomes = heal_all(world)
        has_record = at > record_at or (at, phase) == (record_at, "after")
        assert bodies(world) == before + [b"new"] * has_record, (at, phase)
        if has_record and (at, phase) != (record_at + 1, "after"):
            assert Outcome.COMMITTED in outcomes
            assert_sound(world)
        assert set(heal_all(world)) <= {Outcome.KNOWN, Outcome.IGNORED}
        retried = world.store().save(DOC, content, caller="c", idempotency_key="k")
        assert retried.version.number == earlier, "the client's repeated request is the same save"
        assert bodies(world) == [*before, b"new"]


def leave_uncommitted(world: World) -> None:
    with suppress(Crash):
        save(world, "k", Counted(3, "before", crash))


def leave_buried(world: World) -> None:
    leave_uncommitted(world)
    gen = live_gen(world, DOC)
    world.store(Counted(3, "before", fail)).delete(DOC)
    assert f"d#doc#{gen}" in {key[1] for key in world.table.items()}


def leave_double(world: World) -> None:
    save(world, "twin")
    plant_record(world, DOC, 3, gen=live_gen(world, DOC), key="twin", body=b"twin", with_blob=True)


def leave_row_lost(world: World) -> None:
    drop_items(world, "v#doc#0000000001")


def leave_foreign(world: World) -> None:
    world.objects.put_foreign(DOC.object_key(2), b"theirs")


CASES: dict[str, tuple[Callable[[World], None], int, Outcome, list[bytes]]] = {
    "uncommitted": (leave_uncommitted, 2, Outcome.COMMITTED, [b"0", b"1", b"k"]),
    "buried": (leave_buried, 2, Outcome.REMOVED, []),
    "saved elsewhere": (leave_double, 3, Outcome.REMOVED, [b"0", b"1", b"twin"]),
    "entry lost": (leave_row_lost, 1, Outcome.RESTORED, [b"0", b"1"]),
    "foreign": (leave_foreign, 2, Outcome.COMMITTED, [b"0", b"1", b"theirs"]),
}


@pytest.mark.parametrize("act", [fail, crash])
@pytest.mark.parametrize("case", CASES)
def test_healing_that_fails_anywhere_is_repeated(case: str, act: Callable[[], None]) -> None:
    leave, number, outcome, expected = CASES[case]

    def prepare() -> World:
        world = prepared(2)
        leave(world)
        return world

    def heal(store: ArtifactStore) -> Outcome:
        return store.heal(DOC.object_key(number))

    world = prepare()
    assert heal(world.store()) is outcome
    assert bodies(world) == expected
    for at, phase in steps(heal, prepare):
        world = prepare()
        with suppress(StorageUnavailable, Crash):
            heal(world.store(Counted(at, phase, act)))
        assert heal(world.store()) in {outcome, Outcome.KNOWN, Outcome.GONE}, (at, phase)
        assert bodies(world) == expected, (at, phase)
        assert save(world, "later") == len(expected)
        assert bodies(world) == [*expected, b"later"]


@pytest.mark.parametrize("content", [SMALL, WORDY], ids=["inline", "manifest"])
def test_a_healer_at_any_step_of_a_healthy_save_changes_nothing(content: Content) -> None:
    def saving(store: ArtifactStore) -> object:
        return store.save(DOC, content, caller="c", idempotency_key="k")

    for earlier in (0, 2):
        for at, phase in steps(saving, lambda: prepared(earlier)):  # noqa: B023 - called at once
            world = prepared(earlier)
            hook = Counted(at, phase, lambda: heal_all(world))  # noqa: B023 - called at once
            saved = world.store(hook).save(DOC, content, caller="c", idempotency_key="k")
            assert (saved.version.number, saved.replayed) == (earlier, False), (at, phase)
            assert bodies(world) == [*(b"%d" % number for number in range(earlier)), b"new"]
            assert_sound(world)


@pytest.mark.parametrize("content", [SMALL, WORDY], ids=["inline", "manifest"])
def test_delete_save_and_healer_at_any_step_of_a_save_lose_nothing(content: Content) -> None:
    def saving(store: ArtifactStore) -> object:
        return store.save(DOC, content, caller="c", idempotency_key="k")

    for earlier in (0, 2):
        for resaved in (False, True):
            for at, phase in steps(saving, lambda: prepared(earlier)):  # noqa: B023 - called at once
                world = prepared(earlier)

                def replace(world: World = world, resaved: bool = resaved) -> None:  # noqa: FBT001
                    heal_all(world)
                    world.store().delete(DOC)
                    if resaved:
                        save(world, "re")
                    heal_all(world)

                saved = saving(world.store(Counted(at, phase, replace)))
                left = [b"re"] if resaved else []
                assert bodies(world) in (left, [*left, b"new"]), (at, phase, saved)
                assert_sound(world)


ACTS: dict[str, tuple[Callable[[World], object], Callable[[list[bytes]], list[bytes]]]] = {
    "another save": (lambda world: save(world, "other"), lambda found: [*found, b"other"]),
    "the same save": (lambda world: save(world, "k"), lambda found: found if b"k" in found else [*found, b"k"]),
    "a delete": (lambda world: world.store().delete(DOC), lambda _: []),
    "a delete and a save": (lambda world: (world.store().delete(DOC), save(world, "re")), lambda _: [b"re"]),
    "another healer": (heal_all, lambda found: found),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("case", CASES)
def test_whoever_acts_at_any_step_of_a_healing_loses_nothing(case: str, act: str) -> None:
    leave, number, _, expected = CASES[case]
    interfere, expected_after = ACTS[act]

    def prepare() -> World:
        world = prepared(2)
        leave(world)
        return world

    def heal(store: ArtifactStore) -> Outcome:
        return store.heal(DOC.object_key(number))

    for at, phase in steps(heal, prepare):
        world = prepare()
        acted: list[object] = []
        with suppress(Contention):
            heal(world.store(Counted(at, phase, lambda: acted.append(interfere(world)))))  # noqa: B023 - called at once
        heal_all(world)
        # A transaction that is refused has no "after".
        assert bodies(world) == (expected_after(expected) if acted else expected), (at, phase)
        if case in {"uncommitted", "saved elsewhere"}:
            assert_sound(world, orphan_blobs=case == "saved elsewhere")


@pytest.mark.parametrize("act", ["another save", "the same save", "a delete", "a delete and a save", "another healer"])
@pytest.mark.parametrize("content", [SMALL, WORDY], ids=["inline", "manifest"])
def test_a_put_that_was_repeated_below_the_store_and_finds_itself(content: Content, act: str) -> None:
    record_at = 3 if content is WORDY else 2
    interfere, _ = ACTS[act]
    for earlier in (0, 2):
        for at in range(record_at, record_at + 12):
            for phase in ("before", "after"):
                world = prepared(earlier)
                counted = Counted(at, phase, lambda: interfere(world))  # noqa: B023 - called at once

                def hook(name: str, phase: str, counted: Counted = counted) -> None:
                    counted(name, phase)
                    if (len(counted.calls), phase) == (record_at, "after"):
                        raise ObjectExists  # the first PUT's answer was lost; botocore tried again

                store = world.store(hook)
                saved = store.save(DOC, content, caller="c", idempotency_key="mine")
                found = bodies(world)  # loads every version: none names a blob that is gone
                heal_all(world)
                assert bodies(world) == found
                assert found.count(b"new") + (act in {"a delete", "a delete and a save"}) >= 1, (at, phase, saved)
                assert found.count(b"new") <= 1


def test_a_save_that_left_an_artifact_unborn_is_settled() -> None:
    world = World()
    with suppress(Crash):
        save(world, "k", Counted(3, "before", crash))
    assert heal_all(world) == [Outcome.COMMITTED]
    assert bodies(world) == [b"k"]
    assert_sound(world)


@pytest.mark.parametrize("days", [2, 20, 40, 400])
def test_a_double_that_nobody_settled_for_long_is_not_committed(days: int) -> None:
    for settle in (heal_all, lambda world: save(world, "next")):
        world = World()
        save(world, "twin")
        plant_record(world, DOC, 1, gen=live_gen(world, DOC), key="twin", body=b"twin")
        world.clock.sleep(days * DAY)
        world.table.expire()
        settle(world)
        assert bodies(world) in ([b"twin"], [b"twin", b"next"])
        assert_sound(world)


@pytest.mark.parametrize("days", [2, 20])
def test_a_double_of_a_deleted_save_does_not_bring_it_back(days: int) -> None:
    for settle in (heal_all, lambda world: save(world, "next")):
        world = World()
        save(world, "twin")
        world.store().delete(DOC)
        plant_record(world, DOC, 0, key="twin", body=b"twin")  # a request that was under way all the time
        world.clock.sleep(days * DAY)
        world.table.expire()
        settle(world)
        assert bodies(world) in ([], [b"next"])
        assert_sound(world)


@pytest.mark.parametrize("days", [0, 2, 40])
def test_a_save_that_never_counted_is_committed_however_late(days: int) -> None:
    for earlier in (0, 2):
        world = prepared(earlier)
        with suppress(Crash):
            save(world, "k", Counted(3, "before", crash))
        world.clock.sleep(days * DAY)
        world.table.expire()
        heal_all(world)
        assert bodies(world)[earlier:] == [b"k"], "it may be all that is left of a lost index"
        assert_sound(world)


def test_the_same_key_used_again_after_a_day_is_a_save_of_its_own() -> None:
    world = World()
    save(world, "k")
    world.clock.sleep(DAY + 2)
    with suppress(Crash):
        save(world, "k", Counted(3, "before", crash))
    world.clock.sleep(40 * DAY)
    world.table.expire()
    heal_all(world)
    assert bodies(world) == [b"k", b"k"]


def test_a_leftover_of_a_deleted_life_is_removed_for_a_month() -> None:
    world = prepared(2)
    gen = live_gen(world, DOC)
    world.store().delete(DOC)
    plant_record(world, DOC, 2, gen=gen)
    world.clock.sleep(29 * DAY)
    world.table.expire()
    assert heal_all(world) == [Outcome.REMOVED]
    plant_record(world, DOC, 2, gen=gen)
    world.clock.sleep(2 * DAY)
    world.table.expire()
    assert heal_all(world) == [Outcome.LEFT_HEADLESS], "without its grave it may be a version of a lost index"
    for number in range(3):
        assert save(world, f"n{number}") == number
    assert bodies(world) == [b"n0", b"n1", b"n2"], "and it is in nobody's way"
    assert_sound(world)
