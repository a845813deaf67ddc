"""Content that is encrypted before it leaves the process, through ADK's service and the client."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from google.genai import types

from google_adk_aws import (
    ArtifactClient,
    ArtifactConflictError,
    ArtifactEncryptionError,
    ArtifactId,
    HttpArtifactService,
    InvalidArtifactError,
    NewArtifact,
    Scope,
)
from tests.unit.client.encryption.encrypted import MARK, lenient, others, ours, put_encrypted
from tests.unit.client.fake_api import ARTIFACT, PATH, SCOPE, FakeApi
from tests.unit.client.scripted import problem

if TYPE_CHECKING:
    import httpx

pytestmark = pytest.mark.unit

WHERE: dict[str, Any] = {"app_name": "app", "user_id": "alice", "session_id": "s1"}
SECRET = b"nobody but us reads this. "
PARTS = [
    types.Part.from_bytes(data=SECRET, mime_type="image/png"),
    types.Part(inline_data=types.Blob(data=SECRET * 40, mime_type='a/b; c="d%"', display_name="ü")),
    types.Part(inline_data=types.Blob(data=b"")),
    types.Part(text="nobody but us reads this. ü"),
    types.Part(file_data=types.FileData(file_uri="gs://nobody but us reads this. ", mime_type="a/b")),
]


@pytest.fixture
def service(api: FakeApi) -> HttpArtifactService:
    return api.service(encryption=ours())


@pytest.fixture
def client(api: FakeApi) -> ArtifactClient:
    return api.client(encryption=ours())


@pytest.mark.parametrize("part", PARTS, ids=["bytes", "named", "empty", "text", "file"])
@pytest.mark.parametrize("cached", [0, 1_000_000])
async def test_a_part_comes_back_and_is_not_readable_where_it_is(
    api: FakeApi, part: types.Part, *, cached: int
) -> None:
    service = api.service(encryption=ours(), cache_bytes=cached)
    metadata = {"pages": [1, 2]}
    assert await service.save_artifact(**WHERE, filename="a.bin", artifact=part, custom_metadata=metadata) == 0
    (version,) = api.artifacts[PATH]
    assert SECRET not in version.body
    assert version.facts["sha256"] == hashlib.sha256(version.body).hexdigest()
    assert version.facts["mimeType"].startswith(MARK)
    assert version.facts["kind"] == "bytes"
    assert await service.load_artifact(**WHERE, filename="a.bin") == part
    # Another process has nothing in its memory.
    assert await api.service(encryption=ours()).load_artifact(**WHERE, filename="a.bin", version=0) == part
    described = await service.get_artifact_version(**WHERE, filename="a.bin")
    assert described is not None
    assert described.custom_metadata == metadata
    expected = part.inline_data or part.file_data
    assert described.mime_type == (expected.mime_type if expected else "text/plain")


async def test_what_is_told_of_a_version_is_of_what_is_stored(api: FakeApi, client: ArtifactClient) -> None:
    saved = await client.save(ARTIFACT, SECRET, mime_type="image/png", display_name="n")
    body = api.artifacts[PATH][0].body
    assert (saved.encrypted, saved.mime_type, saved.size) == (True, "image/png", len(body))
    assert saved.sha256 == hashlib.sha256(body).hexdigest()
    assert await client.describe(ARTIFACT) == saved
    loaded = await client.load(ARTIFACT)
    assert (loaded.body, loaded.size, loaded.sha256) == (SECRET, saved.size, saved.sha256)
    assert (loaded.part.mime_type, loaded.part.display_name, loaded.part.encrypted) == ("image/png", "n", True)
    # Who has no key sees the same of it, but for the content.
    assert await api.client().describe(ARTIFACT) == saved


async def test_a_request_that_is_repeated_has_the_same_ciphertext(api: FakeApi, client: ArtifactClient) -> None:
    bodies: list[bytes] = []

    def fail(request: httpx.Request) -> object:
        if request.method != "POST":
            return None
        bodies.append(request.content)
        return problem(503, "unavailable") if len(bodies) < 3 else None

    api.faults.append(fail)
    await client.save(ARTIFACT, SECRET)
    assert len(bodies) == 3
    assert len(set(bodies)) == 1


async def test_a_repeated_call_is_encrypted_anew(api: FakeApi, client: ArtifactClient) -> None:
    await client.save(ARTIFACT, SECRET)
    await client.save(ARTIFACT, SECRET)
    first, second = (version.body for version in api.artifacts[PATH])
    assert first != second


async def test_a_conflict_is_told(api: FakeApi, client: ArtifactClient) -> None:
    api.faults.append(lambda request: problem(422, "idempotency_key_reused") if request.method == "POST" else None)
    with pytest.raises(ArtifactConflictError):
        await client.save(ARTIFACT, SECRET, idempotency_key="k")


async def test_skipping_what_is_unchanged_is_refused(api: FakeApi, client: ArtifactClient) -> None:
    for saving in (
        client.save(ARTIFACT, SECRET, skip_unchanged=True),
        client.upload_file(ARTIFACT, iter([SECRET]), skip_unchanged=True),
    ):
        with pytest.raises(InvalidArtifactError) as caught:
            await saving
        assert (caught.value.code, caught.value.field) == ("skip_unchanged_encrypted", "skip_unchanged")
    assert api.requests == []


@pytest.mark.parametrize("same_bytes", [True, False])
async def test_plain_content_is_not_skipped_because_of_an_encrypted_one(api: FakeApi, *, same_bytes: bool) -> None:
    stored = put_encrypted(api, SECRET).body
    source = iter([stored if same_bytes else SECRET])
    saved = await api.client().upload_file(ARTIFACT, source, part_size=50, skip_unchanged=True)
    assert (saved.version, saved.encrypted) == (1, False)


async def test_nobody_saves_plain_content_under_the_type_of_encrypted_content(api: FakeApi) -> None:
    for mime_type in (MARK, f'{MARK}; type="image/png"', MARK.upper()):
        with pytest.raises(InvalidArtifactError) as caught:
            await api.client().save(ARTIFACT, SECRET, mime_type=mime_type)
        assert caught.value.code == "invalid_part"


async def test_conditions_hold(client: ArtifactClient) -> None:
    saved = await client.save(ARTIFACT, SECRET, if_none_match=True)
    await client.save(ARTIFACT, SECRET, if_match=saved.etag)
    with pytest.raises(ArtifactConflictError):
        await client.save(ARTIFACT, SECRET, if_match=saved.etag)


async def test_what_is_cached_is_decrypted_and_still_asked_for(api: FakeApi) -> None:
    put_encrypted(api, SECRET * 40)
    client = api.client(encryption=ours(), cache_bytes=1_000_000)
    for _ in range(3):
        assert (await client.load(ARTIFACT)).body == SECRET * 40
    assert len(api.storage.ranges) == 1
    assert api.requests == [f"GET {PATH}"] * 3


# -- references


async def test_a_reference_is_no_content(api: FakeApi, service: HttpArtifactService) -> None:
    part = types.Part.from_bytes(data=SECRET, mime_type="image/png")
    await service.save_artifact(**WHERE, filename="a.bin", artifact=part)
    uri = "artifact://apps/app/users/alice/sessions/s1/artifacts/a.bin/versions/0"
    reference = types.Part(file_data=types.FileData(file_uri=uri))
    await service.save_artifact(**WHERE, filename="b.bin", artifact=reference)
    (stored,) = api.artifacts[f"{SCOPE}/artifacts/b.bin"]
    assert (stored.body, stored.facts["mimeType"]) == (uri.encode(), None)
    assert await service.load_artifact(**WHERE, filename="b.bin") == part
    assert await api.service(encryption=ours()).load_artifact(**WHERE, filename="b.bin") == part


async def test_only_a_reference_is_none(api: FakeApi, service: HttpArtifactService) -> None:
    # Else a link to anywhere could be put in place of content.
    api.put(b"gs://elsewhere", kind="file")
    for inline_bytes in (100, 1):
        api.inline_bytes = inline_bytes
        with pytest.raises(ArtifactEncryptionError) as caught:
            await service.load_artifact(**WHERE, filename="a.bin")
        assert caught.value.code == "not_encrypted"


async def test_a_reference_that_the_storage_has_is_followed(api: FakeApi, service: HttpArtifactService) -> None:
    api.inline_bytes = 0
    put_encrypted(api, SECRET)
    uri = b"artifact://apps/app/users/alice/sessions/s1/artifacts/a.bin/versions/0"
    api.put(uri, f"{SCOPE}/artifacts/b.bin", kind="file")
    assert await service.load_artifact(**WHERE, filename="b.bin") == types.Part(inline_data=types.Blob(data=SECRET))


# -- batches


async def test_a_batch_is_encrypted_and_decrypted(api: FakeApi, client: ArtifactClient) -> None:
    scope = Scope("app", "alice", "s1")
    contents = {"small": SECRET, "user:theirs": SECRET * 2, "large": bytes(3 * 1024 * 1024), "empty": b""}
    api.min_part = 8 * 1024 * 1024
    saved = await client.save_artifacts(
        scope, [NewArtifact(filename=name, content=body, mime_type="a/b") for name, body in contents.items()]
    )
    assert [(result.get().mime_type, result.get().encrypted) for result in saved] == [("a/b", True)] * len(contents)
    assert all(SECRET not in versions[0].body for versions in api.artifacts.values())
    for inline_bytes in (10, 10_000_000):
        api.inline_bytes = inline_bytes
        loaded = await client.load_artifacts(scope, contents)
        assert {result.filename: result.get().body for result in loaded} == contents
    # The same artifact, whichever way it is named.
    theirs = ArtifactId(Scope("app", "alice"), "theirs")
    assert (await client.load(theirs)).body == SECRET * 2


async def test_an_item_that_is_not_decrypted_fails_alone(api: FakeApi, client: ArtifactClient) -> None:
    scope = Scope("app", "alice", "s1")
    copied = put_encrypted(api, SECRET)
    for name in ("copy", "plain"):
        path, facts = f"{SCOPE}/artifacts/{name}", {"mimeType": MARK if name == "copy" else None}
        api.put(copied.body if name == "copy" else SECRET, path, **facts)
    results = await client.load_artifacts(scope, ["a.bin", "copy", "plain"])
    codes = [result.error and result.error.code for result in results]
    assert codes == [None, "other_artifact", "not_encrypted"]
    assert results[0].get().body == SECRET
    assert (await api.client(encryption=lenient()).load_artifacts(scope, ["plain"]))[0].get().body == SECRET
    (without,) = await api.client().load_artifacts(scope, ["a.bin"])
    assert without.error is not None
    assert without.error.code == "encrypted"


# -- links


async def test_a_link_gives_ciphertext_so_it_is_asked_for(api: FakeApi, client: ArtifactClient) -> None:
    put_encrypted(api, SECRET)
    for each in (client, api.client(), api.client(encryption=others())):
        with pytest.raises(ArtifactEncryptionError) as caught:
            await each.create_download_url(ARTIFACT)
        assert caught.value.code == "encrypted"
    link = await api.client().create_download_url(ARTIFACT, encrypted=True)
    assert link.version.encrypted


async def test_what_a_link_uploads_is_plain_so_it_is_not_made(api: FakeApi, client: ArtifactClient) -> None:
    with pytest.raises(ArtifactEncryptionError) as caught:
        await client.create_upload_url(ARTIFACT, size=1)
    assert caught.value.code == "not_encrypted"
    assert api.requests == []
    assert (await api.client(encryption=lenient()).create_upload_url(ARTIFACT, size=1)).upload.size == 1
