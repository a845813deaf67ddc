"""Whatever can be read goes up, in parts or in one request, with little memory."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.genai import types

from google_adk_aws import ArtifactTooLargeError, Progress
from tests.unit.client.fake_api import ARTIFACT, PATH, FakeApi
from tests.unit.client.scripted import NAMED
from tests.unit.client.transfers import DATA, PART, asynchronous, plain, saved_bytes

pytestmark = pytest.mark.unit


class Unseekable(io.BytesIO):
    def seekable(self) -> bool:
        return False


class ReadsOnly:
    """A file object with nothing but `read`, which gives less than it is asked for."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, size: int) -> bytes:
        return self._file.read(min(size, 7))


SOURCES: dict[str, Any] = {
    "path": None,
    "text path": None,
    "bytes": lambda: DATA,
    "bytearray": lambda: bytearray(DATA),
    "memoryview": lambda: memoryview(DATA),
    "file object": lambda: io.BytesIO(DATA),
    "stream": lambda: Unseekable(DATA),
    "slow reader": lambda: ReadsOnly(DATA),
    "iterator": plain,
    "asynchronous iterator": asynchronous,
    "list": lambda: [DATA[:500], b"", bytearray(DATA[500:])],
}


@pytest.mark.parametrize("kind", SOURCES)
async def test_every_source_arrives(api: FakeApi, path: Path, kind: str, tmp_path: Path) -> None:
    given = {"path": path, "text path": str(path)}
    source: Any = given[kind] if kind in given else SOURCES[kind]()
    told: list[Progress] = []
    version = await api.client(resume_dir=tmp_path / "state").upload_file(
        ARTIFACT,
        source,
        part_size=PART,
        mime_type="video/mp4",
        display_name="ü",
        custom_metadata={"a": [1]},
        progress=told.append,
    )
    assert saved_bytes(api) == DATA
    assert (version.version, version.mime_type, version.display_name) == (0, "video/mp4", "ü")
    assert version.custom_metadata == {"a": [1]}
    assert sorted(api.storage.sent) == [(n, PART) for n in range(1, 11)] + [(11, 31)]
    done = [progress.done_bytes for progress in told]
    assert len(done) >= 11
    assert done == sorted(done)
    assert told[-1] == Progress(done_bytes=len(DATA), total_bytes=len(DATA))
    assert all(progress.total_bytes in {None, len(DATA)} for progress in told)
    # No upload is left behind, and no state of one.
    assert [upload.finalized is not None for upload in api.uploads.values()] == [True]
    assert not (tmp_path / "state").exists() or list((tmp_path / "state").iterdir()) == []


async def test_requests_are_signed_window_by_window(api: FakeApi) -> None:
    await api.client().upload_file(ARTIFACT, DATA, part_size=10, workers=3)
    assert sum(api.signed_windows) == 104
    assert {3, 4, 5, 6} >= set(api.signed_windows[:-1])
    assert 2 <= api.storage.most_running <= 3


@pytest.mark.parametrize("kind", SOURCES)
async def test_small_content_goes_in_one_request(api: FakeApi, path: Path, kind: str) -> None:
    given = {"path": path, "text path": str(path)}
    told: list[Progress] = []
    source: Any = given[kind] if kind in given else SOURCES[kind]()
    await api.client().upload_file(ARTIFACT, source, progress=told.append, mime_type="a/b")
    assert api.requests == [f"POST {PATH}"]
    assert saved_bytes(api) == DATA
    assert told == [Progress(done_bytes=len(DATA), total_bytes=len(DATA))]


@pytest.mark.parametrize("source", [b"", [], io.BytesIO(), plain(b"")], ids=["bytes", "list", "file", "generator"])
@pytest.mark.parametrize("part_size", [None, PART])
async def test_nothing_is_content_too(api: FakeApi, source: Any, part_size: int | None) -> None:
    source = [] if isinstance(source, Iterator) else source
    version = await api.client().upload_file(ARTIFACT, source, part_size=part_size)
    assert saved_bytes(api) == b""
    assert version.size == 0
    assert api.storage.sent == ([] if part_size is None else [(1, 0)])


