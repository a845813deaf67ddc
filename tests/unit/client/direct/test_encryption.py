"""The service straight on S3, with content that the bucket cannot read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from google.genai import types

from artifact_store import ArtifactStore, Content, Part
from artifact_store.adapters.memory import open_store
from google_adk_aws import ArtifactEncryptionError, ArtifactId, InvalidArtifactError, NewArtifact, Scope
from tests.direct_services import in_memory
from tests.unit.client.encryption.encrypted import MARK, lenient, others, ours

pytestmark = pytest.mark.unit

SCOPE = Scope("app", "alice", "s1")
ARTIFACT = ArtifactId(SCOPE, "f")
WHERE: dict[str, Any] = {"app_name": "app", "user_id": "alice", "session_id": "s1", "filename": "f"}
SECRET = b"nobody but us reads this. "


@pytest.fixture
def store() -> ArtifactStore:
    return open_store()


@pytest.mark.parametrize(
    "part",
    [
        types.Part(text="nobody but us reads this. ü"),
        types.Part(inline_data=types.Blob(data=SECRET, mime_type="image/png", display_name="ü")),
        types.Part(file_data=types.FileData(file_uri="gs://x", mime_type="a/b")),
    ],
    ids=["text", "bytes", "file"],
)
async def test_a_part_comes_back_and_is_not_readable_where_it_is(store: ArtifactStore, part: types.Part) -> None:
    service = in_memory(store, encryption=ours())
    await service.save_artifact(**WHERE, artifact=part, custom_metadata={"n": 1})
    loaded = store.load(ARTIFACT)
    assert SECRET not in loaded.body
    assert loaded.version.part.kind == "bytes"
    assert (loaded.version.part.mime_type or "").startswith(MARK)
    assert await service.load_artifact(**WHERE) == part
    described = await service.get_artifact_version(**WHERE)
    assert described is not None
    expected = part.inline_data or part.file_data
    assert (described.mime_type, described.custom_metadata) == (
        expected.mime_type if expected else "text/plain",
        {"n": 1},
    )


@pytest.mark.parametrize("size", [0, 3 * 1024 * 1024, 9 * 1024 * 1024])
async def test_every_size_comes_back(store: ArtifactStore, tmp_path: Path, size: int) -> None:
    client, data = in_memory(store, encryption=ours()).client, os.urandom(size)
    (tmp_path / "source").write_bytes(data)
    for source in (data, tmp_path / "source", iter([data])):
        saved = await client.upload_file(ARTIFACT, source, mime_type="a/b")
        loaded = await client.load(ARTIFACT)
        assert loaded.body == data
        assert (loaded.size, loaded.sha256, loaded.part.mime_type) == (saved.size, saved.sha256, "a/b")
        assert saved.encrypted


async def test_what_must_not_be_loaded_is_not(store: ArtifactStore) -> None:
    await in_memory(store, encryption=ours()).client.save(ARTIFACT, SECRET)
    message = store.load(ARTIFACT)
    store.save(
        ArtifactId(SCOPE, "copy"),
        Content(body=message.body, part=message.version.part),
        caller="c",
        idempotency_key="1",
    )
    store.save(ArtifactId(SCOPE, "plain"), Content(body=SECRET, part=Part()), caller="c", idempotency_key="2")
    for name, encryption, code in (
        ("f", None, "encrypted"),
        ("f", others(), "wrong_key"),
        ("copy", ours(), "other_artifact"),
        ("plain", ours(), "not_encrypted"),
    ):
        with pytest.raises(ArtifactEncryptionError) as caught:
            await in_memory(store, encryption=encryption).client.load(ArtifactId(SCOPE, name))
        assert caught.value.code == code
    assert (await in_memory(store, encryption=lenient()).client.load(ArtifactId(SCOPE, "plain"))).body == SECRET


async def test_batches_are_encrypted(store: ArtifactStore) -> None:
    client = in_memory(store, encryption=ours()).client
    items = [NewArtifact(filename=f"f{number}", content=SECRET * number, mime_type="a/b") for number in range(3)]
    assert all(result.get().encrypted for result in await client.save_artifacts(SCOPE, items))
    loaded = await client.load_artifacts(SCOPE, ["f0", "f1", "f2"])
    assert [result.get().body for result in loaded] == [SECRET * number for number in range(3)]


async def test_skipping_what_is_unchanged_is_refused(store: ArtifactStore) -> None:
    with pytest.raises(InvalidArtifactError) as caught:
        await in_memory(store, encryption=ours()).client.save(ARTIFACT, SECRET, skip_unchanged=True)
    assert caught.value.code == "skip_unchanged_encrypted"
