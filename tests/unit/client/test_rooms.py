"""The small rooms of transfers, where the ways through the whole client do not lead."""

from __future__ import annotations

import asyncio
import io
import os
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from google_adk_aws import (
    ArtifactClient,
    ArtifactConnectionError,
    ArtifactIntegrityError,
    Progress,
    RetryPolicy,
    UnexpectedResponseError,
)
from google_adk_aws._http.upload_api import _patient
from google_adk_aws._io.files import OpenFile, sync_folder
from google_adk_aws._io.state_file import StateFile
from google_adk_aws._io.streams import stream_of
from google_adk_aws._io.threads import in_thread
from google_adk_aws._model.progress import Reporter
from google_adk_aws._transfer.stream_source import StreamSource

from .fake_api import ARTIFACT, FakeApi
from .transfers import DATA, PART, is_get

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("positioned", [True, False])
def test_a_file_is_read_and_written_at_positions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, positioned: bool
) -> None:
    monkeypatch.setattr("google_adk_aws._io.files._POSITIONED", positioned)
    with (tmp_path / "file").open("w+b", buffering=0) as opened:
        file = OpenFile(opened)
        file.resize(10)
        file.write(b"cd", 2)
        file.write(memoryview(b"ab"), 0)
        assert file.read(4, 0) == b"abcd"
        assert file.read(100, 8) == b"\0\0"
        assert b"".join(file.chunks(1, 3)) == b"bc"
        assert b"".join(file.chunks(9, 100)) == b"\0"
        assert file.is_regular
    sync_folder(tmp_path)
    sync_folder(tmp_path / "none")


async def test_a_thread_that_uses_a_file_is_waited_for() -> None:
    entered, leave = threading.Event(), threading.Event()

    def work() -> None:
        entered.set()
        leave.wait(10)

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(entered.wait, 10)
    task.cancel()
    # Nor does being asked twice change that.
    await asyncio.sleep(0)
    task.cancel()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not task.done()
    leave.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_a_thread_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 // 0)


def test_a_state_file_that_is_held_is_nobody_elses(tmp_path: Path) -> None:
    path = tmp_path / "state"
    first = StateFile.open(path)
    assert first is not None
    assert StateFile.open(path) is None
    first.replace("text")
    first.append(" more")
    assert first.read() == "text more"
    first.remove()
    # Removed, but held: who comes next makes one of their own.
    second = StateFile.open(path)
    assert second is not None
    assert second.read() == ""
    first.close()
    assert StateFile.open(path) is None
    second.close()


def test_a_state_file_that_is_removed_while_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state"
    left = [1]

    def locked(_: object) -> bool:
        if left:
            left.pop()
            path.unlink()
        return True

    monkeypatch.setattr("google_adk_aws._io.state_file._locked", locked)
    opened = StateFile.open(path)
    assert opened is not None
    opened.replace("text")
    opened.close()
    assert path.read_text() == "text"


def test_a_state_file_is_no_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("keep")
    (tmp_path / "state").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        StateFile.open(tmp_path / "state")


async def test_progress_of_a_new_start_is_not_told_twice() -> None:
    told: list[Progress] = []
    reporter = Reporter(told.append, 30)
    for _ in range(2):
        reporter.start_again()
        for _ in range(3):
            await reporter.add(10)
    assert [progress.done_bytes for progress in told] == [10, 20, 30]


@pytest.mark.parametrize(
    ("size", "part_size"),
    [(None, 16), (0, 8), (1, 8), (80_000 * 1024 * 1024, 8), (80_000 * 1024 * 1024 + 1, 9), (5 * 1024**4, 525)],
)
def test_parts_of_a_stream_are_as_few_as_are_allowed(size: int | None, part_size: int) -> None:
    stream = stream_of(io.BytesIO())
    stream.size = size
    source = StreamSource(stream, part_size=None, buffers=1)
    assert source.part_size == part_size * 1024 * 1024
    assert size is None or size <= source.part_size * 10_000


async def test_a_stream_is_cut_as_was_asked_or_not_at_all() -> None:
    source = StreamSource(stream_of(io.BytesIO(DATA)), part_size=PART, buffers=2)
    with pytest.raises(UnexpectedResponseError, match="parts of 200"):
        await anext(source.pieces(200))


class Impatient(io.RawIOBase):
    """A file object that does not block."""

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: Any) -> None:
        return None


async def test_a_file_object_that_does_not_block_is_no_source() -> None:
    with pytest.raises(TypeError, match="blocking"):
        await FakeApi().client().upload_file(ARTIFACT, Impatient())


def test_finalize_is_not_repeated_where_nothing_is() -> None:
    assert _patient(RetryPolicy(attempts=1)) == RetryPolicy(attempts=1)
    assert _patient(RetryPolicy(attempts=2, deadline=None)).attempts == 6


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"uploadId": "u", "partSize": 0, "size": None, "expiresAt": 1},
        {"uploadId": "u", "partSize": 10, "size": "1", "expiresAt": 1},
        {"uploadId": "u", "partSize": 10, "size": None, "expiresAt": True},
        {
            "uploadId": "u",
            "partSize": 10,
            "size": None,
            "expiresAt": 1,
            "put": {"method": "POST", "url": "", "headers": {}},
        },
    ],
)
async def test_an_upload_that_is_none(answer: Any) -> None:
    api = FakeApi()
    api.faults.append(lambda _: httpx.Response(201, json=answer))
    with pytest.raises(UnexpectedResponseError):
        await api.client().upload_file(ARTIFACT, DATA, part_size=PART)
    with pytest.raises(UnexpectedResponseError):
        await api.client().create_upload_url(ARTIFACT, size=1)


