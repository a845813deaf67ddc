from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import google.auth.exceptions
import google.oauth2.id_token
import pytest

from google_adk_aws import ArtifactUnauthenticatedError, GoogleIdToken
from tests.unit.client.scripted import NAMED, ScriptedApi, content, gateway

if TYPE_CHECKING:
    import httpx

pytestmark = pytest.mark.unit


def jwt(number: int, seconds: float) -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"n": number, "exp": time.time() + seconds}).encode()).decode()
    return f"e30.{payload.rstrip('=')}.c2ln"


class Identity:
    """Credentials of google.auth that make another ID token at each refresh."""

    def __init__(self, *, seconds: float = 3600, failure: Exception | None = None) -> None:
        self.token: str | None = None
        self.refreshed = 0
        self._seconds = seconds
        self._failure = failure

    def refresh(self, request: Any) -> None:
        assert request is not None
        self.refreshed += 1
        if self._failure is not None:
            raise self._failure
        self.token = jwt(self.refreshed, self._seconds)


class OfUser(Identity):
    """The token is for access; the ID token is elsewhere."""

    id_token = "an.id.token"


async def sent(auth: httpx.Auth, *answers: httpx.Response, times: int = 1) -> list[str]:
    headers: list[str] = []

    class Api(ScriptedApi):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            headers.append(request.headers["authorization"])
            return await super().handle_async_request(request)

    service = Api(*(answers or (content(b"x"),))).service(auth=auth)
    for _ in range(times):
        await service.load_artifact(**NAMED)
    return headers


async def test_the_identity_of_the_machine_is_asked_for_the_audience(monkeypatch: pytest.MonkeyPatch) -> None:
    identity, audiences = Identity(), list[str]()

    def fetch(audience: str, *, request: Any) -> Identity:
        assert request is not None
        audiences.append(audience)
        return identity

    monkeypatch.setattr(google.oauth2.id_token, "fetch_id_token_credentials", fetch)
    first, second = await sent(GoogleIdToken("https://artifacts.example"), times=2)
    assert first == second == f"Bearer {identity.token}"
    assert (audiences, identity.refreshed) == (["https://artifacts.example"], 1)


async def test_credentials_that_are_handed_in_are_refreshed_when_they_are_due_or_refused() -> None:
    due: Any = Identity(seconds=0)
    assert len(set(await sent(GoogleIdToken("api", credentials=due), times=2))) == 2
    refused: Any = Identity()
    first, second = await sent(GoogleIdToken("api", credentials=refused), gateway(401, "Unauthorized"), content(b"x"))
    assert (first != second, refused.refreshed) == (True, 2)


async def test_the_id_token_is_sent_and_not_the_access_token() -> None:
    identity: Any = OfUser()
    assert await sent(GoogleIdToken("api", credentials=identity)) == ["Bearer an.id.token"]


async def test_no_identity_is_an_error_that_says_what_to_do() -> None:
    error: Any = google.auth.exceptions.DefaultCredentialsError
    identity: Any = Identity(failure=error("a s3cret"))
    with pytest.raises(ArtifactUnauthenticatedError, match="GOOGLE_APPLICATION_CREDENTIALS") as failed:
        await sent(GoogleIdToken("api", credentials=identity))
    assert "s3cret" not in f"{failed.value!r}{failed.value.__cause__!r}"


def test_an_audience_is_needed() -> None:
    with pytest.raises(ValueError, match="JwtAudience"):
        GoogleIdToken("")


def test_it_shows_nothing() -> None:
    assert repr(GoogleIdToken("api")) == "GoogleIdToken(…)"
