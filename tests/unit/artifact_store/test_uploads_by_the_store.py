"""Uploads whose bytes the store itself puts, for callers that hold credentials of the bucket."""

from __future__ import annotations

import hashlib

import pytest

from artifact_store import (
    ArtifactId,
    DigestMismatch,
    InvalidUpload,
    Part,
    Saved,
    Scope,
    StorageUnavailable,
    Upload,
    UploadedPart,
    UploadNotFound,
)
from artifact_store.ports import ObjectExists
from artifact_store.transfers import MIN_PART_BYTES, UPLOAD_LIFE_MS
from tests.faults.interposed import World
from tests.faults.soundness import assert_sound

pytestmark = pytest.mark.unit

DOC = ArtifactId(Scope("app", "u", "s"), "video.mp4")
BODY = b"a" * MIN_PART_BYTES + b"the end"


def part(number: int, body: bytes) -> UploadedPart:
    return UploadedPart(number=number, size=len(body), sha256=hashlib.sha256(body).hexdigest())


def finalize(world: World, upload: Upload, body: bytes = BODY) -> Saved:
    return world.store().finalize_upload(
        upload,
        size=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
        part=Part(mime_type="video/mp4"),
        custom_metadata={},
    )


def test_one_put_is_one_version_however_often_it_is_repeated() -> None:
    world = World()
    store = world.store()
    upload = store.begin_upload(DOC, size=len(BODY), method="put", mime_type="video/mp4")
    store.put_upload(upload, BODY)
    store.put_upload(upload, BODY)
    assert finalize(world, upload).version.number == 0
    assert finalize(world, upload).replayed
    assert store.load(DOC).body == BODY
    assert_sound(world)


def test_a_put_that_is_still_on_its_way_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    store = world.store()
    upload = store.begin_upload(DOC, size=3, method="put")
    create = store.ports.objects.create

    def in_conflict(*_: object, **__: object) -> str:
        raise ObjectExists(upload.key)  # S3's 409: another one of the same key has not ended

    monkeypatch.setattr(store.ports.objects, "create", in_conflict)
    with pytest.raises(StorageUnavailable, match="has not ended"):
        store.put_upload(upload, b"abc")
    monkeypatch.setattr(store.ports.objects, "create", create)
    store.put_upload(upload, b"abc")
    assert finalize(world, upload, b"abc").version.number == 0


def test_parts_are_one_version() -> None:
    world = World()
    store = world.store()
    upload = store.begin_upload(DOC, size=len(BODY), part_bytes=MIN_PART_BYTES)
    first, last = BODY[:MIN_PART_BYTES], BODY[MIN_PART_BYTES:]
    store.put_upload_part(upload, part(2, last), last)
    store.put_upload_part(upload, part(1, first), first)
    finalize(world, upload)
    assert store.load(DOC).body == BODY
    assert_sound(world)


def test_what_is_none_of_the_upload_is_refused() -> None:
    world = World()
    store = world.store()
    put = store.begin_upload(DOC, size=3, method="put")
    parts = store.begin_upload(DOC, size=len(BODY), part_bytes=MIN_PART_BYTES)
    with pytest.raises(InvalidUpload):
        store.put_upload(put, b"four")
    with pytest.raises(InvalidUpload):
        store.put_upload(parts, BODY)
    with pytest.raises(InvalidUpload):
        store.put_upload_part(parts, part(2, b"short"), b"short")
    with pytest.raises(InvalidUpload):
        store.put_upload_part(parts, part(2, b"the end"), b"the")
    with pytest.raises(DigestMismatch):
        store.put_upload_part(parts, part(2, b"the end"), b"THE END")


def test_an_upload_that_is_over_takes_nothing() -> None:
    world = World()
    store = world.store()
    aborted = store.begin_upload(DOC, size=7)
    store.abort_upload(aborted)
    with pytest.raises(UploadNotFound):
        store.put_upload_part(aborted, part(1, b"the end"), b"the end")
    put = store.begin_upload(DOC, size=3, method="put")
    world.clock.sleep(UPLOAD_LIFE_MS / 1000)
    with pytest.raises(UploadNotFound):
        store.put_upload(put, b"abc")
