"""Content from the storage: into memory, into files, piece by piece."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import io
import os
import tracemalloc
from pathlib import Path
from typing import Any

import httpx
import pytest

from google_adk_aws import ArtifactClient, ArtifactConnectionError, ArtifactNotFoundError, Progress
from tests.unit.client.fake_api import ARTIFACT, PATH, FakeApi
from tests.unit.client.fake_storage import refusal
from tests.unit.client.transfers import DATA, OTHER, RANGE, is_get, iterate

pytestmark = pytest.mark.unit


async def test_a_redirect_is_followed_without_credentials(api: FakeApi, client: ArtifactClient) -> None:
    # The fake refuses every header that was not signed.
    loaded = await client.load(ARTIFACT)
    assert loaded.body == DATA
    assert (loaded.version, loaded.size, loaded.part.mime_type, loaded.part.display_name) == (
        0,
        len(DATA),
        "video/mp4",
        "ü",
    )
    assert loaded.sha256 == hashlib.sha256(DATA).hexdigest()
    assert api.requests == [f"GET {PATH}"]
    assert api.storage.ranges == [None]


async def test_a_version_is_loaded_by_its_number(api: FakeApi, client: ArtifactClient) -> None:
    api.put(OTHER)
    assert (await client.load(ARTIFACT, 0)).body == DATA
    assert (await client.load(ARTIFACT)).body == OTHER
    with pytest.raises(ArtifactNotFoundError):
        await client.load(ARTIFACT, 2)


async def all_ways(client: ArtifactClient, target: Path) -> list[bytes]:
    file = io.BytesIO()
    await client.download_file(ARTIFACT, file)
    await client.download_file(ARTIFACT, target, part_size=RANGE)
    loaded = await client.load(ARTIFACT)
    return [
        loaded.body,
        b"".join([c async for c in client.iter_content(ARTIFACT)]),
        file.getvalue(),
        target.read_bytes(),
    ]


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 200, 1031])
async def test_every_way_gives_the_same(size: int, target: Path) -> None:
    api = FakeApi()
    api.put(DATA[:size])
    assert await all_ways(api.client(), target) == [DATA[:size]] * 4
    assert [path.name for path in target.parent.iterdir()] == [target.name]


async def test_ranges_are_read_beside_each_other(api: FakeApi, client: ArtifactClient, target: Path) -> None:
    told: list[Progress] = []
    info = await client.download_file(ARTIFACT, target, part_size=RANGE, workers=3, progress=told.append)
    assert target.read_bytes() == DATA
    assert (info.version, info.size, info.sha256) == (0, len(DATA), hashlib.sha256(DATA).hexdigest())
    assert sorted(api.storage.ranges, key=str) == sorted(
        [f"bytes={start}-{min(start + 99, 1030)}" for start in range(0, 1031, RANGE)], key=str
    )
    done = [progress.done_bytes for progress in told]
    assert len(done) >= 11
    assert done == sorted(done)
    assert {progress.total_bytes for progress in told} == {len(DATA)}
    assert done[-1] == len(DATA)


async def test_a_connection_that_breaks_is_gone_on_with_where_it_was(api: FakeApi, client: ArtifactClient) -> None:
    api.storage.chunk_bytes = 100
    api.storage.cut_after = [300, 200, 0, 100]
    assert (await client.load(ARTIFACT)).body == DATA
    last = len(DATA) - 1
    assert api.storage.ranges == [
        None,
        f"bytes=300-{last}",
        f"bytes=500-{last}",
        f"bytes=500-{last}",
        f"bytes=600-{last}",
    ]


@pytest.mark.parametrize("cut", range(0, 1100, 100))
async def test_a_file_arrives_over_connections_that_break(
    api: FakeApi, client: ArtifactClient, target: Path, cut: int
) -> None:
    api.storage.chunk_bytes = 50
    api.storage.cut_after = [cut // 10] * 4
    told: list[int] = []
    await client.download_file(
        ARTIFACT, target, part_size=RANGE, progress=lambda progress: told.append(progress.done_bytes)
    )
    assert target.read_bytes() == DATA
    assert told == sorted(told)
    assert told[-1] == len(DATA)


async def test_a_connection_that_never_gets_on_is_an_error(api: FakeApi, client: ArtifactClient, target: Path) -> None:
    api.storage.cut_after = [0] * 100
    with pytest.raises(ArtifactConnectionError):
        await client.load(ARTIFACT)
    assert len(api.storage.ranges) == 3
    with pytest.raises(ArtifactConnectionError):
        await client.download_file(ARTIFACT, target, workers=1)
    assert not target.exists()


@pytest.mark.parametrize("answer", [refusal(503, "SlowDown"), refusal(500, "InternalError"), httpx.ReadTimeout("t")])
async def test_a_storage_that_is_busy_is_asked_again(
    api: FakeApi, client: ArtifactClient, target: Path, answer: Any
) -> None:
    left = [answer, answer]
    api.faults.append(lambda request: left.pop() if left and is_get(request) else None)
    assert (await client.load(ARTIFACT)).body == DATA
    assert not left


async def test_a_long_name(api: FakeApi, client: ArtifactClient, tmp_path: Path) -> None:
    target = tmp_path / ("x" * 255)
    await client.download_file(ARTIFACT, target, part_size=RANGE)
    assert target.read_bytes() == DATA


async def test_where_nothing_can_be_written(api: FakeApi, client: ArtifactClient, tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        await client.download_file(ARTIFACT, tmp_path)
    with pytest.raises(FileNotFoundError):
        await client.download_file(ARTIFACT, tmp_path / "no folder" / "file")
    assert api.storage.ranges == []


async def test_a_file_object_that_takes_a_little_at_a_time(api: FakeApi, client: ArtifactClient) -> None:
    taken = bytearray()

    class Slow(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            taken.extend(data[:7])
            return min(len(data), 7)

    await client.download_file(ARTIFACT, Slow())  # type: ignore[arg-type]
    assert bytes(taken) == DATA


async def test_cancelling_leaves_no_task(api: FakeApi, client: ArtifactClient, target: Path) -> None:
    download: asyncio.Task[Any] | None = None

    def cancel(request: httpx.Request) -> None:
        if is_get(request) and len(api.storage.ranges) == 6 and download is not None:
            download.cancel()

    api.faults.append(cancel)
    before = asyncio.all_tasks()
    download = asyncio.create_task(client.download_file(ARTIFACT, target, part_size=RANGE))
    with pytest.raises(asyncio.CancelledError):
        await download
    assert asyncio.all_tasks() == before
    assert not target.exists()


async def test_a_loop_that_is_left_closes_its_connection(api: FakeApi, client: ArtifactClient) -> None:
    api.storage.chunk_bytes = 10
    async with contextlib.aclosing(iterate(client)) as chunks:
        async for chunk in chunks:
            assert chunk == DATA[:10]
            break
    assert len(api.storage.ranges) == 1


async def test_a_file_takes_little_memory(tmp_path: Path) -> None:
    api, data = FakeApi(), os.urandom(1024 * 1024) * 24
    api.put(data)
    api.storage.chunk_bytes = 64 * 1024
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        await api.client().download_file(ARTIFACT, tmp_path / "copy", workers=2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (tmp_path / "copy").read_bytes() == data
    assert peak - before < 8 * 1024 * 1024


async def test_a_load_has_the_content_in_memory_once(client: ArtifactClient) -> None:
    api, data = FakeApi(), os.urandom(1024 * 1024) * 24
    api.put(data)
    api.storage.chunk_bytes = 64 * 1024
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        loaded = await api.client().load(ARTIFACT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert loaded.body == data
    assert peak - before < 1.25 * len(data)
