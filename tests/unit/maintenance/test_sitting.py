"""Reconcile by invocations: one at a time, each goes on where the last one stopped."""

from __future__ import annotations

from typing import Any

import pytest

from artifact_store import ArtifactId, Content, StorageUnavailable
from artifact_store.maintenance import Drift
from artifact_store.maintenance.bookmark import Bookmark, Busy, Place
from artifact_store.maintenance.sitting import Sitting, sit
from artifact_store.purging import InvalidPurgeRequest, PurgeRequest
from tests.faults.interposed import Counted, World
from tests.unit.maintenance.drifts import DOC, HOUR, fail, healthy, plant_crashed_save, reconcile


def bookmark(world: World, holder: str = "one") -> Bookmark:
    return Bookmark(world.table, world.clock, holder=holder)


def sitting(world: World, holder: str = "one", hook: Counted | None = None, **options: Any) -> Sitting | None:
    return sit(
        world.maintenance(hook),
        bookmark(world, holder),
        world.clock,
        **{"seconds": 60, "rest_seconds": 0, **options},
    )


def test_a_sitting_that_suffices_makes_a_whole_run() -> None:
    world = healthy()
    plant_crashed_save(world)
    world.clock.sleep(HOUR)
    done = sitting(world)
    assert done is not None
    assert (done.complete, done.findings.drift) == (True, {Drift.UNINDEXED_OBJECT: 1})
    again = sitting(world)
    assert again is not None
    assert (again.complete, again.findings.total) == (True, 0)


def test_a_run_goes_on_over_sittings_and_adds_up() -> None:
    world = healthy()
    plant_crashed_save(world)
    world.clock.sleep(HOUR)
    totals = []
    for number in range(4):
        hook = Counted(1, "after", lambda: world.clock.sleep(61))
        result = sitting(world, str(number), hook)
        assert result is not None
        totals.append((result.complete, result.findings.total))
    assert totals == [(False, 1), (False, 1), (False, 1), (True, 1)]
    assert reconcile(world).total == 0


def test_after_a_whole_run_there_is_a_rest() -> None:
    world = healthy()
    assert sitting(world, rest_seconds=600) is not None
    assert sitting(world, rest_seconds=600) is None
    world.clock.sleep(599)
    assert sitting(world, rest_seconds=600) is None
    world.clock.sleep(2)
    assert sitting(world, rest_seconds=600) is not None


def test_only_one_sitting_works_at_a_time() -> None:
    world = healthy()
    inside: list[object] = []
    hook = Counted(1, "after", lambda: inside.append(sitting(world, "two")))
    assert sitting(world, "one", hook) is not None
    assert inside == [None]


def test_a_sitting_that_died_is_followed_when_its_time_is_over() -> None:
    world = healthy()
    bookmark(world, "dead").take(seconds=60)
    assert sitting(world, "two") is None
    world.clock.sleep(62)
    assert sitting(world, "two") is not None


def test_a_sitting_that_overslept_stops_and_undoes_nothing() -> None:
    world = healthy()
    result: list[Sitting | None] = []

    def oversleep() -> None:
        world.clock.sleep(120)
        result.append(sitting(world, "two"))

    assert sitting(world, "one", Counted(1, "after", oversleep), seconds=60) is not None or result[0] is not None
    assert result[0] is not None
    assert result[0].complete
    place = bookmark(world, "three").take(seconds=1)
    assert place.checkpoint is None


def test_storage_that_fails_costs_no_more_than_a_page() -> None:
    world = healthy()
    plant_crashed_save(world)
    world.clock.sleep(HOUR)
    hook = Counted()
    reconcile(healthy(), hook)
    with pytest.raises(StorageUnavailable):
        sitting(world, hook=Counted(hook.calls.index("scan") + 8, "before", fail))
    result = sitting(world, "two")
    assert result is not None
    assert (result.complete, result.findings.total) == (True, 1), "what was found before is not forgotten"


def test_long_sittings_keep_their_place_now_and_then() -> None:
    world = healthy()

    class Slow(Counted):
        def __call__(self, name: str, phase: str) -> None:
            super().__call__(name, phase)
            if phase == "after" and name in {"list_versions", "scan"}:
                world.clock.sleep(25)
                if name == "scan":
                    raise StorageUnavailable("injected")

    with pytest.raises(StorageUnavailable):
        sitting(world, hook=Slow(), seconds=600)
    item = world.table.items()["!reconcile", "bookmark"]
    assert '"at": "index"' in str(item["checkpoint"])


def test_a_checkpoint_of_another_release_begins_anew() -> None:
    world = healthy()
    held = bookmark(world)
    held.take(seconds=1)
    held.release(Place(None, 5))
    key = ("!reconcile", "bookmark")
    world.table._items[key[0]][key[1]] = {**world.table.items()[key], "checkpoint": "{}"}
    assert bookmark(world, "two").take(seconds=1) == Place(None, 5)


def test_a_bookmark_that_is_another_sittings_is_not_written() -> None:
    world = World()
    one, two = bookmark(world, "one"), bookmark(world, "two")
    one.take(seconds=1)
    with pytest.raises(Busy):
        two.take(seconds=1)
    world.clock.sleep(3)
    two.take(seconds=1)
    with pytest.raises(Busy):
        one.keep(Place(None, 0), seconds=1)
    with pytest.raises(Busy):
        one.release(Place(None, 0))


def test_the_bookmark_is_no_drift() -> None:
    world = healthy()
    sitting(world)
    findings = reconcile(world)
    assert (findings.total, findings.left) == (0, {})


def test_a_purge_request_comes_back() -> None:
    for artifact in (DOC, ArtifactId.of(app="a/b", user="u@x", session=None, filename="ключ/…")):
        request = PurgeRequest(artifact, "0" * 32)
        assert PurgeRequest.of_text(request.to_text()) == request


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"artifact": "app/u/s/doc"}',
        '{"artifact": "app/u/s", "gen": "g"}',
        '{"artifact": "app/u/s/d c", "gen": "g"}',
        '{"artifact": "app/u/s/doc", "gen": ""}',
        '{"artifact": "app/u/s/doc", "gen": 5}',
    ],
)
def test_anything_else_is_no_purge_request(text: str) -> None:
    with pytest.raises(InvalidPurgeRequest):
        PurgeRequest.of_text(text)


def test_a_purge_request_for_what_lives_does_nothing() -> None:
    world = World()
    saved = world.store().save(DOC, Content(body=b"a"), caller="c", idempotency_key="k")
    request = PurgeRequest.of_text(PurgeRequest(DOC, saved.version.gen).to_text())
    world.store().purge(request.artifact, request.gen)
    assert world.store().load(DOC).body == b"a"
