"""Many items of one request: several at a time, those of one artifact in their order, within the time there is.

An item ends in what it made or in its own error, and is nothing to the others. One exception: when storage
failed an item whose order matters, its caller will repeat it; a later one of the same artifact is not tried,
since it would overtake it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, Final, TypeVar

from artifact_api import wiring
from artifact_api.authorization import authorize
from artifact_api.refusals import note_refusals
from artifact_api.request import Request
from artifact_api.routes import Operation
from artifact_api.telemetry import Measurements
from artifact_store import ArtifactId, StorageUnavailable, Unavailable
from artifact_store.names import USER_NAMESPACE

__all__ = ["ITEMS_AT_ONCE", "MAX_ITEMS", "run_items"]

Made = TypeVar("Made")

ITEMS_AT_ONCE: Final = 8
"""Each one does two storage calls at once at most."""

MAX_ITEMS: Final = 100
"""Items of one batch."""


def run_items(
    request: Request,
    measurements: Measurements,
    *,
    operation: Operation,
    filenames: Sequence[str],
    in_order: bool,
    do: Callable[[int, ArtifactId, float], Made],
) -> list[Made | Exception]:
    """Does the same for every item.

    Args:
        request: The request they are items of.
        measurements: Get to know of errors.
        operation: What is done to each; the caller is asked whether they may, item by item.
        filenames: Of each item, decoded, as the request's path has names.
        in_order: Whether items of one artifact are done one after the other.
        do: Does one: its number, its artifact, and how many seconds it may take. Called from several threads.

    Returns:
        Of each item what it made, or the error it ended in.
    """
    late = StorageUnavailable("time was up before this item's turn")
    outcomes: list[Any] = [late] * len(filenames)
    queues: dict[object, list[int]] = {}
    artifacts: dict[int, ArtifactId] = {}
    for number, filename in enumerate(filenames):
        try:
            artifact = _artifact(request, filename)
            authorize(operation, request.caller, artifact.scope, settings=wiring.settings())
        except Exception as error:  # noqa: BLE001 - it is told
            outcomes[number] = error
        else:
            artifacts[number] = artifact
            queues.setdefault(artifact if in_order else number, []).append(number)
    seconds = request.seconds_left
    give_up_at = time.monotonic() + seconds

    def run(numbers: Sequence[int]) -> None:
        for number in numbers:
            left = give_up_at - time.monotonic()
            if left <= 0:
                return
            try:
                outcomes[number] = do(number, artifacts[number], left)
            except Exception as error:  # noqa: BLE001 - it is told
                outcomes[number] = error
                if isinstance(error, Unavailable):
                    return

    pool = ThreadPoolExecutor(ITEMS_AT_ONCE, thread_name_prefix="artifact-batch")
    try:
        wait([pool.submit(run, numbers) for numbers in queues.values()], timeout=seconds)
    finally:
        # An item that hangs is left to itself: its caller repeats it, which is safe.
        pool.shutdown(wait=False, cancel_futures=True)
    ended = list(outcomes)
    note_refusals([outcome for outcome in ended if isinstance(outcome, Exception)], measurements)
    return ended


def _artifact(request: Request, filename: str) -> ArtifactId:
    """The artifact of an item; `user:NAME` under a session is the user's."""
    scope = request.scope
    if scope.session is not None and filename.startswith(USER_NAMESPACE):
        return ArtifactId(scope.user_scope, filename.removeprefix(USER_NAMESPACE))
    return ArtifactId(scope, filename)
