"""Direct transfer: signed requests that fix what is sent, and multipart uploads."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from artifact_store.adapters.memory import MemoryObjects
from artifact_store.adapters.memory_transfers import MemoryTransfers
from artifact_store.adapters.s3_transfers import S3Transfers
from artifact_store.ports import ObjectRef, ObjectStore
from artifact_store.transfers import (
    MIN_PART_BYTES,
    PartsRefused,
    PendingUpload,
    SignedRequest,
    Transfers,
    UploadedPart,
    UploadGone,
)
from tests.ports.conftest import STRICT

KEY = "!blobs/a b@x"
FACTS = {"artifact-blob-of": "app/u/s/doc", "artifact-upload": "1"}
FIRST, LAST = b"a" * MIN_PART_BYTES, b"the end"

Send = Callable[..., tuple[int, bytes]]


@pytest.fixture(params=STRICT)
def backend(request: pytest.FixtureRequest) -> str:
    """Moto checks neither signatures nor digests."""
    name: str = request.param
    return name


@pytest.fixture
def transfers(request: pytest.FixtureRequest, objects: ObjectStore) -> Transfers:
    if isinstance(objects, MemoryObjects):
        return MemoryTransfers(objects)
    client, _ = request.getfixturevalue("clients")
    return S3Transfers(client=client, bucket_name=objects.bucket_name)


@pytest.fixture
def send(transfers: Transfers) -> Send:
    """Sends a signed request as a stranger who has nothing else."""
    if isinstance(transfers, MemoryTransfers):
        return transfers.send

    def over_http(request: SignedRequest, body: bytes = b"") -> tuple[int, bytes]:
        # httpx counts the body itself; a wrong Content-Length would never leave it.
        headers = {name: value for name, value in request.headers.items() if name != "content-length"}
        answer = httpx.request(request.method, request.url, headers=headers, content=body or None, timeout=30)
        return answer.status_code, answer.content

    return over_http


def part(number: int, body: bytes) -> UploadedPart:
    return UploadedPart(number=number, size=len(body), sha256=hashlib.sha256(body).hexdigest())


def upload(transfers: Transfers, send: Send, *bodies: bytes, key: str = KEY) -> str:
    upload_id = transfers.begin(key, content_type="video/mp4", metadata=FACTS)
    for number, body in enumerate(bodies, start=1):
        request = transfers.sign_part(key, upload_id, part(number, body), seconds=60)
        assert send(request, body)[0] == 200
    return upload_id


def test_parts_become_one_object(transfers: Transfers, objects: ObjectStore, send: Send) -> None:
    upload_id = upload(transfers, send, FIRST, LAST)
    parts, rest = transfers.parts(KEY, upload_id, after=0, limit=1000)
    assert rest is None
    assert [replace(found, tag="") for found in parts] == [part(1, FIRST), part(2, LAST)]
    assert objects.head(KEY) is None
    version_id = transfers.complete(KEY, upload_id, parts)
    found = objects.get(ObjectRef(KEY, version_id))
    assert found is not None
    assert found.body == FIRST + LAST
    assert (found.head.content_type, found.head.metadata) == ("video/mp4", FACTS)
    with pytest.raises(UploadGone):
        transfers.parts(KEY, upload_id, after=0, limit=1000)
    with pytest.raises(UploadGone):
        transfers.abort(KEY, upload_id)


def test_parts_that_are_put_are_the_same_as_those_that_are_sent(transfers: Transfers, objects: ObjectStore) -> None:
    upload_id = transfers.begin(KEY, content_type="video/mp4", metadata=FACTS)
    for number, body in ((1, b"an earlier attempt"), (1, FIRST), (2, LAST)):
        transfers.put_part(KEY, upload_id, part(number, body), body)
    with pytest.raises(PartsRefused):
        transfers.put_part(KEY, upload_id, part(2, LAST), b"another")
    parts, _ = transfers.parts(KEY, upload_id, after=0, limit=1000)
    assert [replace(found, tag="") for found in parts] == [part(1, FIRST), part(2, LAST)]
    found = objects.get(ObjectRef(KEY, transfers.complete(KEY, upload_id, parts)))
    assert found is not None
    assert found.body == FIRST + LAST
    with pytest.raises(UploadGone):
        transfers.put_part(KEY, upload_id, part(2, LAST), LAST)


def test_empty_content_is_one_empty_part(transfers: Transfers, objects: ObjectStore, send: Send) -> None:
    upload_id = upload(transfers, send, b"")
    parts, _ = transfers.parts(KEY, upload_id, after=0, limit=1000)
    version_id = transfers.complete(KEY, upload_id, parts)
    found = objects.get(ObjectRef(KEY, version_id))
    assert found is not None
    assert found.body == b""


def test_a_part_is_replaced_by_sending_it_again(transfers: Transfers, objects: ObjectStore, send: Send) -> None:
    upload_id = upload(transfers, send, b"first")
    request = transfers.sign_part(KEY, upload_id, part(1, b"second"), seconds=60)
    assert send(request, b"second")[0] == 200
    parts, _ = transfers.parts(KEY, upload_id, after=0, limit=1000)
    assert [replace(found, tag="") for found in parts] == [part(1, b"second")]


def test_parts_are_listed_in_pages(transfers: Transfers, send: Send) -> None:
    upload_id = upload(transfers, send, b"1", b"2", b"3")
    first, after = transfers.parts(KEY, upload_id, after=0, limit=2)
    assert ([found.number for found in first], after) == ([1, 2], 2)
    last, after = transfers.parts(KEY, upload_id, after=2, limit=2)
    assert ([found.number for found in last], after) == ([3], None)


@pytest.mark.parametrize("body", [b"other", b"wrong size", b""])
def test_other_bytes_than_were_signed_are_refused(transfers: Transfers, send: Send, body: bytes) -> None:
    upload_id = transfers.begin(KEY, content_type="a/b", metadata=FACTS)
    request = transfers.sign_part(KEY, upload_id, part(1, b"right"), seconds=60)
    assert send(request, body)[0] in {400, 403}
    assert transfers.parts(KEY, upload_id, after=0, limit=10) == ([], None)


def test_a_signed_request_is_good_for_itself_alone(transfers: Transfers, send: Send) -> None:
    upload_id = transfers.begin(KEY, content_type="a/b", metadata=FACTS)
    request = transfers.sign_part(KEY, upload_id, part(1, b"right"), seconds=60)
    assert time.time() * 1000 < request.expires_ms <= (time.time() + 60) * 1000
    for forged in (
        replace(request, url=request.url[:-2] + "zz"),
        replace(request, headers={**request.headers, "x-amz-checksum-sha256": "A" * 43 + "="}),
        replace(request, url=request.url.replace("partNumber=1", "partNumber=2") + "&partNumber=2"),
    ):
        assert send(forged, b"right")[0] in {400, 403}


def test_an_expired_request_is_refused(transfers: Transfers, send: Send) -> None:
    upload_id = transfers.begin(KEY, content_type="a/b", metadata=FACTS)
    request = transfers.sign_part(KEY, upload_id, part(1, b"right"), seconds=1)
    time.sleep(2.1)
    assert send(request, b"right")[0] == 403


def test_what_is_aborted_is_gone(transfers: Transfers, objects: ObjectStore, send: Send) -> None:
    upload_id = upload(transfers, send, b"first")
    late = transfers.sign_part(KEY, upload_id, part(2, b"late"), seconds=60)
    transfers.abort(KEY, upload_id)
    assert send(late, b"late")[0] == 404
    with pytest.raises(UploadGone):
        transfers.complete(KEY, upload_id, [replace(part(1, b"first"), tag='"x"')])
    assert objects.head(KEY) is None
    assert transfers.pending("!blobs/", after=None) == ([], None)


def test_parts_that_are_no_object_are_refused(transfers: Transfers, objects: ObjectStore, send: Send) -> None:
    upload_id = upload(transfers, send, b"first", b"second")
    parts, _ = transfers.parts(KEY, upload_id, after=0, limit=10)
    for wrong in ([replace(parts[0], tag='"0"')], [replace(parts[0], number=7)]):
        with pytest.raises(PartsRefused):
            transfers.complete(KEY, upload_id, wrong)
    assert objects.head(KEY) is None


def test_uploads_that_nobody_ended_are_listed(transfers: Transfers) -> None:
    ids = {
        (key, transfers.begin(key, content_type="a/b", metadata=FACTS)) for key in ("!blobs/1", "!blobs/2", "!blobs/2")
    }
    transfers.begin("elsewhere/1", content_type="a/b", metadata=FACTS)
    found, rest = transfers.pending("!blobs/", after=None)
    assert rest is None
    assert {(upload.key, upload.upload_id) for upload in found} == ids
    assert all(abs(upload.begun_ms / 1000 - time.time()) < 60 for upload in found)
    after = PendingUpload(key="!blobs/1", upload_id=next(id_ for key, id_ in ids if key == "!blobs/1"), begun_ms=0)
    assert {upload.key for upload in transfers.pending("!blobs/", after=after)[0]} == {"!blobs/2"}


@pytest.mark.parametrize("digest", [hashlib.sha256(b"right").hexdigest(), None], ids=["digest", "no digest"])
def test_one_put_makes_an_object_once(
    transfers: Transfers, objects: ObjectStore, send: Send, digest: str | None
) -> None:
    request = transfers.sign_put(KEY, size=5, sha256=digest, content_type="text/html", metadata=FACTS, seconds=60)
    assert send(request, b"too long")[0] == 403
    if digest is not None:
        assert send(request, b"wrong")[0] == 400
    assert objects.head(KEY) is None
    assert send(request, b"right")[0] == 200
    head = objects.head(KEY)
    assert head is not None
    assert (head.content_type, head.metadata, head.size) == ("text/html", FACTS, 5)
    assert send(request, b"right")[0] == 412, "what was put is never put over"
    assert objects.head(KEY) == head


def test_a_download_names_one_version(transfers: Transfers, objects: ObjectStore, send: Send) -> None:
    version_id = objects.create(KEY, b"content", content_type="text/html", metadata=FACTS)
    request = transfers.sign_get(KEY, version_id, content_type="a/b", disposition="attachment", seconds=60)
    current = transfers.sign_get(KEY, None, content_type="a/b", disposition="attachment", seconds=60)
    assert send(request) == send(current) == (200, b"content")
    objects.delete([ObjectRef(KEY, version_id)])
    objects.create(KEY, b"later", content_type="text/html", metadata=FACTS)
    assert send(request)[0] == 404
    assert send(current) == (200, b"later")


def test_a_download_has_the_headers_that_were_signed(transfers: Transfers, objects: ObjectStore) -> None:
    if isinstance(transfers, MemoryTransfers):
        pytest.skip("answers of the in-memory twin have no headers")
    objects.create(KEY, b"content", content_type="text/html", metadata=FACTS)
    # The emulator knows neither ranges nor chosen headers where a version is named.
    request = transfers.sign_get(
        KEY, None, content_type="a/b", disposition="attachment; filename*=UTF-8''b%C3%A4r", seconds=60
    )
    answer = httpx.get(request.url, headers={"Range": "bytes=1-3"})
    assert (answer.status_code, answer.content) == (206, b"ont")
    assert answer.headers["content-type"] == "a/b"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''b%C3%A4r"
