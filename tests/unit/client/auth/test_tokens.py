"""Tokens that are fetched: once for all, before they expire, and never shown."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from google_adk_aws import ArtifactUnauthenticatedError, OAuth2ClientCredentials
from google_adk_aws._auth.tokens import FetchedToken, TokenAuth, TokenKeeper, expiry_in
from tests.unit.client.scripted import NAMED, ScriptedApi, content, gateway

pytestmark = pytest.mark.unit

TOKEN_URL = "https://issuer.example/oauth2/token"
SECRET = "s3cr%t +é/"


class Issuer(httpx.BaseTransport):
    """Answers token requests, one after another; the last answer again and again."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def granted(token: str = "token-1", **more: Any) -> httpx.Response:  # noqa: S107 - made up
    return httpx.Response(200, json={"access_token": token, "token_type": "Bearer", **more})


def client_of(issuer: Issuer, **more: Any) -> OAuth2ClientCredentials:
    return OAuth2ClientCredentials(TOKEN_URL, "id:1", SECRET, transport=issuer, **more)


def jwt(**claims: Any) -> str:
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.c2ln"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def keeper_of(*seconds: float | Exception | None) -> tuple[TokenKeeper, Clock, list[str]]:
    """A keeper whose tokens live as long as is said, one after another."""
    clock, given, remaining = Clock(), list[str](), list(seconds)

    def fetch() -> FetchedToken:
        life = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        if isinstance(life, Exception):
            raise life
        given.append(f"token-{len(given)}")
        return FetchedToken(text=given[-1], seconds=life)

    return TokenKeeper(fetch, monotonic=clock), clock, given


NO_ISSUER = ArtifactUnauthenticatedError("the issuer is away", code="no_credentials")


@pytest.mark.parametrize(("life", "renewed_after"), [(3600.0, 3540.0), (600.0, 540.0), (100.0, 90.0)])
def test_a_token_is_renewed_shortly_before_it_expires(life: float, renewed_after: float) -> None:
    keeper, clock, given = keeper_of(life)
    assert keeper.at_hand() is None
    assert keeper.get() == "token-0"
    clock.now += renewed_after - 0.1
    assert (keeper.get(), keeper.at_hand()) == ("token-0", "token-0")
    clock.now += 0.2
    assert keeper.at_hand() is None
    assert (keeper.get(), given) == ("token-1", ["token-0", "token-1"])


def test_a_token_of_unknown_life_is_kept_until_it_is_refused() -> None:
    keeper, clock, given = keeper_of(None)
    keeper.get()
    clock.now += 1e9
    assert keeper.at_hand() == "token-0"
    assert keeper.get(refused="token-0") == "token-1"
    # Somebody else's refusal of the old one comes late.
    assert keeper.get(refused="token-0") == "token-1"
    assert len(given) == 2


def test_a_renewal_that_fails_leaves_a_good_token_in_use(caplog: pytest.LogCaptureFixture) -> None:
    keeper, clock, given = keeper_of(600.0, NO_ISSUER, NO_ISSUER, 600.0)
    keeper.get()
    clock.now += 541
    with caplog.at_level(logging.WARNING):
        assert keeper.get() == "token-0"
    assert "the issuer is away" in caplog.text
    # It is not asked again at once.
    clock.now += 4.9
    assert keeper.at_hand() == "token-0"
    clock.now += 0.2
    assert keeper.get() == "token-0"
    clock.now += 5.1
    assert keeper.get() == "token-1"
    assert given == ["token-0", "token-1"]


def test_an_expired_or_refused_token_is_not_used_when_there_is_no_other() -> None:
    for refuse in (False, True):
        keeper, clock, _ = keeper_of(600.0, NO_ISSUER)
        keeper.get()
        if not refuse:
            clock.now += 600
        with pytest.raises(ArtifactUnauthenticatedError, match="away"):
            keeper.get(refused="token-0" if refuse else None)


def test_many_threads_and_loops_fetch_once() -> None:
    fetching, calls = threading.Event(), list[int]()

    def fetch() -> FetchedToken:
        calls.append(1)
        fetching.wait(5)
        return FetchedToken(text="one", seconds=None)

    auth = TokenAuth(TokenKeeper(fetch))

    def header(_: int) -> str:
        async def ask() -> str:
            transport = httpx.MockTransport(lambda request: httpx.Response(200, text=request.headers["authorization"]))
            async with httpx.AsyncClient(transport=transport, auth=auth) as client:
                answers = await asyncio.gather(*(client.get("https://api.example") for _ in range(5)))
            return {answer.text for answer in answers}.pop()

        return asyncio.run(ask())

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(header, number) for number in range(8)]
        fetching.set()
        assert {future.result() for future in asked} == {"Bearer one"}
    assert calls == [1]


async def test_a_batch_of_refused_requests_fetches_one_other_token() -> None:
    keeper, _, given = keeper_of(None)

    class Api(ScriptedApi):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            stale = request.headers["authorization"] == "Bearer token-0"
            return gateway(401, "Unauthorized") if stale else content(b"x")

    service = Api().service(auth=TokenAuth(keeper))
    loaded = await asyncio.gather(*(service.load_artifact(**NAMED) for _ in range(10)))
    assert all(part is not None for part in loaded)
    assert given == ["token-0", "token-1"]


