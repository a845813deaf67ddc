"""Saves that depend on the latest version, and who is told how far they came."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from google_adk_aws import ArtifactPreconditionError, Progress
from tests.unit.client.fake_api import ARTIFACT, PATH, FakeApi
from tests.unit.client.transfers import DATA, PART, plain

pytestmark = pytest.mark.unit


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
