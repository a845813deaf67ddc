"""Reconcile finds, counts and repairs every kind of drift, and finds none in a healthy store."""

from __future__ import annotations

import pytest

from artifact_store import ArtifactId, ArtifactNotFound, Scope, StorageUnavailable, VersionNotFound
from artifact_store.maintenance import Drift, Finding, Left, Limits
from artifact_store.ports import ABSENT, Condition, Put
from artifact_store.record import BLOB_OWNER
from tests.faults.interposed import Counted, World
from tests.faults.planted import drop_items, live_gen, plant_record
from tests.unit.maintenance.drifts import (
    CASES,
    DAY,
    DOC,
    HOUR,
    LOGO,
    bodies,
    change,
    head_key,
    healthy,
    plant_crashed_save,
    plant_lost_artifact,
    plant_orphan_blob,
    plant_unended_purge,
    reconcile,
    refs_of,
    save,
    state,
)


def test_a_healthy_store_has_no_drift_and_is_not_touched() -> None:
    world = healthy()
    before = state(world)
    findings = reconcile(world)
    assert (findings.total, findings.left) == (0, {})
    assert findings.seen == {"objects": 5, "artifacts": 3, "items": len(world.table.items()), "uploads": 0, "blobs": 1}
    assert state(world) == before


def test_an_empty_store_has_no_drift() -> None:
    assert reconcile(World()).total == 0


@pytest.mark.parametrize("name", CASES)
def test_planted_drift_is_found_counted_and_repaired(name: str) -> None:
    case = CASES[name]
    world = healthy()
    case.plant(world)
    world.clock.sleep(2 * DAY)
    findings = reconcile(world)
    assert dict(findings.repaired) == case.repaired
    assert dict(findings.unrepaired) == case.unrepaired
    assert findings.total == sum(case.repaired.values()) + sum(case.unrepaired.values())
    assert bodies(world) == case.loads
    assert bodies(world, LOGO) == {0: b"logo"}
    again = reconcile(world)
    assert dict(again.drift) == case.unrepaired, "a second run finds nothing more to repair"
    assert save(world, b"next") == case.following
    assert bodies(world) == {**case.loads, case.following: b"next"}


@pytest.mark.parametrize("name", CASES)
def test_a_dry_run_finds_the_same_and_changes_nothing(name: str) -> None:
    case = CASES[name]
    world = healthy()
    case.plant(world)
    world.clock.sleep(2 * DAY)
    before = state(world)
    findings = reconcile(world, dry_run=True)
    assert state(world) == before
    if name == "a lost index":
        assert findings.drift == {Drift.UNINDEXED_OBJECT: 1, Drift.UNPLACED_OBJECT: 2}, "the others follow the first"
    else:
        assert dict(findings.drift) == {**case.repaired, **case.unrepaired}


def test_each_finding_is_told_once_with_its_place() -> None:
    world = healthy()
    plant_crashed_save(world)
    world.objects.put_foreign("notes.txt", b"")
    world.objects.put_foreign(LOGO.object_key(5), b"")
    world.clock.sleep(HOUR)
    told: list[Finding] = []
    world.maintenance().reconcile(on_finding=told.append)
    assert sorted(told, key=lambda finding: finding.what) == [
        Finding(Drift.UNINDEXED_OBJECT, DOC.object_key(3), repaired=True),
        Finding(Left.FOREIGN, LOGO.object_key(5), repaired=True),
        Finding(Left.UNKNOWN_KEY, "notes.txt", repaired=True),
    ]


def test_what_is_young_is_left_to_those_who_are_at_work_on_it() -> None:
    world = healthy()
    plant_crashed_save(world)
    plant_orphan_blob(world)
    world.clock.sleep(14 * 60)
    assert reconcile(world).total == 0
    world.clock.sleep(2 * 60)
    assert reconcile(world).drift == {Drift.UNINDEXED_OBJECT: 1}
    world.clock.sleep(DAY + HOUR)
    assert reconcile(world).drift == {Drift.ORPHAN_BLOB: 1}
    plant_unended_purge(world)
    assert reconcile(world).total == 0
    world.clock.sleep(16 * 60)
    assert reconcile(world).drift == {Drift.UNPURGED_GRAVE: 1}


