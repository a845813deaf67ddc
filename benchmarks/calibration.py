"""What the proxy itself costs: bare boto3 calls through it, beside the latency that it injects."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks.lab import Lab
from local.provision import aws_client

_ROUNDS = 30


def measure(lab: Lab) -> dict[str, dict[str, float]]:
    """Milliseconds of bare calls: straight to the emulator, through the proxy without latency, and with it."""
    proxied = lab.proxy.storage_url
    straight = _medians(lab, lab.endpoint)
    with lab.without_latency():
        silent = _medians(lab, proxied)
    slow = _medians(lab, proxied)
    lab.proxy.take()
    injected = {"PutObject": lab.latencies.s3, "GetObject": lab.latencies.s3, "ListTables": lab.latencies.dynamodb}
    return {
        name: {
            "straight_ms": straight[name] * 1000,
            "through_the_proxy_ms": silent[name] * 1000,
            "with_latency_ms": slow[name] * 1000,
            "injected_ms": injected[name] * 1000,
        }
        for name in straight
    }


def _medians(lab: Lab, endpoint: str) -> dict[str, float]:
    s3, dynamodb = aws_client("s3", endpoint), aws_client("dynamodb", endpoint)
    where = {"Bucket": lab.bucket, "Key": "!blobs/calibration"}

    def get() -> None:
        s3.get_object(**where)["Body"].read()

    return {
        "PutObject": _median(lambda: s3.put_object(**where, Body=b"x" * lab.options.size)),
        "GetObject": _median(get),
        "ListTables": _median(dynamodb.list_tables),
    }


def _median(call: Callable[[], Any]) -> float:
    took = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        call()
        took.append(time.perf_counter() - started)
    return statistics.median(took)
