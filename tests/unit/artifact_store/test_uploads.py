"""Uploads: parts into a blob, one finalize that saves it, whatever happens in between."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from artifact_store import (
    ArtifactId,
    ArtifactNotFound,
    Content,
    IdempotencyKeyReused,
    InvalidContent,
    InvalidName,
    InvalidPart,
    InvalidUpload,
    MetadataTooLarge,
    Part,
    Precondition,
    PreconditionFailed,
    Saved,
    Scope,
    Upload,
    UploadedPart,
    UploadFinalized,
    UploadIncomplete,
    UploadNotFound,
)
from artifact_store.names import BLOB_PREFIX
from artifact_store.record import BLOB_OWNER
from artifact_store.transfers import (
    DEFAULT_PART_BYTES,
    MAX_PART_BYTES,
    MAX_PARTS,
    MAX_UPLOAD_BYTES,
    MIB,
    MIN_PART_BYTES,
    UPLOAD_LIFE_MS,
)
from tests.faults.interposed import World
from tests.faults.soundness import assert_sound

DOC = ArtifactId(Scope("app", "u", "s"), "video.mp4")
BODY = b"a" * MIN_PART_BYTES + b"b" * MIN_PART_BYTES + b"the end"
DAY = UPLOAD_LIFE_MS / 1000


def begin(world: World, body: bytes = BODY, **facts: Any) -> Upload:
    return world.store().begin_upload(DOC, size=len(body), part_bytes=MIN_PART_BYTES, **facts)


def send_parts(world: World, upload: Upload, body: bytes = BODY, *, but: set[int] | None = None) -> None:
    bodies = [body[start : start + upload.part_bytes] for start in range(0, len(body), upload.part_bytes)] or [b""]
    parts = [
        UploadedPart(number=number, size=len(part), sha256=hashlib.sha256(part).hexdigest())
        for number, part in enumerate(bodies, start=1)
        if number not in (but or set())
    ]
    for part, request in zip(parts, world.store().sign_upload_parts(upload, parts), strict=True):
        assert world.transfers.send(request, bodies[part.number - 1]) == (200, b"")


def finalize(world: World, upload: Upload, body: bytes = BODY, **changes: Any) -> Saved:
    facts: dict[str, Any] = {
        "size": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "part": Part(mime_type="video/mp4"),
        "custom_metadata": {"text": "x" * 60_000},
    }
    return world.store().finalize_upload(upload, **{**facts, **changes})


def uploaded(world: World, body: bytes = BODY) -> Upload:
    upload = begin(world, body)
    send_parts(world, upload, body)
    return upload


def test_parts_become_a_version() -> None:
    world = World()
    upload = uploaded(world)
    with pytest.raises(ArtifactNotFound):
        world.store().describe(DOC)
    saved = finalize(world, upload)
    loaded = world.store().load(DOC)
    assert loaded.body == BODY
    assert loaded.version == saved.version == world.store().describe(DOC, 0)
    assert (saved.replayed, saved.version.number, saved.version.size) == (False, 0, len(BODY))
    assert saved.version.sha256 == hashlib.sha256(BODY).hexdigest()
    assert saved.version.custom_metadata == {"text": "x" * 60_000}
    assert_sound(world)


@pytest.mark.parametrize("body", [b"", b"small"])
def test_content_of_any_size_may_be_uploaded(body: bytes) -> None:
    world = World()
    assert finalize(world, uploaded(world, body), body).version.size == len(body)
    assert world.store().load(DOC).body == body


def test_an_upload_of_unknown_size() -> None:
    world = World()
    upload = world.store().begin_upload(DOC, part_bytes=MIN_PART_BYTES)
    assert (upload.size, upload.part_count) == (None, None)
    send_parts(world, upload)
    finalize(world, upload)
    assert world.store().load(DOC).body == BODY


def test_uploads_and_saves_number_their_versions_together() -> None:
    world = World()
    store = world.store()
    first, second = uploaded(world), uploaded(world, b"other")
    store.save(DOC, Content(body=b"0"), caller="c", idempotency_key="0")
    assert finalize(world, second, b"other").version.number == 1
    store.save(DOC, Content(body=b"2"), caller="c", idempotency_key="2")
    assert finalize(world, first).version.number == 3
    assert [store.load(DOC, number).body for number in range(4)] == [b"0", b"other", b"2", BODY]
    assert_sound(world)


def test_a_finalize_is_one_version_however_often() -> None:
    world = World()
    upload = uploaded(world)
    first = finalize(world, upload)
    again = finalize(world, upload)
    assert again.replayed
    assert again.version == first.version
    assert [version.number for version in world.store().list_versions(DOC).items] == [0]
    changes: list[dict[str, Any]] = [{"sha256": "0" * 64}, {"part": Part()}, {"custom_metadata": {}}]
    for change in changes:
        with pytest.raises(IdempotencyKeyReused):
            finalize(world, upload, **change)


def test_a_finalize_after_a_delete_brings_nothing_back() -> None:
    world = World()
    upload = uploaded(world)
    first = finalize(world, upload)
    assert world.store().delete(DOC)
    again = finalize(world, upload)
    assert (again.replayed, again.version.number) == (True, first.version.number)
    with pytest.raises(ArtifactNotFound):
        world.store().load(DOC)
    assert_sound(world)


def test_a_completed_upload_that_was_never_saved_can_be_finalized() -> None:
    world = World()
    upload = uploaded(world)
    parts, _ = world.store().uploaded_parts(upload)
    world.transfers.complete(upload.key, upload.upload_id, parts)
    assert world.store().uploaded_parts(upload) == ((), None)
    assert finalize(world, upload).version.number == 0


@pytest.mark.parametrize(
    ("missing", "told"),
    [({1}, "part 1 is missing"), ({2}, "part 2 is missing"), ({3}, "part 3 is missing"), ({1, 2, 3}, "part 1 is")],
)
def test_missing_parts_are_named_and_can_be_sent_then(missing: set[int], told: str) -> None:
    world = World()
    upload = begin(world)
    send_parts(world, upload, but=missing)
    with pytest.raises(UploadIncomplete, match=told):
        finalize(world, upload)
    with pytest.raises(ArtifactNotFound):
        world.store().describe(DOC)
    send_parts(world, upload, but={1, 2, 3} - missing)
    assert finalize(world, upload).version.number == 0
    assert_sound(world)


def test_other_sizes_than_announced_are_refused() -> None:
    world = World()
    upload = uploaded(world)
    with pytest.raises(InvalidUpload, match="begun for") as refused:
        finalize(world, upload, size=3)
    assert refused.value.field == "size"
    stream = world.store().begin_upload(DOC, part_bytes=MIN_PART_BYTES)
    send_parts(world, stream)
    for size in (len(BODY) - 1, len(BODY) + 1):
        with pytest.raises(UploadIncomplete, match=f"{len(BODY):,}"):
            finalize(world, stream, size=size)
    short = world.store().begin_upload(DOC, part_bytes=2 * MIN_PART_BYTES)
    send_parts(world, replace(short, part_bytes=MIN_PART_BYTES))
    with pytest.raises(UploadIncomplete, match="part 1 has"):
        finalize(world, short)


def test_parts_too_small_for_s3_are_told() -> None:
    world = World()
    upload = replace(world.store().begin_upload(DOC), part_bytes=3)
    send_parts(world, upload, b"abcdef")
    with pytest.raises(UploadIncomplete, match="EntityTooSmall"):
        finalize(world, upload, b"abcdef")


def test_an_aborted_upload_is_gone() -> None:
    world = World()
    upload = uploaded(world)
    world.store().abort_upload(upload)
    world.store().abort_upload(upload)
    assert world.transfers.pending("", after=None) == ([], None)
    for use in (finalize, lambda world, upload: world.store().uploaded_parts(upload)):
        with pytest.raises(UploadNotFound):
            use(world, upload)
    assert world.objects.refs() == []


def test_a_complete_upload_cannot_be_aborted() -> None:
    world = World()
    upload = uploaded(world)
    parts, _ = world.store().uploaded_parts(upload)
    world.transfers.complete(upload.key, upload.upload_id, parts)
    with pytest.raises(UploadFinalized):
        world.store().abort_upload(upload)
    finalize(world, upload)
    with pytest.raises(UploadFinalized):
        world.store().abort_upload(upload)
    world.store().delete(DOC)
    with pytest.raises(UploadFinalized):
        world.store().abort_upload(upload)


def test_after_a_day_an_upload_is_over() -> None:
    world = World()
    upload = uploaded(world)
    world.clock.sleep(DAY - 1)
    (request,) = world.store().sign_upload_parts(upload, [UploadedPart(number=3, size=7, sha256="0" * 64)])
    assert request.expires_ms <= upload.expires_ms, "no request outlives its upload"
    world.clock.sleep(1)
    for use in (
        finalize,
        lambda world, upload: world.store().sign_upload_parts(upload, []),
        lambda world, upload: world.store().uploaded_parts(upload),
        lambda world, upload: world.store().sign_upload_put(upload),
    ):
        with pytest.raises(UploadNotFound):
            use(world, upload)


def test_a_version_that_was_saved_in_time_is_told_after_that_too() -> None:
    world = World()
    upload = uploaded(world)
    world.clock.sleep(DAY - 10)
    finalize(world, upload)
    world.clock.sleep(60)
    assert finalize(world, upload).replayed


@pytest.mark.parametrize(
    ("size", "part_bytes", "field"),
    [
        (-1, None, "size"),
        (MAX_UPLOAD_BYTES + 1, None, "size"),
        (1, MIN_PART_BYTES - 1, "partSize"),
        (1, MAX_PART_BYTES + 1, "partSize"),
        (MIN_PART_BYTES * MAX_PARTS + 1, MIN_PART_BYTES, "partSize"),
    ],
)
def test_sizes_that_s3_cannot_take(size: int, part_bytes: int | None, field: str) -> None:
    with pytest.raises(InvalidUpload) as refused:
        World().store().begin_upload(DOC, size=size, part_bytes=part_bytes)
    assert refused.value.field == field
    assert refused.value.limit is not None


@pytest.mark.parametrize(
    ("size", "part_bytes", "parts"),
    [
        (0, DEFAULT_PART_BYTES, 1),
        (DEFAULT_PART_BYTES, DEFAULT_PART_BYTES, 1),
        (DEFAULT_PART_BYTES + 1, DEFAULT_PART_BYTES, 2),
        (DEFAULT_PART_BYTES * MAX_PARTS + 1, 9 * MIB, 8889),
        (MAX_UPLOAD_BYTES, 525 * MIB, 9987),
    ],
)
def test_parts_grow_with_the_content(size: int, part_bytes: int, parts: int) -> None:
    upload = World().store().begin_upload(DOC, size=size)
    assert (upload.part_bytes, upload.part_count) == (part_bytes, parts)


@pytest.mark.parametrize(
    ("number", "size", "field"),
    [(0, MIN_PART_BYTES, "number"), (4, 1, "number"), (1, 5, "size"), (3, 8, "size"), (3, MIN_PART_BYTES, "size")],
)
def test_parts_that_are_none_of_the_upload(number: int, size: int, field: str) -> None:
    world = World()
    upload = begin(world)
    good = UploadedPart(number=1, size=MIN_PART_BYTES, sha256="0" * 64)
    with pytest.raises(InvalidUpload) as refused:
        world.store().sign_upload_parts(upload, [good, UploadedPart(number=number, size=size, sha256="0" * 64)])
    assert refused.value.field == f"parts[1].{field}"


@pytest.mark.parametrize(("number", "size", "field"), [(MAX_PARTS + 1, 1, "number"), (1, DEFAULT_PART_BYTES, "size")])
def test_parts_that_are_none_of_a_stream(number: int, size: int, field: str) -> None:
    world = World()
    upload = world.store().begin_upload(DOC, part_bytes=MIN_PART_BYTES)
    with pytest.raises(InvalidUpload) as refused:
        world.store().sign_upload_parts(upload, [UploadedPart(number=number, size=size, sha256="0" * 64)])
    assert refused.value.field == f"parts[0].{field}"


def test_what_cannot_be_saved_is_refused_early() -> None:
    store = World().store()
    with pytest.raises(InvalidName):
        store.begin_upload(ArtifactId(Scope("app", "u", "user"), "x"))
    with pytest.raises(InvalidPart):
        store.begin_upload(DOC, mime_type="bad\n")


def test_facts_of_a_version_are_checked_at_the_end() -> None:
    world = World()
    upload = uploaded(world)
    with pytest.raises(MetadataTooLarge):
        finalize(world, upload, custom_metadata={"text": "x" * 66_000})
    with pytest.raises(InvalidContent):
        finalize(world, upload, part=Part(kind="file"))
    with pytest.raises(InvalidUpload) as refused:
        finalize(world, upload, sha256=None)
    assert refused.value.field == "sha256"
    assert finalize(world, upload).version.number == 0


@pytest.mark.parametrize("announced", [True, False])
def test_one_put_becomes_a_version(announced: bool) -> None:  # noqa: FBT001 - a parameter of a test
    world = World()
    body = b"<html>"
    digest = hashlib.sha256(body).hexdigest()
    upload = world.store().begin_upload(
        DOC, size=len(body), method="put", mime_type="text/html", sha256=digest if announced else None
    )
    with pytest.raises(UploadIncomplete, match="nothing was put"):
        finalize(world, upload, body)
    request = world.store().sign_upload_put(upload)
    assert world.transfers.send(request, body + b"more")[0] == 403
    assert world.transfers.send(request, body)[0] == 200
    saved = finalize(world, upload, body, sha256=None)
    assert saved.version.sha256 == (digest if announced else None)
    assert world.transfers.send(request, body)[0] == 412
    assert world.store().load(DOC).body == body
    assert world.store().load_unless(DOC, None, etags=frozenset([saved.version.etag])) == saved.version.etag
    assert finalize(world, upload, body, sha256=None).replayed
    assert_sound(world)


def test_one_put_has_limits_of_its_own() -> None:
    store = World().store()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"size": None}, "size"),
        ({"size": MAX_PART_BYTES + 1}, "size"),
        ({"size": 1, "part_bytes": MIN_PART_BYTES}, "partSize"),
    ]
    for facts, field in wrong:
        with pytest.raises(InvalidUpload) as refused:
            store.begin_upload(DOC, method="put", **facts)
        assert refused.value.field == field
    upload = store.begin_upload(DOC, method="put", size=1, sha256="0" * 64)
    with pytest.raises(InvalidUpload, match="no parts"):
        store.sign_upload_parts(upload, [])
    with pytest.raises(InvalidUpload, match="digest"):
        finalize(World(), upload, size=1, sha256="1" * 64)
    assert store.uploaded_parts(upload) == ((), None)
    store.abort_upload(upload)


def test_a_put_of_another_size_is_not_saved() -> None:
    world = World()
    upload = world.store().begin_upload(DOC, size=5, method="put")
    world.objects.create(upload.key, b"short of it", content_type=None, metadata={})
    with pytest.raises(UploadIncomplete, match="11 bytes"):
        finalize(world, upload, size=5)


def test_a_blob_names_its_artifact_and_its_upload() -> None:
    world = World()
    upload = uploaded(world)
    finalize(world, upload)
    head = world.objects.head(upload.key)
    assert head is not None
    assert upload.key.startswith(BLOB_PREFIX)
    assert head.metadata == {BLOB_OWNER: DOC.key_prefix, "artifact-upload": "1"}


def test_a_download_is_signed_for_blobs_and_records() -> None:
    world = World()
    store = world.store()
    blob = finalize(world, uploaded(world)).version
    record = store.save(DOC, Content(body=b"small"), caller="c", idempotency_key="k").version
    for version, body in ((blob, BODY), (record, b"small")):
        assert world.transfers.send(store.sign_download(version)) == (200, body)
    world.clock.sleep(61)
    assert world.transfers.send(store.sign_download(blob, seconds=1))[0] == 200


def test_a_finalize_may_depend_on_the_latest_version() -> None:
    world = World()
    upload = uploaded(world)
    with pytest.raises(PreconditionFailed):
        finalize(world, upload, only_if=Precondition(etags=frozenset(['"other"'])))
    assert finalize(world, upload, only_if=Precondition(absent=True)).version.number == 0
    assert finalize(world, upload, only_if=Precondition(absent=True)).replayed, "it was judged before"
