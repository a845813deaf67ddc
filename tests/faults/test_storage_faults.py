"""Every storage call of every operation fails once, before or after it took effect."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest

from artifact_store import ArtifactId, ArtifactNotFound, ArtifactStore, Content, Saved, Scope, StorageUnavailable
from tests.faults.interposed import Counted, Crash, World
from tests.faults.soundness import assert_sound

DOC = ArtifactId(Scope("app", "u", "s"), "doc")
SMALL = Content(body=b"new")
WORDY = Content(body=b"new", custom_metadata={"text": "x" * 3000})
PHASES = ["before", "after"]


def fail() -> None:
    raise StorageUnavailable("injected")


def crash() -> None:
    raise Crash


def prepared(earlier: int) -> World:
    world = World()
    for number in range(earlier):
        body = Content(body=b"%d" % number, custom_metadata={"text": "y" * 3000} if number % 2 else {})
        world.store().save(DOC, body, caller="c", idempotency_key=f"earlier {number}")
    return world


def calls_of(operation: Callable[[ArtifactStore], object], earlier: int) -> int:
    hook = Counted()
    operation(prepared(earlier).store(hook))
    return len(hook.calls)


def places(operation: Callable[[ArtifactStore], object], earlier: int) -> list[tuple[int, str]]:
    return [(at, phase) for at in range(1, calls_of(operation, earlier) + 1) for phase in PHASES]


def bodies(world: World) -> list[bytes]:
    store = world.store()
    try:
        versions = store.list_versions(DOC).items
    except ArtifactNotFound:
        return []
    return [store.load(DOC, version.number).body for version in versions]


@pytest.mark.parametrize("earlier", [0, 2])
@pytest.mark.parametrize("content", [SMALL, WORDY], ids=["inline", "manifest"])
def test_a_failed_save_that_is_repeated_happens_once(content: Content, earlier: int) -> None:
    def save(store: ArtifactStore) -> object:
        return store.save(DOC, content, caller="c", idempotency_key="k")

    for at, phase in places(save, earlier):
        world = prepared(earlier)
        with pytest.raises(StorageUnavailable):
            save(world.store(Counted(at, phase, fail)))
        saved = world.store().save(DOC, content, caller="c", idempotency_key="k")
        assert saved.version.number == earlier, (at, phase)
        assert bodies(world) == [b"%d" % number for number in range(earlier)] + [b"new"]
        if content is WORDY and (at, phase) in {(2, "after"), (3, "before")}:
            # A blob that no record names yet may still be named by a record whose answer was lost,
            # so its saver leaves it to the sweep.
            assert_sound(world, orphan_blobs=1)
        else:
            assert_sound(world)


@pytest.mark.parametrize("earlier", [0, 2])
@pytest.mark.parametrize("content", [SMALL, WORDY], ids=["inline", "manifest"])
def test_a_crashed_save_blocks_nobody_and_leaves_no_gap(content: Content, earlier: int) -> None:
    def save(store: ArtifactStore) -> object:
        return store.save(DOC, content, caller="c", idempotency_key="k")

    for at, phase in places(save, earlier):
        world = prepared(earlier)
        with pytest.raises(Crash):
            save(world.store(Counted(at, phase, crash)))
        other = world.store().save(DOC, Content(body=b"other"), caller="d", idempotency_key="o")
        later = bodies(world)[earlier:]
        assert later in ([b"other"], [b"new", b"other"]), (at, phase)
        assert other.version.number == earlier + len(later) - 1
        record_at = 3 if content is WORDY else 2
        if (at, phase) >= (record_at, "after") and (at, phase) != (record_at, "before"):
            assert later == [b"new", b"other"], "what holds a number is committed for its saver"
            assert_sound(world)


@pytest.mark.parametrize("act", [fail, crash])
@pytest.mark.parametrize("earlier", [1, 3])
def test_a_delete_that_fails_anywhere_can_be_repeated(earlier: int, act: Callable[[], None]) -> None:
    def delete(store: ArtifactStore) -> object:
        return store.delete(DOC)

    for at, phase in places(delete, earlier):
        world = prepared(earlier)
        hook = Counted(at, phase, act)
        with suppress(StorageUnavailable, Crash):
            delete(world.store(hook))
        vanished = (at, phase) == (2, "after") or at > 2
        assert (bodies(world) == []) == vanished, (at, phase)
        world.store().delete(DOC)
        assert bodies(world) == []
        # Whatever the interrupted purge left cannot come back and blocks nobody.
        for number in range(3):
            saved = world.store().save(DOC, Content(body=b"n%d" % number), caller="c", idempotency_key=f"n{number}")
            assert saved.version.number == number
        assert bodies(world) == [b"n0", b"n1", b"n2"]


@pytest.mark.parametrize(
    "operation",
    [
        lambda store: store.load(DOC),
        lambda store: store.load(DOC, 1),
        lambda store: store.describe(DOC),
        lambda store: store.describe(DOC, 1),
        lambda store: store.list_versions(DOC),
        lambda store: store.list_artifacts(DOC.scope),
    ],
)
def test_a_failed_read_says_so(operation: Callable[[ArtifactStore], object]) -> None:
    for at, phase in places(operation, 2):
        world = prepared(2)
        with pytest.raises(StorageUnavailable):
            operation(world.store(Counted(at, phase, fail)))
        assert_sound(world)


@pytest.mark.parametrize("content", [SMALL, WORDY], ids=["inline", "manifest"])
def test_a_delete_between_any_two_calls_of_a_save_leaves_no_trace_of_the_old_life(content: Content) -> None:
    def save(store: ArtifactStore) -> object:
        return store.save(DOC, content, caller="c", idempotency_key="k")

    for at, phase in places(save, 2):
        world = prepared(2)
        hook = Counted(at, phase, lambda: world.store().delete(DOC))  # noqa: B023 - called at once
        save(world.store(hook))
        committed_first = (at, phase) == ((4 if content is WORDY else 3), "after")
        assert bodies(world) == ([] if committed_first else [b"new"]), (at, phase)
        assert_sound(world)


@pytest.mark.parametrize("content", [SMALL, WORDY], ids=["inline", "manifest"])
def test_a_delete_and_a_new_save_between_any_two_calls_of_a_save(content: Content) -> None:
    def save(store: ArtifactStore) -> object:
        return store.save(DOC, content, caller="c", idempotency_key="k")

    for at, phase in places(save, 2):
        world = prepared(2)

        def replace(world: World = world) -> None:
            world.store().delete(DOC)
            world.store().save(DOC, Content(body=b"re"), caller="c", idempotency_key="re")

        save(world.store(Counted(at, phase, replace)))
        committed_first = (at, phase) == ((4 if content is WORDY else 3), "after")
        assert bodies(world) == ([b"re"] if committed_first else [b"re", b"new"]), (at, phase)
        assert_sound(world)


def test_another_save_between_any_two_calls_of_a_save_loses_nothing() -> None:
    def save(store: ArtifactStore) -> object:
        return store.save(DOC, SMALL, caller="c", idempotency_key="k")

    for earlier in (0, 2):
        for at, phase in places(save, earlier):
            world = prepared(earlier)

            def save_other(world: World = world) -> None:
                world.store().save(DOC, Content(body=b"other"), caller="c", idempotency_key="o")

            save(world.store(Counted(at, phase, save_other)))
            assert sorted(bodies(world)[earlier:]) == [b"new", b"other"], (at, phase)
            assert_sound(world)


def test_the_same_save_repeated_between_any_two_of_its_calls_happens_once() -> None:
    for content in (SMALL, WORDY):

        def save(store: ArtifactStore, content: Content = content) -> object:
            return store.save(DOC, content, caller="c", idempotency_key="k")

        for at, phase in places(save, 1):
            world = prepared(1)
            hook = Counted(at, phase, lambda: save(world.store()))  # noqa: B023 - called at once
            save(world.store(hook))
            assert bodies(world) == [b"0", b"new"], (at, phase)
            assert_sound(world)


def test_a_repeated_save_that_overtakes_and_is_deleted_does_not_come_back() -> None:
    def save(store: ArtifactStore) -> object:
        return store.save(DOC, SMALL, caller="c", idempotency_key="k")

    for at, phase in places(save, 0):
        world = World()

        def save_and_delete(world: World = world) -> None:
            save(world.store())
            world.store().delete(DOC)

        save(world.store(Counted(at, phase, save_and_delete)))
        assert bodies(world) == [], (at, phase)
        assert_sound(world)


def test_a_saver_that_sleeps_before_its_commit_finds_that_it_was_helped() -> None:
    world = prepared(1)

    def be_helped() -> None:
        world.store().save(DOC, Content(body=b"other"), caller="c", idempotency_key="o")
        world.clock.sleep(11 * 60)  # DynamoDB no longer recognises a repeated transaction

    saved = world.store(Counted(3, "before", be_helped)).save(DOC, SMALL, caller="c", idempotency_key="k")
    assert (saved.version.number, saved.replayed) == (1, False)
    assert bodies(world) == [b"0", b"new", b"other"]
    assert_sound(world)


def test_a_saver_that_sleeps_past_its_token_does_not_undo_a_delete() -> None:
    world = World()

    def pass_a_day() -> None:
        world.store().save(DOC, Content(body=b"other"), caller="c", idempotency_key="o")
        assert bodies(world) == [b"new", b"other"], "the sleeper was helped"
        world.clock.sleep(20 * 3600)
        world.store().delete(DOC)
        world.clock.sleep(10 * 3600)
        world.table.delete([key for key in world.table.items() if key[1].startswith("t#")])  # as TTL does

    sleeper = world.store(Counted(3, "before", pass_a_day))
    saved = sleeper.save(DOC, SMALL, caller="c", idempotency_key="k", timeout=10**6)
    gens = [str(item["gen"]) for key, item in world.table.items().items() if key[1].startswith("h#")]
    graves = [key[1].rpartition("#")[2] for key in world.table.items() if key[1].startswith("d#")]
    assert (saved.version.number, bodies(world)) == (0, [b"new"])
    assert gens == [saved.version.gen], "in a life of its own"
    assert saved.version.gen not in graves
    assert_sound(world)


def test_a_key_used_again_after_days_is_a_save_even_if_a_delete_comes_between() -> None:
    def save(store: ArtifactStore) -> Saved:
        return store.save(DOC, SMALL, caller="c", idempotency_key="k")

    for at, phase in places(save, 2):
        world = prepared(2)
        first = save(world.store())
        assert first.version.number == 2
        world.clock.sleep(3 * 24 * 3600)
        hook = Counted(at, phase, lambda: world.store().delete(DOC))  # noqa: B023 - called at once
        saved = save(world.store(hook))
        committed_first = (at, phase) == (3, "after")
        assert not saved.replayed, (at, phase)
        assert bodies(world) == ([] if committed_first else [b"new"]), (at, phase)
        assert_sound(world)
