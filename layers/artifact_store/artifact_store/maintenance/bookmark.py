"""Where a run of reconcile stands, kept in the index table, so that the next invocation goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from artifact_store.errors import StorageUnavailable
from artifact_store.maintenance.reconcile import Checkpoint, InvalidCheckpoint
from artifact_store.ports import Clock, Condition, ConditionFailed, Item, Key, Put, Table, TransactionConflict

__all__ = ["Bookmark", "Busy", "Place", "last_place"]

_KEY: Final[Key] = ("!reconcile", "bookmark")
"""No artifact's partition starts so."""


class Busy(Exception):
    """Another sitting is at work, or has gone on from here."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the bookmark says.

    Attributes:
        checkpoint: Where to go on; None when no run is under way.
        completed_ms: When the last run was complete; 0 if none ever was.
    """

    checkpoint: Checkpoint | None
    completed_ms: int


class Bookmark:
    """Held by one sitting at a time: whoever holds it is named in it, and until when."""

    def __init__(self, table: Table, clock: Clock, *, holder: str) -> None:
        """Args: holder: A name that no other sitting has."""
        self._table = table
        self._clock = clock
        self._holder = holder

    def take(self, *, seconds: float) -> Place:
        """Takes the bookmark for so long at most.

        Raises:
            Busy: Another sitting has it.
        """
        (item,) = self._table.get([_KEY])
        place = _read(item)
        now = self._clock.now_ms() // 1000
        until = now + int(seconds)
        try:
            self._put(place, until=until, condition=Condition(expired_at=now))
        except Busy:
            # botocore repeats a put whose answer was lost, and the bookmark is held by then: by this sitting.
            (item,) = self._table.get([_KEY])
            if item is None or (item.get("holder"), item.get("valid_until")) != (self._holder, until):
                raise
        return place

    def keep(self, place: Place, *, seconds: float) -> None:
        """Notes a place, and holds the bookmark so long at most from now on.

        Raises:
            Busy: It was held for too long and is another sitting's now.
        """
        now = self._clock.now_ms() // 1000
        self._put(place, until=now + int(seconds), condition=Condition(equals={"holder": self._holder}))

    def release(self, place: Place) -> None:
        """Notes a place and lets go of the bookmark.

        Raises:
            Busy: It was held for too long and is another sitting's now.
        """
        self._put(place, until=0, condition=Condition(equals={"holder": self._holder}))

    def _put(self, place: Place, *, until: int, condition: Condition) -> None:
        item: dict[str, str | int | bool] = {
            "holder": self._holder,
            "valid_until": until,
            "completed_ms": place.completed_ms,
        }
        if place.checkpoint is not None:
            item["checkpoint"] = str(place.checkpoint)
        try:
            self._table.put(Put(_KEY, item, condition))
        except ConditionFailed:
            raise Busy from None
        except TransactionConflict:
            # No transaction of ours touches the bookmark, so this says nothing about other sittings.
            raise StorageUnavailable("DynamoDB reports a conflicting transaction") from None


def last_place(table: Table) -> Place:
    """What the bookmark says now; nobody's hold of it is touched."""
    (item,) = table.get([_KEY])
    return _read(item)


def _read(item: Item | None) -> Place:
    if item is None:
        return Place(None, 0)
    text = item.get("checkpoint")
    checkpoint: Checkpoint | None = None
    if text is not None:
        try:
            checkpoint = Checkpoint.parse(str(text))
        except InvalidCheckpoint:
            # Of another release: begin anew.
            checkpoint = None
    return Place(checkpoint, int(item["completed_ms"]))
