"""Threads, event loops and processes."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from typing import Any

import pytest

from google_adk_aws._direct.workers import Workers
from google_adk_aws._io.per_process import PerProcess
from tests.direct_services import in_memory, store_without_table

pytestmark = pytest.mark.unit


async def test_no_more_than_so_many_at_once() -> None:
    workers, lock, now, most = Workers(3), threading.Lock(), 0, 0
    full = threading.Barrier(3)

    def work() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        full.wait(timeout=30)
        with lock:
            now -= 1

    await asyncio.gather(*[workers.call(work) for _ in range(9)])
    assert most == 3
    workers.close()


async def test_the_event_loop_is_never_blocked() -> None:
    workers, let_go = Workers(1), threading.Event()
    waiting = asyncio.create_task(workers.call(lambda: let_go.wait(30)))
    await asyncio.sleep(0)
    let_go.set()  # only a loop that is free comes here
    assert await waiting
    workers.close()


def test_any_number_of_loops_one_after_the_other() -> None:
    service = in_memory(store_without_table())
    owner: dict[str, Any] = {"app_name": "app", "user_id": "u", "session_id": "s", "filename": "doc"}

    async def save() -> int:
        return await service.save_artifact(**owner, artifact={"text": "x"})

    assert [asyncio.run(save()) for _ in range(3)] == [0, 1, 2]
    service.close()


async def test_one_who_is_cancelled_waits_for_the_end_if_it_has_to() -> None:
    workers, begun, let_go, ended = Workers(1), threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        let_go.wait(30)
        ended.set()

    task = asyncio.create_task(workers.call(work, to_end=True))
    await asyncio.to_thread(begun.wait, 30)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    let_go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
    workers.close()


async def test_one_who_is_cancelled_waits_no_longer_than_it_has_to() -> None:
    workers, begun, let_go = Workers(1), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        let_go.wait(30)

    task = asyncio.create_task(workers.call(work))
    await asyncio.to_thread(begun.wait, 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not let_go.is_set()
    let_go.set()
    workers.close()


async def test_what_is_closed_takes_nothing_more() -> None:
    async with in_memory(store_without_table()) as service:
        assert await service.list_artifact_keys(app_name="app", user_id="u") == []
    with pytest.raises(RuntimeError, match="closed"):
        await service.list_artifact_keys(app_name="app", user_id="u")


def test_there_must_be_a_worker() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        in_memory(store_without_table(), workers=0)


def test_a_forked_child_has_threads_and_clients_of_its_own() -> None:
    made = PerProcess(object)
    workers = Workers(2)
    mine = made.get()
    assert made.get() is mine
    assert asyncio.run(workers.call(os.getpid)) == os.getpid()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        # Whatever happens, the child must not go on with the test run, nor for ever.
        signal.alarm(60)
        try:
            own = asyncio.run(workers.call(os.getpid))
            os.write(writing, b"fine" if own == os.getpid() and made.get() is not mine else b"not its own")
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        assert answer.read() == b"fine"
    os.waitpid(child, 0)
    workers.close()
