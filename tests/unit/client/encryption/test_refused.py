"""What is not decrypted: by whom it must not be, and what it must not be."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from google_adk_aws import ArtifactClient, ArtifactEncryptionError, ArtifactId, Encryption, PartHeader, Scope
from google_adk_aws._encryption.context import context_of
from google_adk_aws._encryption.messages import CHUNK_BYTES
from tests.unit.client.encryption.encrypted import (
    KEY,
    MARK,
    OTHER_KEY,
    lenient,
    others,
    ours,
    put_encrypted,
    said_by,
    spellings,
)
from tests.unit.client.fake_api import ARTIFACT, PATH, SCOPE, FakeApi

pytestmark = pytest.mark.unit

SECRET = b"nobody but us reads this. " * 20
Door = Callable[[ArtifactClient, Path], Awaitable[bytes]]


async def load(client: ArtifactClient, _: Path) -> bytes:
    return (await client.load(ARTIFACT)).body


async def to_path(client: ArtifactClient, folder: Path) -> bytes:
    (folder / "copy").write_bytes(b"as it was")
    try:
        await client.download_file(ARTIFACT, folder / "copy", part_size=100)
    except ArtifactEncryptionError:
        assert (folder / "copy").read_bytes() == b"as it was"
        raise
    finally:
        assert [path.name for path in folder.iterdir()] == ["copy"]
    return (folder / "copy").read_bytes()


async def to_file_object(client: ArtifactClient, _: Path) -> bytes:
    target = io.BytesIO()
    await client.download_file(ARTIFACT, target)
    return target.getvalue()


async def iterated(client: ArtifactClient, _: Path) -> bytes:
    return b"".join([chunk async for chunk in client.iter_content(ARTIFACT)])


async def in_a_batch(client: ArtifactClient, _: Path) -> bytes:
    (result,) = await client.load_artifacts(Scope("app", "alice", "s1"), ["a.bin"])
    return result.get().body


@pytest.fixture(params=[load, to_path, to_file_object, iterated, in_a_batch], ids=lambda door: door.__name__)
def door(request: pytest.FixtureRequest) -> Door:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(params=[100, 10_000], ids=["storage", "inline"])
def api(request: pytest.FixtureRequest) -> FakeApi:
    return FakeApi(inline_bytes=request.param)


async def refused(api: FakeApi, door: Door, folder: Path, encryption: Encryption | None) -> str:
    with pytest.raises(ArtifactEncryptionError) as caught:
        await door(api.client(encryption=encryption), folder)
    said = said_by(caught.value) + repr(vars(caught.value))
    assert not [each for key in (KEY, OTHER_KEY) for each in spellings(key) if each in said]
    assert SECRET.decode() not in said
    return caught.value.code


async def test_every_door_decrypts(api: FakeApi, door: Door, tmp_path: Path) -> None:
    put_encrypted(api, SECRET)
    assert await door(api.client(encryption=ours()), tmp_path) == SECRET


async def test_without_a_key_there_is_an_error_and_no_ciphertext(api: FakeApi, door: Door, tmp_path: Path) -> None:
    put_encrypted(api, SECRET)
    assert await refused(api, door, tmp_path, None) == "encrypted"
    assert api.storage.ranges == []


async def test_another_key_does_not_decrypt(api: FakeApi, door: Door, tmp_path: Path) -> None:
    put_encrypted(api, SECRET)
    assert await refused(api, door, tmp_path, others()) == "wrong_key"


async def test_plain_content_is_accepted_only_when_that_is_said(api: FakeApi, door: Door, tmp_path: Path) -> None:
    api.put(SECRET)
    assert await refused(api, door, tmp_path, ours()) == "not_encrypted"
    assert api.storage.ranges == []
    assert await door(api.client(encryption=lenient()), tmp_path) == SECRET


async def test_plain_content_that_says_it_is_a_file_is_accepted_no_more(
    api: FakeApi, door: Door, tmp_path: Path
) -> None:
    # Else a link to anywhere could be put in place of content.
    api.put(SECRET, kind="file")
    assert await refused(api, door, tmp_path, ours()) == "not_encrypted"


async def test_damaged_content_is_not_decrypted(api: FakeApi, door: Door, tmp_path: Path) -> None:
    # The digest is that of what is there: whoever writes to the bucket writes that, too.
    whole = put_encrypted(api, SECRET).body
    for body in (
        whole[:-1],
        whole + b"\0",
        whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:],
        whole[:100],
        b"",
        SECRET,
    ):
        api.put(body, mimeType=MARK)
        assert await refused(api, door, tmp_path, ours()) == "damaged"


async def test_a_ciphertext_that_lost_its_mark_is_plain(api: FakeApi, door: Door, tmp_path: Path) -> None:
    api.put(put_encrypted(api, SECRET).body)
    assert await refused(api, door, tmp_path, ours()) == "not_encrypted"


@pytest.mark.parametrize(
    "other",
    [
        ArtifactId(Scope("app", "alice", "s1"), "b.bin"),
        ArtifactId(Scope("app", "alice", "s2"), "a.bin"),
        ArtifactId(Scope("app", "alice"), "a.bin"),
        ArtifactId(Scope("app", "bob", "s1"), "a.bin"),
        ArtifactId(Scope("other", "alice", "s1"), "a.bin"),
    ],
    ids=lambda artifact: f"{artifact.key_prefix}",
)
async def test_a_copy_of_another_artifact_is_not_decrypted(
    api: FakeApi, door: Door, tmp_path: Path, other: ArtifactId
) -> None:
    put_encrypted(api, SECRET, artifact=other)
    assert await refused(api, door, tmp_path, ours()) == "other_artifact"


@pytest.mark.parametrize(
    "described",
    [{"mimeType": f"{MARK}; kind=text"}, {"mimeType": f'{MARK}; type="text/html"'}, {"displayName": "another"}],
    ids=repr,
)
async def test_content_with_another_description_is_not_decrypted(
    api: FakeApi, door: Door, tmp_path: Path, described: dict[str, str]
) -> None:
    body = put_encrypted(api, SECRET).body
    api.put(body, **{"mimeType": MARK, **described})
    assert await refused(api, door, tmp_path, ours()) == "other_artifact"


async def test_a_message_with_less_or_more_context_is_not_decrypted(api: FakeApi, door: Door, tmp_path: Path) -> None:
    # The SDK itself compares only what a message has.
    right = dict(context_of(ARTIFACT, PartHeader()))
    user_scope = {name: value for name, value in right.items() if name != "artifact-session"}
    for context in ({}, {"purpose": "something else"}, user_scope, {**right, "artifact-more": "x"}):
        api.put(ours().messages.encrypt(SECRET, context), mimeType=MARK)
        assert await refused(api, door, tmp_path, ours()) in {"other_artifact", "wrong_key"}


async def test_the_copy_of_a_whole_version_is_not_decrypted(api: FakeApi) -> None:
    client = api.client(encryption=ours())
    await client.save(ARTIFACT, SECRET, mime_type="image/png", display_name="n")
    (version,) = api.artifacts[PATH]
    facts = {name: version.facts[name] for name in ("kind", "mimeType", "displayName", "customMetadata")}
    api.put(version.body, f"{SCOPE}/artifacts/b.bin", **facts)
    with pytest.raises(ArtifactEncryptionError) as caught:
        await client.load(ArtifactId(ARTIFACT.scope, "b.bin"))
    assert caught.value.code == "other_artifact"


NOISY = """
import gc
import io
from google_adk_aws import ArtifactEncryptionError, Encryption

ours, others = (Encryption.with_key(bytes([number]) * 32).messages for number in (1, 2))
message = ours.encrypt(bytes(3_000_000), {"for": "this"})
for damaged, by in ((message, others), (message[:-1], ours), (b"", ours)):
    try:
        by.decrypt(damaged, {"for": "this"})
    except ArtifactEncryptionError as error:
        print(error.code)
given_up = ours.decrypted(io.BytesIO(message), {"for": "this"})
print(len(next(given_up)))
del given_up
gc.collect()
"""


def test_nothing_complains_later_of_what_was_not_decrypted() -> None:
    # Development mode tells of objects that fail while they are collected; from Python 3.13 on any mode does.
    run = subprocess.run([sys.executable, "-X", "dev", "-c", NOISY], check=True, capture_output=True, text=True)
    assert run.stdout.split() == ["wrong_key", "damaged", "damaged", str(CHUNK_BYTES)]
    assert "Exception ignored" not in run.stderr