@pytest.mark.parametrize(
    "parts",
    [[], [{"number": 2, "request": {}}], [{"number": 1, "request": {"method": "PUT", "url": 1, "headers": {}}}], [1]],
)
async def test_a_signature_that_is_none(parts: Any) -> None:
    api = FakeApi()
    api.faults.append(
        lambda request: httpx.Response(200, json={"parts": parts}) if request.url.path.endswith("/parts") else None
    )
    with pytest.raises(UnexpectedResponseError):
        await api.client().upload_file(ARTIFACT, DATA[:PART], part_size=PART)
    assert [upload.gone for upload in api.uploads.values()] == [True]


async def test_a_part_that_was_answered_by_something_else() -> None:
    api = FakeApi()
    api.faults.append(lambda request: httpx.Response(200, html="<h1>Hello</h1>") if request.method == "PUT" else None)
    with pytest.raises(UnexpectedResponseError, match="no storage"):
        await api.client().upload_file(ARTIFACT, DATA, part_size=PART)


@pytest.mark.parametrize(
    "change",
    [
        {"content-range": "bytes 0-99/9999"},
        {"content-range": "bytes 1-100/1031"},
        {"content-range": ""},
        {"etag": '"another"'},
    ],
    ids=str,
)
async def test_a_range_of_something_else_is_noticed(change: dict[str, str], tmp_path: Path) -> None:
    api = FakeApi()
    api.put(DATA)
    ranges = {n: f"bytes {n}-{min(n + 99, 1030)}/1031" for n in range(0, 1031, PART)}

    def answer(request: httpx.Request) -> Any:
        if not is_get(request):
            return None
        start = int(request.headers["range"].removeprefix("bytes=").partition("-")[0])
        headers = {"etag": '"one"', "content-range": ranges[start]}
        return httpx.Response(
            206, headers=headers if start != 300 else {**headers, **change}, content=DATA[start : start + PART]
        )

    api.faults.append(answer)
    with pytest.raises(ArtifactIntegrityError) as caught:
        await api.client().download_file(ARTIFACT, tmp_path / "copy", part_size=PART, workers=1)
    assert caught.value.code == "artifact_changed"
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - names


async def test_a_storage_that_sends_too_much_is_stopped() -> None:
    api = FakeApi()
    api.put(DATA)
    api.faults.append(
        lambda request: (
            httpx.Response(200, headers={"content-length": "1031"}, content=DATA + b"more") if is_get(request) else None
        )
    )
    with pytest.raises(UnexpectedResponseError, match="more than was asked"):
        await api.client().load(ARTIFACT)


async def test_a_redirect_without_a_size_is_not_followed() -> None:
    api = FakeApi()
    api.faults.append(
        lambda _: httpx.Response(307, headers={"location": "https://bucket.s3.example/", "artifact-version": "0"})
    )
    with pytest.raises(UnexpectedResponseError, match="Artifact-Size"):
        await api.client().load(ARTIFACT)


@pytest.mark.parametrize("bad", [{"workers": 0}, {"part_size": 0}])
async def test_arguments_of_a_download_that_cannot_be(bad: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        await FakeApi().client().download_file(ARTIFACT, tmp_path / "a", **bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("field", ["mime_type", "display_name"])
async def test_what_is_no_text_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        await FakeApi().client().save(ARTIFACT, b"", **{field: "\ud800"})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="entity tag"):
        await FakeApi().client().save(ARTIFACT, b"", if_match="a\nb")


async def test_a_client_is_closed_with_its_connections() -> None:
    async with ArtifactClient("http://127.0.0.1:1") as client:
        assert repr(client) == "ArtifactClient('http://127.0.0.1:1')"
    with pytest.raises(RuntimeError, match="closed"):
        await client.describe(ARTIFACT)


async def test_a_list_of_parts_that_does_not_advance(tmp_path: Path) -> None:
    api, path = FakeApi(), tmp_path / "a"
    path.write_bytes(DATA)
    page = {"uploadId": "u0", "partSize": PART, "size": 1031, "expiresAt": 1, "parts": [], "nextPart": 3}
    client = api.client(resume_dir=tmp_path / "state")
    api.faults.append(lambda request: httpx.ReadError("reset") if request.method == "PUT" else None)
    with pytest.raises(ArtifactConnectionError):
        await client.upload_file(ARTIFACT, path, part_size=PART)
    api.faults[:] = [lambda _: httpx.Response(200, json=page)]
    with pytest.raises(UnexpectedResponseError, match="does not advance"):
        await client.upload_file(ARTIFACT, path, part_size=PART)
