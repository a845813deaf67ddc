"""What must be true: the promises to callers, and what bucket and index owe each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple, TypeAlias

from tests.model.history import Event, Key
from tests.model.operations import (
    MISSING,
    Abort,
    Delete,
    Finalize,
    Heal,
    List,
    Load,
    Reconcile,
    Save,
    SaveInRounds,
    Versions,
)
from tests.model.worlds import World

__all__ = ["Artifact", "Rules", "Violation", "done", "explained", "judge_always", "judge_at_rest", "told"]


_TOLD_BY_HEAD: Final = ("version_id", "size", "sha256", "mime_type", "created_ms", "blob_key", "blob_version_id")


class Violation(Exception):
    """A promise is broken."""


class Artifact(NamedTuple):
    """The artifact as callers may think of it: a list of saves, for as long as it lives.

    Attributes:
        live: Tokens of the versions of the present life; None when there is none.
        lives: The generation of each life, as far as an answer has told it.
        used: What each token has become: life and number.
    """

    live: tuple[str, ...] | None = None
    lives: tuple[str | None, ...] = ()
    used: tuple[tuple[str, int, int], ...] = ()


def done(artifact: Artifact, event: Event, shared: frozenset[Key]) -> Iterator[Artifact]:
    """The artifact after an operation, if it can have given its answer; each way it can be.

    Args:
        artifact: The artifact before.
        event: The operation.
        shared: Deletes that overlap others.
    """
    operation, answer = event.operation, event.answer
    if answer == MISSING and isinstance(operation, Finalize):
        if all(token != operation.token for token, _, _ in artifact.used):
            yield artifact
    elif isinstance(operation, (Save, SaveInRounds, Finalize)):
        yield from _saved(artifact, operation.token, answer)
    elif isinstance(operation, Delete):
        alive = artifact.live is not None
        if answer is None or answer == alive or (answer is True and event.key in shared):
            yield artifact._replace(live=None)
    elif answer is None or isinstance(operation, (Abort, Heal, Reconcile)):
        yield artifact
    else:
        yield from _read(artifact, operation, answer)


Rules: TypeAlias = Callable[[Artifact, Event, frozenset[Key]], Iterator[Artifact]]


def explained(events: Iterable[Event], rules: Rules = done) -> bool:
    """Whether the operations, one at a time in some order, give all the answers that were given.

    Args:
        events: What was asked and answered.
        rules: What an operation does to the artifact.

    The order respects what callers can know: what had ended before another started. An operation
    without an answer may count or not, a save at any later time. That is linearizability; it forbids
    lost, doubled and resurrected saves, gaps, and whatever else no one has thought of.
    """
    ordered = tuple(sorted(events, key=lambda event: event.key))
    deletes = [event for event in ordered if isinstance(event.operation, Delete)]
    # Of deletes that overlap, each may say that it has deleted what one of them did.
    shared = {
        one.key
        for one in deletes
        for other in deletes
        if one is not other and one.key not in other.before and other.key not in one.before
    }
    return _explained(Artifact(), ordered, frozenset(shared), set(), rules)


def _explained(
    artifact: Artifact, left: tuple[Event, ...], shared: frozenset[Key], seen: set[Any], rules: Rules
) -> bool:
    waiting = {event.key for event in left if event.answer is not None}
    if not waiting:
        return True
    if (artifact, left) in seen:
        return False
    seen.add((artifact, left))
    for event in left:
        if not event.before & waiting:
            # What had ended before this one started can no longer take effect after it.
            rest = tuple([other for other in left if other is not event and other.key not in event.before])
            if any(_explained(after, rest, shared, seen, rules) for after in rules(artifact, event, shared)):
                return True
    return False


def _saved(artifact: Artifact, token: str, answer: Any) -> Iterator[Artifact]:
    for used, life, number in artifact.used:
        if used == token:
            yield from told(artifact, life, number, answer)
            return
    live, lives = artifact.live, artifact.lives
    if live is None:
        live, lives = (), (*lives, None)
    life, number = len(lives) - 1, len(live)
    after = Artifact((*live, token), lives, (*artifact.used, (token, life, number)))
    yield from told(after, life, number, answer)


def told(artifact: Artifact, life: int, number: int, answer: Any) -> Iterator[Artifact]:
    """The artifact, if a caller may be told this generation and number."""
    if answer is None:
        yield artifact
        return
    gen, answered = answer[:2]
    known = artifact.lives[life]
    if answered == number and (known == gen or (known is None and gen not in artifact.lives)):
        yield artifact._replace(lives=(*artifact.lives[:life], gen, *artifact.lives[life + 1 :]))


def _read(artifact: Artifact, operation: object, answer: Any) -> Iterator[Artifact]:
    live = artifact.live or ()
    number = len(live) - 1
    if isinstance(operation, Load) and operation.number is not None:
        number = operation.number
    if not 0 <= number < len(live):
        if answer == MISSING:
            yield artifact
        return
    life = len(artifact.lives) - 1
    if isinstance(operation, Versions):
        if [version[1:] for version in answer] == list(enumerate(live)):
            for after in told(artifact, life, 0, answer[0]):
                if {version[0] for version in answer} == {after.lives[life]}:
                    yield after
    elif isinstance(operation, (Load, List)) and answer != MISSING and answer[2] == live[number]:
        yield from told(artifact, life, number, answer)


def judge_always(world: World) -> None:
    """What holds at every moment: the index is whole, and what it names is there.

    Raises:
        Violation: It does not.
    """
    rows: dict[str, list[Any]] = defaultdict(list)
    for _, item in world.rows("v#"):
        rows[str(item["gen"])].append(item)
    there = {ref.version_id for ref in world.objects.refs()}
    for _, head in world.rows("h#"):
        live = sorted(rows[str(head["gen"])], key=lambda row: row["number"])
        numbers = [row["number"] for row in live]
        if numbers != list(range(int(head["next"]))):
            raise Violation(f"gap: versions {numbers} where {head['next']} is next")
        if len({row["sha256"] for row in live}) < len(live):
            raise Violation("doubled: one save counts twice")
        if any("lost" in item for item in (head, *live)):
            raise Violation("lost: a version is marked as lost")
        if any(live[-1].get(name) != head.get(name) for name in _TOLD_BY_HEAD):
            raise Violation("head: it does not tell what the latest version tells")
        for row in live:
            if row["version_id"] not in there or row.get("blob_version_id", row["version_id"]) not in there:
                raise Violation(f"lost: version {row['number']} has no content")


def judge_at_rest(world: World) -> None:
    """What holds once all is repaired: bucket and index name the same, and of the dead nothing is left.

    Raises:
        Violation: It does not hold.
    """
    judge_always(world)
    live = {item["gen"] for _, item in world.rows("h#")}
    named = set()
    for sort, item in world.rows("v#"):
        if item["gen"] not in live:
            raise Violation(f"index: a deleted version is left: {sort}")
        named |= {item["version_id"], item.get("blob_version_id", item["version_id"])}
    for ref in world.objects.refs():
        if ref.version_id not in named:
            raise Violation(f"stray: {ref.key} is in the bucket and not in the index")
    if world.transfers._uploads:
        raise Violation("stray: an upload that nobody can finalize is left")
