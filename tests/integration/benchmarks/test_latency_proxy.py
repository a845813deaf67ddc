"""The proxy hands on what it is given, whatever its framing, and counts it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.latency_proxy import Latencies, LatencyProxy
from local import Emulator
from local.provision import aws_client

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def proxy() -> Iterator[LatencyProxy]:
    with Emulator() as emulator, LatencyProxy(emulator.url) as proxy:
        aws_client("s3", emulator.url).create_bucket(Bucket="bucket")
        yield proxy


@pytest.fixture
def s3(proxy: LatencyProxy) -> Iterator[Any]:
    proxy.set(Latencies())
    proxy.take()
    client = aws_client("s3", proxy.storage_url)
    yield client
    client.close()


def names(proxy: LatencyProxy) -> list[tuple[str, int]]:
    return [(call.operation, call.status) for call in proxy.take()]


def test_bodies_of_any_size_pass_and_calls_are_named(proxy: LatencyProxy, s3: Any) -> None:
    body = os.urandom(3 * 1024 * 1024)
    s3.put_object(Bucket="bucket", Key="large", Body=body)
    assert s3.get_object(Bucket="bucket", Key="large")["Body"].read() == body
    assert s3.head_object(Bucket="bucket", Key="large")["ContentLength"] == len(body)
    s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "large"}]})
    assert "Contents" not in s3.list_objects_v2(Bucket="bucket")
    calls = proxy.take()
    assert [(call.operation, call.status) for call in calls] == [
        ("PutObject", 200),
        ("GetObject", 200),
        ("HeadObject", 200),
        ("DeleteObjects", 200),
        ("ListObjectsV2", 200),
    ]
    assert calls[0].sent >= len(body)
    assert calls[1].received == len(body)


def test_a_refusal_is_a_call_too(proxy: LatencyProxy, s3: Any) -> None:
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="bucket", Key="missing")
    assert names(proxy) == [("GetObject", 404)]


def test_a_call_takes_its_services_latency_at_least(proxy: LatencyProxy, s3: Any) -> None:
    proxy.set(Latencies(s3=0.05, effect=0.5))
    s3.put_object(Bucket="bucket", Key="slow", Body=b"x")
    (call,) = proxy.take()
    assert call.end - call.start >= 0.05
    assert call.dollars == 5.0


def test_taken_calls_are_forgotten(proxy: LatencyProxy, s3: Any) -> None:
    s3.list_objects_v2(Bucket="bucket")
    assert names(proxy) == [("ListObjectsV2", 200)]
    assert names(proxy) == []
