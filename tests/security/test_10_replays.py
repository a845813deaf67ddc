"""An old finalize or save is replayed to bring something back, after a delete or after its end.

A repeated request is answered as the first one was, or refused; what was deleted stays deleted.
"""

from __future__ import annotations

import hashlib
import json

import pytest

from artifact_api.idempotency import FastPath
from artifact_store import _uploading, store
from artifact_store.ids import new_id
from tests.contract.calls import DOC, call, save
from tests.contract.transfers import send
from tests.contract.uploading import DAY, post
from tests.faults.interposed import World
from tests.security.defence import Defence

pytestmark = pytest.mark.usefixtures("aws")

SAVES_ARE_REMEMBERED = Defence(
    10,
    "a key that has saved once never saves again, while it is remembered",
    (
        (store, "token_hash", lambda **_: new_id()),
        (FastPath, "run", lambda _, save, **facts: (save(), True)),
    ),
)
UPLOADS_ARE_REMEMBERED = Defence(
    10, "an upload that was a version never is one again", ((_uploading, "_token", lambda _: new_id()),)
)

SHA256 = hashlib.sha256(b"content").hexdigest()


def save_again_after_a_delete(world: World, *, later: float) -> bytes | None:
    """What a replayed save has brought back."""
    save(DOC, Idempotency_Key="1")
    assert call("DELETE", DOC).status == 204
    world.clock.sleep(later)
    save(DOC, Idempotency_Key="1")
    answer = call("GET", DOC)
    return answer.body if answer.status == 200 else None


@pytest.mark.parametrize("later", [0, 3599, DAY - 1])
def test_a_replayed_save_brings_nothing_back(later: float, world: World) -> None:
    assert save_again_after_a_delete(world, later=later) is None


def test_a_replayed_save_brings_it_back_without_memory(world: World) -> None:
    with SAVES_ARE_REMEMBERED.taken_out():
        assert save_again_after_a_delete(world, later=0) == b"content"


def finalize_again_after_a_delete(world: World) -> bytes | None:
    """What a replayed upload has brought back; its signed request is still good, and its blob's key is free again."""
    begun = post(f"{DOC}/uploads", {"size": 7, "method": "put"}).json
    upload, finalized = f"{DOC}/uploads/{begun['uploadId']}", {"size": 7, "sha256": SHA256}
    assert send(world, begun["put"], b"content")[0] == 200
    assert post(f"{upload}/finalize", finalized).status == 201
    assert call("DELETE", DOC).status == 204
    assert send(world, begun["put"], b"content")[0] == 200
    post(f"{upload}/finalize", finalized)
    answer = call("GET", DOC)
    return answer.body if answer.status == 200 else None


def test_a_replayed_upload_brings_nothing_back(world: World) -> None:
    assert finalize_again_after_a_delete(world) is None


def test_a_replayed_upload_brings_it_back_without_memory(world: World) -> None:
    with UPLOADS_ARE_REMEMBERED.taken_out():
        assert finalize_again_after_a_delete(world) == b"content"


def test_what_a_replayed_upload_left_is_swept(world: World) -> None:
    assert finalize_again_after_a_delete(world) is None
    world.clock.sleep(30 * DAY)
    world.maintenance().reconcile()
    assert world.objects.refs() == [], json.dumps([ref.key for ref in world.objects.refs()])
