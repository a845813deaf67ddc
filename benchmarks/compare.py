"""Our service beside google-adk-community's S3 service and ADK's files, on one emulated AWS with latencies.

    make bench [ARGS="--only save --rounds 30"]

Time, storage calls, sequential depth and dollars of every operation; many savers of one name; repeated loads and
turns. Contenders take turns within every round. What is promised is printed last; nothing fails.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks import calibration, grid, races, repeats, report, transfers
from benchmarks.bars import Bar, judge
from benchmarks.contenders.process import ROOT
from benchmarks.lab import BENCH_PYTHON, Lab, opened
from benchmarks.measuring import Row

CELLS: Final = ((1, 1), (20, 100), (1000, 2500), (1000, 1), (1, 2500))
"""Versions and names: the corners, and what is typical."""
QUICK_CELLS: Final = ((20, 100),)
REPEATS: Final = "repeats"
TRANSFERS: Final = "transfers"


class Page:
    """What is printed, and kept for the results' page."""

    def __init__(self) -> None:
        self.text = ""

    def say(self, text: str) -> None:
        """Prints a piece of the page."""
        print(text, flush=True)
        self.text += text + "\n"


def run(lab: Lab, page: Page) -> tuple[list[Row], dict[str, Any]]:
    """Measures what is asked for, printing as it goes."""
    options = lab.options
    facts: dict[str, Any] = {"calibration": calibration.measure(lab)}
    page.say(report.calibration_table(facts["calibration"]) + "\n\n" + report.grid_head())
    rows: list[Row] = []

    def take(found: list[Row]) -> None:
        rows.extend(found)
        page.say("\n".join(report.grid_lines(lab, found)))

    wanted = _wanted(options.only)
    for versions, names in cells(options):
        for found in grid.measure(lab, versions=versions, names=names, wanted=wanted):
            take(found)
    for savers in races.QUICK_SAVERS if options.quick else races.SAVERS:
        if wanted(races.operation(savers)):
            for found in races.measure(lab, savers=savers):
                take(found)
    if wanted(REPEATS):
        facts[REPEATS] = repeats.measure(lab)
    if wanted(TRANSFERS) and not options.quick:
        facts[TRANSFERS] = transfers.measure(lab)
        page.say("\n" + report.transfers_table(facts[TRANSFERS]))
    return rows, facts


def cells(options: argparse.Namespace) -> Sequence[tuple[int, int]]:
    """Versions and names that are measured."""
    if options.quick:
        return QUICK_CELLS
    if options.full_grid:
        return [(versions, names) for versions in (1, 20, 1000) for names in (1, 100, 2500)]
    return CELLS


def _wanted(only: Sequence[str]) -> Callable[[str], bool]:
    return lambda name: not only or any(part in name for part in only)


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--only", action="append", default=[], metavar="PART", help="operations whose name has this part")
    made.add_argument("--quick", action="store_true", help="a smoke run: small, few rounds, no files written")
    made.add_argument("--full-grid", action="store_true", help="all nine pairs of V and A, not five")
    made.add_argument("--rounds", type=int, default=20, help="of an operation below half a second (default: 20)")
    made.add_argument("--size", type=int, default=1024, help="bytes of content (default: 1,024)")
    made.add_argument("--s3-ms", type=float, default=30, help="latency of a call of S3 (default: 30)")
    made.add_argument("--dynamodb-ms", type=float, default=5, help="latency of a call of DynamoDB (default: 5)")
    made.add_argument("--api-ms", type=float, default=10, help="latency of the hop to the API (default: 10)")
    made.add_argument("--transfer-mib", type=int, default=1024, help="MiB of the large file (default: 1,024)")
    made.add_argument("--transfer-rounds", type=int, default=3, help="how often it goes up and down (default: 3)")
    made.add_argument("--seed", type=int, default=1, help="of the order within rounds (default: 1)")
    made.add_argument(
        "--out", type=Path, help="where results are written (default: docs/benchmarks; with --quick nowhere)"
    )
    return made


def write(
    folder: Path, lab: Lab, page: Page, *, rows: Sequence[Row], bars: Sequence[Bar], facts: Mapping[str, Any]
) -> None:
    """Writes the numbers, the page and the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = folder / "compare.json"
    report.write(numbers, lab, rows=rows, bars=bars, facts=facts)
    numbers.with_suffix(".md").write_text(page.text)
    if BENCH_PYTHON.exists():
        command: list[str | Path] = [BENCH_PYTHON, "-m", "benchmarks.plot", numbers, numbers.with_suffix(".svg")]
        subprocess.run(command, cwd=ROOT, check=True)  # noqa: S603 - our own script


def main() -> None:
    """Measures, prints, writes."""
    options = parser().parse_args()
    if options.quick:
        options.rounds = min(options.rounds, 3)
    elif options.out is None:
        options.out = ROOT / "docs" / "benchmarks"
    random.seed(options.seed)
    started = time.monotonic()
    page = Page()
    page.say(report.title(options) + "\n")
    with opened(options) as lab:
        rows, facts = run(lab, page)
        bars = judge(lab, rows, repeats=facts.get(REPEATS), transfers=facts.get(TRANSFERS))
        page.say("\n" + report.bars_table(bars))
        if options.out:
            write(options.out, lab, page, rows=rows, bars=bars, facts=facts)
    print(f"\n{time.monotonic() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
