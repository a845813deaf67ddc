"""The gateway on a socket: one small ASGI application under uvicorn."""

from __future__ import annotations

import asyncio
import concurrent.futures
import errno
import socket
import time
from typing import TYPE_CHECKING, Any

import uvicorn

from local.events import Request, Response, message_response
from local.gateway import MAX_REQUEST_BYTES, Gateway

if TYPE_CHECKING:
    from collections.abc import Callable

# As many requests at once as one machine can use; further ones wait their turn.
_THREADS = 64
# The gateway gives up on a function after this long.
_INTEGRATION_SECONDS = 30.0
_NO_BODY = frozenset({204, 304})


class PortInUseError(Exception):
    """Something else listens on the port."""


def listen(port: int) -> socket.socket:
    """Open the listening socket, on loopback only.

    Args:
        port: 0 takes a free one.

    Raises:
        PortInUseError: the port is taken.
    """
    # asyncio switches Nagle's algorithm off only for sockets that name their protocol; on, it costs 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        if error.errno in {errno.EADDRINUSE, errno.EACCES}:
            raise PortInUseError(
                f"Port {port} is in use or not allowed. Choose another one: --port 8081, or 0 for any."
            ) from error
        raise
    listener.listen(1024)
    return listener


def serve(
    gateway: Gateway,
    listener: socket.socket,
    *,
    on_answer: Callable[[Request, Response, float], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, then finish the running requests.

    Args:
        gateway: what answers.
        listener: where to listen.
        on_answer: told of every request, its response and the seconds between.
    """
    with concurrent.futures.ThreadPoolExecutor(_THREADS, thread_name_prefix="function") as pool:
        config = uvicorn.Config(
            _application(gateway, pool, on_answer),
            http="h11",
            ws="none",
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
        )
        asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


def _application(
    gateway: Gateway,
    pool: concurrent.futures.Executor,
    on_answer: Callable[[Request, Response, float], None] | None,
) -> Callable[[dict[str, Any], Any, Any], Any]:
    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        started = time.monotonic()
        body = await _read_body(receive)
        if body is None:
            return
        request = Request(
            method=scope["method"],
            raw_path=scope["raw_path"].decode("latin-1"),
            raw_query=scope["query_string"].decode("latin-1"),
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
            body=body,
            source_ip=scope["client"][0] if scope["client"] else "127.0.0.1",
        )
        work = asyncio.get_running_loop().run_in_executor(pool, gateway.handle, request)
        try:
            response = await asyncio.wait_for(work, _INTEGRATION_SECONDS)
        except TimeoutError:
            response = message_response(503, "Service Unavailable")
        await _send(response, send)
        if on_answer:
            on_answer(request, response, time.monotonic() - started)

    return application


async def _read_body(receive: Any) -> bytes | None:
    """The body, or as much of it as shows that it is too long; `None` when the caller left before its end."""
    body = bytearray()
    more = True
    while more and len(body) <= MAX_REQUEST_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


async def _send(response: Response, send: Any) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    # Of a HEAD the function has told the length that a GET would have.
    if response.status not in _NO_BODY and "content-length" not in dict(response.headers):
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if response.status in _NO_BODY else response.body})
