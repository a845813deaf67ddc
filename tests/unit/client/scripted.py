"""A stand-in for the API: answers what a test has written down, and remembers what it was asked."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

import httpx

from google_adk_aws import HttpArtifactService, RetryPolicy

URL = "https://artifacts.example"
OWNER: dict[str, Any] = {"app_name": "app", "user_id": "alice", "session_id": "s1"}
NAMED: dict[str, Any] = {**OWNER, "filename": "a.txt"}
AT_ONCE = RetryPolicy(attempts=3, base_delay=0, max_delay=0)

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class ScriptedApi(httpx.AsyncBaseTransport):
    """Gives one scripted answer per request, the last one for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.answers: list[Answer] = list(answers)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            # A response can be read once; the last one may be asked for again.
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return answer(request)

    @property
    def paths(self) -> list[str]:
        return [request.url.raw_path.decode() for request in self.requests]

    def service(self, url: str = URL, **arguments: Any) -> HttpArtifactService:
        arguments.setdefault("retry", AT_ONCE)
        return HttpArtifactService(url, http_client=httpx.AsyncClient(transport=self), **arguments)


def problem(status: int, code: str, *, headers: dict[str, str] | None = None, **members: Any) -> httpx.Response:
    body = {"type": f"urn:artifact-api:problem:{code}", "title": "t", "status": status, "code": code, **members}
    body.setdefault("detail", f"detail of {code}")
    return httpx.Response(
        status, headers={"content-type": "application/problem+json", **(headers or {})}, content=json.dumps(body)
    )


def gateway(status: int, message: str, *, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.Response(
        status,
        headers={"content-type": "application/json", "apigw-requestid": "gw-1", **(headers or {})},
        content=json.dumps({"message": message}),
    )


def version_json(number: int = 0, **members: Any) -> dict[str, Any]:
    return {
        "filename": "a.txt",
        "scope": "session",
        "version": number,
        "canonicalUri": f"s3://bucket/app/alice/s1/a.txt/{number}",
        "createTime": 1700000000.5,
        "mimeType": "text/plain",
        "kind": "text",
        "displayName": None,
        "customMetadata": {},
        "size": 1,
        "sha256": "00",
        "etag": '"x"',
        **members,
    }


def saved(number: int = 0, **members: Any) -> httpx.Response:
    return httpx.Response(201, json=version_json(number, **members))


def described(number: int = 0, **members: Any) -> httpx.Response:
    return httpx.Response(200, json=version_json(number, **members))


def versions(numbers: Iterable[int], cursor: str | None = None) -> httpx.Response:
    page: dict[str, Any] = {"versions": [version_json(number) for number in numbers]}
    return httpx.Response(200, json=page if cursor is None else {**page, "nextCursor": cursor})


def artifacts(names: Iterable[str], cursor: str | None = None) -> httpx.Response:
    page: dict[str, Any] = {"artifacts": [{"filename": name, "version": 0, "scope": "session"} for name in names]}
    return httpx.Response(200, json=page if cursor is None else {**page, "nextCursor": cursor})


def digest_of(body: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def content(
    body: bytes, part: dict[str, Any] | None = None, *, version: int = 0, digest: str | None = None
) -> httpx.Response:
    headers = {
        "content-type": "application/octet-stream",
        "artifact-version": str(version),
        "content-digest": digest or digest_of(body),
    }
    if part is not None:
        headers["artifact-part"] = base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
    return httpx.Response(200, headers=headers, content=body)


def json_header(request: httpx.Request, name: str) -> Any:
    value = request.headers[name]
    return json.loads(base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)))
