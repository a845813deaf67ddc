"""The artifact API and the storage behind it, in memory: enough of the contract to transfer content over it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httpx

from google_adk_aws import ArtifactClient, ArtifactId, HttpArtifactService, RetryPolicy

from .fake_batches import FakeBatches
from .fake_storage import STORAGE_URL, FakeStorage, Signed
from .scripted import problem

URL = "https://artifacts.example"
ARTIFACT = ArtifactId.of(app="app", user="alice", session="s1", filename="a.bin")
SCOPE = "/v1/apps/app/users/alice/sessions/s1"
PATH = f"{SCOPE}/artifacts/a.bin"
CREDENTIAL = "Bearer secret-of-the-caller"

Fault = Callable[[httpx.Request], object]


@dataclass
class Upload:
    id: str
    path: str
    size: int | None
    part_size: int
    mime_type: str | None
    method: str = "parts"
    gone: bool = False
    parts: dict[int, tuple[int, str, bytes]] = field(default_factory=dict)
    finalized: tuple[dict[str, Any], dict[str, Any]] | None = None


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
        self.uploads: dict[str, Upload] = {}
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
            ("POST", r"(.*/artifacts/[^/]+)/uploads", self._begin),
            ("POST", r".*/artifacts/[^/]+/uploads/([^/]+)/parts", self._sign),
            ("GET", r".*/artifacts/[^/]+/uploads/([^/]+)", self._state),
            ("POST", r"(.*/artifacts/[^/]+)/uploads/([^/]+)/finalize", lambda *a: self.finalized(self._finalize(*a))),
            ("DELETE", r".*/artifacts/[^/]+/uploads/([^/]+)", self._abort),
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

    # -- content

    def put(self, body: bytes, path: str = PATH, **facts: Any) -> Version:
        """A version, as if somebody had saved it."""
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
        refused = self._precondition(request, path)
        if refused is not None:
            return refused
        latest = self.artifacts.get(path, [])[-1:]
        if request.url.query == b"unchanged=skip" and latest and latest[0].body == body:
            described = {**part, "customMetadata": metadata}
            if {name: latest[0].facts[name] for name in described} == described:
                return httpx.Response(200, json=latest[0].facts, headers={"artifact-unchanged": "true"})
        self.keys[key] = self.put(body, path, **part, customMetadata=metadata)
        return httpx.Response(201, json=self.keys[key].facts)

    def _precondition(self, request: httpx.Request, path: str) -> httpx.Response | None:
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

    # -- uploads

    def _begin(self, request: httpx.Request, path: str) -> httpx.Response:
        body = json.loads(request.content)
        assert body.keys() <= {"size", "partSize", "mimeType", "method", "sha256"}
        method, size, part_size = body.get("method", "parts"), body["size"], body.get("partSize", self.min_part)
        if part_size < self.min_part:
            return problem(400, "invalid_body", field="partSize")
        upload = Upload(f"u{len(self.uploads)}", path, size, part_size, body.get("mimeType"), method)
        self.uploads[upload.id] = upload
        answer = {
            **self._upload_json(upload),
            "partCount": None if size is None else max(1, -(-size // part_size)),
        }
        if method == "put":
            headers = {"content-length": str(size), "content-type": body.get("mimeType") or "a/b", "if-none-match": "*"}
            answer["put"] = self.storage.sign(Signed("PUT", headers, upload=upload, number=1), f"blobs/{upload.id}")
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
        upload = self.uploads.get(upload_id)
        return None if upload is None or upload.gone else upload

    def _sign(self, request: httpx.Request, upload_id: str) -> httpx.Response:
        upload = self._alive(upload_id)
        if upload is None:
            return problem(404, "upload_not_found")
        parts = json.loads(request.content)["parts"]
        assert 1 <= len(parts) <= 100
        self.signed_windows.append(len(parts))
        signed = []
        for part in parts:
            number, size = part["number"], part["size"]
            if upload.size is not None:
                start = (number - 1) * upload.part_size
                if size != min(upload.part_size, upload.size - start) or size < 0:
                    return problem(400, "invalid_body", field=f"parts[{number}].size")
            signed.append({"number": number, "request": self.storage.sign_part(upload, **part)})
        return httpx.Response(200, json={"parts": signed})

    def _state(self, request: httpx.Request, upload_id: str) -> httpx.Response:
        upload = self._alive(upload_id)
        if upload is None:
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

    def _finalize(self, request: httpx.Request, path: str, upload_id: str) -> httpx.Response:
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
        refused = self._precondition(request, path)
        if refused is not None:
            return refused
        body = b"".join(upload.parts[number][2] for number in sorted(upload.parts))
        part = {"kind": "bytes", "mimeType": upload.mime_type, "displayName": None, **facts.get("part", {})}
        described = {**part, "customMetadata": facts.get("customMetadata", {}), "size": facts["size"]}
        saved = self.put(body, path, **described, sha256=facts.get("sha256"))
        upload.finalized = facts, saved.facts
        return httpx.Response(201, json=saved.facts)

    def _abort(self, _request: httpx.Request, upload_id: str) -> httpx.Response:
        upload = self.uploads[upload_id]
        if upload.finalized:
            return problem(409, "upload_finalized")
        upload.gone = True
        return httpx.Response(204)


def packed(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unpacked(value: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
