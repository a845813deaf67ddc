"""Content that the API redirects to the storage: into memory, into files, piece by piece."""

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

from google_adk_aws import (
    ArtifactClient,
    ArtifactConnectionError,
    ArtifactForbiddenError,
    ArtifactId,
    ArtifactIntegrityError,
    ArtifactNotFoundError,
    Progress,
    UnexpectedResponseError,
    WrongServiceUrlError,
)

from .fake_api import ARTIFACT, PATH, FakeApi
from .fake_storage import SIGNATURE, STORAGE_URL, refusal
from .scripted import problem
from .test_uploads import DATA, everything_said

pytestmark = pytest.mark.unit

OTHER = DATA[::-1]
RANGE = 100


@pytest.fixture
def api() -> FakeApi:
    api = FakeApi()
    api.put(DATA, kind="bytes", mimeType="video/mp4", displayName="ü")
    return api


@pytest.fixture
def client(api: FakeApi) -> ArtifactClient:
    return api.client()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "copy"


def is_get(request: httpx.Request) -> bool:
    return request.method == "GET" and str(request.url).startswith(STORAGE_URL)


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


async def test_an_expired_url_is_asked_for_once_more(api: FakeApi, client: ArtifactClient, target: Path) -> None:
    left = [1]

    def expire(request: httpx.Request) -> None:
        if is_get(request) and left:
            left.pop()
            api.storage.expire()

    api.faults.append(expire)
    assert (await client.load(ARTIFACT)).body == DATA
    assert api.requests == [f"GET {PATH}", f"GET {PATH}/versions/0"]
    left.append(1)
    api.requests.clear()
    await client.download_file(ARTIFACT, target, part_size=RANGE)
    assert target.read_bytes() == DATA
    # One of several readers asks for all of them.
    assert api.requests == [f"GET {PATH}", f"GET {PATH}/versions/0"]


async def test_urls_may_expire_again_and_again(api: FakeApi, client: ArtifactClient, target: Path) -> None:
    expired: set[int] = set()

    def expire(request: httpx.Request) -> None:
        answered = len(api.storage.ranges)
        if is_get(request) and answered % 4 == 1 and answered not in expired:
            expired.add(answered)
            api.storage.expire()

    api.faults.append(expire)
    await client.download_file(ARTIFACT, target, part_size=10, workers=1)
    assert target.read_bytes() == DATA
    assert len(expired) == 26


async def test_a_storage_that_refuses_is_believed(api: FakeApi, client: ArtifactClient) -> None:
    api.faults.append(lambda request: refusal(403, "AccessDenied", str(request.url.query)) if is_get(request) else None)
    with pytest.raises(ArtifactForbiddenError, match="403 AccessDenied") as caught:
        await client.load(ARTIFACT)
    assert SIGNATURE not in everything_said(caught.value)
    assert len(api.requests) == 2


@pytest.mark.parametrize(
    "location",
    [
        "ftp://bucket.s3.example/a?X-Amz-Signature=" + SIGNATURE,
        "file:///etc/passwd",
        "//bucket.s3.example/a",
        "/v1/elsewhere",
        "http://bucket.s3.example/a?X-Amz-Signature=" + SIGNATURE,
        "https://user:password@bucket.s3.example/a",
        "javascript:alert(1)",
        "https://",
        "",
    ],
)
async def test_only_a_url_with_tls_is_followed(api: FakeApi, client: ArtifactClient, location: str) -> None:
    headers = {"artifact-version": "0", "artifact-size": "9", "location": location}
    asked = []

    def redirect(request: httpx.Request) -> Any:
        asked.append(str(request.url))
        return httpx.Response(307, headers=headers)

    api.faults.append(redirect)
    with pytest.raises(UnexpectedResponseError) as caught:
        await client.load(ARTIFACT)
    assert len(asked) == 1
    assert SIGNATURE not in everything_said(caught.value)
    assert "password" not in everything_said(caught.value)


