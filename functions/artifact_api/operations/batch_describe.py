"""POST …/batch/describe: what is known of many versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from artifact_api import wiring
from artifact_api.batches.answers import Result, fitted, refused, too_large
from artifact_api.batches.loading import read_wanted
from artifact_api.batches.running import run_items
from artifact_api.batches.wire import DescribedItem, UnchangedItem
from artifact_api.request import Request
from artifact_api.responses import json_response
from artifact_api.telemetry import Measurements
from artifact_api.wire import version_metadata
from artifact_store import ArtifactId, Version

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["batch_describe"]


def batch_describe(request: Request, measurements: Measurements) -> Response[str]:
    """Describes versions, custom metadata included."""
    store, wanted = wiring.store(), read_wanted(request)

    def describe(number: int, artifact: ArtifactId, _seconds: float) -> Version | str:
        item = wanted[number]
        version = store.describe(artifact, item.number)
        return version.etag if not item.unless.isdisjoint({version.etag, "*"}) else version

    outcomes = run_items(
        request,
        measurements,
        operation="describe_version",
        filenames=[item.filename for item in wanted],
        in_order=False,
        do=describe,
    )
    results = fitted([_results(request, outcome) for outcome in outcomes])
    measurements.count("Descriptions", sum("version" in result for result in results))
    return json_response({"results": results})


def _results(request: Request, outcome: Version | str | Exception) -> Sequence[Result]:
    """What may be answered for an item, the best first."""
    if isinstance(outcome, Exception):
        return [refused(outcome, request)]
    if isinstance(outcome, str):
        unchanged: UnchangedItem = {"status": 304, "etag": outcome}
        return [unchanged]
    described: DescribedItem = {
        "status": 200,
        "version": version_metadata(outcome, asked=request.scope, store=wiring.store()),
    }
    return [described, too_large(request)]
