"""Entry point of the rebuild function: makes a lost index again from the bucket. Invoked by hand.

{"scope": "app/user/session"} or {"all": true}, and if need be
"acceptGaps": true, "dryRun": true, "position": where the last answer told to go on
"""

from __future__ import annotations

from typing import Any

from artifact_maintenance.telemetry import failures_logged, instrumented, logger
from artifact_maintenance.walking import MARGIN_SECONDS, MisfitList, answer_of, option
from artifact_maintenance.wiring import parts
from artifact_store.errors import InvalidInput
from artifact_store.names import parse_scope

__all__ = ["handler"]


def _handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    scope = option(event, "scope", str, "")
    if bool(scope) == option(event, "all", bool, False):
        raise InvalidInput('give either "scope" or "all": true', field="scope")
    misfits = MisfitList()
    with failures_logged("rebuild stopped"):
        result = parts().maintenance.rebuild(
            parse_scope(scope) if scope else None,
            position=option(event, "position", str, ""),
            timeout=context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS,
            accept_gaps=option(event, "acceptGaps", bool, False),
            dry_run=option(event, "dryRun", bool, False),
            on_misfit=misfits,
        )
    answer = answer_of(result, misfits)
    logger.info("rebuilt", extra={"counts": {name: answer[name] for name in answer if name != "misfitList"}})
    return answer


handler = instrumented(_handle)
