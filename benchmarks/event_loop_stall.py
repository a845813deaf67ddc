"""How long the services stop the event loop, beside a loop that idles in the same run.

    python benchmarks/event_loop_stall.py [--rounds 5] [--latency-ms 50] [--names 1000] [--only S3]

An agent's other work (streaming tokens, other sessions) waits as long as the event loop is stopped. A clock on the
loop ticks every millisecond; the longest delay of a tick while an operation runs is its stall. The service of the API,
and the one straight on S3 with its table and without. The API is the local one; it and the storage are behind proxies
in processes of their own that delay every answer.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
from google.genai import types

from google_adk_aws import HttpArtifactService, S3ArtifactService
from local import LocalApi
from local.emulator import CREDENTIALS
from local.provision import aws_client

KIB = 1024
OWN_BUCKET = "direct"
TICK_SECONDS = 0.001
OWNER: dict[str, Any] = {"app_name": "bench", "user_id": "alice", "session_id": "s1"}

Service = HttpArtifactService | S3ArtifactService
Operation = Callable[[Service], Awaitable[Any]]


async def longest_stall(work: Awaitable[Any]) -> float:
    """Runs `work` and returns the longest time that the loop did nothing else meanwhile, in seconds."""
    worst = 0.0

    async def ticks() -> None:
        nonlocal worst
        while True:
            before = time.perf_counter()
            await asyncio.sleep(TICK_SECONDS)
            worst = max(worst, time.perf_counter() - before - TICK_SECONDS)

    ticking = asyncio.create_task(ticks())
    await asyncio.sleep(10 * TICK_SECONDS)
    worst = 0.0
    await work
    await asyncio.sleep(2 * TICK_SECONDS)
    ticking.cancel()
    return worst


def part(size: int) -> types.Part:
    """Content that does not compress."""
    return types.Part.from_bytes(data=os.urandom(size), mime_type="application/octet-stream")


def operations() -> dict[str, Operation]:
    """What is measured, in an order in which each finds what it needs."""
    small, middle, large = part(KIB), part(1024 * KIB), part(3 * 1024 * KIB)

    def save(filename: str, artifact: types.Part) -> Operation:
        return lambda service: service.save_artifact(**OWNER, filename=filename, artifact=artifact)

    def load(filename: str) -> Operation:
        return lambda service: service.load_artifact(**OWNER, filename=filename)

    return {
        "save 1 KiB": save("small", small),
        "save 1 MiB": save("middle", middle),
        "save 3 MiB": save("large", large),
        "load 1 KiB": load("small"),
        "load 1 MiB": load("middle"),
        "load 3 MiB": load("large"),
        "version metadata": lambda service: service.get_artifact_version(**OWNER, filename="small"),
        "list names": lambda service: service.list_artifact_keys(**{**OWNER, "session_id": "many"}),
        "list versions": lambda service: service.list_artifact_versions(**OWNER, filename="versions"),
        "delete": lambda service: service.delete_artifact(**OWNER, filename="small"),
    }


async def fill(service: Service, names: int) -> None:
    """What the lists will list."""
    slots = asyncio.Semaphore(32)

    async def save(number: int) -> None:
        async with slots:
            owner: dict[str, Any] = {**OWNER, "session_id": "many"}
            await service.save_artifact(**owner, filename=f"report {number}.pdf", artifact=types.Part(text="x"))

    await asyncio.gather(*map(save, range(names)))
    for _ in range(20):
        metadata: dict[str, Any] = {"author": "bench", "tags": ["a", "b"]}
        text = types.Part(text="x")
        await service.save_artifact(**OWNER, filename="versions", artifact=text, custom_metadata=metadata)


async def measure(
    make: Callable[[], Service], url: str, rounds: int, names: int
) -> dict[str, list[tuple[float, float]]]:
    """Stalls per operation: (of the operation, of an idle loop for as long), in seconds."""
    async with make() as service:
        await fill(service, names)
    found: dict[str, list[tuple[float, float]]] = {}

    async def one(name: str, service: Service, operation: Operation) -> None:
        started = time.perf_counter()
        stall = await longest_stall(operation(service))
        took = time.perf_counter() - started
        found.setdefault(name, []).append((stall, await longest_stall(asyncio.sleep(took))))

    for _ in range(rounds):
        async with make() as service, httpx.AsyncClient() as bare:
            await bare.get(f"{url}/v1/health")
            await one(
                "a bare httpx request, for comparison",
                service,
                lambda _: bare.get(f"{url}/v1/health"),
            )
            await one("first call of a service", service, lambda s: s.list_artifact_keys(**OWNER))
            for name, operation in operations().items():
                await one(name, service, operation)
    return found


def report(service: str, found: dict[str, list[tuple[float, float]]]) -> None:
    """Prints a table."""
    print(f"\n## {service}\n")
    print("| operation | longest stall, median ms | worst ms | idle loop, median ms | worst ms |")
    print("|---|---|---|---|---|")
    for name, stalls in found.items():
        ours, idle = ([stall[side] * 1000 for stall in stalls] for side in (0, 1))
        cells = [statistics.median(ours), max(ours), statistics.median(idle), max(idle)]
        print(f"| {name} | {' | '.join(f'{cell:.1f}' for cell in cells)} |")


def delay_answers(upstream: str, latency: float, ready: Any) -> None:
    """A proxy that hands on every answer `latency` seconds later."""
    target = urlsplit(upstream)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
        idle = True
        while data := await reader.read(256 * KIB):
            if idle:
                # Once per answer, not per piece: the pieces of one answer follow each other at once.
                await asyncio.sleep(delay)
            writer.write(data)
            await writer.drain()
            idle = len(data) < 256 * KIB
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(target.hostname, target.port, limit=512 * KIB)
        await asyncio.gather(pump(reader, up_writer, 0), pump(up_reader, writer, latency), return_exceptions=True)

    async def serve() -> None:
        server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=512 * KIB)
        ready.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


@contextmanager
def delayed(upstream: str, latency: float) -> Iterator[str]:
    """The URL of a proxy before a server, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ready = context.Queue()
    proxy = context.Process(target=delay_answers, args=(upstream, latency, ready), daemon=True)
    proxy.start()
    try:
        yield f"http://127.0.0.1:{ready.get(timeout=60)}"
    finally:
        proxy.terminate()
        proxy.join()


