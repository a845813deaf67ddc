"""Savers of one process on a bucket without a table take turns, and go on from what the one before has put."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from typing import Any, Final

import pytest

from artifact_store import ArtifactId, ArtifactStore, Content, NotFound, StorageUnavailable
from artifact_store.adapters import bucket_turns
from artifact_store.adapters.bucket_index import BucketIndex
from artifact_store.adapters.bucket_turns import Line, Turns
from artifact_store.adapters.memory import MemoryObjects
from artifact_store.adapters.memory_transfers import MemoryTransfers
from artifact_store.adapters.time import InTurn, SystemClock
from artifact_store.errors import PreconditionFailed
from artifact_store.ids import new_id
from artifact_store.model import Part, Precondition, Version
from artifact_store.ports import Head, ListedObject, ObjectExists, ObjectRef, Ports

pytestmark = pytest.mark.unit

DOC: Final = ArtifactId.of(app="app", user="u", session="s", filename="doc")
SAVERS: Final = 8


class Slow(MemoryObjects):
    """A bucket whose calls take a moment, are counted, and may fail before or after they took effect."""

    def __init__(self, *, slow: float = 0.002, faults: float = 0.0, seed: int = 0) -> None:
        super().__init__(clock=SystemClock())
        self._slow = slow
        self._faults = faults
        self._random = random.Random(seed)  # noqa: S311 - a made-up latency
        self.calls: Counter[str] = Counter()
        self.before_the_first_put: Callable[[], None] | None = None
        self.after_a_list: Callable[[], object] = lambda: None

    def create(self, key: str, body: bytes, *, content_type: str | None, metadata: Mapping[str, str]) -> str:
        waiting, self.before_the_first_put = self.before_the_first_put, None
        if waiting:
            waiting()
        self._pause("create")
        draw = self._random.random()
        if draw < self._faults / 3:
            raise StorageUnavailable("it never arrived")
        if draw < self._faults * 2 / 3:
            # It lands when the caller has given up long ago.
            late = lambda: self._land(key, body, content_type=content_type, metadata=metadata)  # noqa: E731
            threading.Timer(self._random.uniform(0, 4 * self._slow), late).start()
            raise StorageUnavailable("it is on its way")
        version_id = super().create(key, body, content_type=content_type, metadata=metadata)
        if draw < self._faults:
            raise StorageUnavailable("the answer was lost")
        self._pause("created")
        return version_id

    def _land(self, key: str, body: bytes, **how: Any) -> None:
        with suppress(ObjectExists):
            super().create(key, body, **how)

    def list_versions(
        self, prefix: str, *, limit: int, after: ObjectRef | None = None
    ) -> tuple[Sequence[ListedObject], ObjectRef | None]:
        self._pause("list")
        found = super().list_versions(prefix, limit=limit, after=after)
        self._pause("listed")
        self.after_a_list()
        return found

    def _pause(self, what: str) -> None:
        self.calls[what] += 1
        time.sleep(self._random.uniform(0, self._slow))


def store_on(objects: MemoryObjects) -> ArtifactStore:
    """A process of its own on the bucket."""
    clock = SystemClock()
    index = BucketIndex(objects, clock, both=InTurn(), each=lambda do, given: [do(one) for one in given])
    transfers = MemoryTransfers(objects, clock=clock)
    ports = Ports(
        objects=objects,
        transfers=transfers,
        index=index,
        clock=clock,
        parallel=InTurn(),
        new_id=new_id,
        fetch=index.fetch,
    )
    return ArtifactStore(ports)


def save(store: ArtifactStore, key: str, **how: Any) -> Version:
    return store.save(DOC, Content(body=key.encode()), caller="c", idempotency_key=key, **how).version


def keep_together(objects: Slow, store: ArtifactStore) -> None:
    """Nobody puts before all have looked and stand in line: who sleeps in between may be overtaken, and lose a PUT."""
    index = store.ports.index
    assert isinstance(index, BucketIndex)
    turns = index._turns

    def until_all_stand_in_line() -> None:
        until = time.monotonic() + 60
        while turns._lines[DOC].here < SAVERS:
            assert time.monotonic() < until
            time.sleep(0.001)

    objects.after_a_list = threading.Barrier(SAVERS, timeout=60).wait
    objects.before_the_first_put = until_all_stand_in_line


def at_once(work: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each gives, or its error."""

    def outcome(one: Callable[[], Any]) -> Any:
        try:
            return one()
        except Exception as error:  # noqa: BLE001 - the outcome
            return error

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(outcome, work))


