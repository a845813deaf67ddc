"""What is explored completely: few clients, one or two faults anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.model.ending import Ending, alone
from tests.model.explore import Found, Remembering, everything
from tests.model.operations import Delete, Heal, List, Load, Operation, Reconcile, Save, SaveInRounds, Versions
from tests.model.replay import Weaken
from tests.model.schedule import FAULTS, NOON, State
from tests.model.worlds import World

__all__ = ["SCENARIOS", "Scenario", "explore"]

_EARLIER_CLIENT: Final = 60

SOON: Final = tuple(kind for kind in FAULTS if kind != "late")
"""Every fault, except that a call may be done at any later time: that alone makes the most states."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Clients, what they find, and what may go wrong.

    Attributes:
        clients: What each client does, one operation after the other.
        earlier: What was saved before.
        faults: How many may happen.
        kinds: Which ones.
        blobs_collide: Whether S3 may say that a blob's key is taken.
    """

    clients: Sequence[Sequence[Operation]]
    earlier: Sequence[Operation] = ()
    faults: int = 1
    kinds: Sequence[str] = tuple(FAULTS)
    blobs_collide: bool = False


_A, _B, _LARGE = SaveInRounds("a"), SaveInRounds("b"), SaveInRounds("A")
_EARLIER: Final = (Save("p"),)

SCENARIOS: Final[Mapping[str, Scenario]] = {
    "two savers and a repeat of one": Scenario(clients=[[_A], [_A], [_B]]),
    "two savers, two faults": Scenario(clients=[[_A], [_B]], faults=2),
    "saver, deleter, re-saver": Scenario(clients=[[_A], [Delete()], [_B]]),
    "saver, deleter, re-saver, of one that lives": Scenario(
        clients=[[_A], [Delete()], [_B]], earlier=_EARLIER, kinds=SOON
    ),
    "saver and deleter of one that lives, two faults": Scenario(
        clients=[[_A], [Delete()]], earlier=_EARLIER, faults=2, kinds=SOON
    ),
    "saver, healer, deleter": Scenario(clients=[[_A], [Heal(0)], [Delete()]]),
    "saver, healer, deleter, of one that lives": Scenario(
        clients=[[_A], [Heal(1)], [Delete()]], earlier=_EARLIER, kinds=SOON
    ),
    "saver of a manifest, saver, deleter": Scenario(clients=[[_LARGE], [_B], [Delete()]]),
    "saver and reconcile": Scenario(clients=[[_A], [Reconcile()]], earlier=_EARLIER),
    "deleter and reconcile": Scenario(clients=[[Delete()], [Reconcile()]], earlier=_EARLIER),
    "saver, deleter, reader": Scenario(clients=[[_LARGE], [Delete()], [Load()]], earlier=_EARLIER, kinds=SOON),
    "saver, deleter, reader of a version": Scenario(
        clients=[[_A], [Delete()], [Load(1)]], earlier=_EARLIER, kinds=SOON
    ),
    "saver, deleter, reader of names": Scenario(clients=[[_A], [Delete()], [List()]], earlier=_EARLIER, kinds=SOON),
    "a list of versions while they are deleted": Scenario(
        clients=[[_A], [Delete()], [Versions()]], earlier=_EARLIER, kinds=SOON
    ),
    "a blob's key that seems to be taken": Scenario(clients=[[_LARGE], [_B], [Delete()]], blobs_collide=True),
}


def explore(scenario: Scenario, *, weaken: Weaken | None = None) -> Found:
    """Goes through all schedules of a scenario."""
    model = Remembering(
        scenario.clients,
        faults=scenario.faults,
        kinds=scenario.kinds,
        weaken=weaken,
        blobs_collide=scenario.blobs_collide,
    )
    world, events = alone(World(), scenario.earlier, client=_EARLIER_CLIENT, now=NOON, weaken=weaken)
    ending = Ending(weaken=weaken)

    def judge(state: State) -> None:
        for repeat in (True, False):
            ending.judge(state, repeat=repeat, undisturbed=state.faults == scenario.faults)

    return everything(model, world, events, judge)
