from __future__ import annotations

import pickle

import httpx
import pytest
from google.adk.errors.input_validation_error import InputValidationError

from google_adk_aws import (
    ArtifactConflictError,
    ArtifactConnectionError,
    ArtifactError,
    ArtifactForbiddenError,
    ArtifactIntegrityError,
    ArtifactServerError,
    ArtifactThrottledError,
    ArtifactTooLargeError,
    ArtifactUnauthenticatedError,
    InvalidArtifactError,
    RetryPolicy,
    UnexpectedResponseError,
    WrongServiceUrlError,
)
from google_adk_aws._redaction import first_sentence, redact

from .scripted import NAMED, ScriptedApi, gateway, problem

pytestmark = pytest.mark.unit

ONCE = RetryPolicy(attempts=1)
SECRET = "hunter2hunter2hunter2"


async def error_for(answer: httpx.Response | Exception, url: str = "https://api.example") -> ArtifactError:
    with pytest.raises(ArtifactError) as caught:
        await ScriptedApi(answer).service(url, retry=ONCE).load_artifact(**NAMED)
    return caught.value


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (problem(400, "invalid_name"), InvalidArtifactError),
        (problem(400, "key_too_long"), InvalidArtifactError),
        (problem(400, "metadata_too_large"), ArtifactTooLargeError),
        (problem(400, "a_code_of_the_future"), InvalidArtifactError),
        (problem(400, "digest_mismatch"), ArtifactIntegrityError),
        (problem(401, "unauthenticated"), ArtifactUnauthenticatedError),
        (problem(403, "forbidden"), ArtifactForbiddenError),
        (problem(404, "route_not_found"), WrongServiceUrlError),
        (problem(404, "a_code_of_the_future"), UnexpectedResponseError),
        (problem(405, "method_not_allowed"), WrongServiceUrlError),
        (problem(409, "a_code_of_the_future"), ArtifactConflictError),
        (problem(409, "request_in_progress"), ArtifactServerError),
        (problem(413, "content_too_large"), ArtifactTooLargeError),
        (problem(422, "idempotency_key_reused"), ArtifactConflictError),
        (problem(429, "throttled"), ArtifactThrottledError),
        (problem(500, "internal_error"), ArtifactServerError),
        (problem(503, "contention"), ArtifactServerError),
        (gateway(400, "Bad Request"), UnexpectedResponseError),
        (gateway(401, "Unauthorized"), ArtifactUnauthenticatedError),
        (gateway(403, "Forbidden"), ArtifactForbiddenError),
        (gateway(404, "Not Found"), WrongServiceUrlError),
        (gateway(405, "Method Not Allowed"), WrongServiceUrlError),
        (gateway(413, "Request Entity Too Large"), ArtifactTooLargeError),
        (gateway(429, "Too Many Requests"), ArtifactThrottledError),
        (gateway(431, "Request Header Fields Too Large"), ArtifactTooLargeError),
        (gateway(504, "Gateway Timeout"), ArtifactServerError),
        (httpx.Response(404, html="<h1>no</h1>"), WrongServiceUrlError),
        (httpx.Response(404, json={"code": "artifact_not_found"}), WrongServiceUrlError),
        (httpx.Response(299), UnexpectedResponseError),
        (httpx.Response(799), UnexpectedResponseError),
        (httpx.Response(304), UnexpectedResponseError),
    ],
    ids=repr,
)
async def test_classes(answer: httpx.Response, kind: type[ArtifactError]) -> None:
    error = await error_for(answer)
    assert type(error) is kind
    assert error.status == answer.status_code


async def test_a_problem_tells_everything_it_knows() -> None:
    error = await error_for(problem(400, "invalid_name", field="user", detail="must not be so", requestId="r-1"))
    assert str(error) == error.message == "user: must not be so"
    assert (error.code, error.field, error.status, error.request_id) == ("invalid_name", "user", 400, "r-1")
    # ADK's server answers 400 for this class, with this text.
    assert isinstance(error, InputValidationError)


