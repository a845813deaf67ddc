"""A signed upload is used for something else than it was signed for: other key, type, size or content, later, again.

S3 refuses what differs from what was signed; so what is looked at here is what the URLs of the real adapter sign.
That a bucket holds to it is tried in `tests/ports/test_transfers.py`, as far as the emulator checks signatures.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
from botocore.config import Config

from artifact_store import _uploading
from artifact_store.adapters.s3_transfers import S3Transfers
from artifact_store.transfers import SignedRequest, UploadedPart
from tests.contract.calls import DOC, call
from tests.contract.transfers import send
from tests.contract.uploading import DAY, begin, post
from tests.faults.interposed import World
from tests.security.defence import Defence

pytestmark = pytest.mark.usefixtures("aws")

_signed = S3Transfers._signed


def _signs_the_key_alone(adapter: S3Transfers, operation: str, parameters: Any, **facts: Any) -> SignedRequest:
    kept = {name: parameters[name] for name in ("Key", "UploadId", "PartNumber") if name in parameters}
    return _signed(adapter, operation, kept, **facts)


EVERYTHING_IS_SIGNED = Defence(
    7, "size, type, digest and `If-None-Match` are signed", ((S3Transfers, "_signed", _signs_the_key_alone),)
)
BLOBS_ALONE = Defence(7, "uploads go to blobs' keys", ((_uploading, "BLOB_PREFIX", "app/u/s/doc/"),))
URLS_EXPIRE = Defence(7, "a signed request is good for an hour", ((_uploading, "_SIGNED_SECONDS", 30 * DAY),))
UPLOADS_END = Defence(7, "an upload ends", ((_uploading.Uploader, "_is_over", lambda *_: False),))

SHA256 = hashlib.sha256(b"content").hexdigest()
MARK = {"artifact-blob-of": "app/u/s/doc", "artifact-upload": "1"}


def signed_by_the_adapter(method: str) -> SignedRequest:
    client = boto3.client("s3", region_name="eu-central-1", config=Config(signature_version="s3v4"))
    adapter = S3Transfers(client=client, bucket_name="bucket")
    if method == "put":
        return adapter.sign_put("!blobs/1", size=7, sha256=SHA256, content_type="text/csv", metadata=MARK, seconds=3600)
    part = UploadedPart(number=3, size=7, sha256=SHA256)
    return adapter.sign_part("!blobs/1", "upload-1", part, seconds=3600)


def change_the_request(method: str) -> set[str]:
    """What of a signed upload could be changed without a new signature."""
    request = signed_by_the_adapter(method)
    url = urlsplit(request.url)
    query = parse_qs(url.query, strict_parsing=True)
    fixed = set(query["X-Amz-SignedHeaders"][0].split(";"))
    must = {"host", "content-length", "x-amz-checksum-sha256"}
    if method == "put":
        must |= {"content-type", "if-none-match", *(f"x-amz-meta-{name}" for name in MARK)}
        assert unquote(url.path) == "/!blobs/1", "the path is a part of what is signed"
    else:
        assert (query["partNumber"], query["uploadId"]) == (["3"], ["upload-1"]), "the query too"
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    return must - fixed - ({"x-amz-checksum-sha256"} if "x-amz-checksum-sha256" in query else set())


@pytest.mark.parametrize("method", ["put", "parts"])
def test_other_content_size_or_type_is_not_what_was_signed(method: str) -> None:
    assert change_the_request(method) == set()


@pytest.mark.parametrize("method", ["put", "parts"])
def test_other_content_is_what_was_signed_without_signing_everything(method: str) -> None:
    with EVERYTHING_IS_SIGNED.taken_out():
        assert {"content-length", "x-amz-checksum-sha256"} <= change_the_request(method)


def upload_to_a_records_key(world: World) -> list[str]:
    """The keys beside the blobs that an upload was signed for."""
    begin(size=7, method="put", partSize=None)
    begin()
    keys = [facts["key"] for _, facts in world.transfers._signed.values()]
    keys += [upload.key for upload in world.transfers.pending("", after=None)[0]]
    assert len(keys) == 2
    return [key for key in keys if not key.startswith("!blobs/")]


def test_a_records_key_is_refused(world: World) -> None:
    assert upload_to_a_records_key(world) == []


def test_a_records_key_is_signed_without_the_blobs_prefix(world: World) -> None:
    with BLOBS_ALONE.taken_out():
        assert len(upload_to_a_records_key(world)) == 2


def put_request() -> tuple[str, Any]:
    """An upload by one put: its path, and the signed request."""
    body = json.dumps({"size": 7, "mimeType": "text/csv", "method": "put"})
    begun = call("POST", f"{DOC}/uploads", body=body).json
    return f"{DOC}/uploads/{begun['uploadId']}", begun["put"]


def put_late(world: World, *, seconds: float) -> int | None:
    """The bucket's answer to a signed request that is sent later; None when it refuses."""
    _, request = put_request()
    world.clock.sleep(seconds)
    status, _ = send(world, request, b"content")
    return status if status == 200 else None


def test_a_signed_request_is_refused_after_an_hour(world: World) -> None:
    assert put_late(world, seconds=3600) is None


def test_a_signed_request_is_good_for_ever_without_its_end(world: World) -> None:
    with URLS_EXPIRE.taken_out():
        assert put_late(world, seconds=3600) == 200


def finalize_late(world: World) -> int | None:
    """The version that an upload became after its end."""
    upload, request = put_request()
    assert send(world, request, b"content")[0] == 200
    world.clock.sleep(30 * DAY)
    answer = post(f"{upload}/finalize", {"size": 7, "sha256": SHA256})
    return answer.json["version"] if answer.status == 201 else None


def test_an_upload_is_refused_after_its_end(world: World) -> None:
    assert finalize_late(world) is None


def test_an_upload_is_finalized_after_its_end_without_the_end(world: World) -> None:
    with UPLOADS_END.taken_out():
        assert finalize_late(world) == 0
