"""GET and HEAD of …/artifacts/{filename} and …/versions/{version}: a version's content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artifact_api import wiring
from artifact_api.ranges import asked_range
from artifact_api.request import Request
from artifact_api.responses import (
    content_disposition,
    content_response,
    head_response,
    not_modified_response,
    partial_response,
    redirect_response,
)
from artifact_api.telemetry import Measurements
from artifact_store import Loaded, Version

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["load_artifact"]


def load_artifact(request: Request, measurements: Measurements) -> Response[str]:
    """Answers the content, where it is, its headers alone, or that the client has it already."""
    store, unless = wiring.store(), request.unless
    if request.method == "HEAD":
        version = store.describe(request.artifact, request.number)
        if version.etag in unless or "*" in unless:
            return _not_modified(version.etag, measurements)
        return head_response(version)
    found = store.load_unless(request.artifact, request.number, etags=unless, at_most=wiring.settings().inline_bytes)
    if isinstance(found, str):
        return _not_modified(found, measurements)
    if isinstance(found, Version):
        # Ranges are the bucket's to cut: the client sends `Range` along with the request it is sent on with.
        measurements.count("Redirects")
        return redirect_response(found, store.sign_download(found, disposition=content_disposition(found)).url)
    return _content(request, found, measurements)


def _content(request: Request, loaded: Loaded, measurements: Measurements) -> Response[str]:
    asked = asked_range(request, loaded.version)
    measurements.count("Loads")
    if asked is None:
        measurements.count_bytes("BytesLoaded", len(loaded.body))
        return content_response(loaded.version, loaded.body)
    measurements.count_bytes("BytesLoaded", asked.stop - asked.start)
    return partial_response(loaded.version, loaded.body[asked.start : asked.stop], content_range=str(asked))


def _not_modified(etag: str, measurements: Measurements) -> Response[str]:
    measurements.count("NotModified")
    return not_modified_response(etag)
