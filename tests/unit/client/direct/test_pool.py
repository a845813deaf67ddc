"""Services of one place and one set of credentials share threads and connections."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from google_adk_aws import S3ArtifactService, S3BucketError
from google_adk_aws._direct.access import Access
from google_adk_aws._direct.pool import Lease, PoolSnapshot

ACCESS = Access(
    bucket_name="b",
    region_name="eu-central-1",
    aws_access_key_id="k",
    aws_secret_access_key="s",
    workers=2,
)


@pytest.fixture(autouse=True)
def _moto() -> Iterator[None]:
    with mock_aws():
        yield


def test_the_same_place_and_credentials_share_clients() -> None:
    one, two = Lease(ACCESS), Lease(replace(ACCESS, bucket_name="another", table_name="t"))
    assert one.clients is two.clients
    assert one.clients.dynamodb() is two.clients.dynamodb()
    assert one.snapshot() == two.snapshot() == PoolSnapshot(services=2, workers=2, busy=0, waiting=0, calls=0)
    one.close()
    assert two.snapshot().services == 1
    two.close()


@pytest.mark.parametrize(
    "other",
    [
        {"region_name": "us-east-1"},
        {"aws_access_key_id": "another"},
        {"aws_secret_access_key": "another"},
        {"aws_session_token": "t"},
        {"endpoint_url": "https://example.com"},
        {"table_endpoint_url": "https://example.com"},
        {"workers": 3},
        {"allow_unconditional_writes": True},
    ],
    ids=lambda other: next(iter(other)),
)
def test_what_differs_shares_nothing(other: dict[str, Any]) -> None:
    one, two = Lease(ACCESS), Lease(replace(ACCESS, **other))
    assert one.snapshot().services == two.snapshot().services == 1
    one.close()
    two.close()


def test_another_environment_shares_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Lease(ACCESS)
    monkeypatch.setenv("AWS_PROFILE", "another")
    two = Lease(ACCESS)
    assert two.snapshot().services == 1
    one.close()
    two.close()


def test_secrets_are_in_no_representation() -> None:
    lease = Lease(replace(ACCESS, aws_secret_access_key="very secret", aws_session_token="very secret"))
    assert "very secret" not in repr(vars(lease))
    lease.close()


async def test_threads_are_bounded_over_all_services_and_end_with_the_last() -> None:
    leases = [Lease(ACCESS) for _ in range(5)]
    let_go, begun = threading.Event(), threading.Semaphore(0)

    def work() -> threading.Thread:
        begun.release()
        let_go.wait(60)
        return threading.current_thread()

    calls = [asyncio.create_task(lease.call(work)) for lease in leases]
    await asyncio.to_thread(lambda: [begun.acquire(timeout=60) for _ in range(2)])
    assert leases[0].snapshot() == PoolSnapshot(services=5, workers=2, busy=2, waiting=3, calls=5)
    let_go.set()
    workers = set(await asyncio.gather(*calls))
    assert len(workers) == 2
    for lease in leases[:-1]:
        lease.close()
    assert await leases[-1].call(lambda: "still open") == "still open"
    leases[-1].close()
    assert not any(worker.is_alive() for worker in workers)
    with pytest.raises(RuntimeError, match="closed"):
        await leases[-1].call(lambda: None)


async def test_closing_one_service_waits_for_its_calls_only() -> None:
    one, two = Lease(ACCESS), Lease(ACCESS)
    let_go, begun = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        let_go.wait(60)

    others = asyncio.create_task(two.call(work))
    await asyncio.to_thread(begun.wait, 60)
    await asyncio.to_thread(one.close)
    assert not others.done()
    let_go.set()
    await others
    two.close()


async def test_a_new_service_after_the_last_has_a_new_pool() -> None:
    one = Lease(ACCESS)
    clients = one.clients
    one.close()
    two = Lease(ACCESS)
    assert two.clients is not clients
    assert await two.call(lambda: 1) == 1
    two.close()
    two.close()


async def test_a_service_that_is_forgotten_takes_its_threads_along() -> None:
    lease = Lease(ACCESS)
    worker = await lease.call(threading.current_thread)
    assert worker.is_alive()
    del lease
    gc.collect()
    await asyncio.to_thread(worker.join, 10)
    assert not worker.is_alive()


def _in_the_child(lease: Lease, parents: int, results: Any) -> None:
    assert os.getpid() != parents
    results.put((lease.snapshot().busy, asyncio.run(lease.call(os.getpid)) == os.getpid()))
    lease.close()
    results.put("closed")


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
async def test_a_forked_process_waits_for_nothing_of_its_parent() -> None:
    lease = Lease(ACCESS)
    let_go, begun = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        let_go.wait(60)

    call = asyncio.create_task(lease.call(work))
    await asyncio.to_thread(begun.wait, 60)
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    child = context.Process(target=_in_the_child, args=(lease, os.getpid(), results))
    child.start()
    try:
        assert await asyncio.to_thread(results.get) == (0, True)
        assert await asyncio.to_thread(results.get) == "closed"
    finally:
        child.kill()
        child.join()
    let_go.set()
    await call
    lease.close()


def test_a_service_tells_of_its_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "k"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="the-bucket")
    with S3ArtifactService("the-bucket") as one, S3ArtifactService("the-bucket") as two:
        assert one.s3_client is two.s3_client
        assert one.pool_snapshot().services == 2
    with pytest.raises(S3BucketError, match="does not exist"):
        S3ArtifactService("missing")
    with S3ArtifactService("the-bucket") as three:
        assert three.pool_snapshot().services == 1, "one that could not be opened has given its part back"
