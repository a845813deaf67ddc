from __future__ import annotations

import asyncio
import builtins
import functools
import threading
import time
from typing import TYPE_CHECKING, Any

import botocore.credentials
import botocore.session
import httpx
import pytest

from google_adk_aws import (
    ArtifactError,
    ArtifactUnauthenticatedError,
    BearerAuth,
    HttpArtifactService,
    SigV4Auth,
)
from tests.unit.client.scripted import NAMED, URL, ScriptedApi, content

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

pytestmark = pytest.mark.unit

GATEWAY = "https://abc123.execute-api.eu-west-1.amazonaws.com"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


async def sent(url: str = URL, **arguments: Any) -> httpx.Headers:
    api = ScriptedApi(content(b""))
    await api.service(url, **arguments).load_artifact(**NAMED)
    return api.requests[0].headers


@pytest.mark.parametrize(
    ("url", "region"),
    [
        (GATEWAY, "eu-west-1"),
        (f"{GATEWAY}/prod", "eu-west-1"),
        ("artifacts+https://abc123.execute-api.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("https://abc123.execute-api.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("https://abc123-vpce-0a1b.execute-api.eu-west-1.amazonaws.com", "eu-west-1"),
    ],
)
async def test_api_gateways_own_hosts_are_signed_for_without_being_asked(url: str, region: str) -> None:
    headers = await sent(url)
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert f"/{region}/execute-api/aws4_request, " in headers["authorization"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080",
        "https://artifacts.example",
        "http://abc123.execute-api.eu-west-1.amazonaws.com",
        "https://abc123.execute-api.eu-west-1.amazonaws.com.evil.example",
        "https://evil.example/abc123.execute-api.eu-west-1.amazonaws.com",
    ],
)
async def test_nobody_else_gets_a_signature_without_being_asked(url: str) -> None:
    assert "authorization" not in await sent(url)


async def test_signing_can_be_switched_off_and_on() -> None:
    assert "authorization" not in await sent(GATEWAY, auth=None)
    with pytest.raises(ValueError, match="region"):
        HttpArtifactService(URL, auth="iam")


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
async def test_the_region_of_a_custom_domain_is_the_environments(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "eu-north-1")
    assert "/eu-north-1/execute-api/" in (await sent(auth="iam"))["authorization"]
    assert "/eu-north-1/execute-api/" in (await sent(auth="IAM"))["authorization"]


async def test_session_tokens_are_sent_and_signed() -> None:
    session = botocore.session.Session()
    session.set_credentials("AKIDOTHER", "secret", "the-token")
    headers = await sent(auth=SigV4Auth(region="eu-west-1", service="other", session=session))
    assert headers["x-amz-security-token"] == "the-token"
    assert "x-amz-security-token" in headers["authorization"]
    assert "Credential=AKIDOTHER/" in headers["authorization"]
    assert "/other/aws4_request" in headers["authorization"]


async def test_each_attempt_is_signed_anew_with_the_credentials_of_the_moment() -> None:
    class Rotating:
        region_name = "eu-west-1"
        number = 0

        def get_credentials(self) -> botocore.credentials.Credentials:
            self.number += 1
            return botocore.credentials.Credentials(f"AKID{self.number}", "secret")

    api = ScriptedApi(httpx.ConnectError("refused"), content(b""))
    await api.service(auth=SigV4Auth(session=Rotating())).load_artifact(**NAMED)
    assert ["AKID1/" in api.requests[0].headers["authorization"], "AKID2/" in api.requests[1].headers["authorization"]]


async def test_no_credentials_is_an_error_before_any_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    api = ScriptedApi(content(b""))
    with pytest.raises(ArtifactUnauthenticatedError, match="no AWS credentials were found"):
        await api.service(GATEWAY).load_artifact(**NAMED)
    assert api.requests == []


async def test_credentials_that_fail_to_load_are_that_error_too() -> None:
    class Broken:
        region_name = "eu-west-1"

        def get_credentials(self) -> None:
            raise RuntimeError("token=hunter2")

    with pytest.raises(ArtifactUnauthenticatedError) as caught:
        await ScriptedApi(content(b"")).service(auth=SigV4Auth(session=Broken())).load_artifact(**NAMED)
    assert str(caught.value) == "AWS credentials could not be loaded: RuntimeError"


async def test_slow_credentials_do_not_stop_the_loop() -> None:
    class Slow:
        region_name = "eu-west-1"
        thread: int | None = None

        def get_credentials(self) -> botocore.credentials.Credentials:
            self.thread = threading.get_ident()
            time.sleep(0.05)
            return botocore.credentials.Credentials("AKID", "secret")

    session = Slow()
    await sent(auth=SigV4Auth(session=session))
    assert session.thread not in {None, threading.get_ident()}