def bodies(store: ArtifactStore) -> list[str]:
    """The content of every live version, in order."""
    try:
        versions = store.list_versions(DOC, limit=1000).items
    except NotFound:
        return []
    return [store.load(DOC, version.number).body.decode() for version in versions]


def test_savers_of_a_new_artifact_lose_no_put() -> None:
    objects = Slow()
    store = store_on(objects)
    keep_together(objects, store)
    saved = at_once([lambda key=f"k{number}": save(store, key) for number in range(SAVERS)])  # type: ignore[misc]
    assert sorted(version.number for version in saved) == list(range(SAVERS))
    assert len({version.gen for version in saved}) == 1
    assert objects.calls["create"] == SAVERS
    assert objects.calls["list"] == SAVERS


def test_savers_of_an_old_artifact_lose_no_put() -> None:
    objects = Slow()
    save(store_on(objects), "before")
    store = store_on(objects)
    objects.calls.clear()
    keep_together(objects, store)
    saved = at_once([lambda key=f"k{number}": save(store, key) for number in range(SAVERS)])  # type: ignore[misc]
    assert sorted(version.number for version in saved) == list(range(1, SAVERS + 1))
    assert (objects.calls["create"], objects.calls["list"]) == (SAVERS, SAVERS)


def test_two_processes_meet_and_nothing_is_lost() -> None:
    objects = Slow()
    stores = [store_on(objects), store_on(objects)]
    saved = at_once([lambda n=number: save(stores[n % 2], f"k{n}") for number in range(2 * SAVERS)])  # type: ignore[misc]
    assert sorted(version.number for version in saved) == list(range(2 * SAVERS))
    for version, number in zip(saved, range(2 * SAVERS), strict=True):
        assert bodies(stores[0])[version.number] == f"k{number}"


def test_one_key_at_once_is_one_version() -> None:
    store = store_on(Slow())
    saved = at_once([lambda key=f"k{number % 2}": save(store, key) for number in range(SAVERS)])  # type: ignore[misc]
    assert len({version.number for version in saved}) == 2
    assert sorted(bodies(store)) == ["k0", "k1"]


def test_a_condition_is_judged_by_what_was_put_before_in_the_same_process() -> None:
    store = store_on(Slow())
    only_if = Precondition(absent=True)
    outcomes = at_once(
        [lambda key=f"k{number}": save(store, key, only_if=only_if) for number in range(SAVERS)]  # type: ignore[misc]
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [*["PreconditionFailed"] * (SAVERS - 1), "Version"]
    assert all(isinstance(outcome, Version | PreconditionFailed) for outcome in outcomes)


def test_what_is_unchanged_is_not_saved_again_by_savers_at_once() -> None:
    store = store_on(Slow())
    content = Content(body=b"same")
    saved = at_once(
        [
            lambda key=f"k{number}": store.save(  # type: ignore[misc]
                DOC, content, caller="c", idempotency_key=key, skip_unchanged=True
            )
            for number in range(SAVERS)
        ]
    )
    assert [one.unchanged for one in saved].count(False) == 1
    assert bodies(store) == ["same"]


def test_a_put_that_hangs_stops_nobody_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket_turns, "_PATIENCE_SECONDS", 0.05)
    hanging, released = threading.Event(), threading.Event()

    class Hanging(MemoryObjects):
        def create(self, key: str, body: bytes, **how: Any) -> str:
            if body == b"hangs":
                hanging.set()
                assert released.wait(10)
            return super().create(key, body, **how)

    store = store_on(Hanging(clock=SystemClock()))
    with ThreadPoolExecutor(1) as pool:
        stuck = pool.submit(save, store, "hangs")
        assert hanging.wait(10)
        assert save(store, "other").number == 0
        released.set()
        assert stuck.result(10).number == 1
    assert bodies(store) == ["other", "hangs"]


