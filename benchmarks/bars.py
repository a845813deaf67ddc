"""What was promised, and whether this run kept it. A bar that is missed says where the time went.

Times are without what the emulator took longer than the injected latency, on both sides: it looks at every item of a
partition to answer a query, which DynamoDB does not. The ratio as measured is told beside.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks import grid
from benchmarks.lab import CONFIGURED, DIRECT, DIRECT_WITH_TABLE, KEPT, OURS, Lab
from benchmarks.measuring import Ratio, Row, quantile
from benchmarks.repeats import AGED, AS_IT_IS

_TYPICAL: Final = (20, 100)
_SMALLEST: Final = (1, 1)
_LARGEST: Final = (1000, 2500)
_AGAINST_PEER: Final = (
    (OURS, grid.LOAD, _TYPICAL, 0.75),
    (OURS, grid.NAMES, _TYPICAL, 0.6),
    (OURS, grid.NAMES, _LARGEST, 0.6),
    (OURS, grid.METADATA, _TYPICAL, 0.2),
    (OURS, grid.SAVE, _TYPICAL, 1.0),
    (DIRECT, grid.LOAD, _TYPICAL, 1.0),
    (DIRECT, grid.SAVE, _TYPICAL, 1.0),
    (DIRECT_WITH_TABLE, grid.LOAD, _TYPICAL, 0.75),
    (DIRECT_WITH_TABLE, grid.METADATA, _TYPICAL, 0.2),
)
_GROWTH: Final = 1.1
_TURN: Final = 0.45
_PAGE: Final = 1000
_TRANSFER: Final = 1.15
_MIB: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One promise.

    Attributes:
        what: What is compared.
        limit: At most this.
        value: What was measured; None when this run did not measure it.
        spread: Where 80 % of the rounds lie.
        why: Where the time went, when the bar is missed.
    """

    what: str
    limit: float
    value: float | None
    spread: str = ""
    why: str = ""

    @property
    def verdict(self) -> str:
        if self.value is None:
            return "not measured"
        return "met" if self.value <= self.limit else "NOT MET"


def judge(
    lab: Lab, rows: Sequence[Row], *, repeats: dict[str, Any] | None, transfers: dict[str, Any] | None
) -> list[Bar]:
    """Every bar."""
    found = {(row.operation, row.versions, row.names, row.contender): row for row in rows}
    return [
        *_against_peer(lab, found),
        *_constant(lab, found),
        *_pages(rows),
        *_repeats(repeats or {}),
        *_transfers(transfers or {}),
    ]


_Found = dict[tuple[str, int, int, str], Row]


def _against_peer(lab: Lab, found: _Found) -> Iterator[Bar]:
    for contender, operation, size, limit in _AGAINST_PEER:
        what = f"{operation}, V={size[0]} A={size[1]}: {contender} ÷ community's better configuration"
        ours = found.get((operation, *size, contender))
        peers = [row for name in CONFIGURED if (row := found.get((operation, *size, name)))]
        if ours is None or not peers:
            yield Bar(what=what, limit=limit, value=None)
            continue
        best = min(peers, key=lambda row: row.fair_median)
        ratio = Ratio.of(ours.fair, best.fair)
        why = f"{explain(lab, ours)}; {explain(lab, best)}"
        kept = found.get((operation, *size, KEPT))
        spread = f"{ratio.low:.2f} to {ratio.high:.2f}"
        spread += f"; as measured {ours.median / best.median:.2f}"
        if kept:
            spread += f"; ÷ {KEPT}: {Ratio.of(ours.fair, kept.fair).median:.2f}"
        yield Bar(what=what, limit=limit, value=ratio.median, spread=spread, why=why)


def _constant(lab: Lab, found: _Found) -> Iterator[Bar]:
    for operation in (grid.SAVE, grid.LOAD, grid.VANISH):
        what = f"{operation}: V={_LARGEST[0]} A={_LARGEST[1]} ÷ V={_SMALLEST[0]} A={_SMALLEST[1]}"
        small, large = found.get((operation, *_SMALLEST, OURS)), found.get((operation, *_LARGEST, OURS))
        if small is None or large is None:
            yield Bar(what=what, limit=_GROWTH, value=None)
            continue
        # Measured minutes apart, so round by round would pair what does not belong together.
        spread = (
            f"{quantile(large.fair, 0.1) / small.fair_median:.2f} to "
            f"{quantile(large.fair, 0.9) / small.fair_median:.2f}; as measured {large.median / small.median:.2f}"
        )
        why = f"small: {explain(lab, small)}; large: {explain(lab, large)}"
        yield Bar(what=what, limit=_GROWTH, value=large.fair_median / small.fair_median, spread=spread, why=why)


def _pages(rows: Sequence[Row]) -> Iterator[Bar]:
    for row in rows:
        if row.contender != OURS or row.operation not in {grid.NAMES, grid.METADATA}:
            continue
        pages = math.ceil((row.names if row.operation == grid.NAMES else row.versions) / _PAGE)
        what = f"{row.operation}, V={row.versions} A={row.names}: requests ÷ pages of {_PAGE}"
        yield Bar(what=what, limit=1.0, value=row.requests / pages, spread=f"{row.calls:g} storage calls")


def _repeats(repeats: dict[str, Any]) -> Iterator[Bar]:
    plain, aged = repeats.get(AS_IT_IS), repeats.get(AGED)
    load = plain["load"] if plain else None
    yield Bar(what="a repeated load: requests", limit=1, value=load and load["requests"])
    yield Bar(what="a repeated load: calls of S3", limit=0, value=load and load["s3_calls"])
    yield Bar(what=f"a repeated load with {AGED}: requests", limit=0, value=aged and aged["load"]["requests"])
    what = "LoadArtifactsTool's turn with 5 artifacts of 100 KiB: second ÷ first"
    for name, facts in repeats.items():
        median, low, high = facts["turn"]["second_over_first"]
        yield Bar(what=f"{what}, {name}", limit=_TURN, value=median, spread=f"{low:.2f} to {high:.2f}")
    if not repeats:
        yield Bar(what=what, limit=_TURN, value=None)


def _transfers(transfers: dict[str, Any]) -> Iterator[Bar]:
    ratios = transfers.get("ratios", {})
    for direction in ("up", "down"):
        facts = ratios.get(direction)
        median, low, high = facts["ratio"] if facts else (None, None, None)
        what = f"{transfers.get('mib', 1024):,} MiB {direction}"
        spread = f"{low:.2f} to {high:.2f}" if facts else ""
        yield Bar(what=f"{what}: client ÷ boto3's transfer manager", limit=_TRANSFER, value=median, spread=spread)
        yield Bar(what=f"{what}: the client's peak memory, MiB", limit=_MIB, value=facts and facts["peak_mib"])


def explain(lab: Lab, row: Row) -> str:
    """Where an operation's time went: injected latency, the emulator's excess, and the rest: CPU and pauses."""
    injected, fair = row.injected(lab), row.fair_median
    return (
        f"{row.contender} {row.median * 1000:.0f} ms = {injected * 1000:.0f} latency "
        f"({row.depth:g} calls deep, {row.requests:g} requests) + {(row.median - fair) * 1000:.0f} emulator + "
        f"{(fair - injected) * 1000:.0f} rest"
    )
