"""Faults below each service: where boto3 hands a request to the network, and where httpx does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

import httpx

from tests.faults.boundary import wire as boundary
from tests.faults.boundary.wire import Fault, Wire, WireClock, kinds_of

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

__all__ = ["DENIED", "AnyWire", "DirectWire", "HttpWire"]

DENIED: Final = "denied"
"""Whoever calls may not; no repetition helps."""

_SENT: Final = ("refused", "hangs", "500", "503", "429", DENIED)
"""What can happen to a request before the API sees it, or without it."""

_ANSWERED: Final = ("lost", "hangs after", "500 after", "cut")
"""And after the API has done what it was asked."""

_STATUS: Final = {"500": 500, "503": 503, "429": 429, DENIED: 403, "500 after": 500}


class AnyWire(Protocol):
    """Something between a service and its storage that can spoil calls."""

    calls: list[tuple[str, str]]
    met: list[Fault]

    def begin(self, *faults: Fault) -> None:
        """Counts from zero again, with these faults."""

    def kinds(self, call: tuple[str, str]) -> list[str]:
        """What can happen to a call."""


class DirectWire(Wire):
    """As of the store's own faults, and calls that are denied."""

    def __init__(self) -> None:
        super().__init__(WireClock())

    def kinds(self, call: tuple[str, str]) -> list[str]:
        return [*kinds_of(*call), DENIED]

    def _send(self, request: AWSPreparedRequest, **context: Any) -> AWSResponse | None:
        at = len(self.calls) - 1
        for fault in self.faults:
            if fault.at == at and fault.kind == DENIED:
                self.met.append(fault)
                service = self.calls[at][0]
                return boundary._answer(request.url, 403 if service == "s3" else 400, _CODES[service])
        return super()._send(request, **context)


_CODES: Final = {"s3": "AccessDenied", "dynamodb": "AccessDeniedException"}


@dataclass
class HttpWire(httpx.AsyncBaseTransport):
    """A transport with the wire in it. A fault meets one sending; the client's repetitions are calls of their own."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    met: list[Fault] = field(default_factory=list)
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        self._through = httpx.AsyncHTTPTransport()

    def begin(self, *faults: Fault) -> None:
        self.faults, self.calls, self.met = faults, [], []

    def kinds(self, call: tuple[str, str]) -> list[str]:
        return [*_SENT, *(kind for kind in _ANSWERED if kind != "cut" or call[1] in {"GET", "POST"})]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        at = len(self.calls)
        self.calls.append(("http", request.method))
        fault = next((fault for fault in self.faults if fault.at == at), None)
        if fault is None:
            return await self._through.handle_async_request(request)
        self.met.append(fault)
        kind = fault.kind
        if kind == "refused":
            raise httpx.ConnectError("injected", request=request)
        if kind == "hangs":
            raise httpx.ReadTimeout("injected", request=request)
        if kind in _SENT:
            return _problem(request, _STATUS[kind])
        answer = await self._through.handle_async_request(request)
        body = await answer.aread()
        await answer.aclose()
        if kind == "cut":
            return httpx.Response(
                answer.status_code, headers=answer.headers, stream=_Cut(body[: len(body) // 2], request)
            )
        if kind == "500 after":
            return _problem(request, _STATUS[kind])
        await asyncio.sleep(0)
        error = httpx.ReadError if kind == "lost" else httpx.ReadTimeout
        raise error("injected", request=request)

    async def aclose(self) -> None:
        await self._through.aclose()


class _Cut(httpx.AsyncByteStream):
    """Half of a body, then a connection that is gone."""

    def __init__(self, body: bytes, request: httpx.Request) -> None:
        self._body, self._request = body, request

    async def __aiter__(self) -> Any:
        yield self._body
        raise httpx.RemoteProtocolError("injected", request=self._request)


def _problem(request: httpx.Request, status: int) -> httpx.Response:
    codes = {500: "internal_error", 503: "storage_unavailable", 429: "", 403: "forbidden"}
    document = {"code": codes[status], "title": "injected", "detail": "injected", "status": status, "requestId": "r"}
    headers = {"Content-Type": "application/problem+json", "Retry-After": "0"}
    return httpx.Response(status, headers=headers, json=document if codes[status] else None, request=request)
