"""POST …/batch/delete: many artifacts with all their versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artifact_api import wiring
from artifact_api.batches.answers import refused
from artifact_api.batches.running import MAX_ITEMS, run_items
from artifact_api.batches.wire import DeletedItem, RefusedItem
from artifact_api.body import MAX_BODY_BYTES, read_body
from artifact_api.request import Request
from artifact_api.responses import json_response
from artifact_api.telemetry import Measurements
from artifact_store import ArtifactId

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["batch_delete"]


def batch_delete(request: Request, measurements: Measurements) -> Response[str]:
    """Deletes artifacts; deleting what is not there is fine."""
    store, body = wiring.store(), read_body(request.body, known={"items"})
    items = body.objects("items", known={"filename"}, most=MAX_ITEMS)

    def delete(_number: int, artifact: ArtifactId, seconds: float) -> bool:
        return store.delete(artifact, timeout=seconds, on_unfinished=wiring.ask_for_purge)

    outcomes = run_items(
        request,
        measurements,
        operation="delete_artifact",
        filenames=[item.text("filename", longest=MAX_BODY_BYTES) for item in items],
        in_order=True,
        do=delete,
    )
    measurements.count("Deletes", sum(outcome is True for outcome in outcomes))
    return json_response({"results": [_result(request, outcome) for outcome in outcomes]})


def _result(request: Request, outcome: bool | Exception) -> DeletedItem | RefusedItem:  # noqa: FBT001 - an outcome
    if isinstance(outcome, Exception):
        return refused(outcome, request)
    return {"status": 204, "existed": outcome}
