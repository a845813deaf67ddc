"""Every operation on every contender, for artifacts of V versions in sessions of A artifacts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.contenders.process import Answer
from benchmarks.filling import target
from benchmarks.lab import Contender, Lab
from benchmarks.measuring import Attempt, Row, Sample, rows_of, run_rounds

SAVE: Final = "save"
LOAD: Final = "load latest"
NAMES: Final = "list names"
METADATA: Final = "versions with metadata"
VANISH: Final = "delete, until vanished"
DELETE: Final = "delete, until answered"

_DOCUMENT = "document"
# Deleting many versions costs a filling of as many for each round.
_MANY_VERSIONS = 100
_DELETES_OF_MANY = 3


@dataclass(frozen=True, slots=True)
class Read:
    """An operation that changes nothing, and the outcome that it must have on every contender."""

    operation: str
    of_artifact: bool
    outcome: Callable[[int, int, int], int]
    """From versions, names and bytes of content."""
    loads_version: bool = False


READS: Final[dict[str, Read]] = {
    NAMES: Read("list_names", of_artifact=False, outcome=lambda _v, names, _size: names),
    LOAD: Read("load", of_artifact=True, outcome=lambda _v, _names, size: size),
    "load version": Read("load", of_artifact=True, outcome=lambda _v, _names, size: size, loads_version=True),
    "list versions": Read("list_versions", of_artifact=True, outcome=lambda v, _names, _size: v),
    METADATA: Read("versions_with_metadata", of_artifact=True, outcome=lambda v, _names, _size: v),
    "describe latest": Read("describe", of_artifact=True, outcome=lambda v, _names, _size: v - 1),
}

OPERATIONS: Final = (*READS, SAVE, VANISH, DELETE)


def measure(lab: Lab, *, versions: int, names: int, wanted: Callable[[str], bool]) -> Iterator[list[Row]]:
    """Measures one cell; yields the rows of each operation."""
    session = f"v{versions}a{names}"
    document, others = {_DOCUMENT: versions}, {f"other-{number}": 1 for number in range(names - 1)}
    if any(map(wanted, OPERATIONS)):
        lab.fill(session, {**document, **others})
    for name, read in READS.items():
        if wanted(name):
            samples = run_rounds(lab, _reading(lab, read, session, versions, names), rounds=lab.options.rounds)
            yield rows_of(samples, operation=name, versions=versions, names=names)
    if wanted(SAVE):
        yield rows_of(_saves(lab, session, versions), operation=SAVE, versions=versions, names=names)
    if wanted(VANISH) or wanted(DELETE):
        yield from _delete_rows(lab, session, versions, names)


def _reading(lab: Lab, read: Read, session: str, versions: int, names: int) -> Attempt:
    where = target(session, _DOCUMENT if read.of_artifact else None)
    options: dict[str, Any] = {"version": versions // 2} if read.loads_version else {}
    expected = read.outcome(versions, names, lab.options.size)

    def attempt(contender: Contender, _: int) -> Answer:
        answer = contender.process.run(read.operation, where, **options)
        if answer.error or answer.outcome != expected:
            raise SystemExit(f"{contender.name}: {read.operation} gave {answer}, not {expected}")
        return answer

    return attempt


def _saves(lab: Lab, session: str, versions: int) -> dict[str, list[Sample]]:
    """Saves on top of as many versions, never past them if there are many: one more page would be another story."""
    rounds = lab.options.rounds
    before = max(1, versions - rounds - 1) if versions >= _MANY_VERSIONS else versions
    lab.fill(session, {_saved(contender): before for contender in lab.contenders})

    def attempt(contender: Contender, number: int) -> Answer:
        answer = contender.process.run("save", target(session, _saved(contender)), size=lab.options.size)
        if answer.error or answer.outcome != before + number:
            raise SystemExit(f"{contender.name}: save gave {answer}, not {before + number}")
        return answer

    return run_rounds(lab, attempt, rounds=rounds)


def _saved(contender: Contender) -> str:
    return f"saved by {contender.name}"


def _delete_rows(lab: Lab, session: str, versions: int, names: int) -> Iterator[list[Row]]:
    rounds = lab.options.rounds if versions < _MANY_VERSIONS else min(_DELETES_OF_MANY, lab.options.rounds)
    doomed = {
        f"doomed {number} of {contender.name}": versions for number in range(rounds + 1) for contender in lab.contenders
    }
    with lab.without_latency():
        for contender in lab.contenders:
            own = {name: count for name, count in doomed.items() if name.endswith(f" of {contender.name}")}
            contender.filler.fill(session, own)

    def attempt(contender: Contender, number: int) -> Answer:
        answer = contender.process.run("delete", target(session, f"doomed {number} of {contender.name}"))
        if answer.error:
            raise SystemExit(f"{contender.name}: delete gave {answer}")
        return answer

    samples = run_rounds(lab, attempt, rounds=rounds)
    vanished = {
        contender.name: [sample.until_vanished(contender) for sample in samples[contender.name]]
        for contender in lab.contenders
    }
    yield rows_of(vanished, operation=VANISH, versions=versions, names=names, hop=0.5)
    yield rows_of(samples, operation=DELETE, versions=versions, names=names)
