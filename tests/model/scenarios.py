"""What is explored completely: few clients, one or two faults anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from artifact_store.record import BLOB_OWNER
from artifact_store.transfers import UPLOAD_MARK
from tests.model.ending import Ending, alone
from tests.model.explore import Found, Remembering, everything
from tests.model.operations import (
    Abort,
    Delete,
    Finalize,
    Heal,
    List,
    Load,
    Operation,
    Reconcile,
    Save,
    SaveInRounds,
    Versions,
    content_of,
)
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
        uploads: What was uploaded before, and not finalized.
    """

    clients: Sequence[Sequence[Operation]]
    earlier: Sequence[Operation] = ()
    faults: int = 1
    kinds: Sequence[str] = tuple(FAULTS)
    blobs_collide: bool = False
    uploads: Sequence[Finalize] = ()


_A, _B, _LARGE = SaveInRounds("a"), SaveInRounds("b"), SaveInRounds("A")
_UPLOAD: Final = Finalize("u")
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
    "finalize and its repeat": Scenario(clients=[[_UPLOAD], [_UPLOAD]], uploads=[_UPLOAD]),
    "finalize, saver": Scenario(clients=[[_UPLOAD], [_B]], uploads=[_UPLOAD]),
    "finalize, deleter, of one that lives": Scenario(
        clients=[[_UPLOAD], [Delete()]], earlier=_EARLIER, uploads=[_UPLOAD]
    ),
    "finalize, saver, deleter": Scenario(clients=[[_UPLOAD], [_B], [Delete()]], kinds=SOON, uploads=[_UPLOAD]),
    "finalize, its repeat, abort": Scenario(clients=[[_UPLOAD], [_UPLOAD], [Abort("u")]], uploads=[_UPLOAD]),
    "finalize, abort, deleter": Scenario(clients=[[_UPLOAD], [Abort("u")], [Delete()]], kinds=SOON, uploads=[_UPLOAD]),
    "finalize and reconcile": Scenario(clients=[[_UPLOAD], [Reconcile()]], earlier=_EARLIER, uploads=[_UPLOAD]),
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


def uploaded(world: World, uploads: Sequence[Finalize]) -> World:
    """The world in which the parts of these uploads are in the bucket."""
    for finalize in uploads:
        upload, body = finalize.upload, content_of(finalize.token).body
        metadata = {BLOB_OWNER: upload.artifact.key_prefix, UPLOAD_MARK: "1"}
        world = world.with_upload(upload.key, upload.upload_id, body, metadata, now=NOON)
    return world


def explore(scenario: Scenario, *, weaken: Weaken | None = None) -> Found:
    """Goes through all schedules of a scenario."""
    model = Remembering(
        scenario.clients,
        faults=scenario.faults,
        kinds=scenario.kinds,
        weaken=weaken,
        blobs_collide=scenario.blobs_collide,
    )
    world, events = alone(
        uploaded(World(), scenario.uploads), scenario.earlier, client=_EARLIER_CLIENT, now=NOON, weaken=weaken
    )
    ending = Ending(weaken=weaken)

    def judge(state: State) -> None:
        for repeat in (True, False):
            ending.judge(state, repeat=repeat, undisturbed=state.faults == scenario.faults)

    return everything(model, world, events, judge)
