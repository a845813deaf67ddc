"""The fake API's batches and deletions of much at once."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import httpx

from artifact_store.names import encode

from .fake_storage import Signed
from .scripted import problem

if TYPE_CHECKING:
    from .fake_api import FakeApi

__all__ = ["FakeBatches"]


class FakeBatches:
    """Batches over the fake API's artifacts.

    Attributes:
        sizes: How many items each request had, by operation.
        failing: Problems that items of a filename end in, one after the other: nothing happens to them then.
        no_room: Filenames for which an answer has no room.
        sessions: What deleting a session answers, one after the other.
        jobs: What asking for a user's deletion answers, one after the other.
    """

    def __init__(self, api: FakeApi) -> None:
        self._api = api
        self.sizes: dict[str, list[int]] = {}
        self.failing: dict[str, list[httpx.Response]] = {}
        self.no_room: set[str] = set()
        self.sessions: list[dict[str, Any]] = []
        self.jobs: list[dict[str, Any]] = []

    def answer(self, request: httpx.Request, path: str) -> httpx.Response | None:
        match = re.fullmatch(r"(.*)/batch/(load|describe|save|delete)", path)
        if request.method == "POST" and match is not None:
            return self._batch(request, *match.groups())
        if request.method == "DELETE" and re.fullmatch(r".*/sessions/[^/]+/artifacts", path):
            return httpx.Response(200, json=self.sessions.pop(0))
        if re.fullmatch(r"/v1/apps/[^/]+/users/[^/]+(/deletions/j1)?", path):
            return httpx.Response(202 if request.method == "DELETE" else 200, json=self.jobs.pop(0))
        return None

    def _batch(self, request: httpx.Request, scope: str, operation: str) -> httpx.Response:
        assert len(request.content) <= 4 * 1024 * 1024
        items = json.loads(request.content)["items"]
        assert 1 <= len(items) <= 100
        self.sizes.setdefault(operation, []).append(len(items))
        results: list[dict[str, Any]] = []
        stopped: set[str] = set()
        for item in items:
            name = item["filename"]
            failing = self.failing.get(name)
            if name in stopped or failing:
                refused = failing.pop(0) if failing and name not in stopped else problem(503, "storage_unavailable")
                stopped |= {name} if refused.status_code == 503 and operation == "save" else set()
                results.append({"status": refused.status_code, "problem": refused.json()})
                continue
            results.append(getattr(self, f"_{operation}")(self._path(scope, name), item))
        return httpx.Response(200, json={"results": results})

    def _path(self, scope: str, name: str) -> str:
        if "/sessions/" in scope and name.startswith("user:"):
            return f"{scope.partition('/sessions/')[0]}/artifacts/{encode(name.removeprefix('user:'))}"
        return f"{scope}/artifacts/{encode(name)}"

    def _describe(self, path: str, item: dict[str, Any]) -> dict[str, Any]:
        found = self._api.find(path, str(item["version"]) if "version" in item else None)
        if isinstance(found, httpx.Response):
            return {"status": found.status_code, "problem": found.json()}
        if item.get("unless") == found.facts["etag"]:
            return {"status": 304, "etag": found.facts["etag"]}
        if item["filename"] in self.no_room:
            return {"status": 413, "problem": problem(413, "answer_too_large").json()}
        return {"status": 200, "version": found.facts}

    def _load(self, path: str, item: dict[str, Any]) -> dict[str, Any]:
        result = self._describe(path, item)
        if result["status"] != 200:
            return result
        etag = result["version"]["etag"]
        body = self._api.storage.objects[etag]
        if len(body) <= self._api.inline_bytes:
            return {**result, "content": base64.b64encode(body).decode()}
        return {**result, "request": self._api.storage.sign(Signed("GET", {}, key=etag), "blobs/b1")}

    def _save(self, path: str, item: dict[str, Any]) -> dict[str, Any]:
        assert item.keys() <= {"filename", "content", "idempotencyKey", "part", "customMetadata", "sha256", "ifMatch"}
        key = item["idempotencyKey"]
        if key in self._api.keys:
            return {"status": 201, "version": self._api.keys[key].facts, "replayed": True}
        latest = self._api.artifacts.get(path, [])[-1:]
        if "ifMatch" in item and (not latest or latest[0].facts["etag"] not in item["ifMatch"]):
            return {"status": 412, "problem": problem(412, "precondition_failed").json()}
        body = base64.b64decode(item["content"], validate=True)
        saved = self._api.put(body, path, **item.get("part", {}), customMetadata=item.get("customMetadata", {}))
        assert saved.facts["sha256"] == hashlib.sha256(body).hexdigest()
        self._api.keys[key] = saved
        return {"status": 201, "version": saved.facts, "replayed": False}

    def _delete(self, path: str, item: dict[str, Any]) -> dict[str, Any]:
        assert item.keys() == {"filename"}
        return {"status": 204, "existed": self._api.artifacts.pop(path, None) is not None}
