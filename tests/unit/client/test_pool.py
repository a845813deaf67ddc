from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from google.genai import types

from google_adk_aws import HttpArtifactService

from .scripted import NAMED, URL, ScriptedApi, content

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.unit


class Server(ThreadingHTTPServer):
    connections = 0

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Artifact-Version", "0")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server(socket_enabled: None) -> Iterator[Server]:
    """A real one on this machine: which connection serves which call does not show on a stand-in."""
    with Server(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


async def load(service: HttpArtifactService) -> types.Part | None:
    return await service.load_artifact(**NAMED)


async def test_one_connection_serves_call_after_call(server: Server) -> None:
    async with HttpArtifactService(server.url) as service:
        for _ in range(5):
            assert await load(service) == types.Part(inline_data=types.Blob(data=b"ok"))
    assert server.connections == 1


async def test_many_calls_at_once_share_one_client(server: Server) -> None:
    async with HttpArtifactService(server.url) as service:
        await asyncio.gather(*[load(service) for _ in range(20)])
        assert len(service.client._connection._pool._clients) == 1


def test_one_service_on_loop_after_loop(server: Server) -> None:
    service = HttpArtifactService(server.url)

    async def use_and_leave_open() -> None:
        assert await load(service) is not None

    with warnings.catch_warnings():
        # A loop that ends with open connections: Python says so when it collects them.
        warnings.simplefilter("ignore", ResourceWarning)
        for _ in range(3):
            asyncio.run(use_and_leave_open())
            assert len(service.client._connection._pool._clients) == 1
        asyncio.run(service.aclose())
        gc.collect()
    assert service.client._connection._pool._clients == {}


def test_one_service_on_many_loops_at_once(server: Server) -> None:
    service = HttpArtifactService(server.url)

    async def use() -> None:
        for _ in range(5):
            assert await load(service) is not None
        await (await service.client._connection._pool.client()).aclose()

    with ThreadPoolExecutor(4) as threads:
        for future in [threads.submit(asyncio.run, use()) for _ in range(4)]:
            future.result()


def test_closing_reaches_the_clients_of_other_running_loops(server: Server) -> None:
    service, ready, done = HttpArtifactService(server.url), threading.Event(), threading.Event()
    clients: list[httpx.AsyncClient] = []

    async def elsewhere() -> None:
        await load(service)
        clients.append(await service.client._connection._pool.client())
        ready.set()
        await asyncio.to_thread(done.wait, 10)

    thread = threading.Thread(target=asyncio.run, args=(elsewhere(),))
    thread.start()
    ready.wait(10)
    asyncio.run(service.aclose())
    done.set()
    thread.join()
    assert [client.is_closed for client in clients] == [True]


async def test_a_closed_service_says_so() -> None:
    service = HttpArtifactService(URL)
    await service.aclose()
    await service.aclose()
    with pytest.raises(RuntimeError, match="closed"):
        await load(service)


async def test_a_client_that_is_handed_in_stays_open() -> None:
    client = httpx.AsyncClient(transport=ScriptedApi(content(b"ok")))
    async with HttpArtifactService(URL, http_client=client) as service:
        assert await load(service) is not None
    assert not client.is_closed
    await client.aclose()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, {"connect": 1, "read": 2, "write": 3, "pool": 4}),
        ({"timeout": 7}, dict.fromkeys(("connect", "read", "write", "pool"), 7)),
        ({"timeout": httpx.Timeout(9, read=None)}, {"connect": 9, "read": None, "write": 9, "pool": 9}),
    ],
)
async def test_timeouts(arguments: dict[str, Any], expected: dict[str, float]) -> None:
    api = ScriptedApi(content(b"ok"))
    own = httpx.Timeout(connect=1, read=2, write=3, pool=4)
    async with httpx.AsyncClient(transport=api, timeout=own) as client:
        await load(HttpArtifactService(URL, http_client=client, **arguments))
    assert api.requests[0].extensions["timeout"] == expected


async def test_timeouts_of_own_clients() -> None:
    service = HttpArtifactService(URL)
    assert (await service.client._connection._pool.client()).timeout == httpx.Timeout(30, connect=5)
    await service.aclose()
    service = HttpArtifactService(URL, timeout=7)
    assert (await service.client._connection._pool.client()).timeout == httpx.Timeout(7)
    await service.aclose()


async def test_a_client_that_follows_redirects_follows_none_of_ours() -> None:
    api = ScriptedApi(httpx.Response(307, headers={"location": "https://evil.example/"}))
    async with httpx.AsyncClient(transport=api, follow_redirects=True) as client:
        with pytest.raises(Exception, match="not followed"):
            await load(HttpArtifactService(URL, http_client=client, auth="a-token"))
    assert [request.url.host for request in api.requests] == ["artifacts.example"]
