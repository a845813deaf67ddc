"""The index through conflicting transactions, and time as the adapters have it."""

from __future__ import annotations

import threading
import time

import pytest

from artifact_store import ArtifactId, Content, StorageUnavailable
from artifact_store.adapters import memory
from artifact_store.adapters.time import InThreads, ManyInThreads, SystemClock
from artifact_store.ids import new_id, token_hash
from artifact_store.ports import TransactionConflict
from tests.faults.interposed import World

DOC = ArtifactId.of(app="app", user="u", session="s", filename="doc")


def test_conflicting_transactions_are_repeated() -> None:
    world = World()
    conflicts = iter([True] * 5)

    def hook(name: str, phase: str) -> None:
        if name == "transact" and phase == "before" and next(conflicts, False):
            raise TransactionConflict

    saved = world.store(hook).save(DOC, Content(body=b"x"), caller="c", idempotency_key="k")
    assert saved.version.number == 0
    assert world.store().load(DOC).body == b"x"


def test_endless_conflicts_end() -> None:
    world = World()

    def hook(name: str, phase: str) -> None:
        if name == "transact":
            raise TransactionConflict

    with pytest.raises(StorageUnavailable, match="conflicting"):
        world.store(hook).save(DOC, Content(body=b"x"), caller="c", idempotency_key="k")
    assert world.store().save(DOC, Content(body=b"x"), caller="c", idempotency_key="k").version.number == 0


def test_a_store_in_memory_is_one_line() -> None:
    store = memory.open_store()
    store.save(DOC, Content(body=b"x"), caller="c", idempotency_key="k")
    assert store.load(DOC).body == b"x"


def test_two_calls_run_at_the_same_time() -> None:
    both = threading.Barrier(2)

    def meet() -> str:
        both.wait(30)
        return "done"

    assert InThreads()(meet, meet) == ("done", "done")


@pytest.mark.parametrize("position", [0, 1])
def test_an_error_in_either_call_is_raised(position: int) -> None:
    def fail() -> None:
        raise StorageUnavailable("injected")

    calls = [lambda: None, lambda: None]
    calls[position] = fail
    with pytest.raises(StorageUnavailable):
        InThreads()(calls[0], calls[1])


def test_the_system_clock_is_the_machines() -> None:
    clock = SystemClock()
    assert abs(clock.now_ms() / 1000 - time.time()) < 5
    before = clock.monotonic()
    clock.sleep(0.01)
    assert clock.monotonic() - before >= 0.01


def test_ids_are_unique_and_sort_by_time() -> None:
    ids = [new_id() for _ in range(100)]
    assert len(set(ids)) == 100
    time.sleep(0.002)
    assert max(ids) < new_id()
    assert {len(made) for made in ids} == {32}


def test_tokens_keep_their_parts_apart() -> None:
    other = ArtifactId.of(app="app", user="u", session="s", filename="d")
    hashes = {
        token_hash(caller=caller, artifact=artifact, idempotency_key=key)
        for caller in ("a", "ab", "")
        for artifact in (DOC, other)
        for key in ("b", "", "ab", "1:b", "\ud800")
    }
    assert len(hashes) == 30


def test_many_things_are_done_at_the_same_time_and_come_back_in_order() -> None:
    eight = threading.Barrier(8)

    def meet(number: int) -> int:
        eight.wait(30)
        return number

    assert ManyInThreads(workers=8)(meet, range(16)) == list(range(16))

    def fail(number: int) -> None:
        raise StorageUnavailable(str(number))

    with pytest.raises(StorageUnavailable, match="0"):
        ManyInThreads()(fail, range(3))
