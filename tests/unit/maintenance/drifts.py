"""Every way in which bucket and index can differ, planted into a healthy store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from artifact_store import ArtifactId, ArtifactNotFound, Content, Scope, StorageUnavailable
from artifact_store.maintenance import Drift, Findings, Limits
from artifact_store.names import BLOB_PREFIX
from artifact_store.ports import ABSENT, Condition, Key, Put
from tests.faults.interposed import Counted, Crash, World
from tests.faults.planted import drop_items, live_gen, plant_record

DOC = ArtifactId(Scope("app", "u", "s"), "doc")
LOGO = ArtifactId(Scope("app", "u"), "logo")
HOUR: Final = 3600
DAY: Final = 24 * HOUR


def save(world: World, body: bytes, artifact: ArtifactId = DOC, hook: Counted | None = None, **facts: Any) -> int:
    content = Content(body=body, **facts)
    return world.store(hook).save(artifact, content, caller="c", idempotency_key=body.decode()).version.number


def healthy(versions: int = 3) -> World:
    """A store with a living artifact, one with a manifest, and one that was deleted and saved again."""
    world = World()
    for number in range(versions):
        save(world, b"%d" % number, custom_metadata={"text": "x" * 3000} if number == 1 else {})
    save(world, b"logo", LOGO)
    other = ArtifactId(Scope("app", "u", "t"), "nested/doc")
    for body in (b"a", b"b"):
        save(world, body, other)
    world.store().delete(other)
    save(world, b"c", other)
    world.clock.sleep(DAY + HOUR)
    return world


def bodies(world: World, artifact: ArtifactId = DOC) -> dict[int, bytes]:
    """What can be loaded, by version number."""
    store = world.store()
    try:
        versions = store.list_versions(artifact).items
    except ArtifactNotFound:
        return {}
    return {version.number: store.load(artifact, version.number).body for version in versions}


def reconcile(world: World, hook: Counted | None = None, **limits: Any) -> Findings:
    """One whole run."""
    result = world.maintenance(hook).reconcile(limits=Limits(**limits))
    assert result.checkpoint is None
    return result.findings


def state(world: World) -> tuple[object, object]:
    """Everything there is."""
    return world.table.items(), world.objects.refs()


def refs_of(world: World, number: int, artifact: ArtifactId = DOC) -> list[Any]:
    return [ref for ref in world.objects.refs() if ref.key == artifact.object_key(number)]


def head_key(artifact: ArtifactId = DOC) -> Key:
    return artifact.scope.partition, f"h#{artifact.encoded_filename}"


def change(world: World, key: Key, **attributes: Any) -> None:
    """Writes over attributes of an item."""
    (item,) = world.table.get([key])
    assert item is not None
    world.table.put(Put(key, {**item, **attributes}, Condition(equals={})))


def crash() -> None:
    raise Crash


def fail() -> None:
    raise StorageUnavailable("injected")


def plant_crashed_save(world: World) -> None:
    with suppress(Crash):
        save(world, b"crashed", hook=Counted(3, "before", crash))


def plant_lost_entry(world: World) -> None:
    drop_items(world, "v#doc#0000000001")


def plant_lost_last_entries(world: World) -> None:
    drop_items(world, "v#doc#0000000001", "v#doc#0000000002")


def plant_lost_index(world: World) -> None:
    drop_items(world, "h#doc", "v#doc#", "t#")


def plant_old_life(world: World) -> None:
    gen = live_gen(world, DOC)
    world.store().delete(DOC)
    plant_record(world, DOC, 2, gen=gen)


def plant_doubled_save(world: World) -> None:
    world.store().save(DOC, Content(body=b"twin"), caller="c", idempotency_key="twin")
    plant_record(world, DOC, 4, gen=live_gen(world, DOC), key="twin", body=b"twin")


def plant_unplaced(world: World) -> None:
    plant_record(world, DOC, 7, gen=live_gen(world, DOC))


def plant_headless(world: World) -> None:
    plant_record(world, ArtifactId(DOC.scope, "other"), 3)


def plant_delete_marker(world: World) -> None:
    world.objects.hide(DOC.object_key(1))


def plant_delete_marker_over_a_blob(world: World) -> None:
    (blob,) = (ref for ref in world.objects.refs() if ref.key.startswith(BLOB_PREFIX))
    world.objects.hide(blob.key)


def plant_lost_object(world: World) -> None:
    world.objects.delete(refs_of(world, 0))


def plant_lost_latest(world: World) -> None:
    world.objects.delete(refs_of(world, 2))


def plant_lost_blob(world: World) -> None:
    world.objects.delete([ref for ref in world.objects.refs() if ref.key.startswith(BLOB_PREFIX)])


def plant_lost_artifact(world: World) -> None:
    world.objects.delete([ref for number in range(3) for ref in refs_of(world, number)])


def plant_found_object(world: World) -> None:
    (key,) = (key for key in world.table.items() if key[1].startswith("v#doc#0000000001"))
    change(world, key, lost=True)


def plant_nothing_left(world: World) -> None:
    drop_items(world, "v#doc#0000000000")
    world.objects.delete(refs_of(world, 0))


def plant_lost_head(world: World) -> None:
    drop_items(world, "h#doc")


def plant_low_head(world: World) -> None:
    change(world, head_key(), next=2)


def plant_high_head(world: World) -> None:
    change(world, head_key(), next=9)


def plant_wrong_facts(world: World) -> None:
    change(world, head_key(), size=99)


def plant_empty_head(world: World) -> None:
    world.table.put(Put(head_key(ArtifactId(DOC.scope, "empty")), world.table.items()[head_key()], ABSENT))


def plant_stale_entries(world: World) -> None:
    rows = {key: item for key, item in world.table.items().items() if key[1].startswith("v#doc#0000000000")}
    for (partition, sort), item in rows.items():
        old = f"{1:032x}"
        world.table.put(Put((partition, f"{sort[:-32]}{old}"), {**item, "gen": old}, ABSENT))


def plant_unended_purge(world: World) -> None:
    with suppress(StorageUnavailable):
        world.store(Counted(4, "before", fail)).delete(DOC)


def plant_orphan_blob(world: World) -> None:
    with suppress(Crash):
        save(world, b"blob", hook=Counted(3, "before", crash), custom_metadata={"text": "x" * 3000})


@dataclass(frozen=True)
class Case:
    """One kind of drift.

    Attributes:
        plant: Makes a healthy store differ.
        repaired: What is found and repaired.
        loads: What can be loaded of `DOC` afterwards, by version number.
        unrepaired: What is found and stays.
        following: The number that the next save takes.
    """

    plant: Callable[[World], None]
    repaired: Mapping[Drift, int]
    loads: Mapping[int, bytes] = field(default_factory=lambda: {0: b"0", 1: b"1", 2: b"2"})
    unrepaired: Mapping[Drift, int] = field(default_factory=dict)
    following: int = 3


CASES: Mapping[str, Case] = {
    "a crashed save": Case(
        plant_crashed_save, {Drift.UNINDEXED_OBJECT: 1}, {0: b"0", 1: b"1", 2: b"2", 3: b"crashed"}, following=4
    ),
    "a lost entry": Case(plant_lost_entry, {Drift.UNINDEXED_OBJECT: 1}),
    "lost last entries": Case(plant_lost_last_entries, {Drift.UNINDEXED_OBJECT: 2}),
    "a lost index": Case(plant_lost_index, {Drift.UNINDEXED_OBJECT: 3}),
    "an object of a deleted life": Case(plant_old_life, {Drift.STALE_OBJECT: 1}, {}, following=0),
    "a doubled save": Case(
        plant_doubled_save, {Drift.STALE_OBJECT: 1}, {0: b"0", 1: b"1", 2: b"2", 3: b"twin"}, following=4
    ),
    "a version too far": Case(plant_unplaced, {}, unrepaired={Drift.UNPLACED_OBJECT: 1}),
    "a version without a beginning": Case(plant_headless, {}, unrepaired={Drift.UNPLACED_OBJECT: 1}),
    "a delete marker": Case(plant_delete_marker, {Drift.HIDDEN_OBJECT: 1}),
    "a delete marker over a blob": Case(plant_delete_marker_over_a_blob, {Drift.HIDDEN_OBJECT: 1}),
    "a lost object": Case(plant_lost_object, {Drift.LOST_OBJECT: 1}, {1: b"1", 2: b"2"}),
    "a lost latest object": Case(plant_lost_latest, {Drift.LOST_OBJECT: 1}, {0: b"0", 1: b"1"}),
    "a lost blob": Case(plant_lost_blob, {Drift.LOST_OBJECT: 1}, {0: b"0", 2: b"2"}),
    "a lost artifact": Case(plant_lost_artifact, {Drift.LOST_OBJECT: 3}, {}),
    "an object that is back": Case(plant_found_object, {Drift.FOUND_OBJECT: 1}),
    "a number of which nothing is left": Case(plant_nothing_left, {Drift.LOST_ENTRY: 1}, {1: b"1", 2: b"2"}),
    "a lost head": Case(plant_lost_head, {Drift.LOST_HEAD: 1}),
    "a head with a low number": Case(plant_low_head, {Drift.WRONG_HEAD: 1}),
    "a head with a high number": Case(plant_high_head, {Drift.WRONG_HEAD: 1}),
    "a head with wrong facts": Case(plant_wrong_facts, {Drift.WRONG_HEAD: 1}),
    "a head of nothing": Case(plant_empty_head, {Drift.WRONG_HEAD: 1}),
    "entries of a deleted life": Case(plant_stale_entries, {Drift.STALE_ENTRY: 1}),
    "a purge that did not end": Case(plant_unended_purge, {Drift.UNPURGED_GRAVE: 1}, {}, following=0),
    "an orphan blob": Case(plant_orphan_blob, {Drift.ORPHAN_BLOB: 1}),
}
