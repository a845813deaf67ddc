"""Content that passes no function: through ADK's service, from files, resumed after a `kill -9`."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.genai import types

from google_adk_aws import (
    ArtifactClient,
    ArtifactId,
    ArtifactNotFoundError,
    ArtifactPreconditionError,
    HttpArtifactService,
    Progress,
    Scope,
)
from google_adk_aws._http.storage import Storage
from local import LocalApi
from tests.integration.client.uploading_process import ARTIFACT, PART_BYTES, WORKERS

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

MIB = 1024 * 1024
WHERE: dict[str, Any] = {"app_name": "app", "user_id": "u@x", "session_id": "s"}
PARTS = 12


@pytest.fixture(scope="module")
def api() -> Iterator[LocalApi]:
    with LocalApi() as running:
        yield running


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(os.urandom(MIB) * (PARTS * PART_BYTES // MIB) + b"the end")
    return path


async def test_a_part_of_200_mb_just_works(api: LocalApi) -> None:
    body = os.urandom(MIB) * 200
    metadata = {"chapters": ["x" * 1000] * 40}
    async with HttpArtifactService(api.url) as service:
        part = types.Part.from_bytes(data=body, mime_type="video/mp4")
        assert await service.save_artifact(**WHERE, filename="big", artifact=part, custom_metadata=metadata) == 0
        loaded = await service.load_artifact(**WHERE, filename="big")
        assert loaded is not None
        assert loaded.inline_data is not None
        assert loaded.inline_data.mime_type == "video/mp4"
        assert loaded.inline_data.data == body
        described = await service.get_artifact_version(**WHERE, filename="big")
        assert described is not None
        assert described.custom_metadata == metadata
        assert await service.list_artifact_keys(**WHERE) == ["big"]


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 256 * 1024 + 1, 3 * MIB, 3 * MIB + 1])
async def test_content_of_any_size_comes_back(api: LocalApi, size: int) -> None:
    body = os.urandom(size)
    async with HttpArtifactService(api.url) as service:
        part = types.Part.from_bytes(data=body, mime_type="image/png")
        version = await service.save_artifact(**WHERE, filename=f"sized {size}", artifact=part)
        loaded = await service.load_artifact(**WHERE, filename=f"sized {size}", version=version)
        assert loaded == part


async def test_files_go_up_and_come_down(api: LocalApi, video: Path, tmp_path: Path) -> None:
    up: list[Progress] = []
    down: list[Progress] = []
    artifact = ArtifactId(Scope("app", "u@x"), "file")
    async with ArtifactClient(api.url) as client:
        saved = await client.upload_file(artifact, video, part_size=PART_BYTES, progress=up.append)
        await client.download_file(artifact, tmp_path / "copy", progress=down.append)
    assert (tmp_path / "copy").read_bytes() == video.read_bytes()
    assert saved.sha256 == hashlib.sha256(video.read_bytes()).hexdigest()
    for seen in (up, down):
        done = [progress.done_bytes for progress in seen]
        assert done == sorted(done)
        assert done[-1] == seen[-1].total_bytes == video.stat().st_size
    assert len(up) >= PARTS


async def test_a_storage_without_ranges_is_read_too(api: LocalApi, tmp_path: Path) -> None:
    """The emulator ignores ranges where a version is named, as it is for content that came in one request."""
    artifact, body = ArtifactId(Scope("app", "u@x", "s"), "record"), os.urandom(2 * MIB + 5)
    async with ArtifactClient(api.url) as client:
        await client.save(artifact, body)
        await client.download_file(artifact, tmp_path / "copy", part_size=MIB)
    assert (tmp_path / "copy").read_bytes() == body


async def test_an_upload_that_was_killed_goes_on(
    api: LocalApi, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    script = Path(__file__).with_name("uploading_process.py")
    with subprocess.Popen(
        [sys.executable, script, api.url, video, cache], stdout=subprocess.PIPE, text=True
    ) as uploading:
        assert uploading.stdout is not None
        done = 0
        while done < 4 * PART_BYTES:
            done = int(uploading.stdout.readline())
        uploading.kill()
    sent: list[int] = []
    put = Storage.put

    async def counted(self: Storage, signed: Any, body: Any, *, size: int) -> None:
        sent.append(size)
        await put(self, signed, body, size=size)

    monkeypatch.setattr(Storage, "put", counted)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    async with ArtifactClient(api.url) as client:
        with pytest.raises(ArtifactNotFoundError):
            await client.describe(ARTIFACT)
        saved = await client.upload_file(ARTIFACT, video, part_size=PART_BYTES, workers=WORKERS)
        assert saved.version == 0
        assert sum(sent) <= video.stat().st_size - done + WORKERS * PART_BYTES
        loaded = await client.load(ARTIFACT)
    assert hashlib.sha256(loaded.body).hexdigest() == saved.sha256
    assert not list(cache.rglob("*.json")), "nothing is left of a finished upload"


async def test_links_for_people(api: LocalApi) -> None:
    artifact = ArtifactId(Scope("app", "u@x", "s"), "Bär.txt")
    async with ArtifactClient(api.url) as client, httpx.AsyncClient() as person:
        link = await client.create_upload_url(artifact, size=5, mime_type="text/plain")
        assert (await person.put(link.url, headers=link.headers, content=b"hello")).status_code == 200
        saved = await client.finalize_upload(link)
        assert (await person.put(link.url, headers=link.headers, content=b"other")).status_code == 412
        download = await client.create_download_url(artifact, saved.version)
        answer = await person.get(download.url)
    assert (answer.content, answer.headers["content-type"]) == (b"hello", "text/plain")
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''B%C3%A4r.txt"


async def test_an_upload_may_depend_on_the_latest_version(api: LocalApi, video: Path) -> None:
    artifact = ArtifactId(Scope("app", "u@x", "s"), "conditional")
    async with ArtifactClient(api.url) as client:
        first = await client.upload_file(artifact, video, if_none_match=True)
        await client.save(artifact, b"second", if_match=first.etag)
        with pytest.raises(ArtifactPreconditionError):
            await client.upload_file(artifact, video, if_match=first.etag)
        assert [version.version async for version in client.versions(artifact)] == [0, 1]
