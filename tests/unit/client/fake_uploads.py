"""The fake API's uploads."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from .fake_storage import Signed
from .scripted import problem

if TYPE_CHECKING:
    from .fake_api import FakeApi


@dataclass
class Upload:
    id: str
    path: str
    size: int | None
    part_size: int
    mime_type: str | None
    method: str = "parts"
    gone: bool = False
    completed: bool = False
    """Its parts are one object, which no version names yet."""
    parts: dict[int, tuple[int, str, bytes]] = field(default_factory=dict)
    finalized: tuple[dict[str, Any], dict[str, Any]] | None = None


class FakeUploads:
    """Uploads to the fake API's artifacts.

    Attributes:
        all: By id, whatever has become of them.
    """

    def __init__(self, api: FakeApi) -> None:
        self._api = api
        self.all: dict[str, Upload] = {}

    def begin(self, request: httpx.Request, path: str) -> httpx.Response:
        body = json.loads(request.content)
        assert body.keys() <= {"size", "partSize", "mimeType", "method", "sha256"}
        method, size, part_size = body.get("method", "parts"), body["size"], body.get("partSize", self._api.min_part)
        if part_size < self._api.min_part:
            return problem(400, "invalid_body", field="partSize")
        upload = Upload(f"u{len(self.all)}", path, size, part_size, body.get("mimeType"), method)
        self.all[upload.id] = upload
        answer = {
            **self._upload_json(upload),
            "partCount": None if size is None else max(1, -(-size // part_size)),
        }
        if method == "put":
            headers = {"content-length": str(size), "content-type": body.get("mimeType") or "a/b", "if-none-match": "*"}
            answer["put"] = self._api.storage.sign(
                Signed("PUT", headers, upload=upload, number=1), f"blobs/{upload.id}"
            )
        return httpx.Response(201, json=answer)

    def _upload_json(self, upload: Upload) -> dict[str, Any]:
        return {
            "uploadId": upload.id,
            "method": upload.method,
            "size": upload.size,
            "partSize": upload.part_size,
            "expiresAt": 2_000_000_000.0,
        }

    def _alive(self, upload_id: str) -> Upload | None:
        upload = self.all.get(upload_id)
        return None if upload is None or upload.gone else upload

    def sign(self, request: httpx.Request, upload_id: str) -> httpx.Response:
        upload = self._alive(upload_id)
        if upload is None:
            return problem(404, "upload_not_found")
        parts = json.loads(request.content)["parts"]
        assert 1 <= len(parts) <= 100
        self._api.signed_windows.append(len(parts))
        signed = []
        for part in parts:
            number, size = part["number"], part["size"]
            if upload.size is not None:
                start = (number - 1) * upload.part_size
                if size != min(upload.part_size, upload.size - start) or size < 0:
                    return problem(400, "invalid_body", field=f"parts[{number}].size")
            signed.append({"number": number, "request": self._api.storage.sign_part(upload, **part)})
        return httpx.Response(200, json={"parts": signed})

    def state(self, request: httpx.Request, upload_id: str) -> httpx.Response:
        upload = self._alive(upload_id)
        if upload is None or (upload.completed and not upload.finalized):
            return problem(404, "upload_not_found")
        after = int(request.url.params.get("after", "0"))
        numbers = [] if upload.finalized else sorted(number for number in upload.parts if number > after)
        page, rest = numbers[:3], numbers[3:]
        answer = {
            **self._upload_json(upload),
            "parts": [{"number": n, "size": upload.parts[n][0], "sha256": upload.parts[n][1]} for n in page],
            "nextPart": page[-1] if rest else None,
        }
        if upload.finalized:
            answer["version"] = upload.finalized[1]
        return httpx.Response(200, json=answer)

    def finalize(self, request: httpx.Request, path: str, upload_id: str) -> httpx.Response:
        upload, facts = self._alive(upload_id), json.loads(request.content)
        assert facts.keys() <= {"size", "sha256", "part", "customMetadata"}
        if upload is None or upload.path != path:
            return problem(404, "upload_not_found")
        if upload.finalized:
            if upload.finalized[0] != facts:
                return problem(422, "idempotency_key_reused")
            return httpx.Response(201, json=upload.finalized[1], headers={"idempotency-replayed": "true"})
        sizes = [upload.parts[number][0] for number in sorted(upload.parts)]
        complete = sorted(upload.parts) == list(range(1, len(upload.parts) + 1)) and sum(sizes) == facts["size"]
        if (
            not complete
            or not sizes
            or any(size != upload.part_size for size in sizes[:-1] if upload.method == "parts")
        ):
            return problem(409, "upload_incomplete")
        refused = self._api.precondition(request, path)
        if refused is not None:
            return refused
        body = b"".join(upload.parts[number][2] for number in sorted(upload.parts))
        part = {"kind": "bytes", "mimeType": upload.mime_type, "displayName": None, **facts.get("part", {})}
        described = {**part, "customMetadata": facts.get("customMetadata", {}), "size": facts["size"]}
        saved = self._api.put(body, path, **described, sha256=facts.get("sha256"))
        upload.finalized = facts, saved.facts
        return httpx.Response(201, json=saved.facts)

    def abort(self, _request: httpx.Request, upload_id: str) -> httpx.Response:
        upload = self.all[upload_id]
        if upload.finalized:
            return problem(409, "upload_finalized")
        upload.gone = True
        return httpx.Response(204)
