"""DELETE /v1/apps/{app}/users/{user}: everything of a user, as a job."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from artifact_api import wiring
from artifact_api.request import Request
from artifact_api.responses import json_response
from artifact_api.telemetry import Measurements
from artifact_api.wire import deletion
from artifact_store.names import encode

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["delete_user"]


def delete_user(request: Request, measurements: Measurements) -> Response[str]:
    """Starts the job, or finds the one that runs, and asks for it to be worked off.

    Asking again does no harm, and sets a job going whose request was lost.
    """
    scope = request.scope
    erasure = wiring.erasures().start(scope)
    wiring.ask_for_erasure(erasure, holder=request.id, seconds=request.seconds_left)
    measurements.count("UserDeletions")
    location = f"/v1/apps/{encode(scope.app)}/users/{encode(scope.user)}/deletions/{erasure.id}"
    answer = deletion(wiring.erasures().get(scope, erasure.id))
    return json_response(answer, status=HTTPStatus.ACCEPTED, headers={"Location": location})
