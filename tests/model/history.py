"""What callers see: which operations they asked for, when, and what came back."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from tests.model.operations import Answer, Operation

__all__ = ["Event", "History", "Key"]

Key: TypeAlias = tuple[int, int, int]
"""An operation: its client, its place among the client's, its attempt (0 for a save, whose attempts are one)."""


class Event(NamedTuple):
    """One operation as its caller sees it.

    Attributes:
        key: Which one.
        operation: What was asked.
        before: What had ended when it started.
        answer: What came back; None when nothing did.
        ended: False as long as it may take effect.
    """

    key: Key
    operation: Operation
    before: frozenset[Key]
    answer: Answer = None
    ended: bool = False


class History:
    """A set of events. It never changes, and there is one object for equal ones of the same root."""

    __slots__ = ("_known", "_next", "events")

    def __init__(self, events: frozenset[Event] = frozenset(), known: dict[Any, History] | None = None) -> None:
        self.events = events
        self._known = {events: self} if known is None else known
        self._next: dict[Any, History] = {}

    def started(self, key: Key, operation: Operation) -> History:
        """The history once an operation has done something; the same if it had before."""
        after = self._next.get(key)
        if after is None:
            after = self
            if all(event.key != key for event in self.events):
                before = frozenset([event.key for event in self.events if event.ended])
                after = self._one(self.events | {Event(key, operation, before)})
            self._next[key] = after
        return after

    def answered(self, key: Key, answer: Answer) -> History:
        """The history once an operation's caller has an answer."""
        return self._changed(key, answer, ended=True)

    def failed(self, key: Key, *, may_land: bool) -> History:
        """The history once an operation's caller knows that it gets no answer."""
        (event,) = (event for event in self.events if event.key == key)
        # Whatever a failed save has left may be committed by others at any time.
        return self._changed(key, None, ended=not (event.operation.once or may_land))

    def _changed(self, key: Key, answer: Answer, *, ended: bool) -> History:
        after = self._next.get((key, answer, ended))
        if after is None:
            (old,) = (event for event in self.events if event.key == key)
            after = self._one(self.events - {old} | {old._replace(answer=answer, ended=ended)})
            self._next[key, answer, ended] = after
        return after

    def _one(self, events: frozenset[Event]) -> History:
        if events not in self._known:
            self._known[events] = History(events, self._known)
        return self._known[events]