def test_a_lost_version_keeps_its_number_and_is_not_there() -> None:
    world = healthy()
    world.objects.delete([*refs_of(world, 1), *refs_of(world, 2)])
    with pytest.raises(StorageUnavailable):
        world.store().load(DOC)
    assert reconcile(world).repaired[Drift.LOST_OBJECT] == 2
    store = world.store()
    for number in (1, 2):
        for read in (store.load, store.describe):
            with pytest.raises(VersionNotFound):
                read(DOC, number)
    assert store.load(DOC).body == b"0"
    assert store.describe(DOC).number == 0
    assert [summary.number for summary in store.list_artifacts(DOC.scope).items if summary.artifact == DOC] == [0]
    assert [version.number for version in store.list_versions(DOC).items] == [0]
    assert save(world, b"next") == 3
    assert world.store().delete(DOC)
    assert [ref.key for ref in world.objects.refs() if ref.key.startswith(DOC.key_prefix)] == []
    assert [key for key in world.table.items() if key[1].startswith("v#doc#")] == []


def test_an_artifact_whose_every_version_is_lost_is_not_there_until_it_is_saved_again() -> None:
    world = healthy()
    plant_lost_artifact(world)
    reconcile(world)
    store = world.store()
    for read in (store.load, store.describe, store.list_versions):
        with pytest.raises(ArtifactNotFound):
            read(DOC)
    with pytest.raises(ArtifactNotFound):
        store.load(DOC, 0)
    assert [summary.artifact for summary in store.list_artifacts(DOC.scope).items] == [LOGO]
    assert save(world, b"next") == 3, "its numbers stay taken"
    assert store.load(DOC).body == b"next"


def test_a_lost_artifact_can_be_deleted() -> None:
    world = healthy()
    plant_lost_artifact(world)
    reconcile(world)
    assert world.store().delete(DOC)
    assert [key for key in world.table.items() if "#doc" in key[1] and not key[1].startswith("d#")] == []
    assert save(world, b"next") == 0


def test_a_bucket_that_lacks_too_much_is_not_believed() -> None:
    world = healthy(versions=8)
    before = world.table.items()
    world.objects.delete([ref for ref in world.objects.refs() if ref.key != DOC.object_key(0)])
    findings = reconcile(world, lose_at_most=3)
    assert findings.repaired[Drift.LOST_OBJECT] == 3
    assert findings.unrepaired[Drift.LOST_OBJECT] >= 4
    after = world.table.items()
    assert sum(item.get("lost", False) is True for key, item in after.items() if key[1].startswith("v#")) == 3
    assert after.keys() == before.keys()


def test_a_wrong_bucket_ruins_nothing_that_a_right_one_does_not_mend() -> None:
    world = healthy(versions=8)
    right, wrong = world.objects, World()
    world.objects = wrong.objects
    findings = reconcile(world, lose_at_most=5)
    assert findings.unrepaired[Drift.LOST_OBJECT] >= 1
    world.objects = right
    findings = reconcile(world)
    assert findings.drift == {Drift.FOUND_OBJECT: 5}
    assert bodies(world) == {number: b"%d" % number for number in range(8)}
    assert reconcile(world).total == 0


def test_an_overwritten_version_is_served_and_its_row_restored_from_under_the_foreign_object() -> None:
    world = healthy()
    world.objects.put_foreign(DOC.object_key(1), b"over")
    world.clock.sleep(HOUR)
    findings = reconcile(world)
    assert (findings.total, findings.left) == (0, {Left.FOREIGN: 1})
    world.table.delete([key for key in world.table.items() if key[1].startswith("v#doc#0000000001")])
    assert reconcile(world).drift == {Drift.UNINDEXED_OBJECT: 1}
    assert bodies(world) == {0: b"0", 1: b"1", 2: b"2"}
    assert reconcile(world).total == 0


def test_a_crashed_save_that_was_hidden_is_committed_and_shown() -> None:
    world = healthy()
    plant_crashed_save(world)
    world.objects.hide(DOC.object_key(3))
    world.clock.sleep(HOUR)
    world.objects.hide(DOC.object_key(3))
    world.clock.sleep(HOUR)
    assert reconcile(world).drift == {Drift.UNINDEXED_OBJECT: 1, Drift.HIDDEN_OBJECT: 1}
    assert bodies(world)[3] == b"crashed"
    assert reconcile(world).total == 0


def test_a_number_that_another_program_took_is_left_for_a_person() -> None:
    world = healthy()
    world.objects.delete(refs_of(world, 0))
    world.table.delete([key for key in world.table.items() if key[1].startswith("v#doc#0000000000")])
    world.objects.put_foreign(DOC.object_key(0), b"theirs")
    for _ in range(2):
        findings = reconcile(world)
        assert findings.unrepaired == {Drift.LOST_ENTRY: 1}
        assert findings.repaired == {}
    assert bodies(world) == {1: b"1", 2: b"2"}