async def test_without_tls_the_storage_needs_none_either(api: FakeApi) -> None:
    def redirect(request: httpx.Request) -> Any:
        if request.url.host == "127.0.0.1":
            return httpx.Response(
                307, headers={"artifact-version": "0", "artifact-size": "2", "location": "http://[::1]:9000/a?b=c"}
            )
        assert request.headers["host"] == "[::1]:9000"
        return httpx.Response(200, headers={"content-length": "2"}, content=b"ok")

    api.faults.append(redirect)
    arguments = api._arguments({})
    async with ArtifactClient("http://127.0.0.1:8080", **arguments) as client:
        assert (await client.load(ARTIFACT)).body == b"ok"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_the_storage_is_the_last_hop(api: FakeApi, client: ArtifactClient, status: int) -> None:
    api.faults.append(
        lambda request: httpx.Response(status, headers={"location": STORAGE_URL}) if is_get(request) else None
    )
    with pytest.raises(UnexpectedResponseError):
        await client.load(ARTIFACT)


async def test_a_redirect_of_something_else_is_a_wrong_url(api: FakeApi, client: ArtifactClient) -> None:
    api.faults.append(lambda _: httpx.Response(307, headers={"location": "https://login.example/"}))
    with pytest.raises(WrongServiceUrlError):
        await client.load(ARTIFACT)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<h1>Please sign in</h1>"),
        httpx.Response(200, content=DATA[:-1] + b"?"),
        httpx.Response(200, content=DATA[:-1]),
        httpx.Response(200, content=DATA + b"more"),
        httpx.Response(206, content=DATA),
    ],
    ids=["html", "other", "short", "long", "range"],
)
async def test_other_bytes_at_the_storage_are_noticed(
    api: FakeApi, client: ArtifactClient, target: Path, answer: httpx.Response
) -> None:
    target.write_bytes(b"as it was")
    api.faults.append(lambda request: answer if is_get(request) else None)
    with pytest.raises(ArtifactIntegrityError):
        await client.load(ARTIFACT)
    # A second request tells a bad connection from a bad object.
    assert api.requests == [f"GET {PATH}"] * 2
    with pytest.raises(ArtifactIntegrityError):
        [chunk async for chunk in client.iter_content(ARTIFACT)]
    with pytest.raises(ArtifactIntegrityError):
        await client.download_file(ARTIFACT, io.BytesIO())
    with pytest.raises(ArtifactIntegrityError):
        await client.download_file(ARTIFACT, target)
    assert target.read_bytes() == b"as it was"
    assert [path.name for path in target.parent.iterdir()] == [target.name]


async def test_a_file_that_was_damaged_once_is_loaded_once_more(
    api: FakeApi, client: ArtifactClient, target: Path
) -> None:
    left = [1]
    api.faults.append(
        lambda request: left and left.pop() and httpx.Response(200, content=OTHER) if is_get(request) else None
    )
    told: list[int] = []
    await client.download_file(ARTIFACT, target, progress=lambda progress: told.append(progress.done_bytes))
    assert target.read_bytes() == DATA
    assert told == sorted(told)
    assert told[-1] == len(DATA)


async def test_a_name_that_is_saved_again_meanwhile_is_never_mixed(
    api: FakeApi, client: ArtifactClient, target: Path
) -> None:
    left = [1]

    def during(request: httpx.Request) -> Any:
        if is_get(request) and len(api.storage.ranges) == 5 and left:
            left.pop()
            for version in api.artifacts.pop(PATH):
                api.storage.objects.pop(version.facts["etag"])
            api.put(OTHER)
            api.storage.expire()

    api.faults.append(during)
    await client.download_file(ARTIFACT, target, part_size=RANGE, workers=2)
    assert target.read_bytes() == OTHER
    assert [path.name for path in target.parent.iterdir()] == [target.name]


