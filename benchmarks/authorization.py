"""Handler time of a 1 KiB load with JWT authorization ÷ the same with authorization switched off, in turn, in one run.

    python benchmarks/authorization.py [--rounds 300] [--s3-ms 30] [--dynamodb-ms 5]

Every round does the same load in each way, in an order drawn anew; a ratio is of the same round. Storage is the strict
in-memory adapters, each call with latency; then once more without, where the handler's own work is all there is, and
not even boto3's.
"Switched off" is measured against itself too: what that differs from 1 is what the machine cannot tell.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import statistics
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Final

from artifact_store import ArtifactStore
from artifact_store.adapters.memory import MemoryObjects, MemoryTable
from benchmarks.handler_overhead import BODY, answered, event, save_event
from benchmarks.metered import Meter, memory_ports, metered_ports
from benchmarks.recorded import timed

WARM_UP: Final = 20
PROMISED: Final = 1.03
OFF, AGAIN = "switched off", "switched off, again"
CLAIMS: Final = {"iss": "https://issuer.example", "sub": "u", "aud": "artifact-api", "exp": "1767225600"}
WAYS: Final[Mapping[str, Mapping[str, str] | None]] = {
    OFF: None,
    AGAIN: None,
    "scopes, app and user in the token": {**CLAIMS, "app": "app", "scope": "openid artifact:read artifact:list"},
    "a caller by name": {**CLAIMS, "sub": "1048576", "email": "agent@example.com", "email_verified": "true"},
}
"""The claims that the gateway hands on; None where nobody asks for them."""

ENVIRONMENT: Final = {
    "AUTH_MODE": "JWT",
    "BUCKET_NAME": "bucket",
    "INDEX_TABLE_NAME": "index",
    "IDEMPOTENCY_TABLE_NAME": "idempotency",
    "JWT_APP_CLAIM": "app",
    "JWT_PRINCIPALS": json.dumps(
        {f"agent{n or ''}@example.com": {"scope": "artifact:admin", "app": "app"} for n in range(20)}
    ),
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_METRICS_NAMESPACE": "benchmark",
    "POWERTOOLS_SERVICE_NAME": "benchmark",
}


def loads(*, s3: float, dynamodb: float) -> Mapping[str, Callable[[], float]]:
    """For each way a load that is measured, over storage that has one artifact; latencies in milliseconds."""
    from artifact_api import read, telemetry, wiring, write  # noqa: PLC0415 - they read the environment

    telemetry.logger.setLevel("ERROR")
    table = MemoryTable()
    ports, _ = metered_ports(
        memory_ports(MemoryObjects(), table), table, Meter(), s3=lambda: s3 / 1000, dynamodb=lambda: dynamodb / 1000
    )
    wiring.reset()
    wiring.use(store=ArtifactStore(ports))
    with_jwt = wiring.settings()
    without = dataclasses.replace(with_jwt, auth_mode="NONE")

    def load(claims: Mapping[str, str] | None) -> float:
        # What a container reads once is put in place; only the request is measured.
        wiring._made["settings"] = without if claims is None else with_jwt  # noqa: SLF001
        request = event("load_artifact", "doc")
        if claims is not None:
            request["requestContext"]["authorizer"] = {"jwt": {"claims": dict(claims), "scopes": None}}
        return timed(lambda: answered(read.handler, request, 200))

    wiring._made["settings"] = without  # noqa: SLF001
    with redirect_stdout(None):
        answered(write.handler, save_event("doc", key=None), 201)
    return {name: partial(load, claims) for name, claims in WAYS.items()}


def measure(ways: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Seconds of every round, by way."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    # The handler prints its metrics.
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        for number in range(WARM_UP + rounds):
            for name in random.sample(list(ways), len(ways)):
                seconds = ways[name]()
                if number >= WARM_UP:
                    taken[name].append(seconds)
    return taken


def report(taken: Mapping[str, list[float]]) -> float:
    """Prints a row for each way; returns the largest ratio of those with authorization."""
    print("| authorization | handler ms (p50) | ratio to switched off (rounds: 10 % to 90 %) |\n|---|---|---|")
    ratios: dict[str, float] = {}
    for name, seconds in taken.items():
        each = sorted(one / base for one, base in zip(seconds, taken[OFF], strict=True))
        ratios[name] = statistics.median(each)
        low, high = each[len(each) // 10], each[-1 - len(each) // 10]
        print(f"| {name} | {statistics.median(seconds) * 1000:.3f} | {ratios[name]:.4f} ({low:.3f} to {high:.3f}) |")
    return max(ratio for name, ratio in ratios.items() if WAYS[name] is not None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300, help="loads measured in each way (default: %(default)s)")
    parser.add_argument("--s3-ms", type=float, default=30, help="latency of a call of S3 (default: %(default)s)")
    parser.add_argument("--dynamodb-ms", type=float, default=5, help="latency of a call of DynamoDB (default: 5)")
    options = parser.parse_args()
    os.environ.update(ENVIRONMENT)
    print(f"{len(BODY)} bytes, S3 {options.s3_ms:g} ms, DynamoDB {options.dynamodb_ms:g} ms, {options.rounds} rounds\n")
    ratio = report(measure(loads(s3=options.s3_ms, dynamodb=options.dynamodb_ms), options.rounds))
    print("\nwithout any latency\n")
    report(measure(loads(s3=0, dynamodb=0), 10 * options.rounds))
    kept = "kept" if ratio <= PROMISED else "NOT kept"
    print(f"\npromised: at most {PROMISED:.2f} with latency: {kept} ({ratio:.4f})")


if __name__ == "__main__":
    main()
