"""GET …/artifacts: the artifacts of a session and its user, or of a user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artifact_api import wiring
from artifact_api.authorization import may_list_users
from artifact_api.paging import next_cursor, start_of
from artifact_api.request import Request
from artifact_api.responses import json_response
from artifact_api.telemetry import Measurements
from artifact_api.wire import ArtifactList, artifact_summary

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["list_artifacts"]


def list_artifacts(request: Request, measurements: Measurements) -> Response[str]:
    """Lists a page of artifacts."""
    scope = request.scope
    bound_to = (scope.partition,)
    position = start_of(request, bound_to)
    page = wiring.store().list_artifacts(scope, limit=request.limit, position=position)
    items = page.items
    if not may_list_users(request.caller, settings=wiring.settings()):
        items = [item for item in items if item.artifact.scope == scope]
    answer: ArtifactList = {"artifacts": [artifact_summary(item, asked=scope) for item in items]}
    if page.position is not None:
        answer["nextCursor"] = next_cursor(request, bound_to, page.position)
    measurements.count("Lists")
    return json_response(answer)
