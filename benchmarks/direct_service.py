"""The service straight on S3 ÷ bare boto3: each operation's own calls, and eight savers' commits in turn.

    python benchmarks/direct_service.py [--rounds 60] [--s3-ms 30] [--dynamodb-ms 5] [--savers 8]

An operation's calls are recorded once and done again by bare clients of the same configuration, in the same process,
each after those that it waited for, in turn with the service. A commit is what a save cannot do without: the record's
conditional PUT, and with a table the index's transaction after it. Content is 1 KiB; everything goes through the
latency proxy to the emulator. Many savers are measured with calls that take effect on their way, not at their start.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

import boto3
from botocore.config import Config
from google.genai import types

from artifact_store.adapters.aws import CLIENT_CONFIG
from benchmarks.latency_proxy import Latencies, LatencyProxy
from benchmarks.measuring import Ratio
from benchmarks.recorded import Bare, Call, Recording, timed, unique_names, waves
from google_adk_aws import S3ArtifactService
from local import Emulator, Template, provision
from local.provision import aws_client

WARM_UP: Final = 5
VERSIONS: Final = 20
SAVING_ROUNDS: Final = 3
"""A round of many savers lasts about as long as this many of the others."""
ALONE_AT_MOST: Final = 1.1
MANY_AT_MOST: Final = 1.5
OWN_BUCKET: Final = "direct"
WRITES: Final = frozenset({"put_object", "transact_write_items"})
OWNER: Final[dict[str, Any]] = {"app_name": "app", "user_id": "u", "session_id": "s"}

Operation = Callable[[S3ArtifactService, str], Awaitable[object]]
"""Does it to the artifact of this name."""


@dataclass(frozen=True)
class Place:
    """Where a service saves: its name in the tables, the bucket, and the index table, if there is one."""

    name: str
    bucket: str
    table: str | None


def part() -> types.Part:
    """1 KiB that does not compress."""
    return types.Part.from_bytes(data=os.urandom(1024), mime_type="image/png")


OPERATIONS: Final[dict[str, Operation]] = {
    "save": lambda service, name: service.save_artifact(**OWNER, filename=name, artifact=part()),
    "load latest": lambda service, _: service.load_artifact(**OWNER, filename="document"),
    "load version": lambda service, _: service.load_artifact(**OWNER, filename="document", version=3),
    "versions with metadata": lambda service, _: service.list_artifact_versions(**OWNER, filename="document"),
    "list names": lambda service, _: service.list_artifact_keys(**OWNER),
}


class Bench:
    """One service, and bare clients of the same configuration."""

    def __init__(self, place: Place, endpoint: str, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.service = S3ArtifactService(
            place.bucket,
            endpoint_url=endpoint,
            table_name=place.table,
            table_endpoint_url=endpoint if place.table else None,
        )
        path_style = CLIENT_CONFIG.merge(Config(s3={"addressing_style": "path"}))
        self._clients = {
            "s3": boto3.client("s3", endpoint_url=endpoint, config=path_style),
            "dynamodb": boto3.client("dynamodb", endpoint_url=endpoint, config=CLIENT_CONFIG),
        }
        self._recording = Recording()
        opened: Any = self.service._opened.get()  # noqa: SLF001 - the very clients whose calls are compared
        self._recording.watch("s3", opened.s3_client)
        if place.table:
            self._recording.watch("dynamodb", opened._dynamodb)  # noqa: SLF001

    def run(self, work: Awaitable[object]) -> object:
        """Runs until it is done."""
        return self._loop.run_until_complete(work)

    def calls(self, operation: Operation, name: str) -> list[Call]:
        """What an operation asks of the storage."""
        return self._recording.of(lambda: self.run(operation(self.service, name)))

    def bare(self, calls: list[Call], name: str) -> Bare:
        """The same by the bare clients."""
        return Bare(calls, self._clients, *unique_names(calls, name))


def overhead(bench: Bench, rounds: int) -> Iterator[str]:
    """Lines of the first table."""
    for _ in range(VERSIONS):
        bench.run(OPERATIONS["save"](bench.service, "document"))
    for name, operation in OPERATIONS.items():
        recorded = f"recorded {name}".replace(" ", "-")
        # Once before: what is asked of a server once in a lifetime is not the operation's.
        bench.run(operation(bench.service, f"before-{recorded}"))
        calls = bench.calls(operation, recorded)
        bare = bench.bare(calls, recorded)
        pairs = []
        for number in range(WARM_UP + rounds):
            repetition = bare.prepare(number)
            mine = timed(lambda: bench.run(operation(bench.service, f"n-{number:020}")))  # noqa: B023 - called at once
            pairs.append((mine, timed(repetition)))
        ours, theirs = zip(*pairs[WARM_UP:], strict=True)
        done = ", then ".join(" with ".join(call.method for call in wave) for wave in waves(calls))
        yield (
            f"| {name} | {statistics.median(ours) * 1000:.1f} | {statistics.median(theirs) * 1000:.1f} "
            f"| {Ratio.of(ours, theirs)} | {done} |"
        )


def contended(bench: Bench, *, savers: int, rounds: int) -> str:
    """A line about many savers of one name at once."""
    recorded = "recorded-commit"
    commit = [call for call in bench.calls(OPERATIONS["save"], recorded) if call.method in WRITES]
    bare = bench.bare(commit, recorded)
    ours, theirs = [], []
    for number in range(1 + rounds):
        name = f"many-{number:020}"

        async def race() -> list[Any]:
            return await asyncio.gather(*(OPERATIONS["save"](bench.service, name) for _ in range(savers)))  # noqa: B023

        begun = time.perf_counter()
        versions = bench.run(race())
        ours.append(time.perf_counter() - begun)
        if sorted(versions) != list(range(savers)):  # type: ignore[call-overload]
            raise SystemExit(f"a version is lost or doubled: {versions}")
        repetitions = [bare.prepare(number * savers + saver) for saver in range(savers)]
        theirs.append(timed(lambda: [repetition() for repetition in repetitions]))  # noqa: B023
    median = [statistics.median(side[1:]) * 1000 for side in (ours, theirs)]
    return f"| {savers} savers | {median[0]:.0f} | {median[1]:.0f} | {Ratio.of(ours[1:], theirs[1:])} |"


@contextmanager
def opened(latencies: Latencies) -> Iterator[tuple[LatencyProxy, list[Place]]]:
    """The emulated storage behind the proxy, and where services save."""
    with Emulator() as emulator, LatencyProxy(emulator.url) as proxy:
        environment = provision(Template.load(), emulator.url)
        s3 = aws_client("s3", emulator.url)
        s3.create_bucket(Bucket=OWN_BUCKET)
        s3.put_bucket_versioning(Bucket=OWN_BUCKET, VersioningConfiguration={"Status": "Enabled"})
        os.environ.update(environment)
        proxy.set(latencies)
        yield (
            proxy,
            [
                Place("without a table", OWN_BUCKET, None),
                Place("with the table", environment["BUCKET_NAME"], environment["INDEX_TABLE_NAME"]),
            ],
        )


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--savers", type=int, default=8)
    parser.add_argument("--s3-ms", type=float, default=30)
    parser.add_argument("--dynamodb-ms", type=float, default=5)
    given = parser.parse_args()
    latencies = Latencies(s3=given.s3_ms / 1000, dynamodb=given.dynamodb_ms / 1000)
    loop = asyncio.new_event_loop()
    with opened(latencies) as (proxy, places):
        for place in places:
            bench = Bench(place, proxy.storage_url, loop)
            print(f"\n## {place.name}\n\n| operation | ms | bare calls, ms | ratio (10 to 90 %) | calls |")
            print("|---|---|---|---|---|")
            for line in overhead(bench, given.rounds):
                print(line, flush=True)
            proxy.set(replace(latencies, effect=0.5))
            print(f"\nAlone at most {ALONE_AT_MOST} was promised, many {MANY_AT_MOST}.\n")
            print("| | ms | bare commits in turn, ms | ratio (10 to 90 %) |\n|---|---|---|---|")
            print(contended(bench, savers=given.savers, rounds=given.rounds // SAVING_ROUNDS), flush=True)
            proxy.set(latencies)
            bench.service.close()
    loop.close()


if __name__ == "__main__":
    main()
