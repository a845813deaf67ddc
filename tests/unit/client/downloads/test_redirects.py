"""Where a redirect leads: which URLs are followed, how long they are good, and whether it is the content."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import httpx
import pytest

from google_adk_aws import (
    ArtifactClient,
    ArtifactForbiddenError,
    ArtifactId,
    ArtifactIntegrityError,
    ArtifactNotFoundError,
    UnexpectedResponseError,
    WrongServiceUrlError,
)
from tests.unit.client.fake_api import ARTIFACT, PATH, FakeApi
from tests.unit.client.fake_storage import SIGNATURE, STORAGE_URL, refusal
from tests.unit.client.transfers import DATA, OTHER, RANGE, everything_said, is_get

pytestmark = pytest.mark.unit


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


async def test_without_a_digest_only_the_entity_tag_tells(api: FakeApi, client: ArtifactClient) -> None:
    api.put(DATA, sha256=None)
    left = [1]

    def replace(request: httpx.Request) -> None:
        if is_get(request) and left:
            left.pop()
            api.artifacts.clear()
            for _ in range(2):
                api.put(OTHER, sha256=None)
            api.storage.expire()

    api.faults.append(replace)
    with pytest.raises(ArtifactIntegrityError) as caught:
        [chunk async for chunk in client.iter_content(ARTIFACT)]
    assert caught.value.code == "artifact_changed"


async def test_content_that_is_gone_meanwhile(api: FakeApi, client: ArtifactClient, target: Path) -> None:
    def delete(request: httpx.Request) -> None:
        if is_get(request):
            api.artifacts.clear()
            api.storage.objects.clear()

    api.faults.append(delete)
    with pytest.raises(ArtifactNotFoundError):
        await client.load(ARTIFACT)


async def test_content_that_is_lost_is_not_taken_for_an_artifact_that_is_not_there(
    api: FakeApi, client: ArtifactClient, target: Path
) -> None:
    api.storage.objects.clear()
    for load in (client.load(ARTIFACT), client.download_file(ARTIFACT, target)):
        with pytest.raises(ArtifactIntegrityError) as caught:
            await load
        assert caught.value.code == "content_gone"
    assert not target.exists()


async def test_the_contents_of_others_are_not_named(client: ArtifactClient) -> None:
    with pytest.raises(ArtifactNotFoundError):
        await client.load(ArtifactId.of(app="app", user="alice", session="s1", filename="b"))
