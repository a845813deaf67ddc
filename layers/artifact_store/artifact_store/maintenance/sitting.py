"""One invocation's part of reconcile: takes the bookmark, works until time is up, puts it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from artifact_store.maintenance.bookmark import Bookmark, Busy, Place
from artifact_store.maintenance.findings import Findings, OnFinding
from artifact_store.maintenance.operations import Maintenance
from artifact_store.maintenance.reconcile import Checkpoint
from artifact_store.maintenance.work import Limits
from artifact_store.ports import Clock

__all__ = ["Sitting", "sit"]

_KEEP_SECONDS: Final = 20.0
"""How much work a sitting that dies may lose."""


@dataclass(frozen=True, slots=True)
class Sitting:
    """What a sitting gave.

    Attributes:
        findings: What the run has found so far, this sitting's part included.
        complete: Whether the run is complete.
    """

    findings: Findings
    complete: bool


def sit(
    maintenance: Maintenance,
    bookmark: Bookmark,
    clock: Clock,
    *,
    seconds: float,
    rest_seconds: float,
    limits: Limits | None = None,
    on_finding: OnFinding | None = None,
) -> Sitting | None:
    """Goes on with a run, or begins one if the last is over for long enough.

    Args:
        maintenance: Of the store.
        bookmark: Where runs stand.
        clock: Time.
        seconds: How long to work, at most about.
        rest_seconds: How long after a complete run the next one begins.
        limits: How careful to be.
        on_finding: Called with each difference.

    Returns:
        None when there is nothing to do now, or another sitting is doing it.

    Raises:
        Unavailable: Storage failed; the next sitting goes on.
    """
    try:
        place = bookmark.take(seconds=seconds)
    except Busy:
        return None
    if place.checkpoint is None and clock.now_ms() < place.completed_ms + rest_seconds * 1000:
        bookmark.release(place)
        return None
    place = Place(place.checkpoint or Checkpoint.begin(clock.now_ms()), place.completed_ms)
    end = clock.monotonic() + seconds
    kept = clock.monotonic()

    def on_progress(checkpoint: Checkpoint) -> None:
        nonlocal kept, place
        place = Place(checkpoint, place.completed_ms)
        now = clock.monotonic()
        if now - kept >= _KEEP_SECONDS:
            kept = now
            bookmark.keep(place, seconds=end - now)

    try:
        result = maintenance.reconcile(
            place.checkpoint, timeout=seconds, limits=limits, on_finding=on_finding, on_progress=on_progress
        )
        if result.checkpoint is None:
            place = Place(None, clock.now_ms())
        else:
            place = Place(result.checkpoint, place.completed_ms)
    except Busy:
        return None
    finally:
        # Also when storage failed: what was done is done.
        _let_go(bookmark, place)
    return Sitting(result.findings, result.checkpoint is None)


def _let_go(bookmark: Bookmark, place: Place) -> None:
    try:
        bookmark.release(place)
    except Busy:
        return