@pytest.mark.parametrize("size", [PART, 2 * PART, 3 * PART])
async def test_a_stream_that_ends_with_a_part(api: FakeApi, size: int) -> None:
    await api.client().upload_file(ARTIFACT, asynchronous(DATA[:size]), part_size=PART)
    assert saved_bytes(api) == DATA[:size]
    assert [number for number, _ in sorted(api.storage.sent)] == list(range(1, size // PART + 1))


async def test_a_file_object_is_read_from_where_it_stands(api: FakeApi) -> None:
    file = io.BytesIO(DATA)
    file.seek(24)
    await api.client().upload_file(ARTIFACT, file, part_size=PART)
    assert saved_bytes(api) == DATA[24:]


async def test_a_pipe_has_a_name_but_no_size(api: FakeApi, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    upload = asyncio.create_task(api.client().upload_file(ARTIFACT, fifo, part_size=PART))
    await asyncio.to_thread(fifo.write_bytes, DATA)
    await upload
    assert saved_bytes(api) == DATA


async def test_large_content_and_large_metadata_go_in_parts_by_themselves(api: FakeApi) -> None:
    api.min_part = 1024 * 1024
    data, metadata = os.urandom(3 * 1024 * 1024 + 1), {"text": "x" * 60_000}
    service = api.service()
    part = types.Part(inline_data=types.Blob(data=data, mime_type="video/mp4", display_name="film"))
    assert await service.save_artifact(**{**NAMED, "filename": "a.bin"}, artifact=part, custom_metadata=metadata) == 0
    assert await service.load_artifact(**{**NAMED, "filename": "a.bin"}) == part
    assert api.artifacts[PATH][0].facts["customMetadata"] == metadata
    text = types.Part(text="short, but much to tell")
    assert await service.save_artifact(**{**NAMED, "filename": "a.bin"}, artifact=text, custom_metadata=metadata) == 1
    assert await service.load_artifact(**{**NAMED, "filename": "a.bin"}) == text
    assert api.artifacts[PATH][1].facts["customMetadata"] == metadata
    assert len(api.uploads) == 2


async def test_an_iterator_is_asked_in_one_task_only(api: FakeApi) -> None:
    tasks = set()

    async def watching() -> AsyncIterator[bytes]:
        async for chunk in asynchronous():
            tasks.add(asyncio.current_task())
            yield chunk

    await api.client().upload_file(ARTIFACT, watching(), part_size=PART)
    assert tasks == {asyncio.current_task()}


@pytest.mark.parametrize(
    "source",
    ["text", [1], ["text"], io.StringIO("text"), 7, None],
    ids=["text", "number in list", "text in list", "text file", "number", "none"],
)
async def test_what_is_no_source(api: FakeApi, source: Any) -> None:
    with pytest.raises((TypeError, FileNotFoundError)):
        await api.client().upload_file(ARTIFACT, source, part_size=PART)
    assert all(upload.gone for upload in api.uploads.values())


async def test_more_than_ten_thousand_parts(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("google_adk_aws._transfer.stream_source.MAX_PARTS", 5)
    with pytest.raises(ArtifactTooLargeError, match="larger part_size"):
        await api.client().upload_file(ARTIFACT, plain(), part_size=PART)
    assert [upload.gone for upload in api.uploads.values()] == [True]


@pytest.mark.parametrize("bad", [{"workers": 0}, {"part_size": 0}])
async def test_arguments_that_cannot_be(api: FakeApi, bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        await api.client().upload_file(ARTIFACT, DATA, **bad)  # type: ignore[arg-type]


async def test_memory_is_bounded_by_workers_and_parts(api: FakeApi) -> None:
    part, workers, count = 256 * 1024, 3, 64
    api.storage.keep = False

    async def much() -> AsyncIterator[bytes]:
        for _ in range(count * 4):
            await asyncio.sleep(0)
            yield bytes(part // 4)

    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        await api.client().upload_file(ARTIFACT, much(), part_size=part, workers=workers)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(api.storage.sent) == count
    # Buffers, one slice of a quarter of a MiB for each worker, and a chunk of the iterator.
    assert peak - before < (workers + 1) * part + workers * 256 * 1024 + part + 300_000


async def test_a_file_takes_less_memory_than_one_part(api: FakeApi, tmp_path: Path) -> None:
    size, part = 32 * 1024 * 1024, 8 * 1024 * 1024
    file = tmp_path / "large"
    with file.open("wb") as opened:
        opened.truncate(size)
    api.storage.keep = False
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        await api.client().upload_file(ARTIFACT, file, part_size=part, workers=2, resume=False)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [size for _, size in api.storage.sent] == [part] * 4
    assert peak - before < part
