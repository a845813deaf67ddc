"""POST …/artifacts/{filename}/uploads: begins an upload of content to the bucket itself."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from artifact_api import wiring
from artifact_api.body import read_body
from artifact_api.request import Request
from artifact_api.responses import json_response
from artifact_api.telemetry import Measurements
from artifact_api.upload_ids import seal_upload
from artifact_api.upload_wire import UploadJson
from artifact_api.wire import signed_request
from artifact_store.transfers import MAX_PART_BYTES, MAX_UPLOAD_BYTES, MIN_PART_BYTES, UploadMethod

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["begin_upload"]

_MEMBERS: Final = frozenset({"size", "partSize", "mimeType", "method", "sha256"})
_METHODS: Final[tuple[UploadMethod, ...]] = ("parts", "put")


def begin_upload(request: Request, measurements: Measurements) -> Response[str]:
    """Begins an upload; the index knows nothing of it before it is finalized."""
    body = read_body(request.body, known=_MEMBERS)
    body.require("size")
    store = wiring.store()
    upload = store.begin_upload(
        request.artifact,
        size=body.optional_integer("size", least=0, most=MAX_UPLOAD_BYTES),
        part_bytes=body.optional_integer("partSize", least=MIN_PART_BYTES, most=MAX_PART_BYTES),
        mime_type=body.optional_text("mimeType"),
        method=body.choice("method", _METHODS, default="parts"),
        sha256=body.optional_sha256("sha256"),
    )
    answer: UploadJson = {
        "uploadId": seal_upload(request, upload),
        "method": upload.method,
        "size": upload.size,
        "partSize": upload.part_bytes,
        "partCount": upload.part_count,
        "expiresAt": upload.expires_ms / 1000,
    }
    if upload.method == "put":
        answer["put"] = signed_request(store.sign_upload_put(upload))
    measurements.count("UploadsBegun")
    return json_response(answer, status=HTTPStatus.CREATED, headers={"Cache-Control": "no-store"})
