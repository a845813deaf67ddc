"""One pooled httpx client per event loop.

A connection belongs to the loop it was opened on. ADK's server, its tests and scripts use more than
one loop in a process, so a client that outlives its loop must never be used by the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from typing import Final

import httpx

__all__ = ["ClientPool"]

# API Gateway keeps idle connections for longer than this; httpx's own 5 s would cost an agent that
# thinks for a while a new TLS handshake with every call.
_LIMITS: Final = httpx.Limits(max_connections=100, max_keepalive_connections=50, keepalive_expiry=45.0)


class ClientPool:
    """Makes clients on demand and closes the ones it made.

    Args:
        http_client: Use this one on every loop and never close it.
        timeout: Timeouts of one request, for the clients made here.
    """

    def __init__(self, *, http_client: httpx.AsyncClient | None, timeout: httpx.Timeout) -> None:
        self._given = http_client
        self._timeout = timeout
        self._clients: dict[asyncio.AbstractEventLoop, httpx.AsyncClient] = {}
        self._lock = threading.Lock()
        self._tls: ssl.SSLContext | None = None
        self._closed = False

    async def client(self) -> httpx.AsyncClient:
        """The client of the running loop.

        Raises:
            RuntimeError: The pool is closed.
        """
        if self._closed:
            raise RuntimeError("the artifact service is closed")
        if self._given is not None:
            return self._given
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            # Loading the certificate store takes tens of milliseconds: not on the loop.
            tls = await asyncio.to_thread(self._tls_context)
            with self._lock:
                self._forget_closed_loops()
                client = self._clients.get(loop)
                if client is None:
                    client = httpx.AsyncClient(verify=tls, timeout=self._timeout, limits=_LIMITS)
                    self._clients[loop] = client
        return client

    async def aclose(self) -> None:
        """Closes every client made here, on its own loop; the pool cannot be used after that."""
        self._closed = True
        with self._lock:
            clients, self._clients = self._clients, {}
        here = asyncio.get_running_loop()
        for loop, client in clients.items():
            if loop is here:
                await client.aclose()
            elif loop.is_running():
                closing = asyncio.run_coroutine_threadsafe(client.aclose(), loop)
                # The other loop may stop before it gets to this; its connections end with it.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.wrap_future(closing), timeout=1.0)

    def _forget_closed_loops(self) -> None:
        for loop in [loop for loop in self._clients if loop.is_closed()]:
            del self._clients[loop]

    def _tls_context(self) -> ssl.SSLContext:
        with self._lock:
            if self._tls is None:
                self._tls = httpx.create_ssl_context()
            return self._tls
