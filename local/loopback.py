"""An httpx transport whose other end is the handlers, in this process."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import httpx

from local.events import Request
from local.gateway import Gateway
from local.template import Template

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_NO_BODY = frozenset({204, 304})
# One transport serves clients of several event loops, and a kept connection belongs to one.
_NONE_KEPT = httpx.Limits(max_keepalive_connections=0)


class LoopbackTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Turns each request into an API Gateway event, calls the real handler, and turns its answer back.

    `httpx.Client(transport=LoopbackTransport(environment), base_url="http://loopback")` needs no socket; the async
    client works the same, with handlers in threads so that they never block its event loop.

    A request to the storage itself, such as a download that the API redirects to it, goes to the network: to the
    address that AWS_ENDPOINT_URL names in the environment.
    """

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        authorizer: Mapping[str, Any] | None = None,
        template: Template | None = None,
    ) -> None:
        """Set the handlers' environment variables; `close` puts back what was there.

        Args:
            environment: BUCKET_NAME and the other settings of the functions. The handlers read it at their first call.
            authorizer: what a route's authorizer would have found out, for example `{"jwt": {"claims": {…}}}`.
            template: the routes; those of the repository's template unless given.
        """
        self._gateway = Gateway(template or Template.load(), authorizer=authorizer)
        self._before = {name: os.environ.get(name) for name in environment or {}}
        os.environ.update(environment or {})
        self._storage = urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).netloc
        self._network: httpx.HTTPTransport | None = None
        self._async_network: httpx.AsyncHTTPTransport | None = None
        _forget_settings()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of a sync client."""
        if not self._is_storages(request):
            return self._answer(request, request.read())
        if self._network is None:
            self._network = httpx.HTTPTransport(limits=_NONE_KEPT)
        return self._network.handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of an async client."""
        if not self._is_storages(request):
            return await asyncio.to_thread(self._answer, request, await request.aread())
        if self._async_network is None:
            self._async_network = httpx.AsyncHTTPTransport(limits=_NONE_KEPT)
        return await self._async_network.handle_async_request(request)

    def close(self) -> None:
        """Put the environment back as it was."""
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if self._before:
            _forget_settings()
        self._before = {}
        if self._network is not None:
            self._network.close()

    async def aclose(self) -> None:
        """Put the environment back as it was."""
        self.close()
        if self._async_network is not None:
            await self._async_network.aclose()

    # Both base classes define `with`; one that is neither's alone is needed.
    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()

    def _is_storages(self, request: httpx.Request) -> bool:
        netloc = request.url.netloc.decode("ascii")
        # With a name, the bucket is a part of the host; with a number, of the path.
        return bool(self._storage) and (netloc == self._storage or netloc.endswith(f".{self._storage}"))

    def _answer(self, request: httpx.Request, body: bytes) -> httpx.Response:
        raw_path, _, raw_query = request.url.raw_path.decode("ascii").partition("?")
        response = self._gateway.handle(
            Request(
                method=request.method,
                raw_path=raw_path,
                raw_query=raw_query,
                headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw],
                body=body,
            )
        )
        headers = list(response.headers)
        if response.status not in _NO_BODY and "content-length" not in dict(headers):
            headers.append(("content-length", str(len(response.body))))
        return httpx.Response(response.status, headers=headers, content=response.body, request=request)


def _forget_settings() -> None:
    """Have handlers that are loaded already read the environment again."""
    wiring = sys.modules.get("artifact_api.wiring")
    if wiring:
        wiring.reset()
