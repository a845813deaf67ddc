"""Reconcile over a large store: objects per second, storage calls per object, memory above the start.

    python benchmarks/reconcile.py [--objects 100000] [--versions 10]

Over the in-memory adapters, one artifact after the other, so the time is that of the code alone: on AWS it
is the storage calls that take it, sixteen artifacts at a time. Each figure is of a run of its own, since
counting calls and tracing memory slow a run down. The last run has to find and repair planted drift.
"""

from __future__ import annotations

import argparse
import gc
import time
import tracemalloc

from artifact_store import ArtifactId, Content
from artifact_store.adapters.memory import MemoryObjects, MemoryTable, open_store
from artifact_store.maintenance import Drift, Findings, Limits, Maintenance
from artifact_store.ports import Table
from benchmarks.metered import Meter, memory_ports, metered_ports

ARTIFACTS_IN_A_SESSION = 10
ONE_IN = 1000
AT_ONCE = Limits(settle_after_ms=-60_000)
"""As if everything were old."""


class Bench:
    """A filled store."""

    def __init__(self, *, artifacts: int, versions: int) -> None:
        self.objects, self.table = MemoryObjects(), MemoryTable()
        store = open_store(objects=self.objects, table=self.table)
        for number in range(artifacts):
            session = f"s{number // ARTIFACTS_IN_A_SESSION}"
            artifact = ArtifactId.of(app="app", user="u", session=session, filename=f"report {number}.md")
            for version in range(versions):
                store.save(artifact, Content(body=b"x"), caller="c", idempotency_key=str(version))

    def plant(self) -> int:
        """Drops one entry of a version in a thousand; returns how many."""
        rows = [key for key in self.table.items() if key[1].startswith("v#")][::ONE_IN]
        self.table.delete(rows)
        return len(rows)

    def run(self, meter: Meter | None = None) -> tuple[Findings, float]:
        """One whole run; metered if there is a meter."""
        table: Table = self.table
        ports = memory_ports(self.objects, self.table)
        if meter is not None:
            ports, table = metered_ports(ports, table, meter)
        gc.collect()
        started = time.perf_counter()
        result = Maintenance(ports, table).reconcile(limits=AT_ONCE)
        assert result.checkpoint is None
        return result.findings, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=100_000)
    parser.add_argument("--versions", type=int, default=10, help="of each artifact (default: %(default)s)")
    options = parser.parse_args()
    artifacts = options.objects // options.versions
    bench = Bench(artifacts=artifacts, versions=options.versions)
    count = artifacts * options.versions
    print(f"{count:,} objects, {artifacts:,} artifacts of {options.versions} versions")

    findings, seconds = bench.run()
    assert (findings.total, findings.seen["objects"]) == (0, count)
    print(f"{count / seconds:,.0f} objects per second, drift 0")

    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    bench.run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"{(peak - before) / 2**20:.1f} MB above the start at most")

    meter = Meter()
    bench.run(meter)
    print(f"{sum(meter.calls.values()) / count:.3f} storage calls per object:")
    print(", ".join(f"{name} {calls / count:.3f}" for name, calls in sorted(meter.calls.items())))

    planted = bench.plant()
    findings, seconds = bench.run()
    assert findings.repaired == {Drift.UNINDEXED_OBJECT: planted}, findings
    print(f"with {planted} lost entries: {count / seconds:,.0f} objects per second, all repaired")


if __name__ == "__main__":
    main()
