"""Entry point of the adopt function: makes versions of objects that another program put. Invoked by hand.

{"prefix": "app/"}, and if need be "dryRun": true, "position": where the last answer told to go on
"""

from __future__ import annotations

from typing import Any

from artifact_maintenance.telemetry import failures_logged, instrumented, logger
from artifact_maintenance.walking import MARGIN_SECONDS, MisfitList, answer_of, option
from artifact_maintenance.wiring import parts
from artifact_store.errors import InvalidInput

__all__ = ["handler"]


def _handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    if "prefix" not in event:
        raise InvalidInput('give "prefix": what the keys start with, e.g. "app/"', field="prefix")
    misfits = MisfitList()
    with failures_logged("adopt stopped"):
        result = parts().maintenance.adopt(
            option(event, "prefix", str, ""),
            position=option(event, "position", str, ""),
            timeout=context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS,
            dry_run=option(event, "dryRun", bool, False),
            on_misfit=misfits,
        )
    answer = answer_of(result, misfits)
    logger.info("adopted", extra={"counts": {name: answer[name] for name in answer if name != "misfitList"}})
    return answer


handler = instrumented(_handle)