def test_a_blob_that_only_an_unplaced_record_names_is_kept() -> None:
    world = healthy()
    plant_record(world, DOC, 9, gen=live_gen(world, DOC), with_blob=True)
    world.clock.sleep(2 * DAY)
    findings = reconcile(world)
    assert findings.drift == {Drift.UNPLACED_OBJECT: 1}
    world.objects.delete(refs_of(world, 9))
    assert reconcile(world).drift == {Drift.ORPHAN_BLOB: 1}
    assert reconcile(world).total == 0


def test_a_foreign_object_among_the_blobs_is_left() -> None:
    world = healthy()
    world.objects.put_foreign("!blobs/theirs", b"x")
    world.objects.put_foreign("!blobs/hidden", b"x")
    world.objects.hide("!blobs/hidden")
    world.objects.hide("!blobs/gone")
    world.clock.sleep(2 * DAY)
    findings = reconcile(world)
    assert (findings.total, findings.left) == (0, {Left.FOREIGN: 2})


def test_items_that_are_not_the_indexs_are_left() -> None:
    world = healthy()
    for key in (
        ("x", "h#doc"),
        ("s:app/u", "h#doc"),
        ("s:app/u/s", "z#doc"),
        ("s:app/u/s", "h#d%oc"),
        ("!reconcile", "x"),
    ):
        world.table.put(Put(key, {}, ABSENT))
    findings = reconcile(world)
    assert (findings.total, findings.left) == (0, {Left.UNKNOWN_KEY: 4}), "what starts with ! is our own"


def test_of_two_lives_without_a_head_the_later_one_is_put_back() -> None:
    world = healthy()
    rows = {key: item for key, item in world.table.items().items() if key[1].startswith("v#doc#")}
    for (partition, sort), item in rows.items():
        old = f"{1:032x}"
        world.table.put(Put((partition, f"{sort[:-32]}{old}"), {**item, "gen": old, "version_id": "gone"}, ABSENT))
    world.table.delete([head_key()])
    findings = reconcile(world)
    assert findings.drift == {Drift.LOST_HEAD: 1, Drift.STALE_ENTRY: 3}
    assert bodies(world) == {0: b"0", 1: b"1", 2: b"2"}
    assert reconcile(world).total == 0


def test_of_a_living_life_and_a_later_one_without_a_grave_neither_goes() -> None:
    world = healthy()
    (key, item) = next(
        (key, item) for key, item in world.table.items().items() if key[1].startswith("v#doc#0000000000")
    )
    late = "f" * 32
    world.table.put(Put((key[0], f"{key[1][:-32]}{late}"), {**item, "gen": late}, ABSENT))
    before = state(world)
    assert reconcile(world).unrepaired == {Drift.STALE_ENTRY: 1}
    assert state(world) == before


@pytest.mark.parametrize("versions", [1010, 2500])
def test_an_artifact_of_many_pages_is_compared_in_both_directions(versions: int) -> None:
    world = World()
    for number in range(versions):
        save(world, b"%d" % number)
    other = ArtifactId(Scope("app", "u", "s"), "doc2")
    save(world, b"other", other)
    world.clock.sleep(HOUR)
    assert reconcile(world).total == 0
    lost = {0, 1, 10, 100, 999, 1000, versions - 1}
    unindexed = {2, 11, 110, 998, versions - 2}
    world.objects.delete(
        [ref for ref in world.objects.refs() if ref.key in {DOC.object_key(number) for number in lost}]
    )
    world.table.delete(
        [key for key in world.table.items() if key[1].startswith(tuple(f"v#doc#{number:010}" for number in unindexed))]
    )
    assert reconcile(world).drift == {Drift.LOST_OBJECT: len(lost), Drift.UNINDEXED_OBJECT: len(unindexed)}
    assert set(bodies_numbers(world)) == set(range(versions)) - lost
    assert reconcile(world).total == 0


def bodies_numbers(world: World) -> list[int]:
    found: list[int] = []
    position = None
    while True:
        page = world.store().list_versions(DOC, limit=1000, position=position)
        found += [version.number for version in page.items]
        position = page.position
        if position is None:
            return found


