"""Draws a comparison's results. Runs in the benchmarks' venv, which has matplotlib.

.tools/bench/bin/python -m benchmarks.plot docs/benchmarks/compare.json docs/benchmarks/compare.svg

The same results draw the same file.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

COLOURS: Final = {
    "ours, API": "#1b6e53",
    "ours, S3": "#7fb39b",
    "ours, S3 and table": "#3f8f74",
    "community, default": "#c96a2b",
    "community, tuned": "#e0a367",
    "community, patched": "#b9b2a6",
}
TYPICAL: Final = (20, 100)
GROWING: Final = ("ours, API", "community, default")
GROWTH: Final = ("save", "load latest", "list names", "versions with metadata", "delete, until vanished")

Row = Mapping[str, Any]


def draw_operations(axes: Any, rows: Sequence[Row]) -> None:
    """Every operation at a typical size, a bar per contender."""
    chosen = [row for row in rows if (row["versions"], row["names"]) == TYPICAL]
    operations = list(dict.fromkeys(row["operation"] for row in chosen))
    height = 0.8 / len(COLOURS)
    for place, (contender, colour) in enumerate(COLOURS.items()):
        mine = {row["operation"]: row for row in chosen if row["contender"] == contender}
        present = [name for name in operations if name in mine]
        medians = [mine[name]["fair_median_ms"] for name in present]
        spread = [
            [max(0, mine[name]["fair_median_ms"] - mine[name]["fair_p10_ms"]) for name in present],
            [max(0, mine[name]["fair_p90_ms"] - mine[name]["fair_median_ms"]) for name in present],
        ]
        where = [operations.index(name) + (place - (len(COLOURS) - 1) / 2) * height for name in present]
        axes.barh(where, medians, height, xerr=spread, color=colour, label=contender, error_kw={"lw": 0.7})
    axes.set_yticks(range(len(operations)), operations)
    axes.invert_yaxis()
    axes.set_xlabel("milliseconds without the emulator's excess, median and 10 to 90 %")
    axes.set_title(f"{TYPICAL[0]} versions, {TYPICAL[1]} artifacts")
    axes.legend(frameon=False)


def draw_growth(axes: Any, rows: Sequence[Row]) -> None:
    """The largest size ÷ the smallest, ours and the peer's default."""
    contenders = [name for name in GROWING if any(row["contender"] == name for row in rows)]
    found = {(row["operation"], row["versions"], row["names"], row["contender"]): row["fair_median_ms"] for row in rows}
    sizes = ((1, 1), (1000, 2500))
    operations = [name for name in GROWTH if all((name, *size, who) in found for size in sizes for who in contenders)]
    if not operations:
        axes.set_axis_off()
        return
    for place, contender in enumerate(contenders):
        ratios = [found[name, 1000, 2500, contender] / found[name, 1, 1, contender] for name in operations]
        where = [number + (place - 0.5) * 0.4 for number in range(len(operations))]
        bars = axes.barh(where, ratios, 0.4, color=COLOURS[contender], label=contender)
        axes.bar_label(bars, fmt="%.1f", padding=2, fontsize=8)
    axes.set_yticks(range(len(operations)), operations)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.axvline(1, color="black", lw=0.7)
    axes.set_xlabel("time with 1,000 versions and 2,500 artifacts ÷ with one of each")
    axes.set_title("growth")


def main() -> None:
    """Draws what the first argument holds into the second."""
    source, image = map(Path, sys.argv[1:3])
    document = json.loads(source.read_text())
    matplotlib: Any = importlib.import_module("matplotlib")
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "benchmarks"  # the same numbers give the same file
    pyplot: Any = importlib.import_module("matplotlib.pyplot")
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(15, 6), width_ratios=(3, 2), layout="constrained")
    draw_operations(left, document["rows"])
    draw_growth(right, document["rows"])
    options = document["options"]
    figure.suptitle(
        f"S3 {options['s3_ms']:g} ms and DynamoDB {options['dynamodb_ms']:g} ms a call, API hop {options['api_ms']:g} "
        f"ms, {options['size']:,} bytes"
    )
    figure.savefig(image, metadata={"Date": None})


if __name__ == "__main__":
    main()
