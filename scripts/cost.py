"""What a month costs: artifacts, sizes and rates, from the store's own calls and items.

    python scripts/cost.py --artifacts 1000000 --size 200KB --saves 100000 --loads 1000000

The store runs in memory, where every call is counted and every item is sized as AWS bills it; so the estimate follows
the code. Prices are those of us-east-1 on demand, without free tiers and discounts; `--price NAME=DOLLARS` changes
one. Not in it: data transfer to the internet, KMS, X-Ray, a customer's key, support.
"""

# ruff: noqa: INP001, T201 - a script that prints

from __future__ import annotations

import argparse
import json
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from artifact_store import ArtifactStore
from benchmarks.storage_cost import DOC, OPERATIONS, READ_UNIT, S3_GET, S3_LIST, Bill, opened, prepared, size_of

PRICES: Final[dict[str, float]] = {
    "api-million": 1.00,  # HTTP API, the first 300 million requests
    "lambda-million": 0.20,
    "lambda-gb-second": 0.0000133334,  # arm64
    "s3-gb": 0.023,  # Standard, the first 50 TB
    "dynamodb-gb": 0.25,
    "logs-gb": 0.50,  # taken in, Standard class
    "sqs-million": 0.40,
}
MEMORY_GB: Final = 1.0
"""Of the functions, as in template.yaml."""

ITEM_OVERHEAD_BYTES: Final = 100
"""What DynamoDB's storage counts for each item."""

MONTH_MINUTES: Final = 365 / 12 * 24 * 60

HEAL_QUEUE_REQUESTS: Final = 3
"""Of a save's event: sent, received, deleted; fewer where several come in one batch."""

IDEMPOTENCY_PER_MILLION: Final = 1.25
"""Two writes of 1 KB, for a save that has an Idempotency-Key."""

MONTHLY: Final[Mapping[str, str]] = {
    "saves": "save",
    "loads": "load latest",
    "unchanged": "load latest, not modified",
    "lists": "list names",
    "histories": "list versions with metadata",
    "deletes": "delete",
}
"""Which operation of the store each rate is."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bill.

    Attributes:
        what: What is paid for.
        amount: How much of it, in its own unit.
        dollars: A month.
    """

    what: str
    amount: str
    dollars: float


def priced(operation: Callable[[ArtifactStore], object], *, names: int, versions: int) -> float:
    """Dollars of storage calls for a million times an operation, in a scope of so many names and versions."""
    objects, table = prepared(names=names, versions=versions)
    bill = Bill()
    operation(opened(objects, table, bill))
    return bill.dollars


def index_bytes(*, versions: int) -> float:
    """Bytes in the table for each version, once its idempotency items have expired."""
    _, table = prepared(names=1, versions=versions)
    kept = {key: item for key, item in table.items().items() if "expires_at" not in item}
    return sum(size_of(key, item) + ITEM_OVERHEAD_BYTES for key, item in kept.items()) / versions


def healed() -> float:
    """Dollars of storage calls for a million looks at a save that is whole."""
    return priced(lambda store: store.heal(DOC.object_key(0)), names=1, versions=1)


def reconciled(*, versions: int) -> float:
    """Dollars of storage calls for a million artifacts that reconcile finds whole.

    Source: docs/maintenance.md, whose counts `python benchmarks/reconcile.py` measures.
    """
    artifact = 4 * READ_UNIT + S3_GET
    listed = versions * S3_LIST / 1000
    scanned = versions * index_bytes(versions=versions) / 4096 * READ_UNIT
    return artifact + listed + scanned


