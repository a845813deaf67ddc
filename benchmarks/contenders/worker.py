"""One contender in a process of its own: does an operation per line on standard input, answers a line with its time.

python -m benchmarks.contenders.worker community '{"bucket": "b", "endpoint": "http://…", "way": "default"}'

The clock is the machine's monotonic one, as the proxy's.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from benchmarks.contenders.operations import OPERATIONS

if TYPE_CHECKING:
    from google.adk.artifacts.base_artifact_service import BaseArtifactService


async def answer(service: BaseArtifactService, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Does one operation."""
    operation = OPERATIONS[asked["operation"]]
    started = time.monotonic()
    try:
        outcome = await operation(service, asked["target"], asked["options"])
    except Exception as error:  # noqa: BLE001 - whatever a contender raises is its result
        return {"started": started, "ended": time.monotonic(), "error": f"{type(error).__name__}: {error}"}
    return {"started": started, "ended": time.monotonic(), "outcome": outcome}


async def work(contender: str, settings: Mapping[str, Any], answers: BinaryIO) -> None:
    """Answers until standard input closes."""
    module = importlib.import_module(f"benchmarks.contenders.{contender}")
    async with module.opened(settings) as service:
        answers.write(b"{}\n")
        answers.flush()
        while line := await asyncio.to_thread(sys.stdin.readline):
            answers.write(json.dumps(await answer(service, json.loads(line))).encode() + b"\n")
            answers.flush()


def main() -> None:
    # What libraries print must not be taken for an answer.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        asyncio.run(work(sys.argv[1], json.loads(sys.argv[2]), answers))


if __name__ == "__main__":
    main()
