"""Entry point of the erase function: works off the deletion of a user, one sitting at a time."""

from __future__ import annotations

from typing import Any

from artifact_maintenance.batches import answer_batch
from artifact_maintenance.telemetry import count, instrumented
from artifact_maintenance.wiring import parts
from artifact_store.erasures import ErasureRequest

__all__ = ["handler"]

_MARGIN_SECONDS = 30.0
"""What is begun just before the end still has to be ended."""


def _handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    ended = 0

    def erase(body: str) -> None:
        nonlocal ended
        request = ErasureRequest.of_text(body)
        seconds = context.get_remaining_time_in_millis() / 1000 - _MARGIN_SECONDS
        if parts().eraser.work(request.scope, request.id, holder=context.aws_request_id, seconds=seconds):
            ended += 1
        else:
            # A message of its own, so that it is counted anew how often one comes back.
            parts().erase_again(request)

    answer = answer_batch(event, context, do=erase, what="not erased")
    count({"Erased": ended})
    return answer


handler = instrumented(_handle)
