"""Many savers of one name on an emulator whose conditions and transactions are atomic."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from artifact_store import ArtifactId, ArtifactNotFound, ArtifactStore, Content
from local import Emulator
from tests.integration.stores import client, open_on_emulator
from tests.ports.conftest import make_bucket, make_table

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


class Bench:
    """A bucket and a table on an emulator of their own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.bucket_name = make_bucket(client("s3", url))
        self.table_name = make_table(client("dynamodb", url))

    def store(self) -> ArtifactStore:
        return open_on_emulator(self.url, bucket_name=self.bucket_name, table_name=self.table_name)

    def object_count(self) -> int:
        pages = client("s3", self.url).get_paginator("list_object_versions").paginate(Bucket=self.bucket_name)
        return sum(len(page.get("Versions", [])) + len(page.get("DeleteMarkers", [])) for page in pages)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def bench(emulator: Emulator) -> Bench:
    return Bench(emulator.url)


def artifact(name: str) -> ArtifactId:
    return ArtifactId.of(app="app", user="u", session="s", filename=name)


def assert_each_has_its_own(store: ArtifactStore, name: str, answers: dict[int, bytes], count: int) -> None:
    assert sorted(answers) == list(range(count)), "every save has a version of its own, without gaps"
    assert {number: store.load(artifact(name), number).body for number in answers} == answers
    listed = store.list_versions(artifact(name), limit=1000).items
    assert [version.number for version in listed] == list(range(count))


@pytest.mark.parametrize(("savers", "name"), [(16, "sixteen.txt"), (64, "sixty/four.txt")])
def test_threads_that_save_one_name_lose_nothing(bench: Bench, savers: int, name: str) -> None:
    store = bench.store()
    start = threading.Barrier(savers)

    def save(number: int) -> tuple[int, bytes]:
        body = b"body %d" % number
        start.wait()
        content = Content(body=body, custom_metadata={"text": "x" * 3000} if number % 4 == 0 else {})
        saved = store.save(artifact(name), content, caller="c", idempotency_key=str(number), timeout=100)
        return saved.version.number, body

    with ThreadPoolExecutor(savers) as pool:
        answers = dict(pool.map(save, range(savers)))
    assert_each_has_its_own(store, name, answers, savers)
    assert bench.object_count() == savers + savers // 4, "no loser and no blob is left over"


def test_processes_that_save_one_name_lose_nothing(bench: Bench) -> None:
    each = 4
    savers = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.integration.saver_process",
                bench.url,
                bench.bucket_name,
                bench.table_name,
                "p",
                str(first),
                str(each),
            ],
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT}:{ROOT / 'layers/artifact_store'}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for first in range(0, 16, each)
    ]
    for saver in savers:
        assert saver.stdout
        assert saver.stdout.readline() == "ready\n"
    for saver in savers:
        assert saver.stdin
        saver.stdin.write("go\n")
        saver.stdin.flush()
    lines = [line for saver in savers for line in saver.communicate(timeout=120)[0].splitlines()]
    answers = {int(number): body.encode() for number, body in (line.split() for line in lines)}
    assert len(lines) == 16
    assert_each_has_its_own(bench.store(), "p", answers, 16)
    assert bench.object_count() == 16


def test_repeated_saves_that_overlap_happen_once(bench: Bench) -> None:
    store = bench.store()
    start = threading.Barrier(8)

    def save(number: int) -> tuple[int, int]:
        start.wait()
        body = b"%d" % (number % 2)
        saved = store.save(artifact("twice"), Content(body=body), caller="c", idempotency_key=body.decode(), timeout=60)
        return number % 2, saved.version.number

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(save, range(8)))
    assert len(answers) == 2, "each key has one version, whoever asks"
    assert {number for _, number in answers} == {0, 1}
    assert bench.object_count() == 2


def test_deleters_and_savers_leave_one_consistent_life(bench: Bench) -> None:
    store = bench.store()
    stop_at = time.monotonic() + 4

    def save(worker: int) -> int:
        count = 0
        while time.monotonic() < stop_at:
            key = f"{worker}-{count}"
            store.save(artifact("d"), Content(body=key.encode()), caller="c", idempotency_key=key, timeout=60)
            count += 1
        return count

    def delete(_: int) -> int:
        count = 0
        while time.monotonic() < stop_at:
            count += store.delete(artifact("d"))
            time.sleep(0.02)
        return count

    with ThreadPoolExecutor(5) as pool:
        saving = [pool.submit(save, worker) for worker in range(3)]
        deleting = [pool.submit(delete, worker) for worker in range(2)]
        saved = sum(future.result() for future in saving)
        deleted = sum(future.result() for future in deleting)
    assert saved > 10
    assert deleted > 2
    try:
        versions = store.list_versions(artifact("d"), limit=1000).items
    except ArtifactNotFound:
        versions = []
    assert [version.number for version in versions] == list(range(len(versions)))
    bodies = [store.load(artifact("d"), version.number).body for version in versions]
    assert len(set(bodies)) == len(bodies), "no save counts twice"
    store.delete(artifact("d"))
    assert bench.object_count() == 0
