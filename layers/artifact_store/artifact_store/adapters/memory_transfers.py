"""The in-memory twin of direct transfer: signed requests are told apart by their URL, and sent by `send`."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from artifact_store.adapters.time import SystemClock
from artifact_store.ports import Clock, ObjectExists, ObjectRef
from artifact_store.transfers import (
    MAX_PARTS,
    MIN_PART_BYTES,
    PartsRefused,
    PendingUpload,
    SignedRequest,
    UploadedPart,
    UploadGone,
)

if TYPE_CHECKING:
    from artifact_store.adapters.memory import MemoryObjects

__all__ = ["MemoryTransfers"]

_FORBIDDEN: Final = 403
_PAGE: Final = 1000


@dataclass
class _Multipart:
    """A multipart upload under way."""

    key: str
    content_type: str
    metadata: Mapping[str, str]
    begun_ms: int
    bodies: dict[int, bytes] = field(default_factory=dict)


class MemoryTransfers:
    """Signed requests and multipart uploads of a bucket in memory."""

    def __init__(self, objects: MemoryObjects, *, clock: Clock | None = None) -> None:
        self._objects = objects
        self._clock = clock or SystemClock()
        self._lock = threading.RLock()
        self._ids = count(1)
        self._uploads: dict[str, _Multipart] = {}
        self._signed: dict[str, tuple[SignedRequest, dict[str, Any]]] = {}

    def begin(self, key: str, *, content_type: str, metadata: Mapping[str, str]) -> str:
        with self._lock:
            upload_id = f"upload-{next(self._ids):06}"
            self._uploads[upload_id] = _Multipart(key, content_type, dict(metadata), self._clock.now_ms())
            return upload_id

    def sign_part(self, key: str, upload_id: str, part: UploadedPart, *, seconds: int) -> SignedRequest:
        headers = {"x-amz-checksum-sha256": part.sha256, "content-length": str(part.size)}
        return self._sign("PUT", key, headers, seconds, upload_id=upload_id, number=part.number)

    def put_part(self, key: str, upload_id: str, part: UploadedPart, body: bytes) -> None:
        with self._lock:
            if hashlib.sha256(body).hexdigest() != part.sha256:
                raise PartsRefused("BadDigest")
            self._upload(key, upload_id).bodies[part.number] = body

    def sign_put(
        self,
        key: str,
        *,
        size: int,
        sha256: str | None,
        content_type: str,
        metadata: Mapping[str, str],
        seconds: int,
    ) -> SignedRequest:
        headers = {"content-length": str(size), "content-type": content_type, "if-none-match": "*"}
        if sha256 is not None:
            headers["x-amz-checksum-sha256"] = sha256
        return self._sign("PUT", key, headers, seconds, metadata=dict(metadata))

    def sign_get(
        self, key: str, version_id: str | None, *, content_type: str, disposition: str, seconds: int
    ) -> SignedRequest:
        return self._sign(
            "GET", key, {}, seconds, version_id=version_id, content_type=content_type, disposition=disposition
        )

    def _sign(self, method: Any, key: str, headers: Mapping[str, str], seconds: int, **facts: Any) -> SignedRequest:
        with self._lock:
            url = f"memory://{self._objects.bucket_name}/{quote(key)}?signature={next(self._ids)}"
            expires_ms = self._clock.now_ms() + seconds * 1000
            request = SignedRequest(method=method, url=url, headers=headers, expires_ms=expires_ms)
            self._signed[url] = request, {"key": key, **facts}
            return request

    def send(self, request: SignedRequest, body: bytes = b"") -> tuple[int, bytes]:
        """Sends a signed request as its holder would; returns status and body."""
        with self._lock:
            known, facts = self._signed.get(request.url, (None, {}))
            if known != request or self._clock.now_ms() >= request.expires_ms:
                return _FORBIDDEN, b""
            if request.method == "GET":
                head = self._objects.head(facts["key"])
                version_id = facts["version_id"] or (head.version_id if head else "")
                found = self._objects.get(ObjectRef(facts["key"], version_id))
                return (200, found.body) if found else (404, b"")
            if request.headers["content-length"] != str(len(body)):
                return _FORBIDDEN, b""
            digest = request.headers.get("x-amz-checksum-sha256")
            if digest not in {None, hashlib.sha256(body).hexdigest()}:
                return 400, b"BadDigest"
            return self._put(request, facts, body), b""

    def _put(self, request: SignedRequest, facts: Mapping[str, Any], body: bytes) -> int:
        if "upload_id" in facts:
            upload = self._uploads.get(facts["upload_id"])
            if upload is None:
                return 404
            upload.bodies[facts["number"]] = body
            return 200
        try:
            self._objects.create(
                facts["key"], body, content_type=request.headers["content-type"], metadata=facts["metadata"]
            )
        except ObjectExists:
            return 412
        return 200

    def parts(self, key: str, upload_id: str, *, after: int, limit: int) -> tuple[Sequence[UploadedPart], int | None]:
        with self._lock:
            bodies = self._upload(key, upload_id).bodies
            numbers = sorted(number for number in bodies if number > after)
            page = [_described(number, bodies[number]) for number in numbers[:limit]]
            return page, page[-1].number if len(numbers) > limit else None

    def complete(self, key: str, upload_id: str, parts: Sequence[UploadedPart]) -> str:
        with self._lock:
            upload = self._upload(key, upload_id)
            numbers = [part.number for part in parts]
            if not 0 < len(parts) <= MAX_PARTS or numbers != sorted(set(numbers)):
                raise PartsRefused("InvalidPartOrder")
            if any(part.number not in upload.bodies for part in parts) or [
                _described(part.number, upload.bodies[part.number]) for part in parts
            ] != list(parts):
                raise PartsRefused("InvalidPart")
            if any(part.size < MIN_PART_BYTES for part in parts[:-1]):
                raise PartsRefused("EntityTooSmall")
            body = b"".join([upload.bodies[part.number] for part in parts])
            version_id = self._objects.create(key, body, content_type=upload.content_type, metadata=upload.metadata)
            del self._uploads[upload_id]
            return version_id

    def abort(self, key: str, upload_id: str) -> None:
        with self._lock:
            self._upload(key, upload_id)
            del self._uploads[upload_id]

    def pending(
        self, prefix: str, *, after: PendingUpload | None
    ) -> tuple[Sequence[PendingUpload], PendingUpload | None]:
        with self._lock:
            start = (after.key, after.upload_id) if after else ("", "")
            found = [
                PendingUpload(key=upload.key, upload_id=upload_id, begun_ms=upload.begun_ms)
                for upload_id, upload in self._uploads.items()
                if upload.key.startswith(prefix) and (upload.key, upload_id) > start
            ]
            found.sort(key=lambda upload: (upload.key, upload.upload_id))
            return found[:_PAGE], found[_PAGE - 1] if len(found) > _PAGE else None

    def _upload(self, key: str, upload_id: str) -> _Multipart:
        upload = self._uploads.get(upload_id)
        if upload is None or upload.key != key:
            raise UploadGone
        return upload


def _described(number: int, body: bytes) -> UploadedPart:
    digest = hashlib.sha256(body).hexdigest()
    return UploadedPart(number=number, size=len(body), sha256=digest, tag=f'"{digest[:32]}"')
