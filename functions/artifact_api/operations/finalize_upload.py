"""POST …/uploads/{upload}/finalize: saves what was uploaded as the artifact's next version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from artifact_api import wiring
from artifact_api.body import Members, read_body
from artifact_api.preconditions import asked_precondition
from artifact_api.request import Request
from artifact_api.responses import saved_response
from artifact_api.telemetry import Measurements
from artifact_api.upload_ids import open_upload
from artifact_api.wire import version_metadata
from artifact_store import InvalidPart, Part, Upload
from artifact_store.model import MAX_TTL_SECONDS, PartKind
from artifact_store.transfers import MAX_UPLOAD_BYTES

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["finalize_upload"]

_MEMBERS: Final = frozenset({"size", "sha256", "part", "customMetadata", "ttl"})
_PART_MEMBERS: Final = frozenset({"kind", "mimeType", "displayName"})
_KINDS: Final[tuple[PartKind, ...]] = ("bytes", "text", "file")


def finalize_upload(request: Request, measurements: Measurements) -> Response[str]:
    """Saves an upload, once however often it is asked for.

    Without the fast path of saves: its key would be the upload, and the store's token of the upload answers a
    repeated request with one read, which is what the fast path costs to ask.
    """
    upload = open_upload(request)
    body = read_body(request.body, known=_MEMBERS)
    store = wiring.store()
    asked = body.optional_integer("ttl", least=0, most=MAX_TTL_SECONDS)
    saved = store.finalize_upload(
        upload,
        size=body.integer("size", least=0, most=MAX_UPLOAD_BYTES),
        sha256=body.optional_sha256("sha256"),
        part=_part(body, upload),
        custom_metadata=body.free_object("customMetadata"),
        ttl_seconds=wiring.settings().retention.ttl_seconds(upload.artifact.scope.app, asked),
        only_if=asked_precondition(request),
        timeout=request.seconds_left,
    )
    measurements.count_contention(saved.lost)
    measurements.count("Replays" if saved.replayed else "Saves")
    if not saved.replayed:
        measurements.count_bytes("BytesUploaded", saved.version.size)
    metadata = version_metadata(saved.version, asked=request.scope, store=store)
    return saved_response(metadata, base_path=request.base_path, replayed=saved.replayed)


def _part(body: Members, upload: Upload) -> Part:
    members = body.optional_object("part", known=_PART_MEMBERS)
    if members is None:
        return Part(mime_type=upload.mime_type)
    mime_type = members.optional_text("mimeType")
    try:
        return Part(
            kind=members.choice("kind", _KINDS, default="bytes"),
            mime_type=upload.mime_type if mime_type is None else mime_type,
            display_name=members.optional_text("displayName"),
        )
    except InvalidPart as error:
        raise InvalidPart(str(error), field=members.path_of(error.field), limit=error.limit) from None
