"""What is repeated on S3, when, and what is not: down to the requests that boto3 sends."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, TypeAlias

import botocore.endpoint
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from google.genai import types

from google_adk_aws import ArtifactError, ArtifactThrottledError, RetryConfig, S3ArtifactService
from google_adk_aws._resilience import retry

from .conftest import OpenService

pytestmark = pytest.mark.unit

DOC: dict[str, Any] = {"app_name": "app", "user_id": "u", "session_id": "s", "filename": "doc"}
HELLO = types.Part.from_bytes(data=b"hello", mime_type="text/plain")
Waits: TypeAlias = list[float]


class Raw:
    """A body on its way."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> Sequence[bytes]:
        return [self._body]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """How long the service has waited; botocore's own pauses take no time."""
    waited = Waits()

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(retry, "asyncio", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda _: None))
    return waited


def answer_all(service: S3ArtifactService, call: str, status: int, code: str, **headers: str) -> list[str]:
    """Answers a call of S3; what was sent."""
    sent: list[str] = []

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        sent.append(request.url)
        body = f"<Error><Code>{code}</Code><Message>m</Message></Error>".encode()
        fields: Any = {"content-type": "application/xml", **headers}
        return AWSResponse(request.url, status, fields, Raw(body))

    events: Any = service.s3_client.meta.events  # its types know no handler that answers
    events.register_first(f"before-send.s3.{call}", send)
    return sent


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, "AccessDenied"), (400, "InvalidArgument"), (400, "KMS.DisabledException"), (403, "InvalidObjectState")],
)
async def test_what_s3_refuses_is_asked_once_and_no_circuit_counts_it(
    opened: OpenService, waits: Waits, status: int, code: str
) -> None:
    service = opened(retry_config=RetryConfig(retryable_errors=None))
    sent = answer_all(service, "PutObject", status, code)
    for _ in range(4):
        with pytest.raises(ArtifactError) as caught:
            await service.save_artifact(**DOC, artifact=HELLO)
        assert caught.value.error_code == code
    assert (len(sent), waits) == (4, [])
    assert service.resilience_snapshot().writes == "closed"


async def test_the_waits_are_those_of_the_configuration(opened: OpenService, waits: Waits) -> None:
    service = opened(
        retry_config=RetryConfig(max_attempts=5, base_delay=0.1, max_delay=0.5, exponential_base=3, jitter=False)
    )
    sent = answer_all(service, "ListObjectVersions", 503, "SlowDown")
    with pytest.raises(ArtifactThrottledError):
        await service.load_artifact(**DOC)
    assert waits == pytest.approx([0.1, 0.3, 0.5, 0.5])
    assert len(sent) == 5 * 3, "boto3 tries each three times"


async def test_the_servers_own_word_about_when_to_come_back_is_obeyed(opened: OpenService, waits: Waits) -> None:
    service = opened(retry_config=RetryConfig(base_delay=0.1, max_delay=0.1))
    sent = answer_all(service, "ListObjectVersions", 503, "SlowDown", **{"Retry-After": "7"})
    with pytest.raises(ArtifactThrottledError) as caught:
        await service.load_artifact(**DOC)
    assert caught.value.retry_after == 7
    assert [7 <= wait <= 7.1 for wait in waits] == [True, True]
    assert len(sent) == 3, "boto3 does not ask in between"


async def test_nobody_waits_for_a_server_that_wants_minutes(opened: OpenService, waits: Waits) -> None:
    service = opened()
    sent = answer_all(service, "ListObjectVersions", 503, "SlowDown", **{"Retry-After": "120"})
    with pytest.raises(ArtifactThrottledError) as caught:
        await service.load_artifact(**DOC)
    assert (caught.value.retry_after, len(sent), waits) == (120, 1, [])
