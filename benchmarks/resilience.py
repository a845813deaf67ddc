"""A healthy call with the resilience layer ÷ the same call without it, in turn, in one run.

    python benchmarks/resilience.py [--rounds 400] [--s3-ms 30] [--dynamodb-ms 5]

Every round does the same 1 KiB load by the service on S3 in each way, in an order drawn anew; a ratio is of the same
round. Storage is the strict in-memory adapters, each call with latency; then once more without, where the service's own
work is all there is, and not even boto3's. "Without" is measured against itself too: what that differs from 1 is what
the machine cannot tell.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

from google.genai import types

from artifact_store import ArtifactStore
from artifact_store.adapters.memory import MemoryObjects, MemoryTable
from benchmarks.metered import Meter, memory_ports, metered_ports
from google_adk_aws import ResiliencePolicy, S3ArtifactService
from google_adk_aws._resilience.policy import Resilience
from tests.direct_services import in_memory

WARM_UP: Final = 20
PROMISED: Final = 1.05
WITHOUT, AGAIN, WITH, HEDGED = "without", "without, again", "with", "with hedged reads"
DOC: Final[dict[str, Any]] = {"app_name": "app", "user_id": "ada", "session_id": "s", "filename": "doc"}

Result = TypeVar("Result")


class Bare(Resilience):
    """No layer: an attempt is the call."""

    async def call(self, attempt: Callable[[], Awaitable[Result]], **_: Any) -> Result:
        """Awaits it."""
        return await attempt()


def services(store: ArtifactStore) -> Mapping[str, S3ArtifactService]:
    """For each way a service over the same store."""
    found = {name: in_memory(store) for name in (WITHOUT, AGAIN, WITH)}
    found[HEDGED] = in_memory(store, resilience=ResiliencePolicy(hedge_after=10))
    for name in (WITHOUT, AGAIN):
        runner: Any = found[name].client._run  # noqa: SLF001
        runner._resilience = Bare(ResiliencePolicy())  # noqa: SLF001
    return found


async def measure(*, s3: float, dynamodb: float, rounds: int) -> dict[str, list[float]]:
    """Seconds of every round, by way; latencies in milliseconds."""
    table = MemoryTable()
    ports, _ = metered_ports(
        memory_ports(MemoryObjects(), table), table, Meter(), s3=lambda: s3 / 1000, dynamodb=lambda: dynamodb / 1000
    )
    ways = services(ArtifactStore(ports))
    await ways[WITH].save_artifact(**DOC, artifact=types.Part.from_bytes(data=bytes(1024), mime_type="image/png"))
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(WARM_UP + rounds):
        for name in random.sample(list(ways), len(ways)):
            begun = time.perf_counter()
            part = await ways[name].load_artifact(**DOC)
            seconds = time.perf_counter() - begun
            if part is None:
                raise RuntimeError("nothing was loaded")
            if number >= WARM_UP:
                taken[name].append(seconds)
    for service in ways.values():
        await service.aclose()
    return taken


def ratio(taken: Mapping[str, list[float]], name: str) -> float:
    """The median over the rounds of one way ÷ without."""
    return statistics.median(one / base for one, base in zip(taken[name], taken[WITHOUT], strict=True))


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--s3-ms", type=float, default=30)
    parser.add_argument("--dynamodb-ms", type=float, default=5)
    given = parser.parse_args()
    for s3, dynamodb in ((given.s3_ms, given.dynamodb_ms), (0.0, 0.0)):
        taken = asyncio.run(measure(s3=s3, dynamodb=dynamodb, rounds=given.rounds))
        print(f"S3 {s3:g} ms, DynamoDB {dynamodb:g} ms, {given.rounds} rounds")
        for name, seconds in taken.items():
            print(f"  {name:<20} {statistics.median(seconds) * 1e6:>10,.0f} µs   ratio {ratio(taken, name):.3f}")
        if s3:
            print(f"  promised: {PROMISED} at most")


if __name__ == "__main__":
    main()
