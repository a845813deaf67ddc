"""Credentials, tokens or signed URLs are read out of logs, traces or errors, as they are or encoded."""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from artifact_api import problems, refusals, wiring
from artifact_api.telemetry import logger
from google_adk_aws import ArtifactError, _errors
from google_adk_aws._http import storage, transport
from tests.contract.calls import SESSION, call
from tests.faults.interposed import World
from tests.security.defence import Defence
from tests.unit.client.fake_api import ARTIFACT, CREDENTIAL, FakeApi
from tests.unit.client.fake_storage import SIGNATURE
from tests.unit.client.transfers import DATA, everything_said

ERRORS_ARE_LOGGED_BY_CLASS = Defence(
    11, "an exception is logged by class and place, without its text", ((refusals, "causes_of", repr),)
)
FAILURES_ARE_TOLD_IN_FIXED_WORDS = Defence(
    11, "what failed inside is answered in fixed words", ((problems, "_FIXED_DETAILS", {}),)
)
URLS_KEEP_THEIR_QUERY = Defence(
    11, "a signed URL keeps its query out of logs and traces", ((storage, "_SecretUrl", httpx.URL),)
)
MESSAGES_ARE_REDACTED = Defence(
    11, "secrets are taken out of messages", ((transport, "redact", str), (_errors, "redact", str))
)

TOKEN = "eyJhbGciOi.SECRET+token/of=Ada"
SIGNED = f"https://bucket.s3.example/!blobs/1?X-Amz-Credential=AKIA%2Fx&X-Amz-Signature={SIGNATURE}"


def found_in(text: str, *secrets: str) -> list[str]:
    """The secrets that a text gives away: as they are, escaped, or as base64 at any of its three alignments."""
    return [
        secret
        for secret in secrets
        if any(form in text for form in (secret, quote(secret, safe=""), *_as_base64(secret)))
    ]


def _as_base64(secret: str) -> Iterator[str]:
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + secret.encode()).decode()
        # What is before and after depends on the neighbours.
        yield encoded[4 if offset else 0 :].rstrip("=")[:-1]


@pytest.mark.parametrize("offset", range(6))
def test_secrets_are_found_wherever_they_are_encoded(offset: int) -> None:
    assert found_in(base64.b64encode(b"x" * offset + TOKEN.encode() + b"y").decode(), TOKEN) == [TOKEN]
    assert found_in(f"a{quote(TOKEN, safe='')}", TOKEN) == [TOKEN]


def fail_inside(world: World) -> str:
    """The answer to a request with a token, for which storage fails with an error that quotes it and a signed URL."""

    def bug(_name: str, _phase: str) -> None:
        raise ValueError(f"Authorization: Bearer {TOKEN}", SIGNED)

    wiring.use(store=world.store(bug))
    answer = call("GET", f"{SESSION}/doc", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status == 500
    return answer.body.decode() + repr(answer.headers)


def leak_into_the_log(world: World, log: io.StringIO, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The secrets in the log and the metrics of a request that failed."""
    logger.setLevel("DEBUG")
    try:
        fail_inside(world)
    finally:
        logger.setLevel("INFO")
    written = log.getvalue() + capsys.readouterr().out
    assert "ValueError" in written
    return found_in(written, TOKEN, SIGNATURE)


def test_nothing_secret_is_logged(world: World, log: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    assert leak_into_the_log(world, log, capsys) == []


def test_secrets_are_logged_with_the_texts_of_errors(
    world: World, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    with ERRORS_ARE_LOGGED_BY_CLASS.taken_out():
        assert leak_into_the_log(world, log, capsys) == [TOKEN, SIGNATURE]


def leak_into_the_answer(world: World) -> list[str]:
    """The secrets in the answer to a request that failed."""
    return found_in(fail_inside(world), TOKEN, SIGNATURE)


def test_nothing_secret_is_answered(world: World) -> None:
    assert leak_into_the_answer(world) == []


def test_secrets_are_answered_without_fixed_words(world: World) -> None:
    with FAILURES_ARE_TOLD_IN_FIXED_WORDS.taken_out():
        assert leak_into_the_answer(world) == [TOKEN, SIGNATURE]


async def leak_into_the_clients_log(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The secrets that a client and its libraries log while it loads content from the bucket."""
    api = FakeApi()
    api.put(DATA, kind="bytes")
    with caplog.at_level(logging.DEBUG):
        assert (await api.client().load(ARTIFACT)).body == DATA
    assert "HTTP Request: GET" in caplog.text
    return found_in(caplog.text, CREDENTIAL.removeprefix("Bearer "), SIGNATURE)


async def test_a_client_logs_nothing_secret(caplog: pytest.LogCaptureFixture) -> None:
    assert await leak_into_the_clients_log(caplog) == []


async def test_a_client_logs_signatures_without_the_secret_url(caplog: pytest.LogCaptureFixture) -> None:
    with URLS_KEEP_THEIR_QUERY.taken_out():
        assert await leak_into_the_clients_log(caplog) == [SIGNATURE]


async def leak_into_a_clients_error() -> list[str]:
    """The secrets in the error of a client whose connection fails with a message that quotes them."""
    api = FakeApi()
    said = f"cannot connect to {SIGNED} with Authorization: Bearer {TOKEN}"
    api.faults.append(lambda _: httpx.ConnectError(said))
    with pytest.raises(ArtifactError) as caught:
        await api.client().load(ARTIFACT)
    return found_in(f"{caught.value} {caught.value!r} {vars(caught.value)}", TOKEN, SIGNATURE)


async def test_a_clients_error_says_nothing_secret() -> None:
    assert await leak_into_a_clients_error() == []


async def test_a_clients_error_says_secrets_without_redaction() -> None:
    with MESSAGES_ARE_REDACTED.taken_out():
        assert await leak_into_a_clients_error() == [TOKEN, SIGNATURE]


async def test_the_bucket_refuses_without_being_quoted() -> None:
    """S3 quotes the request that it refuses, signature included."""
    api = FakeApi()
    api.put(DATA, kind="bytes")
    refusal = httpx.Response(400, content=f"<Error><Code>X</Code><Request>{SIGNED}</Request></Error>")
    api.faults.append(lambda request: refusal if request.url.host.startswith("bucket") else None)
    with pytest.raises(ArtifactError) as caught:
        await api.client().load(ARTIFACT)
    assert found_in(everything_said(caught.value), SIGNATURE, CREDENTIAL) == []
