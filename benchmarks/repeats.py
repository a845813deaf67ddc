"""What is asked for again: one artifact loaded twice, and two turns of an agent with the same artifacts."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.contenders.process import ContenderProcess
from benchmarks.filling import target
from benchmarks.lab import Lab
from benchmarks.measuring import Ratio, Sample

TURN_ARTIFACTS: Final = 5
TURN_BYTES: Final = 100 * 1024
AS_IT_IS: Final = "as it is"
AGED: Final = "cache_max_age=60"
VARIANTS: Final[dict[str, Mapping[str, Any]]] = {AS_IT_IS: {}, AGED: {"cache_max_age": 60}}


def measure(lab: Lab) -> dict[str, Any]:
    """Requests and storage calls of a repeated load, and how a second turn compares with the first."""
    facts: dict[str, Any] = {}
    for name, options in VARIANTS.items():
        facts[name] = {"load": _repeated_load(lab, name, options), "turn": _turns(lab, name, options)}
    return facts


@contextmanager
def _fresh(lab: Lab, options: Mapping[str, Any]) -> Iterator[ContenderProcess]:
    """A client that has loaded nothing yet but has a connection."""
    settings = {"url": lab.api_url, "options": dict(options)}
    with ContenderProcess(python=Path(sys.executable), module="ours", settings=settings) as process:
        process.run("describe", target("repeats", "nothing"))
        yield process


def _sampled(lab: Lab, process: ContenderProcess, operation: str, where: Mapping[str, str], **options: Any) -> Sample:
    lab.proxy.take()
    answer = process.run(operation, where, **options)
    if answer.error:
        raise SystemExit(f"{operation} gave {answer}")
    return Sample(answer, lab.proxy.take())


def _repeated_load(lab: Lab, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    filename = f"loaded twice, {name}"
    lab.fill("repeats", {filename: 1})
    first: list[Sample] = []
    second: list[Sample] = []
    for _ in range(min(5, lab.options.rounds)):
        with _fresh(lab, options) as process:
            first.append(_sampled(lab, process, "load", target("repeats", filename)))
            second.append(_sampled(lab, process, "load", target("repeats", filename)))
    s3 = [sum(call.service == "s3" for call in sample.storage) for sample in second]
    ratio = Ratio.of([sample.seconds for sample in second], [sample.seconds for sample in first])
    return {
        "requests": max(len(sample.requests) for sample in second),
        "s3_calls": max(s3),
        "storage_calls": max(len(sample.storage) for sample in second),
        "second_over_first": [ratio.median, ratio.low, ratio.high],
    }


def _turns(lab: Lab, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    session = f"turns {name}"
    names = [f"page-{number}.png" for number in range(TURN_ARTIFACTS)]
    with lab.without_latency():
        for filename in names:
            lab.ours.process.run("save", target(session, filename), size=TURN_BYTES)
    first: list[Sample] = []
    second: list[Sample] = []
    for _ in range(min(7, lab.options.rounds)):
        with _fresh(lab, options) as process:
            for turns in (first, second):
                sample = _sampled(lab, process, "turn", target(session), names=names)
                if sample.answer.outcome != TURN_ARTIFACTS:
                    raise SystemExit(f"the tool gave the model {sample.answer.outcome} artifacts")
                turns.append(sample)
    ratio = Ratio.of([sample.seconds for sample in second], [sample.seconds for sample in first])
    return {
        "first_ms": sorted(sample.seconds * 1000 for sample in first)[len(first) // 2],
        "second_ms": sorted(sample.seconds * 1000 for sample in second)[len(second) // 2],
        "first_requests": len(first[-1].requests),
        "second_requests": len(second[-1].requests),
        "second_s3_calls": sum(call.service == "s3" for call in second[-1].storage),
        "second_over_first": [ratio.median, ratio.low, ratio.high],
    }