def services(api: LocalApi, url: str, storage_url: str) -> dict[str, Callable[[], Service]]:
    """How each of them is made."""
    os.environ.update(CREDENTIALS, AWS_DEFAULT_REGION=CREDENTIALS["AWS_REGION"])
    s3 = aws_client("s3", api.aws_endpoint_url)
    s3.create_bucket(Bucket=OWN_BUCKET)
    s3.put_bucket_versioning(Bucket=OWN_BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return {
        "over the API": lambda: HttpArtifactService(url),
        "straight on S3, with the table": lambda: S3ArtifactService(
            api.bucket_name,
            endpoint_url=storage_url,
            table_name=api.table_name,
            table_endpoint_url=storage_url,
        ),
        "straight on S3, without a table": lambda: S3ArtifactService(OWN_BUCKET, endpoint_url=storage_url),
    }


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--names", type=int, default=1000, help="artifacts in the list")
    parser.add_argument("--only", default="", metavar="PART", help="the services whose name has this part")
    given = parser.parse_args()
    latency = given.latency_ms / 1000
    with LocalApi() as api, delayed(api.url, latency) as url, delayed(api.aws_endpoint_url, latency) as storage_url:
        for name, make in services(api, url, storage_url).items():
            if given.only in name:
                report(name, asyncio.run(measure(make, url, given.rounds, given.names)))


if __name__ == "__main__":
    main()