def test_a_blocking_client_gets_another_token_too() -> None:
    keeper, _, _ = keeper_of(None)
    sent: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers["authorization"])
        return httpx.Response(401 if len(sent) == 1 else 200)

    with httpx.Client(transport=httpx.MockTransport(answer), auth=TokenAuth(keeper)) as client:
        assert client.get("https://api.example").status_code == 200
    assert sent == ["Bearer token-0", "Bearer token-1"]


@pytest.mark.parametrize(
    "text", ["", "a.b", "a.!.c", f"a.{base64.urlsafe_b64encode(b'[]').decode()}.c", jwt(), jwt(exp="x")]
)
def test_a_token_that_tells_no_expiry(text: str) -> None:
    assert expiry_in(text) is None


def test_the_request_for_a_token_is_the_standards() -> None:
    issuer = Issuer(granted(expires_in=3600))
    auth = client_of(issuer, scope="artifact:read artifact:write", audience="api", extra={"resource": "r"})
    request = next(auth.sync_auth_flow(httpx.Request("GET", "https://api.example")))
    assert request.headers["authorization"] == "Bearer token-1"
    (asked,) = issuer.requests
    assert (asked.method, str(asked.url)) == ("POST", TOKEN_URL)
    assert parse_qs(asked.content.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["artifact:read artifact:write"],
        "audience": ["api"],
        "resource": ["r"],
    }
    scheme, _, pair = asked.headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair)) == ("Basic", b"id%3A1:s3cr%25t+%2B%C3%A9%2F")


def test_the_secret_can_be_sent_in_the_form() -> None:
    issuer = Issuer(granted())
    next(client_of(issuer, client_auth="post").sync_auth_flow(httpx.Request("GET", "https://api.example")))
    form = parse_qs(issuer.requests[0].content.decode())
    assert (form["client_id"], form["client_secret"]) == (["id:1"], [SECRET])
    assert "authorization" not in issuer.requests[0].headers


@pytest.mark.parametrize(
    ("answer", "life"),
    [
        (lambda: granted(expires_in=120), 120),
        (lambda: granted(expires_in="120"), 120),
        (lambda: granted(jwt(exp=time.time() + 500)), 500),
        (granted, None),
    ],
)
def test_how_long_a_token_lives(answer: Callable[[], httpx.Response], life: float | None) -> None:
    fetched = client_of(Issuer(answer()))._fetch()
    assert fetched.seconds == (life if life is None else pytest.approx(life, abs=5))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (httpx.Response(401, json={"error": "invalid_client"}), r"issuer\.example answered 401 \(invalid_client\)"),
        (httpx.Response(400, json={"error": f"<{SECRET}>", "error_description": SECRET}), "answered 400$"),
        (httpx.Response(400, json=[SECRET]), "answered 400$"),
        (httpx.Response(302, headers={"location": "https://evil.example"}), "answered 302$"),
        (httpx.Response(200, text=SECRET), "without an access_token"),
        (httpx.Response(200, json=[1]), "without an access_token"),
        (httpx.Response(200, json={"token": SECRET}), "without an access_token"),
        (granted(expires_in="soon"), "without an access_token"),
        (granted("two words"), "printable ASCII"),
        (granted(None), "printable ASCII"),  # type: ignore[arg-type]
        (httpx.ConnectTimeout(f"no way to {SECRET}"), "ConnectTimeout at issuer.example"),
    ],
)
async def test_no_token_is_an_error_that_shows_no_secret(
    answer: Any, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    issuer = Issuer(answer)
    auth = client_of(issuer)
    with caplog.at_level(logging.DEBUG), pytest.raises(ArtifactUnauthenticatedError, match=says) as failed:
        await ScriptedApi().service(auth=auth).load_artifact(**NAMED)
    assert len(issuer.requests) == 1
    shown = f"{failed.value!r} {failed.value.__cause__!r} {caplog.text} {auth!r} {vars(failed.value)}"
    encoded = base64.b64encode(b"id%3A1:s3cr%25t+%2B%C3%A9%2F").decode()
    assert not [secret for secret in (SECRET, "s3cr", encoded) if secret in shown]


@pytest.mark.parametrize(
    "url",
    [
        "http://issuer.example/token",
        "ftp://issuer.example",
        "https://",
        "token",
        "https://u:p@issuer.example",
        "https://a/#b",
    ],
)
def test_the_secret_goes_nowhere_else(url: str) -> None:
    with pytest.raises(ValueError, match="token_url") as failed:
        OAuth2ClientCredentials(url, "id", SECRET)
    assert SECRET not in str(failed.value)


def test_on_this_machine_the_issuer_may_do_without_tls() -> None:
    assert repr(OAuth2ClientCredentials("http://127.0.0.1:8080/token", "id", SECRET)) == "OAuth2ClientCredentials(…)"


def test_what_was_fetched_does_not_show_its_token() -> None:
    assert "abc" not in repr(FetchedToken(text="abc", seconds=1.0))


def test_a_fetch_never_holds_the_event_loop() -> None:
    seen: list[Callable[[], int]] = []

    def fetch() -> FetchedToken:
        seen.append(threading.get_ident)
        assert threading.current_thread() is not threading.main_thread()
        return FetchedToken(text="one", seconds=None)

    async def ask() -> httpx.Response:
        transport = httpx.MockTransport(lambda _: httpx.Response(200))
        async with httpx.AsyncClient(transport=transport, auth=TokenAuth(TokenKeeper(fetch))) as client:
            return await client.get("https://api.example")

    assert asyncio.run(ask()).status_code == 200
    assert len(seen) == 1
