"""Content that does not fit into one record: by one put, by parts, and what is left when that fails."""

from __future__ import annotations

import asyncio
import io
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from artifact_store import ArtifactStore
from artifact_store.adapters.memory import MemoryObjects, open_store
from artifact_store.adapters.memory_transfers import MemoryTransfers
from artifact_store.errors import StorageUnavailable
from artifact_store.names import BLOB_PREFIX
from artifact_store.transfers import UploadedPart
from google_adk_aws import (
    ArtifactId,
    ArtifactPreconditionError,
    ArtifactServerError,
    InvalidArtifactError,
    Progress,
    ResiliencePolicy,
    RetryConfig,
    S3ArtifactService,
)
from tests.direct_services import in_memory

pytestmark = pytest.mark.unit

MIB = 1024 * 1024
DOC = ArtifactId.of(app="app", user="u", session="s", filename="video.mp4")


class Transfers(MemoryTransfers):
    """Counts the parts that are on their way, and fails when it is told to."""

    def __init__(self, objects: MemoryObjects) -> None:
        super().__init__(objects)
        self.now = self.most = self.sent = 0
        self.fails_at: int | None = None
        self.now_at_abort: int | None = None
        self.begun, self.gate = threading.Event(), threading.Event()
        self.gate.set()
        self._counting = threading.Lock()

    def put_part(self, key: str, upload_id: str, part: UploadedPart, body: bytes) -> None:
        with self._counting:
            self.now += 1
            self.sent += 1
            self.most = max(self.most, self.now)
        try:
            self.begun.set()
            self.gate.wait(30)
            if part.number == self.fails_at:
                raise StorageUnavailable("S3 failed: InternalError")
            super().put_part(key, upload_id, part, body)
        finally:
            with self._counting:
                self.now -= 1

    def abort(self, key: str, upload_id: str) -> None:
        self.now_at_abort = self.now
        super().abort(key, upload_id)

    @property
    def left(self) -> int:
        return len(self.pending(BLOB_PREFIX, after=None)[0])


class Bench:
    def __init__(self) -> None:
        self.objects = MemoryObjects()
        self.transfers = Transfers(self.objects)
        self.store: ArtifactStore = open_store(objects=self.objects, transfers=self.transfers)

    def service(self, **changes: Any) -> S3ArtifactService:
        return in_memory(self.store, **changes)

    @property
    def blobs(self) -> int:
        return len(self.objects.list_versions(BLOB_PREFIX, limit=1000, after=None)[0])


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("size", "blobs", "parts"),
    [(0, 0, 0), (3 * MIB, 0, 0), (3 * MIB + 1, 1, 0), (8 * MIB, 1, 0), (8 * MIB + 1, 1, 2), (25 * MIB, 1, 4)],
)
async def test_content_goes_the_way_that_fits_its_size(bench: Bench, size: int, blobs: int, parts: int) -> None:
    body = os.urandom(size)
    async with bench.service() as service:
        saved = await service.client.save(DOC, body, mime_type="video/mp4", custom_metadata={"n": 1})
        loaded = await service.client.load(DOC)
    assert (saved.version, saved.size, saved.sha256) == (0, size, loaded.sha256)
    assert loaded.body == body
    assert (bench.blobs, bench.transfers.sent, bench.transfers.left) == (blobs, parts, 0)


async def test_the_threshold_and_the_size_of_parts_can_be_chosen(bench: Bench) -> None:
    async with bench.service(multipart_threshold=4 * MIB, part_size=5 * MIB) as service:
        await service.client.save(DOC, b"x" * (11 * MIB))
        assert bench.transfers.sent == 3
        await service.client.save(DOC, b"x" * (4 * MIB))
        assert bench.transfers.sent == 3
        with pytest.raises(InvalidArtifactError, match="partSize"):
            await service.client.upload_file(DOC, b"x" * (4 * MIB), part_size=1)


async def test_no_more_parts_than_workers_are_in_memory(bench: Bench) -> None:
    async with bench.service() as service:
        await service.client.upload_file(DOC, b"x" * (60 * MIB), part_size=5 * MIB, workers=3)
    assert bench.transfers.sent == 12
    assert bench.transfers.most <= 3


@pytest.mark.parametrize("way", ["path", "file object", "iterator"])
async def test_sources(bench: Bench, tmp_path: Path, way: str) -> None:
    body, told = os.urandom(17 * MIB), list[Progress]()
    path = tmp_path / "video"
    path.write_bytes(body)
    sources: dict[str, Any] = {
        "path": path,
        "file object": io.BytesIO(body),
        "iterator": iter([body[:7], body[7:]]),
    }
    async with bench.service() as service:
        await service.client.upload_file(DOC, sources[way], part_size=5 * MIB, progress=told.append)
        assert (await service.client.load(DOC)).body == body
    assert [progress.done_bytes for progress in told][-1] == told[-1].total_bytes == len(body)
    assert bench.transfers.left == 0


