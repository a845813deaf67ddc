"""A large file up and down: the client ÷ boto3's transfer manager, each in a new process, with its peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from benchmarks.contenders.process import ROOT, environment
from benchmarks.filling import APP, USER
from benchmarks.lab import Lab
from benchmarks.measuring import Ratio
from local.provision import aws_client

_MIB: Final = 1024 * 1024
_BUCKET: Final = "transfers"
_SIDES: Final = ("boto3", "client")
_DIRECTIONS: Final = ("up", "down")


def measure(lab: Lab) -> dict[str, Any]:
    """Seconds and memory of both directions, and the ratios round by round."""
    aws_client("s3", lab.endpoint).create_bucket(Bucket=_BUCKET)
    with tempfile.TemporaryDirectory(prefix="artifact-transfer-") as folder:
        source = Path(folder, "source")
        _write_noise(source, lab.options.transfer_mib)
        settings = {
            "endpoint": lab.proxy.storage_url,
            "bucket": _BUCKET,
            "url": lab.api_url,
            "artifact": {"app": APP, "user": USER, "session": "transfers", "filename": "large"},
            "source": str(source),
            "sink": str(Path(folder, "sink")),
            "resume_dir": str(Path(folder, "resume")),
        }
        runs: dict[str, list[dict[str, float]]] = {
            f"{side} {direction}": [] for direction in _DIRECTIONS for side in _SIDES
        }
        for _ in range(lab.options.transfer_rounds):
            for way, taken in runs.items():
                taken.append(_run(way, settings))
    lab.proxy.take()
    return {"mib": lab.options.transfer_mib, "runs": runs, "ratios": _ratios(runs)}


def _ratios(runs: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    ratios = {}
    for direction in _DIRECTIONS:
        ours, theirs = ([run["seconds"] for run in runs[f"{side} {direction}"]] for side in ("client", "boto3"))
        ratio = Ratio.of(ours, theirs)
        ratios[direction] = {
            "ratio": [ratio.median, ratio.low, ratio.high],
            "peak_mib": max(run["peak_mib"] for run in runs[f"client {direction}"]),
        }
    return ratios


def _write_noise(path: Path, mib: int) -> None:
    with path.open("wb") as file:
        for _ in range(mib):
            file.write(os.urandom(_MIB))


def _run(way: str, settings: dict[str, Any]) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.contenders.transfer", way, json.dumps(settings)]
    answer = subprocess.run(command, cwd=ROOT, env=environment(), check=True, capture_output=True)  # noqa: S603 - ours
    facts: dict[str, float] = json.loads(answer.stdout)
    return facts
