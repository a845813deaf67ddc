"""GET …/artifacts/{filename}/versions: an artifact's versions with their metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artifact_api import wiring
from artifact_api.paging import next_cursor, start_of
from artifact_api.request import Request
from artifact_api.responses import json_response
from artifact_api.telemetry import Measurements
from artifact_api.wire import VersionList, version_metadata

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["list_versions"]


def list_versions(request: Request, measurements: Measurements) -> Response[str]:
    """Lists a page of versions, oldest first."""
    store, artifact = wiring.store(), request.artifact
    bound_to = (artifact.scope.partition, artifact.filename)
    page = store.list_versions(artifact, limit=request.limit, position=start_of(request, bound_to))
    answer: VersionList = {
        "versions": [version_metadata(item, asked=request.scope, store=store) for item in page.items]
    }
    if page.position is not None:
        answer["nextCursor"] = next_cursor(request, bound_to, page.position)
    measurements.count("Lists")
    return json_response(answer)
