"""Rebuild makes a lost index again, adopt takes in a foreign bucket; what does not fit is told, not guessed."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

import pytest

from artifact_store import ArtifactId, Content, Scope, StorageUnavailable
from artifact_store.maintenance import Misfit, Purged, Reason, Rebuilt
from tests.faults.interposed import Counted, World
from tests.faults.planted import drop_items, live_gen, plant_record
from tests.faults.soundness import assert_sound
from tests.unit.maintenance.drifts import DAY, DOC, HOUR, LOGO, bodies, fail, healthy, reconcile, refs_of, save, state

NESTED = ArtifactId(Scope("app", "u", "t"), "nested/doc")
ALL = {number: b"%d" % number for number in range(3)}


def forget(world: World) -> None:
    """Loses the index."""
    world.table = type(world.table)(clock=world.clock)


def rebuild(world: World, scope: Scope | None = None, **options: Any) -> tuple[Rebuilt, list[Misfit]]:
    misfits: list[Misfit] = []
    result = world.maintenance().rebuild(scope, on_misfit=misfits.append, **options)
    assert result.position is None
    assert result.misfits == Counter(misfit.reason for misfit in misfits)
    return result, misfits


def test_a_lost_index_is_the_same_again() -> None:
    world = healthy()
    before = {key: item for key, item in world.table.items().items() if not key[1].startswith(("t#", "d#"))}
    tokens = {key: item for key, item in world.table.items().items() if key[1].startswith("t#")}
    forget(world)
    result, misfits = rebuild(world)
    assert (result.versions, result.known, result.artifacts, misfits) == (5, 0, 3, [])
    after = world.table.items()
    assert {key: item for key, item in after.items() if not key[1].startswith("t#")} == before
    assert {key for key in after if key[1].startswith("t#")} < set(tokens), "those of deleted versions are gone"
    assert all(tokens[key] == item for key, item in after.items() if key[1].startswith("t#"))
    assert bodies(world) == ALL
    assert reconcile(world).total == 0
    result, misfits = rebuild(world)
    assert (result.versions, result.known, misfits) == (0, 5, [])


def test_a_rebuilt_index_still_knows_who_saved_what() -> None:
    world = World()
    save(world, b"a")
    forget(world)
    rebuild(world)
    again = world.store().save(DOC, Content(body=b"a"), caller="c", idempotency_key="a")
    assert (again.replayed, again.version.number) == (True, 0)


def test_one_scope_is_rebuilt_alone() -> None:
    world = healthy()
    forget(world)
    result, _ = rebuild(world, DOC.scope)
    assert result.artifacts == 1
    assert (bodies(world), bodies(world, LOGO), bodies(world, NESTED)) == (ALL, {}, {})
    rebuild(world, LOGO.scope)
    assert bodies(world, LOGO) == {0: b"logo"}


def test_a_part_of_an_index_is_completed() -> None:
    world = healthy()
    drop_items(world, "v#doc#0000000001", "h#logo", "t#")
    world.table.delete([key for key in world.table.items() if key[0].endswith("/t")])
    result, misfits = rebuild(world)
    assert misfits == []
    assert bodies(world) == ALL
    assert bodies(world, LOGO) == {0: b"logo"}
    assert bodies(world, NESTED) == {0: b"c"}
    assert reconcile(world).total == 0
    assert result.versions == 2


@pytest.mark.parametrize("dry_run", [False, True])
def test_what_does_not_fit_is_told_and_stays(dry_run: bool) -> None:  # noqa: FBT001
    world = healthy()
    gen = live_gen(world, DOC)
    plant_record(world, DOC, 4, key="after a gap", gen=gen)
    plant_record(world, DOC, 6, key="of another life")
    plant_record(world, LOGO, 1, key="of another life")
    world.objects.put_foreign(DOC.object_key(7), b"theirs")
    headless = ArtifactId(DOC.scope, "headless")
    plant_record(world, headless, 1)
    world.objects.put_foreign("app/u/s/a b/0", b"")
    world.objects.put_foreign("app/u/user/x/0", b"")
    world.objects.put_foreign("readme", b"")
    objects = world.objects.refs()
    forget(world)
    result, misfits = rebuild(world, dry_run=dry_run)
    assert sorted((misfit.key, misfit.reason) for misfit in misfits) == sorted(
        [
            (DOC.object_key(4), Reason.GAP),
            (DOC.object_key(6), Reason.ANOTHER_LIFE),
            (DOC.object_key(7), Reason.FOREIGN),
            (LOGO.object_key(1), Reason.ANOTHER_LIFE),
            (headless.object_key(1), Reason.NO_BEGINNING),
            ("app/u/s/a b/0", Reason.UNKNOWN_KEY),
            ("app/u/user/x/0", Reason.UNKNOWN_KEY),
            ("readme", Reason.UNKNOWN_KEY),
        ]
    )
    assert "a!20b" in next(misfit.detail for misfit in misfits if misfit.key == "app/u/s/a b/0")
    assert result.versions == 5
    assert world.objects.refs() == objects, "nothing is removed"
    assert bodies(world) == ({} if dry_run else ALL)
    assert (world.table.items() == {}) == dry_run


def test_a_gap_is_closed_on_demand() -> None:
    world = healthy(versions=9)
    gone = [*refs_of(world, 3), *refs_of(world, 4), *refs_of(world, 6)]
    world.objects.delete(gone)
    forget(world)
    result, misfits = rebuild(world)
    assert (result.versions, Counter(misfit.reason for misfit in misfits)) == (3 + 2, {Reason.GAP: 3})
    result, misfits = rebuild(world, accept_gaps=True)
    assert (result.versions, result.lost, misfits) == (3, 3, [])
    assert bodies(world) == {number: b"%d" % number for number in (0, 1, 2, 5, 7, 8)}
    assert save(world, b"next") == 9
    assert reconcile(world).total == 0


def test_a_buried_life_stays_buried() -> None:
    world = healthy()
    graves = {}
    world.store().delete(LOGO)
    plant_record(world, LOGO, 0, gen=next(key[1][-32:] for key in world.table.items() if key[1].startswith("d#logo")))
    graves = {key: item for key, item in world.table.items().items() if key[1].startswith("d#")}
    forget(world)
    for key, item in graves.items():
        world.table._items.setdefault(key[0], {})[key[1]] = item
    _, misfits = rebuild(world)
    assert [(misfit.key, misfit.reason) for misfit in misfits] == [(LOGO.object_key(0), Reason.ANOTHER_LIFE)]
    assert bodies(world, LOGO) == {}


def test_a_doubled_save_is_not_made_a_version() -> None:
    for days in (0, 3, 40):
        world = World()
        save(world, b"twin")
        plant_record(world, DOC, 1, gen=live_gen(world, DOC), key="twin", body=b"twin")
        world.clock.sleep(days * DAY + HOUR)
        forget(world)
        _, misfits = rebuild(world)
        assert [(misfit.key, misfit.reason) for misfit in misfits] == [(DOC.object_key(1), Reason.ANOTHER_LIFE)]
        assert bodies(world) == {0: b"twin"}
        reconcile(world)
        assert_sound(world)


def test_an_adopted_version_between_records_is_a_version_again() -> None:
    world = World()
    save(world, b"0")
    world.objects.put_foreign(DOC.object_key(1), b"theirs")
    assert save(world, b"2") == 2
    forget(world)
    _, misfits = rebuild(world)
    assert misfits == []
    assert bodies(world) == {0: b"0", 1: b"theirs", 2: b"2"}


def test_hidden_and_overwritten_records_are_versions_again() -> None:
    world = healthy()
    world.objects.hide(DOC.object_key(0))
    world.objects.put_foreign(DOC.object_key(2), b"over")
    forget(world)
    rebuild(world)
    assert bodies(world) == ALL


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_a_rebuild_in_many_sittings_is_the_same(kept: int) -> None:
    world = World()
    for name in range(70):
        for body in (b"a", b"b")[: 1 + name % 2]:
            world.store().save(
                ArtifactId(DOC.scope, f"f{name:03}"), Content(body=body), caller="c", idempotency_key=body.decode()
            )
    forget(world)
    position: str | None = ""
    sittings = versions = 0
    while position is not None:
        result = world.maintenance().rebuild(position=position, timeout=-1)
        position, versions, sittings = result.position, versions + result.versions, sittings + 1
    assert (versions, sittings) == (105, 3)
    assert reconcile(world).total == 0


def foreign_bucket(objects: dict[str, bytes]) -> World:
    world = World()
    for key, body in objects.items():
        world.objects.put_foreign(key, body, content_type="text/plain")
    return world


def adopt(world: World, prefix: str = "", **options: Any) -> tuple[Rebuilt, list[tuple[str, Reason]]]:
    misfits: list[Misfit] = []
    result = world.maintenance().adopt(prefix, on_misfit=misfits.append, **options)
    return result, sorted((misfit.key, misfit.reason) for misfit in misfits)


def test_a_foreign_bucket_is_adopted_where_it_is_contiguous() -> None:
    keys = {
        "app/u/s/doc/0": b"0",
        "app/u/s/doc/1": b"1",
        "app/u/s/doc/2": b"2",
        "app/u/user/user:logo/0": b"logo",
        "app/u/s/gap/0": b"g0",
        "app/u/s/gap/2": b"g2",
        "app/u/s/late/1": b"l1",
        "app/u/s/we ird/0": b"w",
        "app/u/s/doc/latest": b"x",
        "other/u/s/doc/0": b"other",
    }
    world = foreign_bucket(keys)
    told = [
        ("app/u/s/doc/latest", Reason.UNKNOWN_KEY),
        ("app/u/s/gap/2", Reason.FOREIGN),
        ("app/u/s/late/1", Reason.FOREIGN),
        ("app/u/s/we ird/0", Reason.UNKNOWN_KEY),
    ]
    before = state(world)
    result, misfits = adopt(world, "app/", dry_run=True)
    assert (result.versions, misfits, state(world)) == (5, told, before)
    result, misfits = adopt(world, "app/")
    assert (result.versions, misfits) == (5, told)
    assert bodies(world) == {number: b"%d" % number for number in range(3)}
    assert bodies(world, LOGO) == {0: b"logo"}
    assert bodies(world, ArtifactId(Scope("other", "u", "s"), "doc")) == {}
    assert world.store().describe(DOC, 1).part.mime_type == "text/plain"
    result, misfits = adopt(world, "app/")
    assert (result.versions, result.known, misfits) == (0, 5, told)
    assert save(world, b"next") == 3


def test_more_than_ten_versions_are_adopted_in_the_order_of_their_numbers() -> None:
    world = foreign_bucket({DOC.object_key(number): b"%d" % number for number in range(25)})
    result, misfits = adopt(world)
    assert (result.versions, misfits) == (25, [])
    assert bodies(world) == {number: b"%d" % number for number in range(25)}


def test_records_are_not_adopted() -> None:
    world = healthy()
    forget(world)
    world.objects.put_foreign("app/u/s/x/0", b"x")
    _, misfits = adopt(world, "app/u/s/")
    assert misfits == [(DOC.object_key(number), Reason.HAS_RECORD) for number in range(3)]
    assert bodies(world, ArtifactId(DOC.scope, "x")) == {0: b"x"}
    assert bodies(world) == {}


def unended(world: World) -> World:
    """Two artifacts whose purges have not begun."""
    for artifact in (DOC, LOGO):
        with suppress(StorageUnavailable):
            world.store(Counted(3, "before", fail)).delete(artifact)
    return world


def test_purge_ends_every_purge_of_a_scope_or_of_all() -> None:
    world = unended(healthy())
    maintenance = world.maintenance()
    before = state(world)
    assert maintenance.purge(dry_run=True) == Purged(2, 0)
    assert maintenance.purge(timeout=-1) == Purged(0, 2)
    assert state(world) == before
    assert maintenance.purge(DOC.scope) == Purged(1, 0)
    assert maintenance.purge(DOC.scope) == Purged(0, 0)
    assert [ref.key for ref in world.objects.refs()] == [NESTED.object_key(0), LOGO.object_key(0)]
    assert maintenance.purge() == Purged(1, 0)
    assert_sound(world)


def test_an_index_that_was_lost_a_moment_after_a_save_is_remade() -> None:
    world = World()
    for body in (b"0", b"1", b"2"):
        save(world, body)
    drop_items(world, "")
    assert world.table._requests, "DynamoDB still takes the commits for done"
    result, misfits = rebuild(world)
    assert (result.versions, misfits) == (3, [])
    assert bodies(world) == ALL
