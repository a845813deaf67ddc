"""POST …/uploads/{upload}/parts: signs the requests that upload parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from artifact_api import wiring
from artifact_api.body import Members, read_body
from artifact_api.request import Request
from artifact_api.responses import json_response
from artifact_api.telemetry import Measurements
from artifact_api.upload_ids import open_upload
from artifact_api.upload_wire import SignedParts
from artifact_api.wire import signed_request
from artifact_store import UploadedPart
from artifact_store.transfers import MAX_PART_BYTES, MAX_PARTS

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["MAX_SIGNED_PARTS", "sign_upload_parts"]

MAX_SIGNED_PARTS: Final = 100
"""Parts that one request may ask for."""


def sign_upload_parts(request: Request, _measurements: Measurements) -> Response[str]:
    """Signs requests with the size and SHA-256 of each part."""
    upload = open_upload(request)
    body = read_body(request.body, known={"parts"})
    listed = body.objects("parts", known={"number", "size", "sha256"}, most=MAX_SIGNED_PARTS)
    parts = [_part(members) for members in listed]
    seen: set[int] = set()
    for part, members in zip(parts, listed, strict=True):
        if part.number in seen:
            raise members.refusal("number", "is a part that is asked for twice")
        seen.add(part.number)
    signed = wiring.store().sign_upload_parts(upload, parts)
    answer: SignedParts = {
        "parts": [
            {"number": part.number, "request": signed_request(one)} for part, one in zip(parts, signed, strict=True)
        ]
    }
    return json_response(answer, headers={"Cache-Control": "no-store"})


def _part(members: Members) -> UploadedPart:
    return UploadedPart(
        number=members.integer("number", least=1, most=MAX_PARTS),
        size=members.integer("size", least=0, most=MAX_PART_BYTES),
        sha256=members.sha256("sha256"),
    )
