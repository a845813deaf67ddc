"""Many savers of one name at the same moment, in one process of each contender."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.contenders.process import Answer
from benchmarks.filling import target
from benchmarks.lab import KEPT, Contender, Lab
from benchmarks.measuring import Row, rows_of, run_rounds

SAVERS = (8, 64)
QUICK_SAVERS = (3,)
_MANY = 64
_ROUNDS = 5
# A saver that has not saved by then has failed. community's pauses between attempts double up to 5 s, without jitter.
_PATIENCE_SECONDS = 60


def operation(savers: int) -> str:
    return f"{savers} savers of one name"


def measure(lab: Lab, *, savers: int) -> Iterator[list[Row]]:
    """Measures; every saver must either save a version of its own or be told that it failed."""

    def attempt(contender: Contender, number: int) -> Answer:
        where = target("races", f"{savers} savers of {contender.name} {number}")
        options = {"size": lab.options.size, "savers": savers, "patience": _PATIENCE_SECONDS}
        answer = contender.process.run("race", where, **options)
        return replace(answer, error=answer.error or _complaint(answer, savers))

    # A call takes effect on its way, not at its start: else one saver would see at once what another did.
    lab.proxy.set(replace(lab.latencies, effect=0.5))
    try:
        # The patched one differs in nothing that counts here, and many savers of it take minutes.
        contenders = [contender for contender in lab.contenders if savers < _MANY or contender.name != KEPT]
        rounds = min(_ROUNDS, lab.options.rounds)
        samples = run_rounds(lab, attempt, rounds=rounds, contenders=contenders, warm_up=False)
    finally:
        lab.proxy.set(lab.latencies)
    yield rows_of(samples, operation=operation(savers), versions=0, names=1)


def _complaint(answer: Answer, savers: int) -> str | None:
    if answer.error is None and answer.outcome == {"saved": savers, "doubled": 0, "failed": 0}:
        return None
    return str(answer.outcome)
