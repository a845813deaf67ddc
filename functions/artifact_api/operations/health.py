"""GET /v1/health: the function runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artifact_api.request import Request
from artifact_api.responses import json_response
from artifact_api.telemetry import Measurements
from artifact_api.wire import Health

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["health"]


def health(_request: Request, _measurements: Measurements) -> Response[str]:
    """Answers without asking storage."""
    answer: Health = {"status": "ok"}
    return json_response(answer)
