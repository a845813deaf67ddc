"""What healing leaves alone, and what it makes of objects that other programs put."""

from __future__ import annotations

import pytest

from artifact_store import ArtifactId, ArtifactNotFound, Content, Outcome, Scope
from artifact_store.names import BLOB_PREFIX
from tests.faults.interposed import Counted, World
from tests.faults.planted import drop_items, live_gen, plant_record

DOC = ArtifactId(Scope("app", "u", "s"), "doc")
DAY = 24 * 3600


def save(world: World, body: bytes) -> int:
    saved = world.store().save(DOC, Content(body=body), caller="c", idempotency_key=body.decode())
    return saved.version.number


def heal(world: World, number: int) -> Outcome:
    return world.store().heal(DOC.object_key(number))


def state(world: World) -> tuple[object, object]:
    return world.table.items(), world.objects.refs()


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "app",
        "app/u/s/doc",
        "app/u/s/doc/",
        "app/u/s/doc/x",
        "app/u/s/doc/-1",
        "app/u/s/doc/00",
        "app/u/s/doc/0/",
        "app/u/s/do%63/0",
        "app/u/s/do!63/0",
        "app/u/s/d o/0",
        "../u/s/doc/0",
        "app/u/../doc/0",
        "app/u/user/doc/0",
        "app/u/s/doc/99999999999",
        "app/u/s/" + "x" * 1000 + "/0",
        "app/u/s/\ud800/0",
        BLOB_PREFIX + "x",
        "!reconcile/u/s/doc/0",
    ],
)
def test_a_key_that_no_version_has_is_ignored_without_a_storage_call(key: str) -> None:
    world = World()
    save(world, b"a")
    before = state(world)
    calls = Counted()
    assert world.store(calls).heal(key) is Outcome.IGNORED
    assert calls.calls == []
    assert state(world) == before


def test_an_event_about_nothing_does_nothing() -> None:
    world = World()
    save(world, b"a")
    before = state(world)
    assert heal(world, 1) is Outcome.GONE
    assert heal(world, 0) is Outcome.KNOWN
    assert world.store().heal("other/u/s/doc/0") is Outcome.GONE
    assert state(world) == before


def test_a_healthy_save_costs_two_reads_of_the_index() -> None:
    world = World()
    save(world, b"a")
    calls = Counted()
    world.store(calls).heal(DOC.object_key(0))
    assert calls.calls == ["get", "query"]


def test_a_foreign_object_is_adopted_only_where_a_save_would_stand() -> None:
    world = World()
    world.objects.put_foreign(DOC.object_key(1), b"later")
    assert heal(world, 1) is Outcome.LEFT_FOREIGN
    world.objects.put_foreign(DOC.object_key(0), b"first")
    assert heal(world, 0) is Outcome.COMMITTED
    assert heal(world, 1) is Outcome.COMMITTED
    assert heal(world, 1) is Outcome.KNOWN
    world.objects.put_foreign(DOC.object_key(3), b"beyond")
    assert heal(world, 3) is Outcome.LEFT_FOREIGN
    world.objects.put_foreign(DOC.object_key(0), b"over")
    before = state(world)
    assert heal(world, 0) is Outcome.KNOWN
    assert state(world) == before
    assert [world.store().load(DOC, number).body for number in range(2)] == [b"first", b"later"]


def test_a_foreign_object_is_never_removed_unless_it_was_a_version() -> None:
    for at in range(1, 7):
        for phase in ("before", "after"):
            world = World()
            save(world, b"a")
            world.objects.put_foreign(DOC.object_key(1), b"theirs")

            def replace(world: World = world) -> None:
                world.store().delete(DOC)
                save(world, b"b")

            # The life that it would have been adopted into ends while it is looked at.
            world.store(Counted(at, phase, replace)).heal(DOC.object_key(1))
            was_version = (at, phase) == (6, "after")
            assert (world.objects.head(DOC.object_key(1)) is None) == was_version, (at, phase)


def test_an_adopted_object_of_a_deleted_life_is_not_adopted_again() -> None:
    world = World()
    world.objects.put_foreign(DOC.object_key(0), b"theirs")
    heal(world, 0)

    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        world.store(Counted(5, "before", stop)).delete(DOC)  # before its objects go
    assert world.objects.refs() != []
    world.clock.sleep(40 * DAY)
    world.table.expire()
    assert heal(world, 0) is Outcome.REMOVED
    with pytest.raises(ArtifactNotFound):
        world.store().load(DOC)


@pytest.mark.parametrize(
    "broken",
    [
        {"artifact-gen": "g#1"},
        {"artifact-gen": ""},
        {"artifact-token": "x" * 81},
        {"artifact-created": "yesterday"},
        {"artifact-part": "!"},
        {"artifact-part": "bnVsbA"},
        {"artifact-part": "eyJraW5kIjoieCIsIm1pbWVUeXBlIjpudWxsLCJkaXNwbGF5TmFtZSI6bnVsbH0"},
        {"artifact-metadata": "e30x"},
        {"artifact-record": "manifest"},
    ],
)
def test_a_record_that_cannot_be_read_is_taken_as_any_other_programs_object(broken: dict[str, str]) -> None:
    world = World()
    save(world, b"a")
    plant_record(world, DOC, 1, gen=live_gen(world, DOC))
    head = world.objects.head(DOC.object_key(1))
    assert head is not None
    planted = [ref for ref in world.objects.refs() if ref.key == DOC.object_key(1)]
    world.objects.delete(planted)
    world.objects.create(DOC.object_key(1), b"odd", content_type="a/b", metadata={**head.metadata, **broken})
    assert save(world, b"next") == 2
    assert world.store().load(DOC, 1).body == b"odd"
    assert world.store().describe(DOC, 1).sha256 is None


def test_a_manifest_cannot_name_another_artifacts_object() -> None:
    world = World()
    save(world, b"a")
    victim = ArtifactId(DOC.scope, "victim")
    world.store().save(victim, Content(body=b"v"), caller="c", idempotency_key="v")
    record = world.objects.head(victim.object_key(0))
    assert record is not None
    manifest = (
        b'{"part":{"kind":"bytes","mimeType":null,"displayName":null},"customMetadata":{},"size":1,'
        b'"blob":{"key":"%s","versionId":"%s"}}' % (victim.object_key(0).encode(), record.version_id.encode())
    )
    metadata = {**record.metadata, "artifact-record": "manifest", "artifact-gen": live_gen(world, DOC)}
    world.objects.create(DOC.object_key(1), manifest, content_type=None, metadata=metadata)
    heal(world, 1)
    world.store().delete(DOC)
    assert world.store().load(victim).body == b"v"


def test_a_later_version_waits_for_the_ones_before_it() -> None:
    world = World()
    for body in (b"a", b"b", b"c"):
        save(world, body)
    drop_items(world, "h#", "v#", "t#")
    world.clock.sleep(DAY)
    assert heal(world, 2) is Outcome.LEFT_HEADLESS
    assert heal(world, 0) is Outcome.COMMITTED
    assert heal(world, 2) is Outcome.LEFT_AHEAD
    assert [heal(world, number) for number in (1, 2)] == [Outcome.COMMITTED] * 2
    assert world.store().load(DOC).body == b"c"


def test_what_is_left_says_so() -> None:
    assert {outcome for outcome in Outcome if outcome.left} == {
        Outcome.LEFT_AHEAD,
        Outcome.LEFT_DEAD,
        Outcome.LEFT_FOREIGN,
        Outcome.LEFT_HEADLESS,
    }