def test_a_lost_index_of_many_versions_is_remade_in_order() -> None:
    world = World()
    for number in range(1200):
        save(world, b"%d" % number)
    world.table = type(world.table)(clock=world.clock)
    world.clock.sleep(HOUR)
    assert reconcile(world).drift == {Drift.UNINDEXED_OBJECT: 1200}
    assert bodies_numbers(world) == list(range(1200))
    assert reconcile(world).total == 0


def test_a_head_that_was_set_back_is_found_while_objects_are_compared() -> None:
    world = healthy()
    plant_crashed_save(world)
    change(world, head_key(), next=1)
    world.clock.sleep(HOUR)
    assert reconcile(world).drift == {Drift.WRONG_HEAD: 1, Drift.UNINDEXED_OBJECT: 1}
    assert bodies(world)[3] == b"crashed"


def test_limits_are_reasonable() -> None:
    limits = Limits()
    assert limits.settle_after_ms == 15 * 60 * 1000
    assert limits.blob_age_ms >= 60 * 60 * 1000, "longer than any save can take"


@pytest.mark.parametrize("sort", ["h#doc", "v#doc#0000000001#", "d#nested!2Fdoc#"])
def test_an_entry_that_cannot_be_read_stops_nothing_else(sort: str) -> None:
    world = healthy()
    key = next(key for key in world.table.items() if key[1].startswith(sort))
    world.table.put(Put(key, {"odd": True}, Condition(equals={})))
    world.objects.hide(LOGO.object_key(0))
    world.clock.sleep(HOUR)
    findings = reconcile(world)
    assert findings.unrepaired.keys() == {Drift.BROKEN_ENTRY}
    assert findings.repaired == {Drift.HIDDEN_OBJECT: 1}


def test_a_page_of_blobs_is_jumped_over_and_compared_at_the_end() -> None:
    world = World()
    for number in range(1100):
        world.objects.create(f"!blobs/{number:05}", b"", content_type=None, metadata={BLOB_OWNER: DOC.key_prefix})
    odd = ArtifactId(Scope("é", "u", "s"), "before the blobs")
    for artifact in (DOC, odd):
        save(world, b"a", artifact)
    world.clock.sleep(2 * DAY)
    hook = Counted()
    findings = reconcile(world, hook)
    assert findings.drift == {Drift.ORPHAN_BLOB: 1100}
    assert (findings.seen["objects"], findings.seen["blobs"]) == (2, 1100)
    assert hook.calls.count("list_versions") <= 2 + 2 + 2 * 1100 // 64 + 5
    assert bodies(world) == {0: b"a"}


def test_time_is_looked_at_inside_of_a_page() -> None:
    world = World()
    for number in range(150):
        save(world, b"a", ArtifactId(DOC.scope, f"f{number:03}"))
    world.objects.create("!blobs/1", b"", content_type=None, metadata={BLOB_OWNER: DOC.key_prefix})
    world.clock.sleep(2 * DAY)
    drop_items(world, "v#f149")
    places: list[tuple[str, str]] = []
    checkpoint = None
    while True:
        hook = Counted(1, "after", lambda: world.clock.sleep(60))
        result = world.maintenance(hook).reconcile(checkpoint, timeout=30)
        if result.checkpoint is None:
            break
        checkpoint = result.checkpoint
        places.append((checkpoint.at, checkpoint.after.rpartition("/s/")[2]))
    assert places[:3] == [("objects", "f063/0"), ("objects", "f126/0"), ("index", "")], (
        "what ended a page is looked at again"
    )
    assert result.findings.drift == {Drift.UNINDEXED_OBJECT: 1, Drift.ORPHAN_BLOB: 1}
    assert result.findings.seen["objects"] == 150
    assert reconcile(world).total == 0


def test_an_artifact_that_changes_all_the_time_is_left_to_the_next_run() -> None:
    world = healthy()
    plant_crashed_save(world)
    world.clock.sleep(HOUR)
    bodies_saved = iter(range(100, 1000))

    class Restless(Counted):
        def __call__(self, name: str, phase: str) -> None:
            super().__call__(name, phase)
            if name == "query" and phase == "after":
                save(world, b"%d" % next(bodies_saved))

    findings = reconcile(world, Restless())
    assert findings.left.keys() <= {Left.BUSY}
    assert findings.unrepaired == {}
    found = list(bodies(world).values())
    assert found[:4] == [b"0", b"1", b"2", b"crashed"]
    assert len(found) == len(set(found))
    world.clock.sleep(HOUR)
    assert reconcile(world).total == 0
