"""Content goes to the deployed bucket itself and comes from it, by what the functions' roles sign."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Stack
    from tests.e2e.emulated_cloud import Answer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

ARTIFACTS = "/v1/apps/a/users/u/sessions/s/artifacts"
MIB = 1024 * 1024
PART_BYTES = 5 * MIB
CONTENT = b"".join(hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(10 * MIB // 32)) + b"end"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def post(stack: Stack, path: str, body: Any, **headers: str) -> Answer:
    return stack.call("POST", path, body=json.dumps(body).encode(), content_type="application/json", **headers)


def uploaded(stack: Stack, uploads: str) -> str:
    """Begins an upload and sends its parts; the path of the upload."""
    begun = post(stack, uploads, {"size": len(CONTENT), "partSize": PART_BYTES, "mimeType": "video/mp4"})
    assert begun.status == 201, begun
    upload = f"{uploads}/{begun.json['uploadId']}"
    bodies = [CONTENT[start : start + PART_BYTES] for start in range(0, len(CONTENT), PART_BYTES)]
    asked = [
        {"number": number, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        for number, body in enumerate(bodies, start=1)
    ]
    signed = post(stack, f"{upload}/parts", {"parts": asked})
    assert signed.status == 200, signed
    for part, body in zip(signed.json["parts"], bodies, strict=True):
        assert stack.cloud.send(part["request"], body).status == 200
    return upload


def test_ten_megabytes_go_up_in_parts_and_come_down_by_a_redirect(stack: Stack) -> None:
    path = f"{ARTIFACTS}/film.mp4"
    upload = uploaded(stack, f"{path}/uploads")
    state = stack.call("GET", upload)
    assert [part["number"] for part in state.json["parts"]] == [1, 2, 3]

    facts = {"size": len(CONTENT), "sha256": SHA256, "customMetadata": {"take": 1}}
    saved = post(stack, f"{upload}/finalize", facts, if_none_match="*")
    assert (saved.status, saved.json["version"], saved.json["size"]) == (201, 0, len(CONTENT))
    again = post(stack, f"{upload}/finalize", facts)
    assert (again.status, again.json, again.headers["idempotency-replayed"]) == (201, saved.json, "true")
    assert stack.call("GET", upload).json["version"] == saved.json
    assert stack.call("DELETE", upload).status == 409

    loaded = stack.call("GET", path)
    assert (loaded.status, loaded.body) == (307, b"")
    assert loaded.headers["artifact-size"] == str(len(CONTENT))
    there = stack.cloud.send({"method": "GET", "url": loaded.headers["location"], "headers": {}})
    assert (there.status, hashlib.sha256(there.body).hexdigest()) == (200, SHA256)
    assert there.headers["content-type"] == "video/mp4"
    assert there.headers["content-disposition"] == "attachment; filename*=UTF-8''film.mp4"
    assert stack.call("GET", path, if_none_match=saved.headers["etag"]).status == 304


def test_an_abort_frees_the_parts(stack: Stack) -> None:
    def pending() -> set[str]:
        found = stack.cloud.client("s3").list_multipart_uploads(Bucket=stack.outputs["BucketName"])
        return {upload["UploadId"] for upload in found.get("Uploads", [])}

    before = pending()
    upload = uploaded(stack, f"{ARTIFACTS}/aborted/uploads")
    assert len(pending() - before) == 1
    for _ in range(2):
        assert stack.call("DELETE", upload).status == 204
    assert stack.call("GET", upload).status == 404
    assert pending() == before


def test_one_put_and_a_link(stack: Stack) -> None:
    path = f"{ARTIFACTS}/put.txt"
    digest = hashlib.sha256(b"small").hexdigest()
    begun = post(stack, f"{path}/uploads", {"size": 5, "method": "put", "mimeType": "text/plain", "sha256": digest})
    assert stack.cloud.send(begun.json["put"], b"small").status == 200
    assert stack.cloud.send(begun.json["put"], b"small").status == 412
    saved = post(stack, f"{path}/uploads/{begun.json['uploadId']}/finalize", {"size": 5})
    assert (saved.status, saved.json["sha256"]) == (201, digest)
    link = post(stack, f"{path}/versions/latest/link", {"expiresIn": 60})
    assert link.status == 200, link
    assert stack.cloud.send(link.json["request"]).body == b"small"


def test_an_upload_is_its_callers_alone(stack: Stack) -> None:
    uploads = f"{ARTIFACTS}/mine/uploads"
    upload = f"{uploads}/{post(stack, uploads, {'size': 5}).json['uploadId']}"
    may_call = {
        "Effect": "Allow",
        "Action": "execute-api:Invoke",
        "Resource": f"arn:aws:execute-api:us-east-1:000000000000:{stack.outputs['ApiId']}/*",
    }
    other = stack.cloud.user("transfers-other", may_call)
    answer = stack.cloud.call(stack.outputs["ApiId"], "GET", upload, credentials=other)
    assert (answer.status, answer.json["code"]) == (404, "upload_not_found")
    assert stack.call("GET", upload).status == 200


def test_a_range_of_small_content(stack: Stack) -> None:
    path = f"{ARTIFACTS}/small"
    assert stack.call("POST", path, body=b"0123456789").status == 201
    answer = stack.call("GET", path, range="bytes=2-4")
    assert (answer.status, answer.body, answer.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    head = stack.call("HEAD", path)
    assert (head.status, head.headers["artifact-size"]) == (200, "10")
