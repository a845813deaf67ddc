"""Content is other than its digest or its length says: a wrong digest, a truncated body, a wrong length.

It is refused, and nothing is stored.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cached_property

import pytest

from artifact_api import content
from artifact_api.operations import batch_save
from artifact_api.request import Request
from artifact_store import Content, _uploading
from tests.contract.calls import DOC, SESSION, call, save
from tests.contract.uploading import CONTENT, begin, finalize, parts_of, send_parts
from tests.faults.interposed import World
from tests.security.defence import Defence

pytestmark = pytest.mark.usefixtures("aws")


def _unchecked_body(request: Request) -> bytes:
    return base64.b64decode(request.event["body"])


def _unchecked_content(item: batch_save._Item, _: int | None) -> Content:
    return Content(body=item.members.octets("content"))


DIGESTS_ARE_CHECKED = Defence(19, "the digest is compared", ((content, "_check_digest", lambda *_: None),))
BATCHES_ARE_CHECKED = Defence(19, "an item's digest is compared", ((batch_save, "_content", _unchecked_content),))
LENGTHS_ARE_CHECKED = Defence(19, "the length is compared", ((Request, "body", property(_unchecked_body)),))
UPLOADS_ARE_WHOLE = Defence(19, "an upload has no hole", ((_uploading, "_check_whole", lambda *_: None),))

DIGEST = base64.b64encode(hashlib.sha256(b"content").digest()).decode()


def stored(world: World) -> list[bytes]:
    """What can be loaded."""
    answer = call("GET", DOC)
    assert (answer.status == 200) == bool([ref for ref in world.objects.refs() if not ref.key.startswith("!")])
    return [answer.body] if answer.status == 200 else []


def lie_about_the_digest(world: World, body: bytes) -> list[bytes]:
    """Saves a body that is not the announced one; what was stored."""
    save(DOC, body, Content_Digest=f"sha-256=:{DIGEST}:")
    return stored(world)


@pytest.mark.parametrize("body", [b"", b"conten", b"content2", b"c0ntent"])
def test_a_wrong_digest_is_refused(body: bytes, world: World) -> None:
    assert lie_about_the_digest(world, body) == []


def test_a_wrong_digest_is_stored_without_the_comparison(world: World) -> None:
    with DIGESTS_ARE_CHECKED.taken_out():
        assert lie_about_the_digest(world, b"conten") == [b"conten"]


def lie_in_a_batch(world: World) -> list[bytes]:
    """Saves an item whose content is not the announced one; what was stored."""
    sha256 = hashlib.sha256(b"content").hexdigest()
    item = {"filename": "doc", "content": base64.b64encode(b"conten").decode(), "idempotencyKey": "1", "sha256": sha256}
    call("POST", SESSION.replace("artifacts", "batch/save"), body=json.dumps({"items": [item]}))
    return stored(world)


def test_a_wrong_digest_in_a_batch_is_refused(world: World) -> None:
    assert lie_in_a_batch(world) == []


def test_a_wrong_digest_in_a_batch_is_stored_without_the_comparison(world: World) -> None:
    with BATCHES_ARE_CHECKED.taken_out():
        assert lie_in_a_batch(world) == [b"conten"]


def lie_about_the_length(world: World, announced: str) -> list[bytes]:
    """Saves a body with another length than announced; what was stored."""
    answer = save(DOC, b"conten", Content_Length=announced)
    assert answer.status == 201 or answer.json["field"] == "content"
    return stored(world)


@pytest.mark.parametrize("announced", ["7", "5", "0", "9" * 30, "60"])
def test_a_wrong_length_is_refused(announced: str, world: World) -> None:
    assert lie_about_the_length(world, announced) == []


def test_a_truncated_body_is_stored_without_the_comparison(world: World) -> None:
    with LENGTHS_ARE_CHECKED.taken_out():
        assert lie_about_the_length(world, "7") == [b"conten"]


def finalize_with_a_hole(world: World) -> int | None:
    """Finalizes an upload whose middle is missing; how many bytes were stored."""
    upload = begin()
    parts = dict(enumerate(parts_of(CONTENT), start=1))
    send_parts(world, upload, {number: part for number, part in parts.items() if number != 2})
    assert finalize(upload).status in {201, 409}
    blobs = [ref for ref in world.objects.refs() if ref.key.startswith("!blobs/")]
    found = world.objects.get(blobs[0]) if blobs else None
    return len(found.body) if found is not None else None


def test_an_upload_with_a_hole_is_refused(world: World) -> None:
    assert finalize_with_a_hole(world) is None


def test_an_upload_with_a_hole_is_made_whole_without_the_check(world: World) -> None:
    with UPLOADS_ARE_WHOLE.taken_out():
        assert 0 < (finalize_with_a_hole(world) or 0) < len(CONTENT)


def send_another_part(world: World, part: bytes) -> int | None:
    """The bucket's answer to a part that is not the announced one; None when it refuses."""
    upload = begin()
    announced = parts_of(CONTENT)[0]
    body = {"parts": [{"number": 1, "size": len(announced), "sha256": hashlib.sha256(announced).hexdigest()}]}
    (signed,) = call("POST", f"{upload}/parts", body=json.dumps(body)).json["parts"]
    request, _ = world.transfers._signed[signed["request"]["url"]]
    status, _ = world.transfers.send(request, part)
    return status if status == 200 else None


@pytest.mark.parametrize("change", [b"", b"x"])
def test_another_part_is_refused_by_the_bucket(change: bytes, world: World) -> None:
    """With its digest and length signed, which `test_07_signed_uploads` tries."""
    announced = parts_of(CONTENT)[0]
    assert send_another_part(world, announced[1:] + change) is None


def test_the_property_that_is_replaced_is_one() -> None:
    assert isinstance(vars(Request)["body"], cached_property)
