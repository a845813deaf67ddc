"""Entry point of the heal function: settles new objects a minute after they were put."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from urllib.parse import unquote_plus

from artifact_maintenance.batches import answer_batch
from artifact_maintenance.telemetry import count, instrumented
from artifact_maintenance.wiring import parts
from artifact_store import Outcome

__all__ = ["handler"]

_REPAIRS = frozenset({Outcome.COMMITTED, Outcome.RESTORED, Outcome.REMOVED})


def _handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    outcomes: Counter[Outcome] = Counter()

    def heal(body: str) -> None:
        for key in keys_of(body, bucket_name=parts().settings.bucket_name):
            outcomes[parts().store.heal(key)] += 1

    answer = answer_batch(event, context, do=heal, what="not healed")
    healed = sum(outcomes[outcome] for outcome in _REPAIRS)
    left = sum(number for outcome, number in outcomes.items() if outcome.left)
    count({"Healed": healed, "HealLeft": left, "HealLooked": outcomes.total()})
    return answer


def keys_of(body: str, *, bucket_name: str) -> list[str]:
    """The keys that a notification of S3 is about: nothing else in it is believed.

    Raises:
        ValueError: It is no notification of S3.
    """
    notification = json.loads(body)
    if not isinstance(notification, dict):
        raise ValueError("no notification")  # noqa: TRY004 - it is text of a wrong form, whatever its type
    if notification.get("Event") == "s3:TestEvent":
        # What S3 sends when notifications are set up.
        return []
    try:
        objects = [record["s3"] for record in notification["Records"]]
        # S3 encodes keys as forms do.
        return [unquote_plus(about["object"]["key"]) for about in objects if about["bucket"]["name"] == bucket_name]
    except (KeyError, TypeError, AttributeError):
        raise ValueError("no notification of S3") from None


handler = instrumented(_handle)