def estimate(given: argparse.Namespace, prices: Mapping[str, float]) -> list[Line]:
    """The bill of a month."""
    rates = {name: getattr(given, name) for name in MONTHLY}
    lines = []
    for name, count in rates.items():
        dollars = priced(OPERATIONS[MONTHLY[name]], names=given.names, versions=given.versions)
        if name == "saves":
            dollars += IDEMPOTENCY_PER_MILLION
        amount = f"{count:,.0f} at ${dollars:.2f} per million"
        lines.append(Line(f"storage calls of {name}", amount, count * dollars / 1e6))
    requests = sum(rates.values())
    seconds = requests * given.lambda_ms / 1000 * MEMORY_GB
    lines += [
        Line("API Gateway", f"{requests:,.0f} requests", requests * prices["api-million"] / 1e6),
        Line("Lambda, requests", f"{requests:,.0f} requests", requests * prices["lambda-million"] / 1e6),
        Line("Lambda, time", f"{seconds:,.0f} GB·s", seconds * prices["lambda-gb-second"]),
        Line("logs", f"{_gb(requests * given.log_bytes)}", requests * given.log_bytes / 1e9 * prices["logs-gb"]),
    ]
    messages = given.saves * HEAL_QUEUE_REQUESTS
    lines += [
        Line("healing, calls", f"{given.saves:,.0f} saves", given.saves * healed() / 1e6),
        Line("healing, queue", f"{messages:,.0f} requests", messages * prices["sqs-million"] / 1e6),
    ]
    runs = MONTH_MINUTES / max(15, given.reconcile_rest_minutes)
    looked = runs * given.artifacts
    lines.append(
        Line("reconcile, calls", f"{runs:,.0f} runs at most", looked * reconciled(versions=given.versions) / 1e6)
    )
    kept = given.artifacts * given.versions
    content, index = kept * given.size, kept * index_bytes(versions=given.versions)
    return [
        *lines,
        Line("content in S3", _gb(content), content / 1e9 * prices["s3-gb"]),
        Line("index in DynamoDB", _gb(index), index / 1e9 * prices["dynamodb-gb"]),
    ]


def _gb(count: float) -> str:
    return f"{count / 1e9:,.2f} GB"


def size(text: str) -> float:
    """Reads bytes: 1500, 200KB, 1.5MB, 2GB (thousands, as AWS bills)."""
    found = re.fullmatch(r"(\d+|\d*\.\d+)\s*([KMG]?)B?", text.strip(), re.IGNORECASE)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: 1500, 200KB, 1.5MB, 2GB")
    return float(found[1]) * {"": 1.0, "K": 1e3, "M": 1e6, "G": 1e9}[found[2].upper()]


def count(text: str) -> float:
    """Reads how many: 1500, 1e6."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not 0 or more")
    return number


def price(text: str) -> tuple[str, float]:
    """Reads NAME=DOLLARS."""
    name, _, dollars = text.partition("=")
    if name not in PRICES:
        raise argparse.ArgumentTypeError(f"{name!r} is no price: {', '.join(PRICES)}")
    return name, count(dollars)


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(prog="cost.py", description=(__doc__ or "").partition("\n")[0])
    kept = parser.add_argument_group("what is kept")
    kept.add_argument("--artifacts", type=count, default=0, help="artifacts, each with --versions versions")
    kept.add_argument("--versions", type=int, default=1, help="versions of an artifact (1)")
    kept.add_argument("--size", type=size, default=100_000.0, help="bytes of a version: 1500, 200KB, 1.5MB (100KB)")
    kept.add_argument("--names", type=int, default=20, help="artifacts of a session, which a list reads (20)")
    rates = parser.add_argument_group("requests a month")
    rates.add_argument("--saves", type=count, default=0)
    rates.add_argument("--loads", type=count, default=0, help="of the latest version or another one")
    rates.add_argument("--unchanged", type=count, default=0, help="loads that a client's cache answers after a 304")
    rates.add_argument("--lists", type=count, default=0, help="of names")
    rates.add_argument("--histories", type=count, default=0, help="lists of versions with metadata")
    rates.add_argument("--deletes", type=count, default=0)
    assumed = parser.add_argument_group("assumptions")
    assumed.add_argument("--lambda-ms", type=count, default=60, help="billed milliseconds of a request (60)")
    assumed.add_argument("--log-bytes", type=count, default=1500, help="bytes that a request logs (1,500)")
    assumed.add_argument(
        "--reconcile-rest-minutes", type=count, default=360, help="the stack's ReconcileRestMinutes (360)"
    )
    assumed.add_argument("--price", type=price, action="append", default=[], metavar="NAME=DOLLARS")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the bill."""
    given = parser().parse_args(arguments)
    if given.versions < 1 or given.names < 1:
        parser().error("--versions and --names must be at least 1")
    lines = estimate(given, {**PRICES, **dict(given.price)})
    total = sum(line.dollars for line in lines)
    if given.json:
        bill = [{"what": line.what, "amount": line.amount, "dollars": round(line.dollars, 4)} for line in lines]
        print(json.dumps({"lines": bill, "dollarsPerMonth": round(total, 2)}, indent=2))
        return 0
    width = max(len(line.what) for line in lines)
    for line in lines:
        if line.dollars:
            print(f"{line.what:<{width}}  {line.dollars:>10,.2f}  {line.amount}")
    print(f"{'a month, in US dollars':<{width}}  {total:>10,.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
