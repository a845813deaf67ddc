"""Many trials in one process, with an emulator of its own."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from random import Random
from typing import NamedTuple

from local import Emulator
from tests.faults.boundary.bench import Clients
from tests.faults.boundary.operations import OPERATIONS
from tests.faults.boundary.ordeal import calls_of, undergo
from tests.faults.boundary.wire import Fault, kinds_of

__all__ = ["Tried", "every_fault", "pairs_of_faults"]


class Tried(NamedTuple):
    """What trials gave.

    Attributes:
        faults: How many there were.
        told: How many of them a caller was told.
    """

    faults: int
    told: int


@cache
def _clients() -> Clients:
    # It ends with this process.
    return Clients(Emulator().start().url)


def every_fault(name: str) -> Tried:
    """Every fault at every call of an operation."""
    clients = _clients()
    tried = told = 0
    for at, (service, call) in enumerate(calls_of(clients, name)):
        for kind in kinds_of(service, call):
            for always in (False, True):
                fault = Fault(at, kind, always)
                try:
                    told += undergo(clients, name, fault)
                except Exception as error:
                    error.add_note(f"{name}: {call}, {fault}")
                    raise
                tried += 1
    return Tried(tried, told)


def pairs_of_faults(seed: str, numbers: Iterable[int]) -> Tried:
    """Pairs that seed and numbers determine."""
    clients = _clients()
    calls = {name: calls_of(clients, name) for name in OPERATIONS}
    tried = told = 0
    for number in numbers:
        random = Random(f"{seed}/{number}")  # noqa: S311 - a test case, no secret
        name = random.choice(sorted(calls))
        faults = []
        for at in sorted(random.choices(range(len(calls[name])), k=2)):
            kind = random.choice(kinds_of(*calls[name][at]))
            faults.append(Fault(at, kind, always=random.random() < 0.5))
        try:
            told += undergo(clients, name, *faults)
        except Exception as error:
            error.add_note(f"FAULT_SEED={seed}, pair {number}: {name}, {', '.join(map(str, faults))}")
            raise
        tried += 1
    return Tried(tried, told)
