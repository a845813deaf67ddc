"""Content that is encrypted as it is read, and decrypted once it is there."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from google_adk_aws import (
    ArtifactConnectionError,
    ArtifactEncryptionError,
    ArtifactIntegrityError,
    ArtifactServerError,
    Encryption,
    Progress,
)
from google_adk_aws._encryption.messages import CHUNK_BYTES
from google_adk_aws._io.streams import stream_of
from google_adk_aws._transfer.encrypting import _EncryptedStream
from tests.unit.client.encryption.encrypted import KEY, MARK, ours, put_encrypted
from tests.unit.client.fake_api import ARTIFACT, FakeApi
from tests.unit.client.scripted import problem
from tests.unit.client.transfers import asynchronous, is_get, plain, saved_bytes

pytestmark = pytest.mark.unit

MIB = 1024 * 1024
DATA = os.urandom(300_000)
PART = 64 * 1024


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(DATA)
    return path


def sources(file: Path) -> Iterator[Any]:
    yield str(file)
    yield DATA
    yield memoryview(bytearray(DATA))
    yield io.BytesIO(DATA)
    yield plain(DATA, 1000)
    yield asynchronous(DATA, 1000)


@pytest.mark.parametrize("index", range(6))
async def test_whatever_can_be_uploaded_can_be_encrypted(api: FakeApi, file: Path, index: int) -> None:
    client = api.client(encryption=ours())
    seen: list[Progress] = []
    source = list(sources(file))[index]
    saved = await client.upload_file(ARTIFACT, source, part_size=PART, mime_type="a/b", progress=seen.append)
    stored = saved_bytes(api)
    assert (saved.size, saved.mime_type, saved.encrypted) == (len(stored), "a/b", True)
    assert len(stored) > len(DATA)
    assert DATA[:1000] not in stored
    # What the storage says of the bytes is what they are.
    assert [upload.mime_type for upload in api.uploads.values()] == [f'{MARK}; type="a/b"']
    assert {size for _, size in api.storage.sent[:-1]} == {PART}
    assert seen[-1].done_bytes == seen[-1].total_bytes == len(stored)
    assert (await client.load(ARTIFACT)).body == DATA


@pytest.mark.parametrize("size", [0, 1, 64 * 1024, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * MIB, 3 * MIB + 1])
@pytest.mark.parametrize("known", [True, False])
async def test_every_size_comes_back(api: FakeApi, tmp_path: Path, size: int, *, known: bool) -> None:
    api.min_part = MIB
    client, data = api.client(encryption=ours()), os.urandom(size)
    (tmp_path / "source").write_bytes(data)
    saved = await client.upload_file(ARTIFACT, tmp_path / "source" if known else plain(data, 100_000))
    assert saved == (await client.describe(ARTIFACT))
    await client.download_file(ARTIFACT, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == data
    # What the API was told in advance is what it was.
    assert {upload.size for upload in api.uploads.values()} <= ({saved.size} if known else {None})
    again = await client.save(ARTIFACT, data)
    assert (again.size, again.encrypted) == (saved.size, True)
    assert (await client.load(ARTIFACT, again.version)).body == data


async def test_signed_messages_are_as_long_as_was_said(api: FakeApi, file: Path) -> None:
    keyring = Encryption.with_key(KEY).messages._encrypting
    client = api.client(encryption=Encryption.with_keyring(keyring))
    saved = await client.upload_file(ARTIFACT, file, part_size=PART)
    assert [upload.size for upload in api.uploads.values()] == [saved.size]
    assert (await client.load(ARTIFACT)).body == DATA


@pytest.mark.parametrize("grow", [True, False])
async def test_a_file_that_changes_meanwhile_is_not_saved(api: FakeApi, file: Path, *, grow: bool) -> None:
    file.write_bytes(DATA * 10)

    def change(request: httpx.Request) -> None:
        if request.url.path.endswith("/uploads"):
            with file.open("r+b") as opened:
                if grow:
                    opened.seek(0, io.SEEK_END)
                    opened.write(DATA * 10)
                else:
                    opened.truncate(100)

    api.faults.append(change)
    with pytest.raises(ArtifactIntegrityError) as caught:
        await api.client(encryption=ours()).upload_file(ARTIFACT, file, part_size=PART)
    assert caught.value.code == "source_changed"
    assert api.artifacts == {}
    assert all(upload.gone for upload in api.uploads.values())


async def test_a_file_that_is_written_over_is_not_saved(api: FakeApi, file: Path) -> None:
    large = DATA * 10
    file.write_bytes(large)
    before = file.stat()

    def change(request: httpx.Request) -> None:
        if request.url.path.endswith("/uploads"):
            file.write_bytes(large[::-1])
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns + 1))

    api.faults.append(change)
    with pytest.raises(ArtifactIntegrityError) as caught:
        await api.client(encryption=ours()).upload_file(ARTIFACT, file, part_size=PART)
    assert caught.value.code == "source_changed"
    assert api.artifacts == {}


async def test_as_much_is_read_as_is_encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    # Small frames make a message much longer than its content, as a very long content's is a little.
    monkeypatch.setattr("google_adk_aws._encryption.messages._FRAME_BYTES", 256)
    plain = stream_of(iter([bytes(10 * CHUNK_BYTES)]))
    stream = await _EncryptedStream.of(plain, ours().messages, {"a": "b"}, None)
    buffer = memoryview(bytearray(CHUNK_BYTES))
    waiting = []
    while await stream.fill(buffer):
        waiting.append(len(stream._fed))
    assert len(waiting) > 10
    assert max(waiting) < CHUNK_BYTES


async def test_an_upload_that_fails_leaves_nothing(api: FakeApi, file: Path, tmp_path: Path) -> None:
    api.faults.append(lambda request: problem(500, "internal") if request.url.path.endswith("/finalize") else None)
    client = api.client(encryption=ours(), resume_dir=tmp_path / "state")
    with pytest.raises(ArtifactServerError):
        await client.upload_file(ARTIFACT, file, part_size=PART)
    assert [upload.gone for upload in api.uploads.values()] == [True]
    assert not (tmp_path / "state").exists()


async def test_a_part_is_sent_again_as_it_was(api: FakeApi, file: Path) -> None:
    failed: list[httpx.Request] = []

    def fail(request: httpx.Request) -> object:
        if request.method == "PUT" and len(failed) < 2:
            failed.append(request)
            return httpx.ConnectError("reset")
        return None

    api.faults.append(fail)
    client = api.client(encryption=ours())
    await client.upload_file(ARTIFACT, file, part_size=PART)
    assert len(failed) == 2
    assert (await client.load(ARTIFACT)).body == DATA


async def test_no_such_file(api: FakeApi, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await api.client(encryption=ours()).upload_file(ARTIFACT, tmp_path / "none")


async def test_a_pipe_is_encrypted(api: FakeApi, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    client = api.client(encryption=ours())
    upload = asyncio.create_task(client.upload_file(ARTIFACT, fifo, part_size=PART))
    await asyncio.to_thread(fifo.write_bytes, DATA)
    await upload
    assert (await client.load(ARTIFACT)).body == DATA


async def test_a_download_is_gone_on_with(api: FakeApi, tmp_path: Path) -> None:
    version = put_encrypted(api, DATA)
    arrived: list[int] = []

    def cut(request: httpx.Request) -> object:
        if not is_get(request):
            return None
        arrived.append(1)
        return httpx.ConnectError("gone") if len(arrived) > 3 else None

    api.faults.append(cut)
    client, target = api.client(encryption=ours()), tmp_path / "copy"
    with pytest.raises(ArtifactConnectionError):
        await client.download_file(ARTIFACT, target, part_size=PART, workers=1)
    (left,) = tmp_path.glob("*.part")
    assert DATA[:1000] not in left.read_bytes()
    api.faults.clear()
    api.storage.ranges.clear()
    seen: list[Progress] = []
    info = await client.download_file(ARTIFACT, target, part_size=PART, progress=seen.append)
    assert len(api.storage.ranges) == 2
    assert seen[-1].done_bytes == seen[-1].total_bytes == info.size == len(version.body)
    assert target.read_bytes() == DATA
    assert list(tmp_path.iterdir()) == [target]


async def test_what_a_kill_left_half_decrypted_is_written_over(api: FakeApi, tmp_path: Path) -> None:
    version = put_encrypted(api, DATA)
    left = tmp_path / f"copy.{version.facts['sha256'][:16]}.part.plain"
    left.write_bytes(bytes(2 * len(DATA)))
    await api.client(encryption=ours()).download_file(ARTIFACT, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == DATA
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


async def test_nothing_is_given_before_all_is_there(api: FakeApi) -> None:
    whole = put_encrypted(api, DATA).body
    version = api.put(whole[:-1], mimeType=MARK)
    given: list[bytes] = []

    async def iterate() -> None:
        async for chunk in api.client(encryption=ours()).iter_content(ARTIFACT):
            given.append(chunk)  # noqa: PERF401 - it fails in between

    # The last chunk is the one that is cut.
    with pytest.raises(ArtifactEncryptionError):
        await iterate()
    version.facts["sha256"] = "0" * 64
    with pytest.raises(ArtifactIntegrityError):
        await iterate()
    assert given == []


async def test_a_file_takes_little_memory_up_and_down(api: FakeApi, tmp_path: Path) -> None:
    size, part, workers = 48 * MIB, 2 * MIB, 2
    file = tmp_path / "large"
    with file.open("wb") as opened:
        opened.truncate(size)
    api.storage.keep = False
    encryption = ours()
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        await api.client(encryption=encryption).upload_file(ARTIFACT, file, part_size=part, workers=workers)
        _, peak = tracemalloc.get_traced_memory()
        up = peak - before
        put_encrypted(api, bytes(size))
        api.inline_bytes = 0
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        await api.client(encryption=encryption).download_file(ARTIFACT, tmp_path / "copy", workers=2)
        _, peak = tracemalloc.get_traced_memory()
        down = peak - before
        tracemalloc.reset_peak()
        count = 0
        async for chunk in api.client(encryption=encryption).iter_content(ARTIFACT):
            count += len(chunk)
        _, peak = tracemalloc.get_traced_memory()
        iterated = peak - before
    finally:
        tracemalloc.stop()
    assert (tmp_path / "copy").stat().st_size == count == size
    # Parts in buffers, and a few chunks that are encrypted or decrypted.
    assert up < (workers + 1) * part + 12 * MIB
    assert down < 12 * MIB
    assert iterated < 24 * MIB