async def test_a_name_that_is_saved_again_in_the_middle_of_a_loop(api: FakeApi, client: ArtifactClient) -> None:
    api.storage.chunk_bytes = 100
    api.storage.cut_after = [300]
    seen = bytearray()

    async def read() -> None:
        async for chunk in client.iter_content(ARTIFACT):
            if not seen:
                await client.delete(ARTIFACT)
                api.put(OTHER)
                api.storage.expire()
            seen.extend(chunk)

    with pytest.raises(ArtifactIntegrityError) as caught:
        await read()
    assert seen == DATA[:300]
    assert caught.value.code == "artifact_changed"


async def _iterate(client: ArtifactClient) -> Any:
    async for chunk in client.iter_content(ARTIFACT):
        yield chunk


async def test_content_that_is_gone_meanwhile(api: FakeApi, client: ArtifactClient, target: Path) -> None:
    api.storage.objects.clear()
    with pytest.raises(ArtifactNotFoundError) as caught:
        await client.load(ARTIFACT)
    assert caught.value.code == "content_gone"


class Killed(BaseException):
    """As far as the files go, the process ends here."""


def kill(_: object) -> None:
    raise Killed


async def test_a_download_that_was_killed_is_gone_on_with(api: FakeApi, client: ArtifactClient, target: Path) -> None:
    api.faults.append(lambda request: kill(request) if is_get(request) and len(api.storage.ranges) == 6 else None)
    with pytest.raises(Killed):
        await client.download_file(ARTIFACT, target, part_size=RANGE, workers=2)
    api.faults.clear()
    assert not target.exists()
    assert len(list(target.parent.iterdir())) == 2
    api.storage.ranges.clear()
    told: list[Progress] = []
    await client.download_file(ARTIFACT, target, part_size=RANGE, workers=2, progress=told.append)
    assert target.read_bytes() == DATA
    # At most the range of the other worker is read again.
    assert 5 <= len(api.storage.ranges) <= 6
    assert told[0].done_bytes >= 500
    assert [path.name for path in target.parent.iterdir()] == [target.name]


async def broken_off(api: FakeApi, client: ArtifactClient, target: Path) -> None:
    api.faults.append(lambda request: kill(request) if is_get(request) and len(api.storage.ranges) == 6 else None)
    with pytest.raises(Killed):
        await client.download_file(ARTIFACT, target, part_size=RANGE, workers=1)
    api.faults.clear()
    api.storage.ranges.clear()


async def test_another_content_is_another_download(api: FakeApi, client: ArtifactClient, target: Path) -> None:
    await broken_off(api, client, target)
    api.put(OTHER)
    await client.download_file(ARTIFACT, target, part_size=RANGE)
    assert target.read_bytes() == OTHER
    assert len(api.storage.ranges) == 11
    api.storage.ranges.clear()
    await client.download_file(ARTIFACT, target, 0, part_size=RANGE)
    assert target.read_bytes() == DATA
    assert len(api.storage.ranges) == 5
    assert [path.name for path in target.parent.iterdir()] == [target.name]


@pytest.mark.parametrize("change", ["other range", "no list", "torn list", "nonsense", "no file", "short file"])
async def test_what_does_not_fit_is_not_gone_on_with(
    api: FakeApi, client: ArtifactClient, target: Path, change: str
) -> None:
    await broken_off(api, client, target)
    (part,) = target.parent.glob("*.part")
    (ranges,) = target.parent.glob("*.ranges")
    if change == "no list":
        ranges.unlink()
    elif change == "torn list":
        ranges.write_text(ranges.read_text()[:-1] + "1")
    elif change == "nonsense":
        ranges.write_bytes(b"\xff\n1\n")
    elif change == "no file":
        part.unlink()
    elif change == "short file":
        os.truncate(part, 10)
    await client.download_file(ARTIFACT, target, part_size=50 if change == "other range" else RANGE)
    assert target.read_bytes() == DATA
    assert len(api.storage.ranges) == {"other range": 21, "torn list": 6}.get(change, 11)


async def test_a_part_that_was_damaged_at_rest_is_not_published(
    api: FakeApi, client: ArtifactClient, target: Path
) -> None:
    await broken_off(api, client, target)
    (part,) = target.parent.glob("*.part")
    with part.open("r+b") as file:
        file.write(b"\xff")
    await client.download_file(ARTIFACT, target, part_size=RANGE)
    assert target.read_bytes() == DATA
    assert len(api.storage.ranges) == 5 + 11


