"""Links for people and programs without credentials."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from google_adk_aws import (
    ArtifactClient,
    ArtifactConflictError,
    ArtifactNotFoundError,
    ArtifactUploadNotFoundError,
)
from tests.unit.client.fake_api import ARTIFACT, FakeApi
from tests.unit.client.fake_storage import SIGNATURE
from tests.unit.client.scripted import problem
from tests.unit.client.transfers import DATA

pytestmark = pytest.mark.unit


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
