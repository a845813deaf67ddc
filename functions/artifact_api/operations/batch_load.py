"""POST …/batch/load: the content of many versions."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from artifact_api import wiring
from artifact_api.batches.answers import Result, fitted, refused, too_large
from artifact_api.batches.loading import read_wanted
from artifact_api.batches.running import run_items
from artifact_api.batches.wire import LinkedItem, LoadedItem, UnchangedItem
from artifact_api.request import Request
from artifact_api.responses import content_disposition, json_response
from artifact_api.telemetry import Measurements
from artifact_api.wire import signed_request, version_metadata
from artifact_store import ArtifactId, Loaded, Version

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["batch_load"]

_LINK_SECONDS: Final = 300
"""Many may have to be loaded one after the other."""

_MAX_CONTENT_BYTES: Final = 256 * 1024
"""Of one item, whatever a load of its own may carry: all of them are in memory at once."""


def batch_load(request: Request, measurements: Measurements) -> Response[str]:
    """Loads versions; what is large, or has no room in the answer, is given as a request to the bucket."""
    store, wanted = wiring.store(), read_wanted(request)
    at_most = min(wiring.settings().inline_bytes, _MAX_CONTENT_BYTES)

    def load(number: int, artifact: ArtifactId, _seconds: float) -> Loaded | Version | str:
        item = wanted[number]
        return store.load_unless(artifact, item.number, etags=item.unless, at_most=at_most)

    outcomes = run_items(
        request,
        measurements,
        operation="load_artifact",
        filenames=[item.filename for item in wanted],
        in_order=False,
        do=load,
    )
    results = fitted([_results(request, outcome) for outcome in outcomes])
    loaded = [base64.b64decode(result["content"]) for result in results if "content" in result]
    measurements.count("Loads", len(loaded))
    measurements.count_bytes("BytesLoaded", sum(map(len, loaded)))
    return json_response({"results": results}, headers={"Cache-Control": "no-store"})


def _results(request: Request, outcome: Loaded | Version | str | Exception) -> Sequence[Result]:
    """What may be answered for an item, the best first."""
    if isinstance(outcome, Exception):
        return [refused(outcome, request)]
    if isinstance(outcome, str):
        unchanged: UnchangedItem = {"status": 304, "etag": outcome}
        return [unchanged]
    if isinstance(outcome, Version):
        return [_linked(request, outcome), too_large(request)]
    content: LoadedItem = {
        "status": 200,
        "version": version_metadata(outcome.version, asked=request.scope, store=wiring.store()),
        "content": base64.b64encode(outcome.body).decode(),
    }
    return [content, _linked(request, outcome.version), too_large(request)]


def _linked(request: Request, version: Version) -> LinkedItem:
    store = wiring.store()
    signed = store.sign_download(version, seconds=_LINK_SECONDS, disposition=content_disposition(version))
    return {
        "status": 200,
        "version": version_metadata(version, asked=request.scope, store=store),
        "request": signed_request(signed),
    }
