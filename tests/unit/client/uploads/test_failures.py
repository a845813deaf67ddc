"""Uploads over a bad way: what is repeated, what is given up, and what is left."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from google_adk_aws import (
    ArtifactConnectionError,
    ArtifactForbiddenError,
    ArtifactIntegrityError,
    ArtifactServerError,
    Progress,
)
from tests.unit.client.fake_api import ARTIFACT, PATH, FakeApi
from tests.unit.client.fake_storage import SIGNATURE, refusal
from tests.unit.client.scripted import problem
from tests.unit.client.transfers import DATA, PART, everything_said, is_part, plain, saved_bytes

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("part", range(1, 12))
async def test_a_connection_that_breaks_at_any_part(api: FakeApi, part: int) -> None:
    left = [httpx.WriteError("broken pipe"), httpx.ReadError("reset")]
    api.faults.append(lambda request: left.pop() if left and is_part(api, request, part) else None)
    told: list[Progress] = []
    await api.client().upload_file(ARTIFACT, plain(), part_size=PART, progress=told.append)
    assert saved_bytes(api) == DATA
    assert not left
    assert [progress.done_bytes for progress in told] == sorted({progress.done_bytes for progress in told})


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
