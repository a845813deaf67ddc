"""Uploads as their callers make them, for the tests of uploads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from artifact_store.transfers import MIN_PART_BYTES
from tests.contract.calls import DOC, Answer, call
from tests.contract.transfers import send
from tests.faults.interposed import World

UPLOADS = f"{DOC}/uploads"
CONTENT = b"a" * MIN_PART_BYTES + b"b" * MIN_PART_BYTES + b"the end"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
DAY = 24 * 60 * 60

Mode = Callable[..., None]


def post(path: str, body: Any, **parts: Any) -> Answer:
    return call("POST", path, body=json.dumps(body), headers={"Content-Type": "application/json"}, **parts)


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def begin(path: str = UPLOADS, **facts: Any) -> str:
    """Begins an upload of CONTENT in parts of 5 MiB; the path of the upload."""
    answer = post(path, {"size": len(CONTENT), "partSize": MIN_PART_BYTES, "mimeType": "video/mp4", **facts})
    assert answer.status == 201, answer
    return f"{path}/{answer.json['uploadId']}"


def parts_of(body: bytes, size: int = MIN_PART_BYTES) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)] or [b""]


def send_parts(world: World, upload: str, parts: Mapping[int, bytes]) -> None:
    asked = [{"number": number, "size": len(part), "sha256": sha256(part)} for number, part in parts.items()]
    signed = post(f"{upload}/parts", {"parts": asked})
    assert signed.status == 200, signed
    for one in signed.json["parts"]:
        assert send(world, one["request"], parts[one["number"]]) == (200, b"")


def uploaded(world: World, path: str = UPLOADS, body: bytes = CONTENT) -> str:
    upload = begin(path, size=len(body))
    send_parts(world, upload, dict(enumerate(parts_of(body), start=1)))
    return upload


def finalize(upload: str, **changes: Any) -> Answer:
    return post(f"{upload}/finalize", {"size": len(CONTENT), "sha256": SHA256, **changes})


def assert_problem(answer: Answer, status: int, code: str, field: str | None = None, limit: int | None = None) -> None:
    assert (answer.status, answer.code) == (status, code), answer
    assert (answer.json.get("field"), answer.json.get("limit")) == (field, limit), answer
    assert answer.headers["cache-control"] == "no-store"
