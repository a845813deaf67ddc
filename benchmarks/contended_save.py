"""Many savers of one name at once ÷ as many bare sequential PUTs and transactions, in one run.

    python benchmarks/contended_save.py [--rounds 10] [--s3-ms 30] [--dynamodb-ms 5] [--emulator]

Each saver is a thread with a store of its own; all start at one moment, every round under a new name.
The bare saves are what a save cannot do without, the record's PUT and the index's transaction, one save
after the other, of the same size. Storage is the strict in-memory adapters, each call with latency; with
--emulator the boto3 adapters over the emulator, which is one process and adds its own.
"""

from __future__ import annotations

import argparse
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from artifact_store import ArtifactId, ArtifactStore, Content
from artifact_store.adapters.aws import open_ports
from artifact_store.adapters.memory import MemoryObjects, MemoryTable
from artifact_store.ids import new_id, token_hash
from artifact_store.model import Part, Version
from artifact_store.ports import Ports, Table
from artifact_store.record import Draft
from benchmarks.metered import Meter, memory_ports, metered_ports

BODY = b"x" * 1024
SAVERS = ((8, 1), (8, 10), (64, 1))
"""How many at once, and how many saves each does, one after the other."""


@dataclass(frozen=True)
class Storage:
    """A bucket and a table with latency."""

    plain: Ports
    table: Table
    s3: Callable[[], float]
    dynamodb: Callable[[], float]

    def ports(self, meter: Meter) -> Ports:
        return metered_ports(self.plain, self.table, meter, s3=self.s3, dynamodb=self.dynamodb)[0]


def contended(storage: Storage, meter: Meter, artifact: ArtifactId, *, savers: int, each: int) -> list[float]:
    """Saves; returns how long everything took, then how long each save took."""
    start = threading.Barrier(savers + 1)
    stores = [ArtifactStore(storage.ports(meter)) for _ in range(savers)]

    def save(saver: int) -> list[tuple[int, float]]:
        start.wait()
        return [save_once(stores[saver], artifact, f"{saver} {number}") for number in range(each)]

    with ThreadPoolExecutor(savers) as pool:
        saving = [pool.submit(save, saver) for saver in range(savers)]
        start.wait()
        started = time.perf_counter()
        saved = [one for future in saving for one in future.result()]
        took = time.perf_counter() - started
    assert sorted(number for number, _ in saved) == list(range(savers * each)), "a version is lost or doubled"
    return [took, *(seconds for _, seconds in saved)]


def save_once(store: ArtifactStore, artifact: ArtifactId, key: str) -> tuple[int, float]:
    started = time.perf_counter()
    saved = store.save(artifact, Content(body=BODY), caller="c", idempotency_key=key, timeout=120)
    return saved.version.number, time.perf_counter() - started


def bare(storage: Storage, meter: Meter, artifact: ArtifactId, *, saves: int) -> float:
    """Puts and commits one version after the other; returns how long it took."""
    ports, content, gen = storage.ports(meter), Content(body=BODY), new_id()
    started = time.perf_counter()
    for number in range(saves):
        token = token_hash(caller="c", artifact=artifact, idempotency_key=str(number))
        draft = Draft(gen=gen, token=token, content=content, created_ms=ports.clock.now_ms())
        body, content_type, metadata = draft.object(None)
        version_id = ports.objects.create(
            artifact.object_key(number), body, content_type=content_type, metadata=metadata
        )
        version = Version(
            artifact=artifact,
            number=number,
            gen=gen,
            version_id=version_id,
            size=len(BODY),
            sha256=content.sha256,
            part=Part(),
            custom_metadata={},
            created_ms=draft.created_ms,
        )
        ports.index.commit(version, token=token, fingerprint=content.fingerprint)
    return time.perf_counter() - started


def measure(storage: Storage, *, savers: int, each: int, rounds: int) -> None:
    """Runs rounds and prints what they took."""
    saves = savers * each
    ours, theirs = Meter(), Meter()
    ratios, totals, bares, single = [], [], [], []
    for number in range(rounds):
        name = f"{savers} {each} {number}"
        base = bare(storage, theirs, artifact(f"bare {name}"), saves=saves)
        took, *seconds = contended(storage, ours, artifact(f"many {name}"), savers=savers, each=each)
        ratios.append(took / base)
        totals.append(took)
        bares.append(base)
        single += seconds
    print(f"\n## {savers} savers, {each} saves each, {rounds} rounds\n")
    print(
        f"all saves {ms(statistics.median(totals))}, bare {ms(statistics.median(bares))}: "
        f"ratio {statistics.median(ratios):.2f} (median; {min(ratios):.2f} to {max(ratios):.2f})"
    )
    print(f"one save: median {ms(statistics.median(single))}, longest {ms(max(single))}")
    failed = sum(count for name, count in ours.calls.items() if name == "PutObject: ObjectExists")
    refused = sum(count for name, count in ours.calls.items() if name.startswith("TransactWriteItems: "))
    calls = sum(count for name, count in ours.calls.items() if name != "(pause)")
    print(
        f"conditional PUTs that failed: {failed / saves / rounds:.2f} per save, transactions refused: "
        f"{refused / saves / rounds:.2f}, storage calls: {calls / saves / rounds:.2f}\n"
    )
    print(ours.table(saves * rounds, "save"))


def ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"


def artifact(name: str) -> ArtifactId:
    return ArtifactId.of(app="app", user="u", session="s", filename=name)


def latency(milliseconds: float, spread: float) -> Callable[[], float]:
    low, high = milliseconds * (1 - spread) / 1000, milliseconds * (1 + spread) / 1000
    return lambda: random.uniform(low, high)  # noqa: S311 - a made-up latency


@contextmanager
def opened(options: argparse.Namespace) -> Iterator[Storage]:
    s3, dynamodb = latency(options.s3_ms, options.spread), latency(options.dynamodb_ms, options.spread)
    if not options.emulator:
        table = MemoryTable()
        yield Storage(memory_ports(MemoryObjects(), table), table, s3, dynamodb)
        return
    from local import Emulator, Template, provision  # noqa: PLC0415 - only this needs the emulator
    from local.provision import aws_client  # noqa: PLC0415

    with Emulator() as emulator:
        made = provision(Template.load(), emulator.url)
        ports, index_table = open_ports(
            bucket_name=made["BUCKET_NAME"],
            index_table_name=made["INDEX_TABLE_NAME"],
            s3=aws_client("s3", emulator.url),
            dynamodb=aws_client("dynamodb", emulator.url),
        )
        yield Storage(ports, index_table, s3, dynamodb)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--s3-ms", type=float, default=30, help="latency of a call of S3 (default: %(default)s)")
    parser.add_argument("--dynamodb-ms", type=float, default=5, help="latency of a call of DynamoDB (default: 5)")
    parser.add_argument("--spread", type=float, default=0.0, help="latencies are drawn from this much around: 0 to 1")
    parser.add_argument("--emulator", action="store_true", help="over boto3 and the emulator")
    options = parser.parse_args()
    print(f"S3 {options.s3_ms:g} ms, DynamoDB {options.dynamodb_ms:g} ms, spread {options.spread:g}")
    with opened(options) as storage:
        for savers, each in SAVERS:
            measure(storage, savers=savers, each=each, rounds=options.rounds)


if __name__ == "__main__":
    main()
