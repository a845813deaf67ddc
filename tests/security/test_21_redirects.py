"""A redirect carries credentials to S3 or elsewhere: `Authorization`, `x-amz-security-token`, `Idempotency-Key`.

The client follows none by itself. Where an answer of the API names a signed URL, the request there is built anew and
has none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from google_adk_aws import ArtifactClient, ArtifactError, RetryPolicy
from google_adk_aws._http.pool import ClientPool
from tests.security.defence import Defence
from tests.unit.client.fake_api import ARTIFACT

_client = ClientPool.client


class _Following(httpx.AsyncClient):
    """Follows redirects, whatever it is told."""

    async def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        return await super().send(request, **{**how, "follow_redirects": True})


class _Generous(httpx.AsyncClient):
    """Adds its own headers and credentials to every request, whatever it is told."""

    async def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        request.headers = httpx.Headers({**self.headers, **request.headers})
        return await super().send(request, **{name: value for name, value in how.items() if name != "auth"})


def _careless(kind: type[httpx.AsyncClient]) -> Callable[[ClientPool], Any]:
    async def client(pool: ClientPool) -> httpx.AsyncClient:
        given = await _client(pool)
        given.__class__ = kind
        return given

    return client


NONE_IS_FOLLOWED = Defence(21, "no redirect is followed by itself", ((ClientPool, "client", _careless(_Following)),))
NOTHING_OF_THE_CLIENTS = Defence(
    21, "a request to the bucket has nothing of the client's own", ((ClientPool, "client", _careless(_Generous)),)
)

CREDENTIALS = {
    "authorization": "Bearer secret-of-the-caller",
    "x-amz-security-token": "session-of-the-caller",
    "idempotency-key": "key-of-the-caller",
    "cookie": "session=secret",
}
TOLD = {"artifact-version": "0", "artifact-size": "2", "etag": '"1"'}


class _Signs(httpx.Auth):
    """Puts credentials on a request, as signing with temporary ones does."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers.update(CREDENTIALS)
        yield request


class Wire(httpx.AsyncBaseTransport):
    """Three hosts: an API that redirects, a bucket that does so too or answers, and one of Eve's."""

    def __init__(self, location: str, *, bucket_redirects: bool = False) -> None:
        self.location, self.bucket_redirects = location, bucket_redirects
        self.hosts: list[str] = []
        self.leaked: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        host = request.url.host
        self.hosts.append(host)
        if host == "api.example":
            return httpx.Response(307, headers={**TOLD, "location": self.location})
        self.leaked |= {name for name in CREDENTIALS if name in request.headers}
        if self.bucket_redirects and host == "bucket.example":
            return httpx.Response(307, headers={"location": "https://eve.example/"})
        return httpx.Response(200, headers=TOLD, content=b"ok")


async def redirected(wire: Wire, operation: str) -> tuple[list[str], set[str]]:
    """Which hosts a call asked, and which credentials arrived elsewhere than at the API."""
    storage = httpx.AsyncClient(transport=wire, headers=CREDENTIALS, auth=_Signs())
    api = httpx.AsyncClient(transport=wire)
    async with ArtifactClient(
        "https://api.example",
        auth=_Signs(),
        http_client=api,
        storage_client=storage,
        retry=RetryPolicy(attempts=1),
    ) as client:
        with suppress(ArtifactError):
            await (client.load(ARTIFACT) if operation == "load" else client.save(ARTIFACT, b"content"))
    return wire.hosts, wire.leaked


CASES = {
    "a save that is redirected": ("save", Wire, "https://eve.example/x", False, ["api.example"]),
    "a load whose bucket redirects": (
        "load",
        Wire,
        "https://bucket.example/x?s=1",
        True,
        ["api.example", "bucket.example"],
    ),
}


def wired(case: str) -> tuple[Wire, str]:
    operation, kind, location, bucket_redirects, _ = CASES[case]
    return kind(location, bucket_redirects=bucket_redirects), operation


@pytest.mark.parametrize("case", CASES)
async def test_no_credentials_leave(case: str) -> None:
    hosts, leaked = await redirected(*wired(case))
    assert leaked == set()
    assert hosts == CASES[case][4]


async def test_credentials_leave_when_redirects_are_followed() -> None:
    """httpx itself takes out `Authorization` and cookies where the host changes, and nothing else."""
    with NONE_IS_FOLLOWED.taken_out():
        hosts, leaked = await redirected(*wired("a save that is redirected"))
    assert hosts == ["api.example", "eve.example"]
    assert leaked >= {"x-amz-security-token", "idempotency-key"}


async def test_a_bucket_leads_elsewhere_when_redirects_are_followed() -> None:
    with NONE_IS_FOLLOWED.taken_out():
        hosts, _ = await redirected(*wired("a load whose bucket redirects"))
    assert hosts[:3] == ["api.example", "bucket.example", "eve.example"]


async def test_credentials_reach_the_bucket_when_they_are_the_clients_own() -> None:
    with NOTHING_OF_THE_CLIENTS.taken_out():
        _, leaked = await redirected(*wired("a load whose bucket redirects"))
    assert leaked == set(CREDENTIALS)
