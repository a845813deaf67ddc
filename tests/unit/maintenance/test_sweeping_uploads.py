"""What callers upload and give up is removed, once nobody can finalize it any more."""

from __future__ import annotations

import hashlib

import pytest

from artifact_store import ArtifactNotFound, Part, Upload, UploadedPart, UploadNotFound
from artifact_store.maintenance import Limits
from artifact_store.transfers import MIN_PART_BYTES, UPLOAD_LIFE_MS
from tests.faults.interposed import Counted, World
from tests.faults.soundness import assert_sound
from tests.unit.maintenance.drifts import DOC, HOUR, reconcile

LIFE = UPLOAD_LIFE_MS / 1000
BODY = b"content"
DIGEST = hashlib.sha256(BODY).hexdigest()


def uploaded(world: World) -> Upload:
    upload = world.store().begin_upload(DOC, size=len(BODY), part_bytes=MIN_PART_BYTES)
    part = UploadedPart(number=1, size=len(BODY), sha256=DIGEST)
    (request,) = world.store().sign_upload_parts(upload, [part])
    assert world.transfers.send(request, BODY)[0] == 200
    return upload


def complete(world: World, upload: Upload) -> None:
    parts, _ = world.store().uploaded_parts(upload)
    world.transfers.complete(upload.key, upload.upload_id, parts)


def finalize(world: World, upload: Upload) -> int:
    saved = world.store().finalize_upload(upload, size=len(BODY), sha256=DIGEST, part=Part(), custom_metadata={})
    return saved.version.number


def test_an_upload_that_was_given_up_is_aborted() -> None:
    world = World()
    upload = uploaded(world)
    world.clock.sleep(LIFE + HOUR)
    findings = reconcile(world)
    assert (findings.total, findings.swept, findings.seen["uploads"]) == (0, {"uploads": 1}, 1)
    assert world.transfers.pending("", after=None) == ([], None)
    with pytest.raises(UploadNotFound):
        finalize(world, upload)
    assert reconcile(world).swept == {}


def test_a_complete_upload_that_was_given_up_is_removed() -> None:
    world = World()
    complete(world, uploaded(world))
    world.clock.sleep(LIFE + HOUR)
    findings = reconcile(world)
    assert (findings.total, findings.swept) == (0, {"blobs": 1})
    assert world.objects.refs() == []


@pytest.mark.parametrize("is_complete", [True, False])
def test_an_upload_is_left_alone_as_long_as_it_can_be_finalized(is_complete: bool) -> None:  # noqa: FBT001
    world = World()
    upload = uploaded(world)
    if is_complete:
        complete(world, upload)
    world.clock.sleep(LIFE - 1)
    assert reconcile(world).swept == {}
    assert finalize(world, upload) == 0
    world.clock.sleep(2 * HOUR)
    assert (reconcile(world).swept, reconcile(world).total) == ({}, 0)
    assert world.store().load(DOC).body == BODY
    assert_sound(world)


def test_a_finalize_at_the_last_moment_is_not_swept_away() -> None:
    """A blob is as old as the beginning of its upload: the sweep must not come before its record."""
    world = World()
    upload = uploaded(world)
    world.clock.sleep(LIFE - 1)

    def sweep() -> None:
        world.clock.sleep(30)
        assert reconcile(world).swept == {}

    record = Counted(4, "before", sweep)
    store = world.store(record)
    store.finalize_upload(upload, size=len(BODY), sha256=DIGEST, part=Part(), custom_metadata={})
    assert record.calls[:4] == ["parts", "complete", "get", "create"]
    assert world.store().load(DOC).body == BODY


def test_nothing_is_removed_on_a_dry_run() -> None:
    world = World()
    uploaded(world)
    complete(world, uploaded(world))
    world.clock.sleep(LIFE + HOUR)
    findings = world.maintenance().reconcile(limits=Limits(dry_run=True)).findings
    assert findings.swept == {"uploads": 1, "blobs": 1}
    assert len(world.transfers.pending("", after=None)[0]) == len(world.objects.refs()) == 1


def test_many_uploads_are_swept_in_pages() -> None:
    world = World()
    for _ in range(1001):
        world.store().begin_upload(DOC)
    world.clock.sleep(LIFE + HOUR)
    assert reconcile(world).swept == {"uploads": 1001}


def test_a_run_goes_on_among_uploads() -> None:
    world = World()
    for _ in range(1001):
        world.store().begin_upload(DOC)
    world.clock.sleep(LIFE + HOUR)
    checkpoint = None
    sittings = 0
    while True:
        result = world.maintenance(Counted(1, "after", lambda: world.clock.sleep(100))).reconcile(
            checkpoint=checkpoint, timeout=50
        )
        sittings += 1
        checkpoint = result.checkpoint
        if checkpoint is None:
            break
    assert sittings > 3
    assert result.findings.swept == {"uploads": 1001}
    with pytest.raises(ArtifactNotFound):
        world.store().describe(DOC)
