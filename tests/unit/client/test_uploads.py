"""Content in parts: what is sent, in which way, and what becomes of it when the way is bad."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import io
import os
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.genai import types

from google_adk_aws import (
    ArtifactConnectionError,
    ArtifactForbiddenError,
    ArtifactIntegrityError,
    ArtifactPreconditionError,
    ArtifactServerError,
    ArtifactTooLargeError,
    Progress,
)

from .fake_api import ARTIFACT, PATH, FakeApi
from .fake_storage import SIGNATURE, refusal
from .scripted import NAMED, problem

pytestmark = pytest.mark.unit

DATA = bytes(range(256)) * 4 + b"the end"
PART = 100


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "a.bin"
    file.write_bytes(DATA)
    return file


async def asynchronous(data: bytes = DATA, size: int = 33) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        await asyncio.sleep(0)
        yield data[start : start + size]


def plain(data: bytes = DATA, size: int = 33) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


class Unseekable(io.BytesIO):
    def seekable(self) -> bool:
        return False


class ReadsOnly:
    """A file object with nothing but `read`, which gives less than it is asked for."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, size: int) -> bytes:
        return self._file.read(min(size, 7))


def saved_bytes(api: FakeApi, number: int = -1) -> bytes:
    version = api.artifacts[PATH][number]
    assert version.facts["sha256"] == hashlib.sha256(version.body).hexdigest()
    return version.body


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


@pytest.mark.parametrize("source", [b"", [], io.BytesIO(), plain(b"")], ids=str)
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


@pytest.mark.parametrize("part", range(1, 12))
async def test_a_connection_that_breaks_at_any_part(api: FakeApi, part: int) -> None:
    left = [httpx.WriteError("broken pipe"), httpx.ReadError("reset")]
    api.faults.append(lambda request: left.pop() if left and is_part(api, request, part) else None)
    told: list[Progress] = []
    await api.client().upload_file(ARTIFACT, plain(), part_size=PART, progress=told.append)
    assert saved_bytes(api) == DATA
    assert not left
    assert [progress.done_bytes for progress in told] == sorted({progress.done_bytes for progress in told})


def is_part(api: FakeApi, request: httpx.Request, part: int) -> bool:
    signed = request.url.params.get("signed")
    return request.method == "PUT" and signed is not None and api.storage.signed[int(signed)].number == part


@pytest.mark.parametrize(
    "answer",
    [
        refusal(503, "SlowDown"),
        refusal(500, "InternalError"),
        refusal(400, "RequestTimeout"),
        httpx.Response(502, html="<h1>Bad gateway</h1>"),
        httpx.Response(429),
    ],
    ids=lambda answer: str(answer.status_code),
)
async def test_a_storage_that_is_busy_is_asked_again(api: FakeApi, answer: httpx.Response) -> None:
    left = [answer, answer]
    api.faults.append(lambda request: left.pop() if left and is_part(api, request, 3) else None)
    await api.client().upload_file(ARTIFACT, DATA, part_size=PART)
    assert saved_bytes(api) == DATA
    assert not left


async def test_a_storage_that_stays_busy_ends_the_upload_and_frees_what_was_sent(api: FakeApi) -> None:
    api.faults.append(lambda request: refusal(500, "InternalError") if is_part(api, request, 3) else None)
    with pytest.raises(ArtifactServerError, match=r"storage at https://bucket\.s3\.example answered 500 InternalError"):
        await api.client().upload_file(ARTIFACT, DATA, part_size=PART)
    assert [upload.gone for upload in api.uploads.values()] == [True]
    assert PATH not in api.artifacts


async def test_an_expired_url_is_signed_again(api: FakeApi) -> None:
    expired: list[int] = []

    def expire(request: httpx.Request) -> None:
        if is_part(api, request, 2) and len(expired) < 2:
            expired.append(1)
            api.storage.expire()

    api.faults.append(expire)
    await api.client().upload_file(ARTIFACT, DATA, part_size=PART)
    assert saved_bytes(api) == DATA
    assert sum(api.signed_windows) > 11


async def test_a_storage_that_refuses_every_url_is_believed(api: FakeApi) -> None:
    api.faults.append(
        lambda request: (
            refusal(403, "SignatureDoesNotMatch", f"{request.url.query!r} {SIGNATURE}")
            if request.method == "PUT"
            else None
        )
    )
    with pytest.raises(ArtifactForbiddenError, match="403 SignatureDoesNotMatch") as caught:
        await api.client().upload_file(ARTIFACT, DATA[:PART], part_size=PART)
    assert api.signed_windows == [1, 1, 1]
    assert SIGNATURE not in everything_said(caught.value)


def everything_said(error: BaseException | None) -> str:
    said = ""
    while error is not None:
        said += f"{error} {error!r} {vars(error)} "
        error = error.__cause__ or error.__context__
    return said


