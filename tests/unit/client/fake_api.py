"""The artifact API and the storage behind it, in memory: enough of the contract to transfer content over it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import httpx

from google_adk_aws import ArtifactClient, ArtifactId, HttpArtifactService, RetryPolicy

from .fake_batches import FakeBatches
from .fake_storage import STORAGE_URL, FakeStorage, Signed
from .fake_uploads import FakeUploads
from .scripted import problem

URL = "https://artifacts.example"
ARTIFACT = ArtifactId.of(app="app", user="alice", session="s1", filename="a.bin")
SCOPE = "/v1/apps/app/users/alice/sessions/s1"
PATH = f"{SCOPE}/artifacts/a.bin"
CREDENTIAL = "Bearer secret-of-the-caller"

Fault = Callable[[httpx.Request], object]


@dataclass
class Version:
    body: bytes
    facts: dict[str, Any]


class FakeApi(httpx.AsyncBaseTransport):
    """Both hosts.

    Attributes:
        artifacts: Versions by path; None where one was deleted before.
        storage: The storage.
        batches: Batches.
        faults: Asked before each request in turn; the first response or exception is what happens.
        finalized: What happens to an answer of finalize, which has taken effect by then.
        requests: Method and path of all that reached the API, with `?…` where there is a query.
        min_part: The least bytes that a part may be asked to have.
        inline_bytes: Up to here content is answered by the API itself.
    """

    def __init__(self, *, min_part: int = 10, inline_bytes: int = 100) -> None:
        self.artifacts: dict[str, list[Version]] = {}
        self._uploads = FakeUploads(self)
        self.uploads = self._uploads.all
        self.storage = FakeStorage()
        self.batches = FakeBatches(self)
        self.faults: list[Fault] = []
        self.finalized: Callable[[httpx.Response], httpx.Response] = lambda answer: answer
        self.requests: list[str] = []
        self.signed_windows: list[int] = []
        self.keys: dict[str, Version] = {}
        self.min_part = min_part
        self.inline_bytes = inline_bytes
        self.generation = 0

    def client(self, **arguments: Any) -> ArtifactClient:
        return ArtifactClient(URL, **self._arguments(arguments))

    def service(self, **arguments: Any) -> HttpArtifactService:
        return HttpArtifactService(URL, **self._arguments(arguments))

    def _arguments(self, arguments: dict[str, Any]) -> dict[str, Any]:
        # The storage's client has everything that must not get there.
        storage_client = httpx.AsyncClient(
            transport=self,
            auth=("user", "password"),
            cookies={"session": "secret"},
            headers={"authorization": CREDENTIAL, "x-amz-security-token": "t", "idempotency-key": "k"},
        )
        arguments.setdefault("retry", RetryPolicy(attempts=3, base_delay=0, max_delay=0))
        arguments.setdefault("auth", CREDENTIAL.removeprefix("Bearer "))
        arguments.setdefault("http_client", httpx.AsyncClient(transport=self))
        return {"storage_client": storage_client, **arguments}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        # As on a network, others get their turn meanwhile.
        await asyncio.sleep(0)
        for fault in self.faults:
            answer = fault(request)
            if isinstance(answer, Exception):
                raise answer
            if isinstance(answer, httpx.Response):
                # A response can be read once; this one may be given again.
                return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        if str(request.url).startswith(STORAGE_URL):
            return await self.storage.answer(request)
        assert request.headers["authorization"] == CREDENTIAL
        await request.aread()
        path = request.url.raw_path.decode()
        self.requests.append(f"{request.method} {path}")
        return self._route(request, path.partition("?")[0])

    def _route(self, request: httpx.Request, path: str) -> httpx.Response:
        answer = self.batches.answer(request, path)
        if answer is not None:
            return answer
        routes: list[tuple[str, str, Callable[..., httpx.Response]]] = [
            ("POST", r"(.*/artifacts/[^/]+)/uploads", self._uploads.begin),
            ("POST", r".*/artifacts/[^/]+/uploads/([^/]+)/parts", self._uploads.sign),
            ("GET", r".*/artifacts/[^/]+/uploads/([^/]+)", self._uploads.state),
            (
                "POST",
                r"(.*/artifacts/[^/]+)/uploads/([^/]+)/finalize",
                lambda *a: self.finalized(self._uploads.finalize(*a)),
            ),
            ("DELETE", r".*/artifacts/[^/]+/uploads/([^/]+)", self._uploads.abort),
            ("POST", r"(.*/artifacts/[^/]+)/versions/([^/]+)/link", self._link),
            ("GET", r"(.*/artifacts/[^/]+)/versions/([^/]+)/metadata", self._describe),
            ("GET", r"(.*/artifacts/[^/]+)(?:/versions/([^/]+))?", self._load),
            ("POST", r"(.*/artifacts/[^/]+)", self._save),
            ("DELETE", r"(.*/artifacts/[^/]+)", self._delete),
        ]
        for method, pattern, handle in routes:
            match = re.fullmatch(pattern, path)
            if method == request.method and match:
                return handle(request, *match.groups())
        raise AssertionError(f"no such route: {request.method} {path}")

    def _finalize(self, *arguments: Any) -> httpx.Response:
        return self.finalized(self._uploads.finalize(*arguments))

    # -- content

    def put(self, body: bytes, path: str = PATH, **facts: Any) -> Version:
        """A version, as if somebody had saved it."""
        if facts.get("kind", "bytes") != "bytes":
            body.decode()
        versions = self.artifacts.setdefault(path, [])
        number, sha256 = len(versions), hashlib.sha256(body).hexdigest()
        if not versions:
            self.generation += 1
        version = Version(
            body,
            {
                "filename": unquote(path.rpartition("/")[2].replace("!", "%")),
                "version": number,
                "canonicalUri": f"s3://bucket/app/alice/s1/a.bin/{number}",
                "createTime": 1_700_000_000.5,
                "kind": "bytes",
                "mimeType": None,
                "displayName": None,
                "customMetadata": {},
                "size": len(body),
                "sha256": sha256,
                "etag": f'"{self.generation}-{number}-{sha256[:8]}"',
                **facts,
            },
        )
        versions.append(version)
        self.storage.objects[version.facts["etag"]] = body
        return version

    def _save(self, request: httpx.Request, path: str) -> httpx.Response:
        body, key = request.content, request.headers["idempotency-key"]
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        assert request.headers["content-digest"] == f"sha-256=:{digest}:"
        assert len(body) <= 3 * 1024 * 1024
        if key in self.keys:
            return httpx.Response(201, json=self.keys[key].facts, headers={"idempotency-replayed": "true"})
        part = unpacked(request.headers["artifact-part"])
        metadata = unpacked(request.headers.get("artifact-metadata", "e30"))
        refused = self.precondition(request, path)
        if refused is not None:
            return refused
        latest = self.artifacts.get(path, [])[-1:]
        if request.url.query == b"unchanged=skip" and latest and latest[0].body == body:
            described = {**part, "customMetadata": metadata}
            if {name: latest[0].facts[name] for name in described} == described:
                return httpx.Response(200, json=latest[0].facts, headers={"artifact-unchanged": "true"})
        self.keys[key] = self.put(body, path, **part, customMetadata=metadata)
        return httpx.Response(201, json=self.keys[key].facts)

    def precondition(self, request: httpx.Request, path: str) -> httpx.Response | None:
        versions = self.artifacts.get(path)
        etag = versions[-1].facts["etag"] if versions else None
        match, none_match = request.headers.get("if-match"), request.headers.get("if-none-match")
        if (match and (etag is None or (match != "*" and etag not in match))) or (none_match and etag):
            return problem(412, "precondition_failed", etag=etag)
        return None

    def find(self, path: str, number: str | None) -> Version | httpx.Response:
        versions = self.artifacts.get(path)
        if not versions:
            return problem(404, "artifact_not_found")
        if number in {None, "latest"}:
            return versions[-1]
        if int(number or 0) >= len(versions):
            return problem(404, "version_not_found")
        return versions[int(number or 0)]

    def _load(self, request: httpx.Request, path: str, number: str | None) -> httpx.Response:
        version = self.find(path, number)
        if isinstance(version, httpx.Response):
            return version
        facts = version.facts
        if request.headers.get("if-none-match") == facts["etag"]:
            return httpx.Response(304, headers={"etag": facts["etag"]})
        part = {name: facts[name] for name in ("kind", "mimeType", "displayName")}
        headers = {
            "etag": facts["etag"],
            "artifact-version": str(facts["version"]),
            "artifact-size": str(facts["size"]),
            "artifact-part": packed(part),
        }
        if facts["sha256"] is not None:
            headers["content-digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(facts['sha256'])).decode()}:"
        if len(version.body) <= self.inline_bytes:
            return httpx.Response(200, headers=headers, content=version.body)
        signed = self.storage.sign(Signed("GET", {}, key=facts["etag"]), "blobs/b1")
        return httpx.Response(307, headers={**headers, "location": signed["url"]})

    def _describe(self, _request: httpx.Request, path: str, number: str) -> httpx.Response:
        version = self.find(path, number)
        return version if isinstance(version, httpx.Response) else httpx.Response(200, json=version.facts)

    def _link(self, request: httpx.Request, path: str, number: str) -> httpx.Response:
        version = self.find(path, number)
        if isinstance(version, httpx.Response):
            return version
        assert set(json.loads(request.content)) == {"expiresIn"}
        signed = self.storage.sign(Signed("GET", {}, key=version.facts["etag"]), "blobs/b1")
        return httpx.Response(200, json={"request": signed, "version": version.facts})

    def _delete(self, _request: httpx.Request, path: str) -> httpx.Response:
        for version in self.artifacts.pop(path, []):
            self.storage.objects.pop(version.facts["etag"], None)
        return httpx.Response(204)


def packed(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unpacked(value: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
