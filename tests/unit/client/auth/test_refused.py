"""What happens when the API refuses the credentials, and what is signed when a request is sent again."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable
from typing import Any

import botocore.credentials
import httpx
import pytest

from google_adk_aws import ArtifactUnauthenticatedError, BearerAuth, SigV4Auth
from tests.unit.client.scripted import NAMED, URL, Answer, ScriptedApi, content, gateway

pytestmark = pytest.mark.unit

REFUSED = gateway(401, "Unauthorized")


def tokens(*values: str) -> Callable[[], str]:
    remaining = iter(values)
    return lambda: next(remaining)


class Api(ScriptedApi):
    """Remembers what came, for a request that is sent again is the same object with other headers."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__(*answers)
        self.sent: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request.headers["authorization"])
        return await super().handle_async_request(request)


async def test_a_callable_is_asked_again_when_its_token_is_refused() -> None:
    api = Api(REFUSED, content(b"x"))
    assert await api.service(auth=tokens("old", "new")).load_artifact(**NAMED) is not None
    assert api.sent == ["Bearer old", "Bearer new"]


async def test_an_asynchronous_callable_too() -> None:
    provider = tokens("old", "new")

    async def later() -> str:
        return provider()

    api = Api(REFUSED, content(b"x"))
    assert await api.service(auth=later).load_artifact(**NAMED) is not None
    assert api.sent == ["Bearer old", "Bearer new"]


async def test_it_is_asked_again_only_once() -> None:
    api = Api(REFUSED)
    with pytest.raises(ArtifactUnauthenticatedError, match="401"):
        await api.service(auth=tokens("one", "two", "three")).load_artifact(**NAMED)
    assert api.sent == ["Bearer one", "Bearer two"]


@pytest.mark.parametrize("auth", ["same", lambda: "same"])
async def test_the_same_token_is_not_sent_twice(auth: Any) -> None:
    api = Api(REFUSED)
    with pytest.raises(ArtifactUnauthenticatedError):
        await api.service(auth=auth).load_artifact(**NAMED)
    assert api.sent == ["Bearer same"]


async def test_forbidden_is_not_a_matter_of_the_token() -> None:
    api = Api(gateway(403, "Forbidden"))
    with pytest.raises(Exception, match="403"):
        await api.service(auth=tokens("one", "two")).load_artifact(**NAMED)
    assert api.sent == ["Bearer one"]


def test_a_blocking_client_asks_again_too() -> None:
    answers = iter([401, 200])
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(next(answers))

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        response = client.post(URL, content=b"x", auth=BearerAuth(tokens("old", "new")))
    assert (response.status_code, seen) == (200, ["Bearer old", "Bearer new"])


class Unread(httpx.AsyncBaseTransport):
    """Reads a request as a network does: once, without keeping it."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        async for _ in request.stream:
            pass
        return httpx.Response(401)


async def test_a_stream_that_is_gone_is_not_sent_again() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"x"

    async with httpx.AsyncClient(transport=Unread()) as client:
        response = await client.post(URL, content=body(), auth=BearerAuth(tokens("old", "new")))
    assert response.status_code == 401


class Refreshing:
    """A session with credentials that botocore refreshes, each good for as long as is said."""

    region_name = "eu-west-1"

    def __init__(self, *minutes: int) -> None:
        self._minutes = iter(minutes)
        self.refreshes = 0
        self._credentials = botocore.credentials.RefreshableCredentials.create_from_metadata(
            self._fetch(), refresh_using=self._fetch, method="test"
        )

    def _fetch(self) -> dict[str, str]:
        self.refreshes += 1
        expiry = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=next(self._minutes))
        return {
            "access_key": f"AKID{self.refreshes}",
            "secret_key": "secret",
            "token": f"token-{self.refreshes}",
            "expiry_time": expiry.isoformat(),
        }

    def get_credentials(self) -> botocore.credentials.RefreshableCredentials:
        return self._credentials


async def test_temporary_credentials_are_refreshed_before_they_expire() -> None:
    session = Refreshing(5, 60)
    api = Api(content(b"x"))
    service = api.service(auth=SigV4Auth(session=session))
    await service.load_artifact(**NAMED)
    await service.load_artifact(**NAMED)
    assert [request.headers["x-amz-security-token"] for request in api.requests] == ["token-2", "token-2"]
    assert session.refreshes == 2


async def test_a_request_that_is_sent_again_keeps_nothing_of_its_last_signature() -> None:
    class Changing:
        region_name = "eu-west-1"
        credentials = iter(
            [botocore.credentials.Credentials("AKID1", "s", "token"), botocore.credentials.Credentials("AKID2", "s")]
        )

        def get_credentials(self) -> botocore.credentials.Credentials:
            return next(self.credentials)

    seen: list[httpx.Headers] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(httpx.Headers(request.headers))
        return httpx.Response(200)

    auth = SigV4Auth(session=Changing())
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        request = client.build_request("POST", URL, content=b"x")
        await client.send(request, auth=auth)
        await client.send(request, auth=auth)
    assert "x-amz-security-token" in seen[0]
    assert "x-amz-security-token" not in seen[1]
    assert "x-amz-security-token" not in seen[1]["authorization"]
    assert "Credential=AKID2/" in seen[1]["authorization"]


async def test_a_streamed_body_is_signed_whole() -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 200_000

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=request.content, headers=request.headers)

    session = Refreshing(60)
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        streamed = await client.post(URL, content=body(), auth=SigV4Auth(session=session))
        whole = await client.post(URL, content=b"x" * 600_000, auth=SigV4Auth(session=session))
    assert len(streamed.request.content) == 600_000
    assert streamed.request.headers["x-amz-content-sha256"] == whole.request.headers["x-amz-content-sha256"]
