"""Emulator, latency proxy, API and contenders, started together."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from benchmarks.contenders.process import ROOT, ContenderProcess
from benchmarks.filling import Artifacts, CommunityFiller, ServiceFiller, StoreFiller
from benchmarks.latency_proxy import Latencies, LatencyProxy
from local.api import LocalApi
from local.emulator import Emulator
from local.provision import aws_client

BENCH_PYTHON: Final = Path(os.environ.get("BENCH_PYTHON") or ROOT / ".tools" / "bench" / "bin" / "python")
OURS: Final = "ours, API"
DIRECT: Final = "ours, S3"
DIRECT_WITH_TABLE: Final = "ours, S3 and table"
CONFIGURED: Final = ("community, default", "community, tuned")
"""The peer as its arguments allow: what the bars compare with."""
KEPT: Final = "community, patched"
FILES: Final = "ADK files"

_PEER_BUCKET = "community"
_OWN_BUCKET = "direct"


class Filler(Protocol):
    """Puts artifacts where a contender expects them."""

    def fill(self, session: str, artifacts: Artifacts) -> None:
        """Saves new artifacts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """Who is measured.

    Attributes:
        name: In tables.
        process: Does the operations.
        filler: Fills its storage.
        shares: Contenders with one name here read the same artifacts.
        vanishes: The storage operation after which a deleted artifact is gone for everyone: the first or the last
            one of its kind in a delete. None when there is no storage call to look at.
    """

    name: str
    process: ContenderProcess
    filler: Filler
    shares: str
    vanishes: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """Everything that a measurement needs.

    Attributes:
        options: What the command was given.
        proxy: Latency and notes.
        latencies: What is injected while measuring.
        contenders: Who is measured.
        api_url: Our API, behind the hop.
        bucket: Our bucket.
        endpoint: The emulator, without latency.
    """

    options: argparse.Namespace
    proxy: LatencyProxy
    latencies: Latencies
    contenders: list[Contender]
    api_url: str
    bucket: str
    endpoint: str

    @property
    def ours(self) -> Contender:
        """Ours over the API."""
        return next(contender for contender in self.contenders if contender.name == OURS)

    @contextlib.contextmanager
    def without_latency(self) -> Iterator[None]:
        """Switches latency off, for filling."""
        self.proxy.set(Latencies())
        try:
            yield
        finally:
            self.proxy.set(self.latencies)

    def fill(self, session: str, artifacts: Artifacts) -> None:
        """Gives every contender the same artifacts, once where they share them."""
        with self.without_latency():
            for contender in {contender.shares: contender for contender in self.contenders}.values():
                contender.filler.fill(session, artifacts)
        self.proxy.take()


@contextlib.contextmanager
def opened(options: argparse.Namespace) -> Iterator[Lab]:
    """Starts all, and stops all."""
    latencies = Latencies(s3=options.s3_ms / 1000, dynamodb=options.dynamodb_ms / 1000, api=options.api_ms / 1000)
    with contextlib.ExitStack() as stack:
        emulator = stack.enter_context(Emulator())
        proxy = stack.enter_context(LatencyProxy(emulator.url))
        overrides = {"AWS_ENDPOINT_URL": proxy.storage_url}
        api = stack.enter_context(LocalApi(emulator=emulator, environment=overrides))
        api_url = proxy.open_api(api.url)
        # Every round loads the same artifact: a cache would be measured instead. `repeats` measures that.
        settings = {"url": api_url, "options": {"cache_bytes": 0}}
        ours = stack.enter_context(ContenderProcess(python=Path(sys.executable), module="ours", settings=settings))
        contenders = [
            Contender(
                name=OURS,
                process=ours,
                filler=StoreFiller(api.bucket_name, api.environment["INDEX_TABLE_NAME"], emulator.url, options.size),
                shares="ours",
                vanishes=("TransactWriteItems", 0),
            ),
            *_direct(options, proxy, api, emulator.url, stack),
            *_community(options, proxy, emulator.url, stack),
        ]
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="artifact-files-"))
        files = stack.enter_context(
            ContenderProcess(python=Path(sys.executable), module="files", settings={"root": folder})
        )
        contenders.append(
            Contender(name=FILES, process=files, filler=ServiceFiller(files, options.size), shares="files")
        )
        proxy.set(latencies)
        yield Lab(
            options=options,
            proxy=proxy,
            latencies=latencies,
            contenders=contenders,
            api_url=api_url,
            bucket=api.bucket_name,
            endpoint=emulator.url,
        )


def _direct(
    options: argparse.Namespace, proxy: LatencyProxy, api: LocalApi, endpoint: str, stack: contextlib.ExitStack
) -> Iterator[Contender]:
    """Ours without the API: on the API's bucket with its table, and on a bucket of its own without any."""
    s3 = aws_client("s3", endpoint)
    s3.create_bucket(Bucket=_OWN_BUCKET)
    s3.put_bucket_versioning(Bucket=_OWN_BUCKET, VersioningConfiguration={"Status": "Enabled"})
    environment = api.environment
    for name, bucket, table, shares, vanishes in (
        (DIRECT, _OWN_BUCKET, None, "direct", ("DeleteObject", 0)),
        (DIRECT_WITH_TABLE, api.bucket_name, environment["INDEX_TABLE_NAME"], "ours", ("TransactWriteItems", 0)),
    ):
        settings: dict[str, Any] = {"bucket": bucket, "endpoint": proxy.storage_url, "table": table}
        yield Contender(
            name=name,
            process=stack.enter_context(
                ContenderProcess(python=Path(sys.executable), module="ours_s3", settings=settings)
            ),
            filler=StoreFiller(bucket, table, endpoint, options.size),
            shares=shares,
            vanishes=vanishes,
        )


def _community(
    options: argparse.Namespace, proxy: LatencyProxy, endpoint: str, stack: contextlib.ExitStack
) -> Iterator[Contender]:
    """The peer, in each way to run it; nothing when its venv is not there."""
    if not BENCH_PYTHON.exists():
        print("google-adk-community is not installed: `make bench` does that. Going on without it.", file=sys.stderr)
        return
    aws_client("s3", endpoint).create_bucket(Bucket=_PEER_BUCKET)
    filler = CommunityFiller(_PEER_BUCKET, endpoint, options.size)
    ways = dict(zip((*CONFIGURED, KEPT), ("default", "tuned", "kept"), strict=True))
    for name, way in ways.items():
        settings: dict[str, Any] = {"bucket": _PEER_BUCKET, "endpoint": proxy.storage_url, "way": way}
        process = stack.enter_context(ContenderProcess(python=BENCH_PYTHON, module="community", settings=settings))
        yield Contender(name=name, process=process, filler=filler, shares="community", vanishes=("DeleteObjects", -1))
