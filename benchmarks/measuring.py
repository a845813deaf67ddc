"""Runs an operation on every contender in turn, and sums up what each took."""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.contenders.process import Answer
from benchmarks.critical_path import depth, longest_chain
from benchmarks.lab import Contender, Lab
from benchmarks.latency_proxy import Call
from benchmarks.wire_calls import API

_SLOW_SECONDS = 0.5
_SLOW_SHARE = 5
_SLOW_ROUNDS = 3
_ENDLESS_SECONDS = 5.0

Attempt = Callable[[Contender, int], Answer]
"""Does the operation on a contender, in a round; may prepare what it needs before."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One operation: how long it took, and the calls that it made."""

    answer: Answer
    calls: Sequence[Call]

    @property
    def seconds(self) -> float:
        return self.answer.seconds

    @property
    def excess(self) -> float:
        """Seconds on the critical path in which the emulator exceeded a latency."""
        return longest_chain(self.storage, lambda call: call.excess)

    @property
    def storage(self) -> list[Call]:
        return [call for call in self.calls if call.service != API]

    @property
    def requests(self) -> list[Call]:
        return [call for call in self.calls if call.service == API]

    def until_vanished(self, contender: Contender) -> Sample:
        """The part of a delete until the artifact was gone for everyone."""
        if contender.vanishes is None:
            return self
        operation, place = contender.vanishes
        moment = [call.end for call in self.storage if call.operation == operation][place]
        return Sample(replace(self.answer, ended=moment), [call for call in self.calls if call.start < moment])


@dataclass(frozen=True, slots=True)
class Row:
    """An operation on one contender, summed up.

    Attributes:
        operation: What was done.
        versions: Versions of the artifact (V).
        names: Artifacts of the session (A).
        contender: On what.
        samples: Every round.
        hop: The part of the hop to the API that lies in what was measured.
    """

    operation: str
    versions: int
    names: int
    contender: str
    samples: Sequence[Sample]
    hop: float = 1.0

    @property
    def seconds(self) -> list[float]:
        """Of every round."""
        return [sample.seconds for sample in self.samples]

    @property
    def fair(self) -> list[float]:
        """Of every round, without what the emulator took longer than the injected latency."""
        return [sample.seconds - sample.excess for sample in self.samples]

    @property
    def median(self) -> float:
        """Of the seconds as measured."""
        return statistics.median(self.seconds)

    @property
    def fair_median(self) -> float:
        """Of the seconds without the emulator's excess."""
        return statistics.median(self.fair)

    @property
    def calls(self) -> float:
        """Storage calls."""
        return statistics.median(len(sample.storage) for sample in self.samples)

    @property
    def requests(self) -> float:
        """Requests to the API."""
        return statistics.median(len(sample.requests) for sample in self.samples)

    @property
    def depth(self) -> float:
        """Storage calls that waited for each other."""
        return statistics.median(depth(sample.storage) for sample in self.samples)

    @property
    def dollars(self) -> float:
        """Dollars of storage for a million operations."""
        return statistics.median(sum(call.dollars for call in sample.storage) for sample in self.samples)

    def injected(self, lab: Lab) -> float:
        """Seconds of injected latency on the critical path."""
        of = lab.latencies.of
        return statistics.median(
            longest_chain(sample.storage, lambda call: of(call.service))
            + self.hop * longest_chain(sample.requests, lambda call: of(call.service))
            for sample in self.samples
        )

    @property
    def errors(self) -> list[str]:
        return [sample.answer.error for sample in self.samples if sample.answer.error]

    def as_json(self, lab: Lab) -> dict[str, Any]:
        kinds = Counter(call.operation for call in self.samples[-1].storage)
        return {
            "operation": self.operation,
            "versions": self.versions,
            "names": self.names,
            "contender": self.contender,
            "rounds": len(self.seconds),
            "median_ms": _ms(self.median),
            "fair_median_ms": _ms(self.fair_median),
            "fair_p10_ms": _ms(quantile(self.fair, 0.1)),
            "fair_p90_ms": _ms(quantile(self.fair, 0.9)),
            "storage_calls": self.calls,
            "calls_by_operation": dict(sorted(kinds.items())),
            "depth": self.depth,
            "api_requests": self.requests,
            "injected_ms": _ms(self.injected(lab)),
            "emulator_excess_ms": _ms(statistics.median(sample.excess for sample in self.samples)),
            "dollars_per_million": round(self.dollars, 3),
            "seconds": [round(value, 5) for value in self.seconds],
            "fair_seconds": [round(value, 5) for value in self.fair],
            "errors": self.errors[:3],
        }


def run_rounds(
    lab: Lab,
    attempt: Attempt,
    *,
    rounds: int,
    contenders: Sequence[Contender] | None = None,
    warm_up: bool = True,
) -> dict[str, list[Sample]]:
    """Does an operation on every contender in every round, in an order drawn anew each time.

    The first time tells whose operations are slow, of which there are fewer rounds; as a warm-up, which opens
    connections, it is not counted.
    """
    contenders = contenders or lab.contenders
    samples: dict[str, list[Sample]] = {contender.name: [] for contender in contenders}
    wanted = {contender.name: rounds for contender in contenders}
    for number in range(rounds + warm_up):
        turn = [contender for contender in contenders if number < wanted[contender.name] + warm_up]
        random.shuffle(turn)
        for contender in turn:
            sample = _sampled(lab, attempt, contender, number)
            if not number:
                wanted[contender.name] = _worth(sample.seconds, rounds)
            if number or not warm_up:
                samples[contender.name].append(sample)
    return samples


def _worth(seconds: float, rounds: int) -> int:
    if seconds < _SLOW_SECONDS:
        return rounds
    return 1 if seconds > _ENDLESS_SECONDS else min(rounds, max(_SLOW_ROUNDS, rounds // _SLOW_SHARE))


def _sampled(lab: Lab, attempt: Attempt, contender: Contender, number: int) -> Sample:
    lab.proxy.take()
    answer = attempt(contender, number)
    return Sample(answer, [call for call in lab.proxy.take() if call.start >= answer.started])


def rows_of(
    samples: Mapping[str, Sequence[Sample]], *, operation: str, versions: int, names: int, hop: float = 1.0
) -> list[Row]:
    """A row per contender."""
    return [Row(operation, versions, names, name, taken, hop) for name, taken in samples.items() if taken]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Rounds of one side ÷ the same rounds of the other: their median, and where 80 % of them lie."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
        """Divides round by round; what has more rounds is cut."""
        each = [one / other for one, other in zip(ours, theirs, strict=False)]
        return cls(statistics.median(each), quantile(each, 0.1), quantile(each, 0.9))

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which a share of them lies."""
    in_order = sorted(values)
    return in_order[min(len(in_order) - 1, round(share * (len(in_order) - 1)))]


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
