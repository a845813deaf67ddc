"""Upload ids: all that is known of an upload, signed, and bound to its caller and its artifact.

So nothing is stored when an upload is begun, and whoever else has the id can do nothing with it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from artifact_api import wiring
from artifact_api.request import Request
from artifact_api.sealed import NotSealed, open_sealed, seal
from artifact_store import Upload, UploadNotFound
from artifact_store.model import canonical_json
from artifact_store.names import BLOB_PREFIX

__all__ = ["MAX_UPLOAD_ID_CHARACTERS", "open_upload", "seal_upload"]

MAX_UPLOAD_ID_CHARACTERS: Final = 1024

_KIND: Final = "u1"


def seal_upload(request: Request, upload: Upload) -> str:
    """The id of an upload that its caller has just begun."""
    facts = [
        upload.key.removeprefix(BLOB_PREFIX),
        upload.upload_id,
        upload.size,
        upload.part_bytes,
        upload.expires_ms,
        upload.sha256,
        upload.mime_type,
    ]
    return seal(canonical_json(facts), kind=_KIND, bound_to=_bound_to(request), key=wiring.signing_keys().current())


def open_upload(request: Request) -> Upload:
    """The upload that the path names.

    Raises:
        InvalidName: The path names no artifact.
        UploadNotFound: The id is none of this caller and this artifact.
    """
    try:
        text = open_sealed(
            request.segments["upload"],
            kind=_KIND,
            bound_to=_bound_to(request),
            keys=wiring.signing_keys(),
            longest=MAX_UPLOAD_ID_CHARACTERS,
        )
    except NotSealed:
        raise UploadNotFound("the id is none of this caller and this artifact") from None
    name, upload_id, size, part_bytes, expires_ms, sha256, mime_type = json.loads(text)
    return Upload(
        artifact=request.artifact,
        key=BLOB_PREFIX + name,
        upload_id=upload_id,
        size=size,
        part_bytes=part_bytes,
        expires_ms=expires_ms,
        sha256=sha256,
        mime_type=mime_type,
    )


def _bound_to(request: Request) -> Sequence[str]:
    return [request.caller.id, request.artifact.key_prefix]
