"""DELETE …/uploads/{upload}: gives an upload up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artifact_api import wiring
from artifact_api.request import Request
from artifact_api.responses import no_content_response
from artifact_api.telemetry import Measurements
from artifact_api.upload_ids import open_upload

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["abort_upload"]


def abort_upload(request: Request, measurements: Measurements) -> Response[str]:
    """Frees what was uploaded; doing so again is fine."""
    wiring.store().abort_upload(open_upload(request))
    measurements.count("UploadsAborted")
    return no_content_response()
