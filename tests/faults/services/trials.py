"""Many trials in one process, with an API and an emulator of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from random import Random
from typing import Any
from unittest.mock import patch

from tests.faults.boundary.trials import Tried
from tests.faults.boundary.wire import Fault
from tests.faults.services.operations import OPERATIONS
from tests.faults.services.ordeal import calls_of, undergo
from tests.faults.services.places import Place, open_place
from tests.faults.services.wires import DENIED

__all__ = ["every_fault", "is_doubling_seen", "some_faults"]


def every_fault(where: str) -> Tried:
    """Every fault at every call of every operation, by a service that repeats what fails."""
    return asyncio.run(_every_fault(open_place(where, patient=True)))


async def _every_fault(place: Place) -> Tried:
    tried = told = 0
    for name in OPERATIONS:
        for at, call in enumerate(await calls_of(place, name)):
            for kind in place.wire.kinds(call):
                fault = Fault(at, kind, always=True)
                try:
                    was_told = await undergo(place, name, fault)
                    assert was_told <= (kind == DENIED), "one fault is nothing that a caller is told of"
                except Exception as error:
                    error.add_note(f"{place.name}, {name}: {call}, {fault}")
                    raise
                tried, told = tried + 1, told + was_told
    place.judge_all()
    return Tried(tried, told)


def some_faults(where: str, seed: str, numbers: Iterable[int], *, patient: bool) -> Tried:
    """Faults at calls of operations that seed and numbers determine: up to three, or one that is not repeated."""
    return asyncio.run(_some_faults(open_place(where, patient=patient), seed, numbers, patient=patient))


async def _some_faults(place: Place, seed: str, numbers: Iterable[int], *, patient: bool) -> Tried:
    calls = {name: await calls_of(place, name) for name in OPERATIONS}
    tried = told = 0
    for number in numbers:
        random = Random(f"{seed}/{place.name}/{patient}/{number}")  # noqa: S311 - a test case, no secret
        name = random.choice(sorted(calls))
        count = random.choice([2, 3]) if patient else 1
        faults = []
        for at in sorted(random.choices(range(len(calls[name]) + count - 1), k=count)):
            kinds = place.wire.kinds(calls[name][min(at, len(calls[name]) - 1)])
            faults.append(Fault(at, random.choice(kinds), always=True))
        try:
            told += await undergo(place, name, *faults)
        except Exception as error:
            error.add_note(f"FAULT_SEED={seed}, {place.name}, {number}: {name}, {', '.join(map(str, faults))}")
            raise
        tried += 1
    place.judge_all()
    return Tried(tried, told)


def is_doubling_seen(where: str) -> bool:
    """Whether the judgement notices a service that saves everything twice."""
    return asyncio.run(_is_doubling_seen(open_place(where, patient=True)))


async def _is_doubling_seen(place: Place) -> bool:
    save = place.service.save_artifact

    async def twice(**given: Any) -> int:
        number = await save(**given)
        await save(**given)
        return number

    with patch.object(place.service, "save_artifact", twice):
        try:
            await undergo(place, "save the first version")
        except AssertionError:
            return True
    return False
