"""GET /v1/apps/{app}/users/{user}/deletions/{job}: how far the deletion of a user has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artifact_api import wiring
from artifact_api.request import Request
from artifact_api.responses import json_response
from artifact_api.telemetry import Measurements
from artifact_api.wire import deletion

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["describe_deletion"]


def describe_deletion(request: Request, measurements: Measurements) -> Response[str]:
    """Tells how a job stands."""
    erasure = wiring.erasures().get(request.scope, request.segments["job"])
    measurements.count("Descriptions")
    return json_response(deletion(erasure), headers={"Cache-Control": "no-store"})
