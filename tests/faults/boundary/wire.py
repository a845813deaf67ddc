"""Faults where boto3 hands a request to the network: what AWS, or the way to it, can do to a call.

A call is one boto3 call, which botocore may send several times. A fault hits the first sending of a call,
or every one; some let the request through to the emulator before they spoil its answer.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final, cast
from unittest.mock import patch

import botocore.endpoint
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from artifact_store.adapters.aws import CLIENT_CONFIG

__all__ = ["ATTEMPTS", "READ_TIMEOUT", "Fault", "Wire", "WireClock", "kinds_of"]

_CONFIG: Final[Any] = CLIENT_CONFIG
ATTEMPTS: Final[int] = _CONFIG.retries["total_max_attempts"]
READ_TIMEOUT: Final[float] = _CONFIG.read_timeout

_S3_PUT: Final = frozenset({"PutObject"})
_XML: Final = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>injected</Message></Error>'
_JSON: Final = '{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"injected"{more}}}'

_ANSWERS: Final[Mapping[str, tuple[int, str, frozenset[str]]]] = {
    "s3 500": (500, "InternalError", frozenset()),
    "s3 503": (503, "SlowDown", frozenset()),
    "s3 409": (409, "ConditionalRequestConflict", _S3_PUT),
    "s3 412": (412, "PreconditionFailed", _S3_PUT),
    "dynamodb 500": (500, "InternalServerError", frozenset()),
    "dynamodb throttled": (400, "ProvisionedThroughputExceededException", frozenset()),
    "dynamodb 429": (400, "ThrottlingException", frozenset()),
    "dynamodb conflict": (400, "TransactionCanceledException", frozenset({"TransactWriteItems"})),
    "dynamodb put conflict": (400, "TransactionConflictException", frozenset({"PutItem"})),
    "dynamodb in progress": (400, "TransactionInProgressException", frozenset({"TransactWriteItems"})),
}
"""Answers instead of an effect: status, code, and the calls that can have them (none: every one)."""

_BROKEN: Final = ("refused", "hangs", "lost", "hangs after", "500 after", "garbled")
"""What any call can meet; the last four after it took effect. An answer that is cut short is a lost one to boto3,
but for a streamed body, and for JSON that it tries no more."""

_CUT: Final = frozenset({"GetObject", "GetItem", "BatchGetItem", "Query", "Scan"})
"""Calls whose answer may be cut short unnoticed by boto3."""


def kinds_of(service: str, call: str) -> list[str]:
    """What can happen to a call."""
    answers = [
        kind for kind, (_, _, calls) in _ANSWERS.items() if kind.startswith(service) and (not calls or call in calls)
    ]
    return [*_BROKEN, *answers, *(["cut"] if call in _CUT else [])]


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        at: The call that it hits, from 0.
        kind: One of `kinds_of`.
        always: Whether botocore's repetitions meet it too.
    """

    at: int
    kind: str
    always: bool

    def __str__(self) -> str:
        return f"call {self.at} {self.kind}{' always' if self.always else ''}"


class WireClock:
    """The store's clock, and botocore's: nobody waits, time passes."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._begun = time.time()

    def now_ms(self) -> int:
        return int((self._begun + self._ahead) * 1000)

    def monotonic(self) -> float:
        return self._ahead

    def sleep(self, seconds: float) -> None:
        self._ahead += seconds

    @contextmanager
    def for_botocore(self) -> Iterator[None]:
        """Lets botocore's pauses between repetitions pass on this clock."""
        with patch.object(botocore.endpoint, "time", SimpleNamespace(sleep=self.sleep, time=time.time)):
            yield


@dataclass
class Wire:
    """Sits between boto3's clients and the network.

    Attributes:
        faults: What is to happen.
        calls: The service and name of each call so far.
        met: Faults that happened.
    """

    clock: WireClock
    faults: tuple[Fault, ...] = ()
    calls: list[tuple[str, str]] = field(default_factory=list)
    met: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._session = URLLib3Session()

    def attach(self, client: Any) -> None:
        """Hooks into a client."""
        service = client.meta.service_model.service_name
        client.meta.events.register_first(f"before-call.{service}", self._count)
        client.meta.events.register_first(f"before-send.{service}", self._send)

    def begin(self, *faults: Fault) -> None:
        """Counts from zero again, with these faults."""
        self.faults, self.calls, self.met = faults, [], []

    def _count(self, model: Any, params: Any, **_: Any) -> None:
        self.calls.append((model.service_model.service_name, model.name))
        params["context"]["injected"] = 0

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        at = len(self.calls) - 1
        for fault in self.faults:
            # After an earlier fault, another call may stand here.
            fits = fault.at == at and fault.kind in kinds_of(*self.calls[at])
            if fits and (fault.always or fault not in self.met):
                self.met.append(fault)
                return self._spoil(request, fault.kind)
        return None

    def _spoil(self, request: AWSPreparedRequest, kind: str) -> AWSResponse:
        if kind in _ANSWERS:
            status, code, _ = _ANSWERS[kind]
            return _answer(request.url, status, code)
        if kind == "refused":
            raise EndpointConnectionError(endpoint_url=request.url)
        if kind == "hangs":
            self.clock.sleep(READ_TIMEOUT)
            raise ReadTimeoutError(endpoint_url=request.url)
        answer = self._session.send(request)
        if kind == "cut":
            return _cut(answer, request.url)
        if kind == "garbled" and answer.content:
            # A proxy's page, say.
            body = b"<html>" + answer.content[:1]
            headers: Any = {"Content-Type": "text/html", "Content-Length": str(len(body))}
            return AWSResponse(request.url, 200, headers, _Body(body))
        _ = answer.content
        if kind == "lost":
            raise ConnectionClosedError(endpoint_url=request.url)
        if kind == "hangs after":
            self.clock.sleep(READ_TIMEOUT)
            raise ReadTimeoutError(endpoint_url=request.url)
        service = self.calls[-1][0]
        return _answer(request.url, 500, "InternalError" if service == "s3" else "InternalServerError")


class _Body:
    """What is left of an answer on a connection that broke."""

    def __init__(self, body: bytes) -> None:
        self._left = body

    def read(self, amount: int | None = None, **_: Any) -> bytes:
        end = len(self._left) if amount is None else amount
        chunk, self._left = self._left[:end], self._left[end:]
        return chunk

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        while self._left:
            yield self.read(1024)


def _answer(url: str, status: int, code: str) -> AWSResponse:
    if code[0].isupper() and code in {"InternalError", "SlowDown", "ConditionalRequestConflict", "PreconditionFailed"}:
        body, content_type = _XML.format(code=code), "application/xml"
    else:
        more = ',"CancellationReasons":[{"Code":"TransactionConflict"}]' if code.startswith("TransactionCan") else ""
        body, content_type = _JSON.format(code=code, more=more), "application/x-amz-json-1.0"
    headers: Any = {"Content-Type": content_type, "Content-Length": str(len(body))}
    return AWSResponse(url, status, headers, _Body(body.encode()))


def _cut(answer: AWSResponse, url: str) -> AWSResponse:
    """The answer with half of its body missing; its headers promise all of it."""
    body, headers = answer.content, cast("Any", answer.headers)
    return AWSResponse(url, answer.status_code, headers, _Body(body[: len(body) // 2]))
