"""POST …/versions/{version}/link: a URL that downloads a version without credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from artifact_api import wiring
from artifact_api.body import read_body
from artifact_api.request import Request
from artifact_api.responses import content_disposition, json_response
from artifact_api.telemetry import Measurements
from artifact_api.upload_wire import LinkJson
from artifact_api.wire import signed_request, version_metadata

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["DEFAULT_LINK_SECONDS", "MAX_LINK_SECONDS", "create_link"]

DEFAULT_LINK_SECONDS: Final = 60 * 60
MAX_LINK_SECONDS: Final = 7 * 24 * 60 * 60
"""What a signature of S3 may live. Temporary credentials end earlier, and their links with them."""


def create_link(request: Request, measurements: Measurements) -> Response[str]:
    """Signs a download; a request without a body asks for an hour."""
    body = read_body(request.body or b"{}", known={"expiresIn"})
    seconds = body.optional_integer("expiresIn", least=1, most=MAX_LINK_SECONDS)
    store = wiring.store()
    version = store.describe(request.artifact, request.number)
    signed = store.sign_download(
        version,
        seconds=DEFAULT_LINK_SECONDS if seconds is None else seconds,
        disposition=content_disposition(version),
    )
    answer: LinkJson = {
        "request": signed_request(signed),
        "version": version_metadata(version, asked=request.scope, store=store),
    }
    measurements.count("Links")
    return json_response(answer, headers={"Cache-Control": "no-store"})