@pytest.mark.parametrize(
    "failure", [httpx.ReadError(f"https://b.example/?X-Amz-Signature={SIGNATURE}"), httpx.ReadTimeout("t")]
)
async def test_no_error_and_no_log_has_the_signature(
    api: FakeApi, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        await api.client().upload_file(ARTIFACT, DATA, part_size=PART)
        api.faults.append(lambda request: failure if request.method == "PUT" else None)
        with pytest.raises(ArtifactConnectionError) as caught:
            await api.client().upload_file(ARTIFACT, DATA, part_size=PART)
    assert SIGNATURE not in str(caught.value)
    logged = [record.getMessage() for record in caplog.records]
    assert any("HTTP Request: PUT https://bucket.s3.example/blobs/u0?[removed]" in line for line in logged)
    assert not any(SIGNATURE in line for line in logged)


async def test_other_bytes_are_refused(api: FakeApi) -> None:
    data = bytearray(DATA)

    def change(request: httpx.Request) -> None:
        if is_part(api, request, 5):
            data[450] ^= 1

    api.faults.append(change)
    with pytest.raises(ArtifactIntegrityError) as caught:
        await api.client().upload_file(ARTIFACT, data, part_size=PART)
    assert caught.value.code == "digest_mismatch"
    assert [upload.gone for upload in api.uploads.values()] == [True]


@pytest.mark.parametrize("change", ["shrink", "grow", "rewrite"])
async def test_a_file_that_changes_is_not_saved(api: FakeApi, path: Path, change: str, tmp_path: Path) -> None:
    def write(request: httpx.Request) -> None:
        if is_part(api, request, 5):
            if change == "shrink":
                os.truncate(path, 430)
            else:
                path.write_bytes(DATA + b"more" if change == "grow" else DATA[::-1])

    api.faults.append(write)
    with pytest.raises(ArtifactIntegrityError) as caught:
        await api.client(resume_dir=tmp_path / "state").upload_file(ARTIFACT, path, part_size=PART)
    assert caught.value.code == "source_changed"
    assert [upload.gone for upload in api.uploads.values()] == [True]
    assert list((tmp_path / "state").iterdir()) == []


class Longer(io.BytesIO):
    """A file object that is appended to while it is read."""

    def readinto(self, buffer: Any) -> int:
        if self.tell() == 0:
            self.getbuffer()
            self.seek(0, io.SEEK_END)
            self.write(b"more" * 100)
            self.seek(0)
        return super().readinto(buffer)


async def test_a_file_object_that_grows_is_not_saved(api: FakeApi) -> None:
    with pytest.raises(ArtifactIntegrityError):
        await api.client().upload_file(ARTIFACT, Longer(DATA), part_size=PART)
    assert PATH not in api.artifacts


async def test_an_iterator_that_fails_ends_the_upload(api: FakeApi) -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield DATA
        raise ConnectionResetError("the other side")

    with pytest.raises(ConnectionResetError):
        await api.client().upload_file(ARTIFACT, failing(), part_size=PART)
    assert [upload.gone for upload in api.uploads.values()] == [True]


async def test_an_iterator_is_asked_in_one_task_only(api: FakeApi) -> None:
    tasks = set()

    async def watching() -> AsyncIterator[bytes]:
        async for chunk in asynchronous():
            tasks.add(asyncio.current_task())
            yield chunk

    await api.client().upload_file(ARTIFACT, watching(), part_size=PART)
    assert tasks == {asyncio.current_task()}


@pytest.mark.parametrize("source", ["text", [1], ["text"], io.StringIO("text"), 7, None], ids=str)
async def test_what_is_no_source(api: FakeApi, source: Any) -> None:
    with pytest.raises((TypeError, FileNotFoundError)):
        await api.client().upload_file(ARTIFACT, source, part_size=PART)
    assert all(upload.gone for upload in api.uploads.values())


async def test_more_than_ten_thousand_parts(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("google_adk_aws._stream_source.MAX_PARTS", 5)
    with pytest.raises(ArtifactTooLargeError, match="larger part_size"):
        await api.client().upload_file(ARTIFACT, plain(), part_size=PART)
    assert [upload.gone for upload in api.uploads.values()] == [True]


@pytest.mark.parametrize("bad", [{"workers": 0}, {"part_size": 0}])
async def test_arguments_that_cannot_be(api: FakeApi, bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        await api.client().upload_file(ARTIFACT, DATA, **bad)  # type: ignore[arg-type]


async def test_cancelling_leaves_no_task_and_no_upload(api: FakeApi) -> None:
    sending = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield DATA
            if len(api.storage.sent) > 5:
                sending.set()
            await asyncio.sleep(0)

    before = asyncio.all_tasks()
    upload = asyncio.create_task(api.client().upload_file(ARTIFACT, endless(), part_size=PART))
    await sending.wait()
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert asyncio.all_tasks() == before
    assert [upload.gone for upload in api.uploads.values()] == [True]


@pytest.mark.parametrize("lost", [httpx.ReadError("reset"), problem(503, "contention"), problem(500, "internal_error")])
async def test_finalize_is_repeated_until_it_is_answered(api: FakeApi, lost: Any) -> None:
    asked = []

    def lose(request: httpx.Request) -> Any:
        if request.url.path.endswith("/finalize"):
            asked.append(1)
            # More often than any other call is repeated.
            return lost if len(asked) <= 7 else None
        return None

    api.faults.append(lose)
    version = await api.client().upload_file(ARTIFACT, DATA, part_size=PART)
    assert version.version == 0
    assert len(asked) == 8


async def test_an_answer_that_was_lost_is_no_second_version(api: FakeApi) -> None:
    answers: list[httpx.Response] = []

    def lose_first(answer: httpx.Response) -> httpx.Response:
        answers.append(answer)
        if len(answers) == 1:
            raise httpx.ReadError("reset")
        return answer

    api.finalized = lose_first
    version = await api.client().upload_file(ARTIFACT, DATA, part_size=PART)
    assert version.version == 0
    assert len(api.artifacts[PATH]) == 1
    assert answers[1].headers["idempotency-replayed"] == "true"


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


async def test_a_save_on_a_condition_is_not_sent_in_vain(api: FakeApi) -> None:
    first = api.put(b"first")
    client = api.client()
    for condition in ({"if_match": '"other"'}, {"if_none_match": True}):
        with pytest.raises(ArtifactPreconditionError) as caught:
            await client.upload_file(ARTIFACT, DATA, part_size=PART, **condition)
        assert caught.value.etag == first.facts["etag"]
    assert api.uploads == {}
    saved = await client.upload_file(ARTIFACT, DATA, part_size=PART, if_match=first.facts["etag"])
    assert saved.version == 1


async def test_the_api_has_the_last_word_on_a_condition(api: FakeApi) -> None:
    first = api.put(b"first")
    api.faults.append(lambda request: api.put(b"other") if request.url.path.endswith("uploads") else None)
    with pytest.raises(ArtifactPreconditionError) as caught:
        await api.client().upload_file(ARTIFACT, DATA, part_size=PART, if_match=first.facts["etag"])
    assert caught.value.etag == api.artifacts[PATH][-1].facts["etag"]
    assert [upload.gone for upload in api.uploads.values()] == [True]


async def test_an_absent_artifact_matches_nothing(api: FakeApi) -> None:
    with pytest.raises(ArtifactPreconditionError) as caught:
        await api.client().upload_file(ARTIFACT, DATA, part_size=PART, if_match="*")
    assert caught.value.etag is None
    assert (await api.client().upload_file(ARTIFACT, DATA, part_size=PART, if_none_match=True)).version == 0


@pytest.mark.parametrize("kind", ["path", "bytes", "iterator"])
async def test_what_is_unchanged_is_not_saved_again(api: FakeApi, kind: str, path: Path) -> None:
    client = api.client()
    first = await client.upload_file(ARTIFACT, DATA, part_size=PART, mime_type="a/b", skip_unchanged=True)
    api.storage.sent.clear()

    async def again(data: bytes = DATA, mime_type: str = "a/b") -> int:
        path.write_bytes(data)
        source: Any = {"path": path, "bytes": data, "iterator": plain(data)}[kind]
        saved = await client.upload_file(
            ARTIFACT, source, part_size=PART, mime_type=mime_type, skip_unchanged=True, resume=False
        )
        return saved.version

    assert await again() == first.version
    # A stream is known only once it was sent; all else is not sent at all.
    assert bool(api.storage.sent) == (kind == "iterator")
    assert all(upload.finalized or upload.gone for upload in api.uploads.values())
    assert await again(mime_type="c/d") == 1
    assert await again(DATA[::-1], mime_type="c/d") == 2
    assert len(api.artifacts[PATH]) == 3


async def test_conditions_of_a_save_in_one_request(api: FakeApi) -> None:
    client = api.client()
    first = await client.save(ARTIFACT, b"1", if_none_match=True, mime_type="a/b")
    with pytest.raises(ArtifactPreconditionError) as caught:
        await client.save(ARTIFACT, b"2", if_none_match=True)
    assert caught.value.etag == first.etag
    second = await client.save(ARTIFACT, b"2", if_match=first.etag)
    assert (await client.save(ARTIFACT, b"2", skip_unchanged=True)).version == second.version
    assert (await client.save(ARTIFACT, b"2")).version == 2
    with pytest.raises(ValueError, match="exclude"):
        await client.save(ARTIFACT, b"2", if_match="*", if_none_match=True)


async def test_an_asynchronous_progress_is_awaited_one_call_at_a_time(api: FakeApi) -> None:
    running: list[Progress] = []
    told: list[int] = []

    async def progress(now: Progress) -> None:
        assert not running
        running.append(now)
        await asyncio.sleep(0)
        told.append(running.pop().done_bytes)

    await api.client().upload_file(ARTIFACT, DATA, part_size=10, workers=8, progress=progress)
    assert told == sorted(told)
    assert len(told) == 104


async def test_an_error_of_progress_ends_the_upload(api: FakeApi) -> None:
    def progress(now: Progress) -> None:
        if now.done_bytes > 300:
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        await api.client().upload_file(ARTIFACT, DATA, part_size=PART, progress=progress)
    assert [upload.gone for upload in api.uploads.values()] == [True]
