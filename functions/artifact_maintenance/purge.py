"""Entry point of the purge function: ends what a delete had no time for."""

from __future__ import annotations

from typing import Any

from artifact_maintenance.batches import answer_batch
from artifact_maintenance.telemetry import count, instrumented
from artifact_maintenance.wiring import parts
from artifact_store import StorageUnavailable
from artifact_store.purging import PurgeRequest

__all__ = ["handler"]

_MARGIN_SECONDS = 15.0


def _handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    ended = 0

    def purge(body: str) -> None:
        nonlocal ended
        request = PurgeRequest.of_text(body)
        seconds = context.get_remaining_time_in_millis() / 1000 - _MARGIN_SECONDS
        if not parts().store.purge(request.artifact, request.gen, timeout=seconds):
            # The message comes back, and the purge goes on.
            raise StorageUnavailable("time was not enough")
        ended += 1

    answer = answer_batch(event, context, do=purge, what="not purged")
    count({"Purged": ended})
    return answer


handler = instrumented(_handle)
