"""GET …/versions/{version}/metadata: what is known of a version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artifact_api import wiring
from artifact_api.request import Request
from artifact_api.responses import json_response
from artifact_api.telemetry import Measurements
from artifact_api.wire import version_metadata

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["describe_version"]


def describe_version(request: Request, measurements: Measurements) -> Response[str]:
    """Describes a version, custom metadata included."""
    store = wiring.store()
    version = store.describe(request.artifact, request.number)
    measurements.count("Descriptions")
    return json_response(version_metadata(version, asked=request.scope, store=store))
