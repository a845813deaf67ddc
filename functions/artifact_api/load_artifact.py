"""GET and HEAD of …/artifacts/{filename} and …/versions/{version}: a version's content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artifact_api import wiring
from artifact_api.request import Request
from artifact_api.responses import content_response, not_modified_response
from artifact_api.telemetry import Measurements

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["load_artifact"]


def load_artifact(request: Request, measurements: Measurements) -> Response[str]:
    """Answers the content, its headers alone, or that the client has it already."""
    store, artifact, number, unless = wiring.store(), request.artifact, request.number, request.unless
    if request.method == "HEAD":
        version = store.describe(artifact, number)
        if version.etag in unless or "*" in unless:
            measurements.count("NotModified")
            return not_modified_response(version.etag)
        return content_response(version, None)
    loaded = store.load_unless(artifact, number, etags=unless)
    if isinstance(loaded, str):
        measurements.count("NotModified")
        return not_modified_response(loaded)
    measurements.count("Loads")
    measurements.count_bytes("BytesLoaded", len(loaded.body))
    return content_response(loaded.version, loaded.body)