async def test_a_field_that_the_text_names_is_not_named_twice() -> None:
    error = await error_for(problem(400, "invalid_name", field="user", detail="user must not be so"))
    assert str(error) == "user must not be so"


async def test_a_failure_of_the_api_names_its_request_id() -> None:
    error = await error_for(problem(503, "contention", detail="busy", requestId="r-2", headers={"retry-after": "2"}))
    assert str(error) == "busy (request id r-2)"
    assert error.retry_after == 2


@pytest.mark.parametrize("answer", [gateway(404, "Not Found"), httpx.Response(404, html="nginx"), httpx.Response(405)])
async def test_a_wrong_url_does_not_look_like_a_missing_artifact(answer: httpx.Response) -> None:
    error = await error_for(answer, "https://api.example/not-the-stage")
    assert "the URL looks wrong: https://api.example answers 40" in str(error)


async def test_a_redirect_is_not_followed_and_not_repeated_in_the_text() -> None:
    answer = httpx.Response(307, headers={"location": f"https://evil.example/?X-Amz-Signature={SECRET}"})
    error = await error_for(answer)
    assert str(error) == "the URL looks wrong: https://api.example redirects (307), which is not followed"
    assert isinstance(error, WrongServiceUrlError)


async def test_no_answer_names_the_address_and_the_cause() -> None:
    error = await error_for(httpx.ConnectError("[Errno 111] Connection refused"))
    assert str(error) == "no answer from https://api.example: [Errno 111] Connection refused"
    assert isinstance(error, ArtifactConnectionError)
    assert isinstance(error.__cause__, httpx.ConnectError)
    assert str(await error_for(httpx.ReadError(""))) == "no answer from https://api.example: ReadError"


async def test_the_echo_of_a_wrong_signature_is_not_repeated() -> None:
    # What AWS answers: the canonical request, with the session token in it.
    echo = (
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
        f"Key.\n\nThe Canonical String for this request should have been\n'GET\n/\n\nx-amz-security-token:{SECRET}\n'"
    )
    error = await error_for(gateway(403, echo))
    assert str(error) == (
        "the API answered 403 Forbidden: The request signature we calculated does not match the signature you provided."
    )


async def test_a_protocol_error_does_not_quote_the_header() -> None:
    error = await error_for(httpx.LocalProtocolError(f"Illegal header value b'Bearer {SECRET}'"))
    assert SECRET not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20260101, Signature={SECRET}",
        f"headers: {{'authorization': 'Bearer {SECRET}'}}",
        f"x-amz-security-token:{SECRET}",
        f"sent Bearer {SECRET} to it",
        f"GET https://bucket.s3.amazonaws.com/k?X-Amz-Credential=a&X-Amz-Signature={SECRET} failed",
        f"see 's3+https://h/p?{SECRET}'",
        f"at https://me:{SECRET}@host/path",
        f"X-Amz-Signature%3D{SECRET}",
        f"Signature={SECRET}",
        f"Set-Cookie: session={SECRET}; Secure",
    ],
)
def test_secrets_are_removed(text: str) -> None:
    assert SECRET not in str(ArtifactError(text))
    assert "[removed]" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "filename is not an encoded name: write it as charts!2Fq1.png",
        "no answer from http://127.0.0.1:8080: [Errno 111] Connection refused",
        "Invalid artifact reference URI: artifact://apps/a/users/me@b.c/artifacts/x/versions/0",
        "what? a bearer of news",
    ],
)
def test_what_helps_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", ""), ("Forbidden", "Forbidden"), ("a.b. c", "a.b."), ("one\ntwo", "one"), ("x" * 999, "x" * 200)],
)
def test_first_sentences(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence


def test_errors_survive_pickling() -> None:
    error = ArtifactThrottledError("slow", code="c", field="f", status=429, request_id="r", retry_after=2)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - made here
    assert type(copy) is ArtifactThrottledError
    assert vars(copy) == vars(error)
    assert str(copy) == "slow"
