"""DELETE …/sessions/{session}/artifacts: every artifact of a session; what belongs to its user stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artifact_api import wiring
from artifact_api.request import Request
from artifact_api.responses import json_response
from artifact_api.telemetry import Measurements
from artifact_api.wire import SessionDeleted

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["delete_session"]


def delete_session(request: Request, measurements: Measurements) -> Response[str]:
    """Deletes artifacts as far as time goes; the answer tells whether to ask again."""
    cleared = wiring.store().delete_all(
        request.scope, each=wiring.each, timeout=request.seconds_left, on_unfinished=wiring.ask_for_purge
    )
    if cleared.failure is not None and not cleared.artifacts:
        raise cleared.failure
    measurements.count("Deletes", cleared.artifacts)
    answer: SessionDeleted = {"deleted": cleared.artifacts, "complete": cleared.complete}
    return json_response(answer)
