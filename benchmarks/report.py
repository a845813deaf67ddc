"""The tables that a comparison prints, and its JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.bars import Bar
from benchmarks.lab import CONFIGURED, OURS, Lab
from benchmarks.measuring import Ratio, Row

_COLUMNS = (
    "operation",
    "V",
    "A",
    "contender",
    "ms as measured",
    "ms without the emulator's excess (10 to 90 %)",
    "ours ÷ it",
    "calls",
    "depth",
    "requests",
    "latency ms",
    "rest ms",
    "$/million",
)


def grid_lines(lab: Lab, rows: Sequence[Row]) -> Iterator[str]:
    """Rows of one operation and cell, as lines of the big table."""
    ours = next((row for row in rows if row.contender == OURS), None)
    for row in rows:
        ratio = "" if ours is None or ours is row else str(Ratio.of(ours.fair, row.fair))
        facts = row.as_json(lab)
        rest = facts["fair_median_ms"] - facts["injected_ms"]
        cells = [
            row.operation,
            row.versions,
            row.names,
            row.contender,
            f"{facts['median_ms']:.1f}",
            f"{facts['fair_median_ms']:.1f} ({facts['fair_p10_ms']:.1f} to {facts['fair_p90_ms']:.1f})",
            ratio,
            f"{row.calls:g}",
            f"{row.depth:g}",
            f"{row.requests:g}",
            f"{facts['injected_ms']:.0f}",
            f"{rest:.1f}",
            f"{row.dollars:.2f}",
        ]
        yield line(cells) + (f"  <!-- {row.errors[0]} -->" if row.errors else "")


def title(options: argparse.Namespace) -> str:
    """The first line: what was injected."""
    return (
        f"# S3 {options.s3_ms:g} ms and DynamoDB {options.dynamodb_ms:g} ms a call, hop to the API "
        f"{options.api_ms:g} ms, {options.size:,} bytes of content"
    )


def grid_head() -> str:
    """The big table's first two lines."""
    return line(_COLUMNS) + "\n|" + "---|" * len(_COLUMNS)


def line(cells: Sequence[object]) -> str:
    """A table's line."""
    return "| " + " | ".join(map(str, cells)) + " |"


def calibration_table(found: Mapping[str, Mapping[str, float]]) -> str:
    """What bare calls take."""
    lines = [
        "| bare call | emulator ms | + proxy ms | + latency ms | injected ms | over it |",
        "|---|---|---|---|---|---|",
    ]
    for name, facts in found.items():
        over = facts["with_latency_ms"] - facts["injected_ms"]
        lines.append(line([name, *(f"{value:.1f}" for value in facts.values()), f"{over:.1f}"]))
    return "\n".join(lines)


def transfers_table(found: Mapping[str, Any]) -> str:
    """What a large file took."""
    columns = (f"{found['mib']:,} MiB", "seconds, each round", "peak MiB", "of these, imports")
    lines = [line(columns), "|" + "---|" * len(columns)]
    for way, runs in found["runs"].items():
        seconds = ", ".join(f"{run['seconds']:.1f}" for run in runs)
        peak, imports = (max(run[fact] for run in runs) for fact in ("peak_mib", "imports_mib"))
        lines.append(line([way, seconds, f"{peak:.0f}", f"{imports:.0f}"]))
    return "\n".join(lines)


def bars_table(bars: Sequence[Bar]) -> str:
    """What was promised and what was measured."""
    lines = ["| promise | at most | measured | spread | |", "|---|---|---|---|---|"]
    for bar in bars:
        value = "" if bar.value is None else f"{bar.value:.2f}"
        lines.append(line([bar.what, f"{bar.limit:g}", value, bar.spread, bar.verdict]))
    missed = [f"- {bar.what}: {bar.why}" for bar in bars if bar.verdict == "NOT MET" and bar.why]
    return "\n".join([*lines, *(["", "Where the time of missed ones went:", "", *missed] if missed else [])])


def write(path: Path, lab: Lab, *, rows: Sequence[Row], bars: Sequence[Bar], facts: Mapping[str, Any]) -> None:
    """Writes everything that was measured."""
    options = {name: value for name, value in vars(lab.options).items() if isinstance(value, int | float | bool)}
    document = {
        "options": options,
        "machine": {"python": platform.python_version(), "processors": os.cpu_count(), "machine": platform.machine()},
        "compared_with": list(CONFIGURED),
        **facts,
        "bars": [
            {
                "what": bar.what,
                "limit": bar.limit,
                "value": None if bar.value is None else round(bar.value, 3),
                "spread": bar.spread,
                "verdict": bar.verdict,
                "why": bar.why,
            }
            for bar in bars
        ],
        "rows": [row.as_json(lab) for row in rows],
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