async def test_nothing_is_left_when_a_part_fails(bench: Bench) -> None:
    bench.transfers.fails_at = 2
    async with bench.service() as service:
        with pytest.raises(ArtifactServerError, match=r"^Failed to save artifact"):
            await service.client.save(DOC, b"x" * (30 * MIB))
        assert (bench.transfers.left, bench.transfers.now, bench.blobs) == (0, 0, 0)
        bench.transfers.fails_at = None
        assert (await service.client.save(DOC, b"x" * (30 * MIB))).version == 0


async def test_no_timeout_sends_a_part_again_that_is_on_its_way(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    put_part = bench.transfers.put_part

    def slowly(*given: Any) -> None:
        time.sleep(0.05)
        put_part(*given)

    monkeypatch.setattr(bench.transfers, "put_part", slowly)
    async with bench.service(resilience=ResiliencePolicy(attempt_timeout=0.02)) as service:
        assert (await service.client.upload_file(DOC, b"x" * (10 * MIB), part_size=5 * MIB)).version == 0
    assert bench.transfers.sent == 2


@pytest.mark.parametrize("way", ["fails", "is cancelled"])
async def test_nothing_is_left_of_one_put_that_comes_to_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    create, begun, let_go = bench.objects.create, threading.Event(), threading.Event()

    def put(*given: Any, **how: Any) -> str:
        version_id = create(*given, **how)
        begun.set()
        let_go.wait(30)
        if way == "fails":
            raise StorageUnavailable("the answer is lost")
        return version_id

    monkeypatch.setattr(bench.objects, "create", put)
    async with bench.service(retry_config=RetryConfig(max_attempts=1)) as service:
        saving = asyncio.create_task(service.client.save(DOC, b"x" * (4 * MIB)))
        await asyncio.to_thread(begun.wait, 30)
        if way == "is cancelled":
            saving.cancel()
        let_go.set()
        with pytest.raises(ArtifactServerError if way == "fails" else asyncio.CancelledError):
            await saving
    assert bench.blobs == 0


async def test_nothing_is_left_when_it_is_cancelled(bench: Bench) -> None:
    bench.transfers.gate.clear()
    async with bench.service() as service:
        saving = asyncio.create_task(service.client.save(DOC, b"x" * (30 * MIB)))
        await asyncio.to_thread(bench.transfers.begun.wait, 30)
        saving.cancel()
        done, _ = await asyncio.wait([saving], timeout=0.05)
        assert not done, "it waits for the parts that are on their way"
        bench.transfers.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await saving
    assert (bench.transfers.left, bench.transfers.now, bench.blobs) == (0, 0, 0)
    assert bench.transfers.now_at_abort == 0, "a part that arrives after the abort would stay"


async def test_conditions_are_looked_at_before_anything_is_sent(bench: Bench) -> None:
    large = b"x" * (9 * MIB)
    async with bench.service() as service:
        first = await service.client.save(DOC, large, if_none_match=True)
        for size in (1, 4 * MIB, 9 * MIB):
            with pytest.raises(ArtifactPreconditionError) as caught:
                await service.client.save(DOC, b"y" * size, if_none_match=True)
            assert caught.value.etag == first.etag
        assert bench.transfers.sent == 2
        for content in (large, large[: 4 * MIB], b"small"):
            saved = await service.client.save(DOC, content, if_match="*")
            again = await service.client.save(DOC, content, skip_unchanged=True)
            assert again.version == saved.version


async def test_one_key_is_one_save(bench: Bench) -> None:
    async with bench.service() as service:
        saved = [await service.client.save(DOC, b"x", idempotency_key="k") for _ in range(3)]
    assert [version.version for version in saved] == [0, 0, 0]


async def test_a_stream_that_is_unchanged_is_given_up(bench: Bench) -> None:
    body = os.urandom(17 * MIB)
    async with bench.service() as service:
        first = await service.client.save(DOC, body)
        again = await service.client.upload_file(DOC, io.BytesIO(body), part_size=5 * MIB, skip_unchanged=True)
    assert again == first
    assert (bench.transfers.left, bench.blobs) == (0, 1)


async def test_what_cannot_be_aborted_does_not_hide_what_went_wrong(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise StorageUnavailable("S3 failed: SlowDown")

    bench.transfers.fails_at = 1
    monkeypatch.setattr(bench.transfers, "abort", fail)
    with caplog.at_level("INFO", "google_adk_aws"):
        async with bench.service() as service:
            with pytest.raises(ArtifactServerError, match="InternalError"):
                await service.client.save(DOC, b"x" * (9 * MIB))
    assert "could not be aborted" in caplog.text
