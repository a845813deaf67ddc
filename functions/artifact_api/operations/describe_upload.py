"""GET …/uploads/{upload}: how far an upload is, for whoever goes on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artifact_api import wiring
from artifact_api.request import Request
from artifact_api.responses import json_response
from artifact_api.telemetry import Measurements
from artifact_api.upload_ids import open_upload
from artifact_api.upload_wire import UploadState
from artifact_api.wire import version_metadata

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["describe_upload"]


def describe_upload(request: Request, _measurements: Measurements) -> Response[str]:
    """Lists the parts that the bucket has, or the version that they have become."""
    store, upload, after = wiring.store(), open_upload(request), request.after
    parts, next_part = store.uploaded_parts(upload, after=after)
    answer: UploadState = {
        "uploadId": request.segments["upload"],
        "method": upload.method,
        "size": upload.size,
        "partSize": upload.part_bytes,
        "expiresAt": upload.expires_ms / 1000,
        "parts": [{"number": part.number, "size": part.size, "sha256": part.sha256} for part in parts],
        "nextPart": next_part,
    }
    version = None if parts else store.uploaded_version(upload)
    if version is not None:
        answer["version"] = version_metadata(version, asked=request.scope, store=store)
    return json_response(answer, headers={"Cache-Control": "no-store"})