async def test_without_resume_nothing_is_left(api: FakeApi, client: ArtifactClient, target: Path) -> None:
    api.faults.append(lambda request: kill(request) if is_get(request) and len(api.storage.ranges) == 6 else None)
    with pytest.raises(Killed):
        await client.download_file(ARTIFACT, target, part_size=RANGE, resume=False)
    assert list(target.parent.iterdir()) == []


async def test_two_downloads_to_one_path_do_not_meet(api: FakeApi, client: ArtifactClient, target: Path) -> None:
    await asyncio.gather(*[client.download_file(ARTIFACT, target, part_size=RANGE) for _ in range(3)])
    assert target.read_bytes() == DATA
    assert [path.name for path in target.parent.iterdir()] == [target.name]


async def test_content_without_a_digest_is_gone_on_with_by_its_tag(
    api: FakeApi, client: ArtifactClient, target: Path
) -> None:
    api.put(DATA, sha256=None)
    await broken_off(api, client, target)
    info = await client.download_file(ARTIFACT, target, part_size=RANGE)
    assert (info.sha256, target.read_bytes()) == (None, DATA)
    assert len(api.storage.ranges) == 5


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
    async with contextlib.aclosing(_iterate(client)) as chunks:
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


async def test_links(api: FakeApi, client: ArtifactClient) -> None:
    link = await client.create_download_url(ARTIFACT, expires_in=60)
    assert (link.version.version, link.version.display_name) == (0, "ü")
    async with httpx.AsyncClient(transport=api) as person:
        answer = await person.send(httpx.Request("GET", link.url, headers=dict(link.headers)))
    assert answer.content == DATA
    assert SIGNATURE in link.url
    assert SIGNATURE not in repr(link)
    with pytest.raises(ArtifactNotFoundError):
        await client.create_download_url(ARTIFACT, 7)


async def test_links_to_upload(api: FakeApi, client: ArtifactClient) -> None:
    link = await client.create_upload_url(ARTIFACT, size=3, mime_type="a/b")
    assert SIGNATURE not in repr(link)
    async with httpx.AsyncClient(transport=api) as person:
        await person.send(
            httpx.Request("PUT", link.url, headers={**link.headers, "host": "bucket.s3.example"}, stream=_Bytes(b"abc"))
        )
    saved = await client.finalize_upload(link, custom_metadata={"a": 1}, kind="text")
    assert (saved.version, saved.size, saved.mime_type, saved.kind) == (1, 3, "a/b", "text")
    assert (await client.finalize_upload(link.upload, custom_metadata={"a": 1}, kind="text")).version == 1
    other = await client.create_upload_url(ARTIFACT, size=3)
    await client.abort_upload(other)
    await client.abort_upload(other.upload)
    assert api.uploads[other.upload.id].gone


class _Bytes(httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> Any:
        yield self._content


async def test_an_upload_that_nobody_sent_is_no_version(api: FakeApi, client: ArtifactClient) -> None:
    from google_adk_aws import ArtifactConflictError, ArtifactUploadNotFoundError  # noqa: PLC0415

    link = await client.create_upload_url(ARTIFACT, size=3)
    with pytest.raises(ArtifactConflictError) as caught:
        await client.finalize_upload(link)
    assert caught.value.code == "upload_incomplete"
    await client.abort_upload(link)
    with pytest.raises(ArtifactUploadNotFoundError):
        await client.finalize_upload(link)
    api.faults.append(lambda _: problem(409, "upload_finalized"))
    with pytest.raises(ArtifactConflictError):
        await client.abort_upload(link)


async def test_the_contents_of_others_are_not_named(client: ArtifactClient) -> None:
    with pytest.raises(ArtifactNotFoundError):
        await client.load(ArtifactId.of(app="app", user="alice", session="s1", filename="b"))
