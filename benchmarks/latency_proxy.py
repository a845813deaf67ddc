"""A reverse proxy on loopback that gives storage and API their latencies, and notes every call.

Every contender talks to it, whatever SDK it uses. Two doors:

- *storage*: a call takes at least its service's latency, from its head's arrival to its answer's first byte. The
  emulator's own work is inside of that, not on top; what it takes longer is noted as excess. The call takes effect
  `effect` (0 to 1) of the latency after its arrival: at once in calm measurements, half-way in races.
- *API*: the hop is added to what the API takes, half before it, half after.

It runs in a process of its own with a loop of its own, and streams bodies of any size.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import selectors
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any, Self
from urllib.parse import urlsplit

from benchmarks.http_framing import PIECE, Body, Head, copy_body
from benchmarks.wire_calls import API, DYNAMODB, S3, dollars_of, operation_of

_START_SECONDS = 60
_BODYLESS = frozenset({204, 304})
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Call:
    """One request that went through.

    Attributes:
        service: `s3`, `dynamodb`, `api`, or another AWS service.
        operation: The AWS operation; for the API method and path.
        status: The answer's.
        start: When its head had arrived, on the machine's monotonic clock, in seconds.
        end: When its answer had been handed on.
        excess: Seconds by which the emulator's work ended after the latency.
        dollars: What AWS bills for a million such calls.
        sent: Bytes of the request's body.
        received: Bytes of the answer's body.
    """

    service: str
    operation: str
    status: int
    start: float
    end: float
    excess: float
    dollars: float
    sent: int
    received: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """Seconds of a call per service; 0 everywhere switches latency off.

    Attributes:
        s3: Of a call of S3.
        dynamodb: Of a call of DynamoDB and of any other AWS service.
        api: Of the hop to the API.
        effect: Which part of a storage call's latency passes before it takes effect.
    """

    s3: float = 0.0
    dynamodb: float = 0.0
    api: float = 0.0
    effect: float = 0.0

    def of(self, service: str) -> float:
        """Seconds of a call."""
        return {S3: self.s3, API: self.api}.get(service, self.dynamodb)


class LatencyProxy:
    """The proxy's process; use it as `with LatencyProxy(storage_url) as proxy`.

    Attributes:
        storage_url: Where AWS clients are sent.
    """

    def __init__(self, storage: str) -> None:
        """Prepares a proxy in front of the AWS emulator's URL."""
        self._storage = storage
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve, args=(other,), daemon=True)
        self.storage_url = ""

    def __enter__(self) -> Self:
        self._process.start()
        self.storage_url = self._ask("open", (self._storage, False))
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()
        self._pipe.close()

    def open_api(self, upstream: str) -> str:
        """Opens a door to an API and returns its URL."""
        url: str = self._ask("open", (upstream, True))
        return url

    def set(self, latencies: Latencies) -> None:
        """Gives calls from now on these latencies."""
        self._ask("set", latencies)

    def take(self) -> list[Call]:
        """The calls since the last time, in the order of their ends; forgets them."""
        calls: list[Call] = self._ask("take", None)
        return calls

    def _ask(self, command: str, argument: object) -> Any:
        self._pipe.send((command, argument))
        if not self._pipe.poll(_START_SECONDS):
            raise RuntimeError("the latency proxy does not answer")
        return self._pipe.recv()


def _serve(pipe: Connection) -> None:
    # select takes microseconds where epoll takes milliseconds: DynamoDB's 5 ms must not become 6.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    doors = _Doors(pipe)
    loop.add_reader(pipe.fileno(), doors.command)
    loop.run_forever()


class _Doors:
    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._done: list[tuple[Call, bytes, bytes]] = []
        self._latencies = Latencies()
        self._tasks: set[asyncio.Task[None]] = set()

    def command(self) -> None:
        try:
            command, argument = self._pipe.recv()
        except EOFError:
            asyncio.get_event_loop().stop()
            return
        task = asyncio.ensure_future(self._obey(command, argument))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _obey(self, command: str, argument: Any) -> None:
        answer: object = None
        if command == "open":
            upstream, is_api = argument
            answer = await self._open(upstream, is_api=is_api)
        elif command == "set":
            self._latencies = argument
        elif command == "take":
            # Priced now: between two calls it would be taken for the emulator's time.
            done, self._done = self._done, []
            answer = [
                replace(call, dollars=dollars_of(call.service, call.operation, asked, answered))
                for call, asked, answered in done
            ]
        self._pipe.send(answer)

    async def _open(self, upstream: str, *, is_api: bool) -> str:
        target = urlsplit(upstream)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            gone = (ConnectionError, asyncio.IncompleteReadError)
            upstream: _Side | None = None
            with contextlib.suppress(*gone), contextlib.closing(writer):
                while (request := await Head.read(reader)) is not None:
                    # It may have closed a connection that was idle for long.
                    if upstream is None or upstream.reader.at_eof():
                        upstream = _Side(*await asyncio.open_connection(target.hostname, target.port, limit=PIECE))
                    if not await self._exchange(request, _Side(reader, writer), upstream, is_api=is_api):
                        break
            if upstream is not None:
                upstream.writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=PIECE, backlog=1024)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _exchange(self, request: Head, client: _Side, upstream: _Side, *, is_api: bool) -> bool:
        """Hands on one request and its answer; False at the connection's end."""
        start = time.monotonic()
        service, operation = _what(request, is_api=is_api)
        latencies = self._latencies
        latency = latencies.of(service)
        if request.headers.get("expect", "").lower() == "100-continue":
            client.writer.write(_CONTINUE)
        await _until(start + latency * (0.5 if is_api else latencies.effect))
        upstream.writer.write(request.raw)
        keep = service == DYNAMODB
        sent = await copy_body(client.reader, upstream.writer, request, keep=keep)
        answer = await Head.read(upstream.reader)
        while answer is not None and answer.status == 100:
            answer = await Head.read(upstream.reader)
        if answer is None:
            return False
        ready = time.monotonic()
        due = ready + latency / 2 if is_api else start + latency
        await _until(due)
        client.writer.write(answer.raw)
        without_body = request.method == "HEAD" or answer.status in _BODYLESS
        received = Body() if without_body else await copy_body(upstream.reader, client.writer, answer, keep=keep)
        call = Call(
            service=service,
            operation=operation,
            status=answer.status,
            start=start,
            end=time.monotonic(),
            excess=0.0 if is_api else max(0.0, ready - due),
            dollars=0.0,
            sent=sent.size,
            received=received.size,
        )
        self._done.append((call, bytes(sent.kept), bytes(received.kept)))
        return request.stays_open and answer.stays_open


def _what(request: Head, *, is_api: bool) -> tuple[str, str]:
    if is_api:
        return API, request.method
    return operation_of(request.method, request.target, request.headers)


async def _until(moment: float) -> None:
    left = moment - time.monotonic()
    if left > 0:
        await asyncio.sleep(left)


@dataclass(frozen=True, slots=True)
class _Side:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
