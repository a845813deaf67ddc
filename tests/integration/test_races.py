"""Many savers of one name on stand-ins whose conditions and transactions are atomic."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from artifact_store import ArtifactId, ArtifactNotFound, ArtifactStore, Content
from tests.integration.stores import client, open_on
from tests.ports.conftest import make_bucket, make_table
from tests.stand_ins import Endpoints, running
from tests.tally import Tally

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


class Bench:
    """A bucket and a table of their own."""

    def __init__(self, endpoints: Endpoints) -> None:
        self.endpoints = endpoints
        self.bucket_name = make_bucket(client("s3", endpoints.s3))
        self.table_name = make_table(client("dynamodb", endpoints.dynamodb))

    def store(self) -> ArtifactStore:
        return open_on(self.endpoints, bucket_name=self.bucket_name, table_name=self.table_name)

    def object_count(self) -> int:
        pages = client("s3", self.endpoints.s3).get_paginator("list_object_versions").paginate(Bucket=self.bucket_name)
        return sum(len(page.get("Versions", [])) + len(page.get("DeleteMarkers", [])) for page in pages)


@pytest.fixture(scope="module")
def endpoints() -> Iterator[Endpoints]:
    with running() as found:
        yield found


@pytest.fixture
def bench(endpoints: Endpoints) -> Bench:
    return Bench(endpoints)


def artifact(name: str) -> ArtifactId:
    return ArtifactId.of(app="app", user="u", session="s", filename=name)


def assert_each_has_its_own(store: ArtifactStore, name: str, answers: dict[int, bytes], count: int) -> None:
    assert sorted(answers) == list(range(count)), "every save has a version of its own, without gaps"
    assert {number: store.load(artifact(name), number).body for number in answers} == answers
    listed = store.list_versions(artifact(name), limit=1000).items
    assert [version.number for version in listed] == list(range(count))


def test_threads_that_go_on_saving_one_name_lose_nothing(bench: Bench, tally: Tally) -> None:
    savers, each = 8, 6
    start = threading.Barrier(savers)

    def save(saver: int) -> list[tuple[int, bytes]]:
        store = bench.store()
        start.wait()
        answers = []
        for number in range(each):
            body = b"body %d of %d" % (number, saver)
            saved = store.save(
                artifact("on"), Content(body=body), caller="c", idempotency_key=body.decode(), timeout=100
            )
            answers.append((saved.version.number, body))
        return answers

    with ThreadPoolExecutor(savers) as pool:
        saved = list(pool.map(save, range(savers)))
    assert all(numbers == sorted(numbers) for answers in saved for numbers in [[number for number, _ in answers]])
    answers = dict(itertools.chain.from_iterable(saved))
    tally.races(savers * each, double_winners=savers * each - len(answers))
    assert_each_has_its_own(bench.store(), "on", answers, savers * each)
    assert bench.object_count() == savers * each


@pytest.mark.parametrize(("savers", "name"), [(16, "sixteen.txt"), (64, "sixty/four.txt")])
def test_threads_that_save_one_name_lose_nothing(bench: Bench, tally: Tally, savers: int, name: str) -> None:
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
    tally.races(savers, double_winners=savers - len(answers))
    assert_each_has_its_own(store, name, answers, savers)
    assert bench.object_count() == savers + savers // 4, "no loser and no blob is left over"


def test_processes_that_save_one_name_lose_nothing(bench: Bench, tally: Tally) -> None:
    each = 4
    savers = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.integration.saver_process",
                bench.endpoints.s3,
                bench.endpoints.dynamodb,
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
    tally.races(len(lines), double_winners=len(lines) - len(answers))
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
    store, all_saved = bench.store(), threading.Event()

    def save(worker: int) -> None:
        for count in range(40):
            key = f"{worker}-{count}"
            store.save(artifact("d"), Content(body=key.encode()), caller="c", idempotency_key=key, timeout=60)

    def delete() -> int:
        count = 0
        while not all_saved.wait(0.02):
            count += store.delete(artifact("d"))
        return count

    with ThreadPoolExecutor(5) as pool:
        deleting = [pool.submit(delete) for _ in range(2)]
        try:
            for saving in [pool.submit(save, worker) for worker in range(3)]:
                saving.result()
        finally:
            all_saved.set()
        assert sum(future.result() for future in deleting) > 2
    try:
        versions = store.list_versions(artifact("d"), limit=1000).items
    except ArtifactNotFound:
        versions = []
    assert [version.number for version in versions] == list(range(len(versions)))
    bodies = [store.load(artifact("d"), version.number).body for version in versions]
    assert len(set(bodies)) == len(bodies), "no save counts twice"
    store.delete(artifact("d"))
    assert bench.object_count() == 0
