"""The other end of a worker: starts a contender's process and hands it operations."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from local.emulator import CREDENTIALS

ROOT = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    """Variables of a contender's process: no AWS account but the emulator's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return (
        kept
        | CREDENTIALS
        | {
            "AWS_DEFAULT_REGION": CREDENTIALS["AWS_REGION"],
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in (".", "layers/artifact_store", "client/src")),
        }
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What an operation gave: its outcome or its error, and when it ran on the machine's monotonic clock."""

    started: float
    ended: float
    outcome: Any = None
    error: str | None = None

    @property
    def seconds(self) -> float:
        return self.ended - self.started


class ContenderProcess:
    """A contender; use it as a context manager."""

    def __init__(self, *, python: Path, module: str, settings: Mapping[str, Any]) -> None:
        """Prepares one.

        Args:
            python: The interpreter of the venv that has it.
            module: A module of `benchmarks.contenders`.
            settings: What its `opened` is given.
        """
        self._command = [str(python), "-m", "benchmarks.contenders.worker", module, json.dumps(settings)]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            self._command, cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._read()  # it is ready
        return self

    def __exit__(self, *_: object) -> None:
        process = self._process
        if process and process.stdin and process.stdout:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()

    def run(self, operation: str, target: Mapping[str, Any], **options: Any) -> Answer:
        """Does one operation and waits for it."""
        asked = {"operation": operation, "target": dict(target), "options": options}
        if self._process is None or self._process.stdin is None:
            raise RuntimeError("the contender was not started")
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._process.stdin.flush()
        return Answer(**self._read())

    def _read(self) -> dict[str, Any]:
        if self._process is None or self._process.stdout is None:
            raise RuntimeError("the contender was not started")
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a contender ended: {' '.join(self._command)}")
        answer: dict[str, Any] = json.loads(line)
        return answer