@pytest.mark.parametrize("seed", range(40))
def test_faults_and_deletes_lose_and_double_nothing(seed: int) -> None:
    """Eight threads of two processes; what fails is repeated with its key, as often as it takes."""
    objects = Slow(slow=0.0005, faults=0.3, seed=seed)
    stores = [store_on(objects), store_on(objects)]
    moments = count()
    deleted: list[int] = []
    saved: list[tuple[int, str, Version]] = []

    def saver(number: int) -> None:
        store = stores[number % 2]
        for again in range(4):
            key, asked, failed = f"{number} {again}", next(moments), True
            while failed:
                try:
                    saved.append((asked, key, save(store, key)))
                    failed = False
                except StorageUnavailable:
                    pass

    def deleter() -> None:
        for _ in range(2):
            time.sleep(random.uniform(0, 0.01))  # noqa: S311
            stores[0].delete(DOC)
            deleted.append(next(moments))

    outcomes = at_once([lambda n=number: saver(n) for number in range(SAVERS)] + [deleter])
    assert outcomes == [None] * (SAVERS + 1)
    time.sleep(0.01)  # what lands late has landed
    found = bodies(stores[1])
    assert [body for body, times in Counter(found).items() if times > 1] == []
    for asked, key, version in saved:
        if asked > max(deleted):
            assert found[version.number] == key, "what was saved after the last delete is there"


def version(number: int, gen: str) -> Version:
    return Version(
        artifact=DOC,
        number=number,
        gen=gen,
        version_id=f"id{number}",
        size=0,
        sha256=None,
        part=Part(),
        custom_metadata={},
        created_ms=0,
    )


def head(gen: str, following: int) -> Head:
    latest: Any = None
    return Head(gen=gen, next=following, latest=latest, blob=None)


def test_a_life_that_began_before_a_look_is_none_that_it_missed() -> None:
    line = Line()
    line.took(version(0, "a"), since=5)
    assert line.later(None, looked=4) == version(0, "a")
    assert line.later(None, looked=6) is None, "it was deleted since: the look would have seen it"
    line.took(version(1, "a"), since=9)
    assert line.later(None, looked=6) is None, "nor does what was put into it later tell that it lived"
    line.took(version(1, "b"), since=10)
    assert line.later(None, looked=0) is None, "another process began it, nobody here knows when"


def test_only_the_same_life_is_gone_on_with() -> None:
    line = Line()
    assert line.later(head("a", 0), looked=0) is None
    line.took(version(3, "a"), since=1)
    assert line.later(head("a", 3), looked=0) == version(3, "a")
    assert line.later(head("a", 4), looked=0) is None, "the look has seen it"
    assert line.later(head("b", 3), looked=0) is None
    line.took(version(2, "a"), since=2)
    assert line.later(head("a", 3), looked=0) == version(3, "a"), "what ended later may have been put before"


def test_a_token_that_was_looked_up_again_tells_no_moment() -> None:
    turns = Turns()
    assert turns.only_look("t") is None
    turns.looking("t")
    assert turns.only_look("t") is not None
    turns.looking("t")
    assert turns.only_look("t") is None


def test_a_line_is_forgotten_with_its_last_saver() -> None:
    turns = Turns()
    with turns.taken(DOC) as line:
        line.took(version(0, "a"), since=turns.now())
    with turns.taken(DOC) as line:
        assert line.later(head("a", 0), looked=0) is None
