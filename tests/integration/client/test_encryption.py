"""Content that the API and the bucket have only as ciphertext."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.genai import types

from google_adk_aws import (
    ArtifactClient,
    ArtifactEncryptionError,
    ArtifactId,
    Encryption,
    HttpArtifactService,
    NewArtifact,
    Scope,
)
from google_adk_aws._model.saving import ALWAYS, Description
from local import LocalApi
from tests.direct_services import on_bucket_of

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

MIB = 1024 * 1024
SCOPE = Scope("app", "u@x", "s")
WHERE: dict[str, Any] = {"app_name": "app", "user_id": "u@x", "session_id": "s"}
KEY = os.urandom(32)


@pytest.fixture(scope="module")
def api() -> Iterator[LocalApi]:
    with LocalApi() as running:
        yield running


@pytest.fixture(scope="module")
def encryption() -> Encryption:
    return Encryption.with_key(KEY)


async def stored(client: ArtifactClient, artifact: ArtifactId) -> bytes:
    """What the bucket has."""
    link = await client.create_download_url(artifact, encrypted=True)
    async with httpx.AsyncClient() as http:
        answer = await http.get(link.url, headers=dict(link.headers))
    assert answer.headers["content-type"].startswith("application/vnd.google-adk-aws.encrypted")
    return answer.raise_for_status().content


@pytest.mark.parametrize("size", [0, 1000, 256 * 1024, 3 * MIB, 3 * MIB + 1, 20 * MIB])
async def test_a_part_comes_back_and_the_bucket_cannot_read_it(
    api: LocalApi, encryption: Encryption, size: int
) -> None:
    body, name = os.urandom(size), f"sized {size}"
    metadata = {"pages": ["x" * 1000] * 10}
    part = types.Part(inline_data=types.Blob(data=body, mime_type="image/png", display_name="ü"))
    async with HttpArtifactService(api.url, encryption=encryption) as service:
        version = await service.save_artifact(**WHERE, filename=name, artifact=part, custom_metadata=metadata)
    async with HttpArtifactService(api.url, encryption=encryption) as service:
        assert await service.load_artifact(**WHERE, filename=name, version=version) == part
        described = await service.get_artifact_version(**WHERE, filename=name)
        assert described is not None
        assert (described.mime_type, described.custom_metadata) == ("image/png", metadata)
        artifact = ArtifactId(SCOPE, name)
        message = await stored(service.client, artifact)
        told = await service.client.describe(artifact)
    assert (told.size, told.sha256) == (len(message), hashlib.sha256(message).hexdigest())
    assert size == 0 or body not in message
    async with HttpArtifactService(api.url) as service:
        with pytest.raises(ArtifactEncryptionError):
            await service.load_artifact(**WHERE, filename=name)


@pytest.mark.parametrize("size", [1, 20_000, 4 * MIB])
async def test_every_kind_comes_back(api: LocalApi, encryption: Encryption, size: int) -> None:
    name = f"kinds {size}"
    # The API looks whether text is text.
    parts = [
        types.Part(text="ü" * size),
        types.Part(file_data=types.FileData(file_uri="gs://" + "x" * size, mime_type="a/b")),
    ]
    async with HttpArtifactService(api.url, encryption=encryption, cache_bytes=0) as service:
        for part in parts:
            version = await service.save_artifact(**WHERE, filename=name, artifact=part)
            assert await service.load_artifact(**WHERE, filename=name, version=version) == part
        versions = await service.client.load_artifacts(SCOPE, [(name, 0), (name, 1)])
        assert [version.get().part.kind for version in versions] == ["text", "file"]
        described = [version async for version in service.client.versions(ArtifactId(SCOPE, name))]
        assert {(version.kind, version.mime_type) for version in described} == {("text", "text/plain"), ("file", "a/b")}
        items = [NewArtifact(filename=name, content=b"text", kind="text")]
        assert [result.get().kind for result in await service.client.save_artifacts(SCOPE, items)] == ["text"]


async def test_files_go_up_and_come_down(api: LocalApi, encryption: Encryption, tmp_path: Path) -> None:
    source, artifact = tmp_path / "source", ArtifactId(SCOPE, "file")
    source.write_bytes(os.urandom(23 * MIB + 1))
    async with ArtifactClient(api.url, encryption=encryption) as client:
        saved = await client.upload_file(artifact, source, mime_type="video/mp4")
        loaded = await client.download_file(artifact, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()
    assert saved.size == loaded.size
    assert saved.size is not None
    assert saved.size > source.stat().st_size
    assert {path.name for path in tmp_path.iterdir()} == {"source", "copy"}


async def test_a_batch_is_encrypted(api: LocalApi, encryption: Encryption) -> None:
    contents = {f"batch {number}": os.urandom(1000 * number) for number in range(5)}
    async with ArtifactClient(api.url, encryption=encryption) as client:
        items = [NewArtifact(filename=name, content=body, mime_type="a/b") for name, body in contents.items()]
        assert all(result.get().encrypted for result in await client.save_artifacts(SCOPE, items))
        loaded = await client.load_artifacts(SCOPE, contents)
    assert {result.filename: result.get().body for result in loaded} == contents


async def test_the_service_on_s3_reads_what_the_api_saved_and_the_other_way_round(
    api: LocalApi, encryption: Encryption
) -> None:
    part = types.Part(inline_data=types.Blob(data=os.urandom(9 * MIB), mime_type="image/png"))
    async with (
        HttpArtifactService(api.url, encryption=encryption) as service,
        on_bucket_of(api, encryption=encryption) as direct,
        on_bucket_of(api) as without_key,
    ):
        for saving, loading in ((service, direct), (direct, service)):
            version = await saving.save_artifact(**WHERE, filename="beside", artifact=part)
            assert await loading.load_artifact(**WHERE, filename="beside", version=version) == part
        with pytest.raises(ArtifactEncryptionError) as caught:
            await without_key.load_artifact(**WHERE, filename="beside")
        assert caught.value.code == "encrypted"


async def test_a_ciphertext_that_is_saved_under_another_name_does_not_open(
    api: LocalApi, encryption: Encryption
) -> None:
    artifact, other = ArtifactId(SCOPE, "original"), ArtifactId(SCOPE, "copy")
    async with ArtifactClient(api.url, encryption=encryption) as client:
        await client.save(artifact, b"secret", mime_type="text/plain")
        message = await stored(client, artifact)
        # Who has no key, but may save, says the same of it.
        described = Description.of(mime_type="text/plain", display_name=None, kind="bytes", custom_metadata=None)
        await client._api.save(other, message, description=described.encrypted, condition=ALWAYS)
        with pytest.raises(ArtifactEncryptionError) as caught:
            await client.load(other)
        assert caught.value.code == "other_artifact"
        await client._api.save(artifact, b"secret", description=described, condition=ALWAYS)
        with pytest.raises(ArtifactEncryptionError) as caught:
            await client.load(artifact)
        assert caught.value.code == "not_encrypted"
        assert (await client.load(artifact, 0)).body == b"secret"
