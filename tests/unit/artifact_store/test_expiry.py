"""Artifacts that expire: gone for readers at their time, a new life for savers, removed by whoever comes first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from artifact_store import (
    ArtifactId,
    ArtifactNotFound,
    Content,
    IdempotencyKeyReused,
    InvalidTtl,
    Precondition,
    PreconditionFailed,
    Scope,
)
from artifact_store.model import MAX_TTL_SECONDS
from artifact_store.store import ArtifactStore
from tests.direct_services import store_without_table
from tests.faults.interposed import Counted, Crash, World
from tests.faults.soundness import assert_sound

SESSION = Scope("app", "u", "s")
DOC = ArtifactId(SESSION, "doc")
DAY = 86_400


def save(world: World, body: bytes, *, ttl: int | None = None, hook: Counted | None = None, **how: Any) -> int:
    content = Content(body=body, ttl_seconds=ttl)
    saved = world.store(hook).save(DOC, content, caller="c", idempotency_key=body.decode(), **how)
    return saved.version.number


def gen(world: World) -> str:
    head = world.store().ports.index.head(DOC)
    assert head is not None
    return head.gen


def timers(world: World) -> list[str]:
    return [sort for _, sort in world.table.items() if sort.startswith("x#")]


def expired(*, versions: int = 2) -> World:
    """An artifact whose time is over, and that nobody has deleted yet."""
    world = World()
    for number in range(versions):
        save(world, b"%d" % number, ttl=DAY)
    world.clock.sleep(DAY)
    return world


READS: list[Callable[[ArtifactStore], object]] = [
    lambda store: store.load(DOC),
    lambda store: store.load(DOC, 0),
    lambda store: store.describe(DOC),
    lambda store: store.describe(DOC, 0),
    lambda store: store.list_versions(DOC),
]


@pytest.mark.parametrize("read", READS)
def test_it_is_there_until_its_time_and_not_a_moment_longer(read: Callable[[ArtifactStore], object]) -> None:
    world = expired()
    world.clock.sleep(-0.001)
    read(world.store())
    assert [summary.artifact for summary in world.store().list_artifacts(SESSION).items] == [DOC]
    assert world.store().list_names(SESSION).items == [DOC]
    world.clock.sleep(0.001)
    with pytest.raises(ArtifactNotFound):
        read(world.store())
    assert world.store().list_artifacts(SESSION).items == []
    assert world.store().list_names(SESSION).items == []


def test_a_version_tells_when_it_would_end() -> None:
    world = World()
    save(world, b"a", ttl=60)
    version = world.store().describe(DOC)
    assert version.expires_ms == version.created_ms + 60_000
    assert world.store().load(DOC).version == version
    assert world.store().list_artifacts(SESSION).items[0].expires_ms == version.expires_ms


def test_a_manifest_tells_it_too() -> None:
    world = World()
    content = Content(body=b"a", custom_metadata={"text": "y" * 3000}, ttl_seconds=60)
    saved = world.store().save(DOC, content, caller="c", idempotency_key="k").version
    assert saved.expires_ms == saved.created_ms + 60_000
    assert world.store().load(DOC).version == saved


def test_every_save_begins_the_time_anew() -> None:
    world = World()
    save(world, b"a", ttl=DAY)
    world.clock.sleep(DAY - 1)
    assert save(world, b"b", ttl=DAY) == 1
    assert len(timers(world)) == 1
    world.clock.sleep(DAY - 1)
    assert world.store().load(DOC).body == b"b"
    assert world.store().load(DOC, 0).body == b"a", "an artifact expires as a whole"


def test_a_save_without_an_end_takes_it_away() -> None:
    world = World()
    save(world, b"a", ttl=60)
    save(world, b"b")
    world.clock.sleep(3600)
    assert world.store().expire(DOC, gen(world))
    assert world.store().load(DOC, 0).body == b"a"


def test_what_is_saved_after_the_end_is_another_life() -> None:
    world = expired()
    dead = gen(world)
    assert save(world, b"new") == 0
    assert gen(world) != dead
    assert [version.number for version in world.store().list_versions(DOC).items] == [0]
    assert world.store().expire(DOC, dead), "the old timer's end"
    assert world.store().load(DOC).body == b"new"
    assert len(world.objects.refs()) == 1
    assert_sound(world)


def test_a_condition_is_judged_as_readers_see_it() -> None:
    world = expired()
    with pytest.raises(PreconditionFailed):
        save(world, b"new", only_if=Precondition(etags=frozenset({"*"})))
    assert save(world, b"new", only_if=Precondition(absent=True)) == 0


def test_the_same_content_is_saved_again_where_time_counts() -> None:
    world = World()
    for key, (ttl, number) in enumerate([(None, 0), (None, 0), (60, 1), (60, 2), (None, 3), (None, 3)]):
        content = Content(body=b"same", ttl_seconds=ttl)
        saved = world.store().save(DOC, content, caller="c", idempotency_key=f"{key}", skip_unchanged=True)
        assert saved.version.number == number


def test_it_is_deleted_with_content_and_index() -> None:
    world = expired()
    life = gen(world)
    assert world.store().expire(DOC, life)
    assert world.objects.refs() == []
    assert world.store().ports.index.head(DOC) is None
    assert world.store().expire(DOC, life), "asking twice is fine"
    assert_sound(world)


@pytest.mark.parametrize("left", [1, DAY])
def test_nobody_deletes_it_before_its_time(left: int) -> None:
    world = expired()
    world.clock.sleep(-left)
    assert world.store().expire(DOC, gen(world))
    assert world.store().load(DOC).body == b"1"


def test_a_delete_takes_the_timer_along() -> None:
    world = World()
    save(world, b"a", ttl=60)
    assert len(timers(world)) == 1
    world.store().delete(DOC)
    assert timers(world) == []


def test_time_may_be_short() -> None:
    world = expired(versions=1001)
    life = gen(world)
    assert not world.store().expire(DOC, life, timeout=-1)
    with pytest.raises(ArtifactNotFound):
        world.store().load(DOC)
    assert world.store().expire(DOC, life)
    assert world.objects.refs() == []


def calls_of_expire() -> int:
    world, counted = expired(), Counted()
    world.store(counted).expire(DOC, gen(world))
    return len(counted.calls)


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("at", range(1, calls_of_expire() + 1))
def test_a_save_at_any_moment_is_never_lost(at: int, phase: str) -> None:
    world = expired()
    numbers: list[int] = []
    hook = Counted(at, phase, lambda: numbers.append(save(world, b"new", ttl=DAY)))
    assert world.store(hook).expire(DOC, gen(world))
    assert numbers == [0]
    assert world.store().load(DOC).body == b"new"
    world.maintenance().reconcile()
    assert world.store().load(DOC).body == b"new"
    assert_sound(world)


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("at", range(1, calls_of_expire() + 1))
def test_a_crash_at_any_call_is_made_good_by_asking_again(at: int, phase: str) -> None:
    def crash() -> None:
        raise Crash

    world = expired()
    life = gen(world)
    with pytest.raises(Crash):
        world.store(Counted(at, phase, crash)).expire(DOC, life)
    assert world.store().expire(DOC, life)
    assert world.objects.refs() == []
    assert_sound(world)


def calls_of_save() -> int:
    world, counted = expired(), Counted()
    save(world, b"new", hook=counted)
    return len(counted.calls)


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("at", range(1, calls_of_save() + 1))
def test_an_end_at_any_moment_of_a_save_that_comes_after_it(at: int, phase: str) -> None:
    world = expired()
    life = gen(world)
    hook = Counted(at, phase, lambda: world.store().expire(DOC, life))
    assert save(world, b"new", ttl=DAY, hook=hook) == 0
    assert world.store().expire(DOC, life)
    assert world.store().load(DOC).body == b"new"
    assert len(world.objects.refs()) == 1
    assert_sound(world)


def calls_of_renewal() -> int:
    world, counted = expired(), Counted()
    world.clock.sleep(-1)
    save(world, b"new", hook=counted)
    return len(counted.calls)


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("at", range(1, calls_of_renewal() + 1))
def test_an_end_while_the_time_begins_anew(at: int, phase: str) -> None:
    world = expired()
    world.clock.sleep(-1)
    life = gen(world)

    def end() -> None:
        world.clock.sleep(1)
        world.store().expire(DOC, life)

    number = save(world, b"new", ttl=DAY, hook=Counted(at, phase, end))
    assert number in {0, 2}
    assert world.store().load(DOC).body == b"new"
    numbers = [version.number for version in world.store().list_versions(DOC).items]
    assert numbers == list(range(number + 1)), "the old versions, if the save came first"
    world.store().expire(DOC, life)
    assert_sound(world)


def test_reconcile_deletes_what_no_timer_has_told_of() -> None:
    world = expired()
    world.clock.sleep(15 * 60)
    found = world.maintenance().reconcile().findings
    assert found.seen["expired"] == 1
    assert not found.drift, "it is no drift: nobody has promised an earlier moment"
    assert world.objects.refs() == []
    assert_sound(world)


def test_reconcile_leaves_what_has_time() -> None:
    world = expired()
    found = world.maintenance().reconcile().findings
    assert found.seen["expired"] == 0
    world.clock.sleep(-1)
    assert world.store().load(DOC).body == b"1"


def test_a_rebuilt_index_knows_the_end() -> None:
    world = expired()
    world.clock.sleep(-10)
    before = world.store().describe(DOC)
    for key in list(world.table.items()):
        world.table.delete([key])
    world.maintenance().rebuild()
    assert world.store().describe(DOC) == before
    assert len(timers(world)) == 1
    world.clock.sleep(10)
    with pytest.raises(ArtifactNotFound):
        world.store().load(DOC)


@pytest.mark.parametrize("ttl", [0, -1, MAX_TTL_SECONDS + 1])
def test_a_time_that_cannot_be(ttl: int) -> None:
    with pytest.raises(InvalidTtl) as refused:
        Content(body=b"", ttl_seconds=ttl)
    assert (refused.value.field, refused.value.limit) == ("ttl", MAX_TTL_SECONDS)


def test_without_a_table_nothing_expires() -> None:
    with pytest.raises(InvalidTtl, match="without an index table"):
        store_without_table().save(DOC, Content(body=b"", ttl_seconds=1), caller="c", idempotency_key="k")


def test_a_key_stands_for_its_time_too() -> None:
    world = World()
    save(world, b"a", ttl=60)
    assert save(world, b"a", ttl=60) == 0
    with pytest.raises(IdempotencyKeyReused):
        save(world, b"a", ttl=61)
