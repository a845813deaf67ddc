"""DELETE …/artifacts/{filename}: the artifact with all its versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artifact_api import wiring
from artifact_api.request import Request
from artifact_api.responses import no_content_response
from artifact_api.telemetry import Measurements

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["delete_artifact"]


def delete_artifact(request: Request, measurements: Measurements) -> Response[str]:
    """Deletes an artifact; deleting what is not there is fine, so that a repeated request is."""
    if wiring.store().delete(request.artifact, timeout=request.seconds_left, on_unfinished=wiring.ask_for_purge):
        measurements.count("Deletes")
    return no_content_response()
