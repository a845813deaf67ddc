"""The storage behind the fake API: takes signed requests and nothing else, and checks what S3 checks."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx

STORAGE_URL = "https://bucket.s3.example"
SIGNATURE = "fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024"

# What httpx and S3 need; anything else would have to be signed.
_ALLOWED = frozenset({"host", "content-length", "range", "if-range"})


@dataclass
class Signed:
    """A request that was signed.

    Attributes:
        method: GET or PUT.
        headers: Must be sent as they are.
        valid: False when it has expired.
        key: What a GET reads.
        upload: What a PUT adds a part to.
    """

    method: str
    headers: dict[str, str]
    valid: bool = True
    key: str | None = None
    upload: Any = None
    number: int = 0


@dataclass
class FakeStorage:
    """Objects and signed requests.

    Attributes:
        objects: Content by key.
        signed: Requests by the number in their URL.
        sent: Number and bytes of each part that arrived in full.
        running: PUTs that are being read right now; `most_running` is the most there were.
        keep: Whether contents are kept; not keeping them, the fake needs no memory.
        chunk_bytes: Bytes of a chunk of an answer.
        cut_after: Break an answer off after so many bytes, once for each entry.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    signed: dict[int, Signed] = field(default_factory=dict)
    sent: list[tuple[int, int]] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)
    running: int = 0
    most_running: int = 0
    keep: bool = True
    chunk_bytes: int = 1000
    cut_after: list[int] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def sign(self, signed: Signed, path: str) -> dict[str, Any]:
        number = next(self._numbers)
        self.signed[number] = signed
        url = f"{STORAGE_URL}/{path}?signed={number}&X-Amz-Signature={SIGNATURE}"
        return {"method": signed.method, "url": url, "headers": signed.headers, "expiresAt": 2_000_000_000.0}

    def sign_part(self, upload: Any, number: int, size: int, sha256: str) -> dict[str, Any]:
        digest = base64.b64encode(bytes.fromhex(sha256)).decode()
        headers = {"content-length": str(size), "x-amz-checksum-sha256": digest}
        return self.sign(Signed("PUT", headers, upload=upload, number=number), f"blobs/{upload.id}")

    def expire(self) -> None:
        """Every URL that was signed until now is no longer good."""
        for signed in self.signed.values():
            signed.valid = False

    async def answer(self, request: httpx.Request) -> httpx.Response:
        signed = self.signed[int(request.url.params["signed"])]
        sent = dict(request.headers)
        extra = set(sent) - set(signed.headers) - _ALLOWED
        assert not extra, f"sent to the storage without being signed: {extra}"
        assert {name: sent.get(name) for name in signed.headers} == signed.headers
        assert request.method == signed.method
        assert sent["host"] == STORAGE_URL.removeprefix("https://")
        if not signed.valid:
            return refusal(403, "AccessDenied", f"Request has expired {request.url.query!r}")
        return await self._put(request, signed) if signed.method == "PUT" else self._get(request, signed)

    async def _put(self, request: httpx.Request, signed: Signed) -> httpx.Response:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        digest, kept, size = hashlib.sha256(), bytearray(), 0
        try:
            assert isinstance(request.stream, httpx.AsyncByteStream)
            async for chunk in request.stream:
                digest.update(chunk)
                size += len(chunk)
                if self.keep:
                    kept += chunk
                await asyncio.sleep(0)
        finally:
            self.running -= 1
        if str(size) != signed.headers["content-length"]:
            return refusal(400, "IncompleteBody")
        if signed.upload.gone:
            return refusal(404, "NoSuchUpload")
        expected = signed.headers.get("x-amz-checksum-sha256")
        if expected is not None and base64.b64encode(digest.digest()).decode() != expected:
            return refusal(400, "BadDigest")
        self.sent.append((signed.number, size))
        signed.upload.parts[signed.number] = (size, digest.hexdigest(), bytes(kept))
        return httpx.Response(200, headers={"etag": f'"{digest.hexdigest()[:32]}"'})

    def _get(self, request: httpx.Request, signed: Signed) -> httpx.Response:
        content = self.objects.get(signed.key or "")
        if content is None:
            return refusal(404, "NoSuchKey")
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        asked = request.headers.get("range")
        self.ranges.append(asked)
        headers, status, view = {"etag": etag}, 200, memoryview(content)
        if asked is not None and request.headers.get("if-range") in {None, etag}:
            match = re.fullmatch(r"bytes=(\d+)-(\d+)", asked)
            assert match is not None
            start, last = map(int, match.groups())
            headers["content-range"] = f"bytes {start}-{min(last, len(content) - 1)}/{len(content)}"
            view, status = memoryview(content)[start : last + 1], 206
        headers["content-length"] = str(len(view))
        cut = self.cut_after.pop(0) if self.cut_after else None
        return httpx.Response(status, headers=headers, stream=_Arriving(view, self.chunk_bytes, cut))


class _Arriving(httpx.AsyncByteStream):
    def __init__(self, content: memoryview, chunk_bytes: int, cut: int | None) -> None:
        self._content = content
        self._chunk_bytes = chunk_bytes
        self._cut = cut

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self._content), self._chunk_bytes):
            if self._cut is not None and start >= self._cut:
                raise httpx.ReadError("connection reset")
            yield bytes(self._content[start : start + self._chunk_bytes])


def refusal(status: int, code: str, message: str = "m") -> httpx.Response:
    """S3's way to say no, which repeats the request."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return httpx.Response(status, headers={"content-type": "application/xml", "x-amz-request-id": "R1"}, text=body)