def test_a_blocking_client_can_sign_too() -> None:
    seen: list[httpx.Headers] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(200)

    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        client.post(URL, content=b"x", auth=SigV4Auth(region="eu-west-1"))
        client.post(URL, content=b"x", auth=BearerAuth("token-1"))
        client.post(URL, content=b"x", auth=BearerAuth(lambda: "token-2"))
    assert seen[0]["authorization"].startswith("AWS4-HMAC-SHA256")
    assert [headers["authorization"] for headers in seen[1:]] == ["Bearer token-1", "Bearer token-2"]


async def test_a_large_body_of_somebody_elses_request_is_hashed_off_the_loop() -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda request: httpx.Response(200))) as client:
        response = await client.post(URL, content=b"x" * 300_000, auth=SigV4Auth(region="eu-west-1"))
    assert response.request.headers["authorization"].startswith("AWS4-HMAC-SHA256")


def test_without_botocore_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, *arguments: Any, real: Callable[..., Any] = builtins.__import__, **more: Any) -> Any:
        if name.startswith("botocore"):
            raise ImportError(name)
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r"google-adk-aws\[sigv4\]"):
        HttpArtifactService(GATEWAY)


async def async_token() -> str:
    await asyncio.sleep(0)
    return "fresh-token"


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        ("a-token", "Bearer a-token"),
        (lambda: "fresh-token", "Bearer fresh-token"),
        (async_token, "Bearer fresh-token"),
        (functools.partial(async_token), "Bearer fresh-token"),
        (BearerAuth("a-token"), "Bearer a-token"),
        (httpx.BasicAuth("me", "pw"), "Basic bWU6cHc="),
    ],
)
async def test_bearer_tokens_and_other_schemes(auth: Any, header: str) -> None:
    assert (await sent(auth=auth))["authorization"] == header


async def test_a_token_callable_is_asked_for_each_attempt() -> None:
    tokens = iter(["one", "two"])
    api = ScriptedApi(httpx.ReadError("reset"), content(b""))
    await api.service(auth=lambda: next(tokens)).load_artifact(**NAMED)
    assert [request.headers["authorization"] for request in api.requests] == ["Bearer one", "Bearer two"]


@pytest.mark.parametrize("word", ["", "none", "None", "sigv4", "jwt", "Bearer"])
def test_words_that_are_no_tokens(word: str) -> None:
    with pytest.raises(ValueError, match="is no bearer token"):
        HttpArtifactService(URL, auth=word)


def test_other_types_are_no_auth() -> None:
    with pytest.raises(TypeError, match="int"):
        HttpArtifactService(URL, auth=7)  # type: ignore[arg-type]


def fail() -> str:
    raise RuntimeError("secret=hunter2")


async def fail_later() -> str:
    raise RuntimeError("secret=hunter2")


@pytest.mark.parametrize("auth", [lambda: "hunter2\r\nX: y", lambda: "hunter2 x", lambda: None, fail, fail_later])
async def test_a_bad_token_is_an_error_that_does_not_quote_it(auth: Any) -> None:
    api = ScriptedApi(content(b""))
    with pytest.raises(ArtifactUnauthenticatedError) as caught:
        await api.service(auth=auth).load_artifact(**NAMED)
    assert "hunter2" not in str(caught.value)
    assert api.requests == []
    with pytest.raises(ArtifactError):
        HttpArtifactService(URL, auth="hunter2\n")


def test_auths_do_not_show_their_secrets() -> None:
    assert repr(BearerAuth("hunter2")) == "BearerAuth(…)"
    assert repr(SigV4Auth(region="eu-west-1")) == "SigV4Auth(region='eu-west-1', service='execute-api')"


def test_an_asynchronous_token_needs_an_asynchronous_client() -> None:
    client = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200)))

    class Later:
        def __await__(self) -> Generator[None, None, str]:
            raise AssertionError

    with client, pytest.raises(TypeError, match="asynchronous client"):
        client.get(URL, auth=BearerAuth(Later))


async def test_the_auth_of_a_client_that_is_handed_in_is_kept() -> None:
    api = ScriptedApi(content(b""))
    async with httpx.AsyncClient(transport=api, auth=("me", "pw")) as client:
        await HttpArtifactService(URL, http_client=client).load_artifact(**NAMED)
        await HttpArtifactService(URL, http_client=client, auth="our-token").load_artifact(**NAMED)
    assert [request.headers["authorization"] for request in api.requests] == ["Basic bWU6cHc=", "Bearer our-token"]
