"""A request of every operation that goes well, for tests that make them all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from artifact_api import wiring
from artifact_api.routes import Operation, Route
from artifact_store.adapters.memory_transfers import MemoryTransfers
from tests.contract.calls import call
from tests.contract.transfers import send_to

UPLOADED = b"uploaded"
SHA256 = hashlib.sha256(UPLOADED).hexdigest()

BODIES: Mapping[Operation, Mapping[str, Any]] = {
    "begin_upload": {"size": len(UPLOADED), "mimeType": "text/plain"},
    "sign_upload_parts": {"parts": [{"number": 1, "size": len(UPLOADED), "sha256": SHA256}]},
    "finalize_upload": {"size": len(UPLOADED), "sha256": SHA256},
    "create_link": {"expiresIn": 600},
    "batch_load": {"items": [{"filename": "doc"}, {"filename": "more", "version": 0, "unless": "*"}]},
    "batch_describe": {"items": [{"filename": "doc"}, {"filename": "more", "version": 0, "unless": "*"}]},
    "batch_save": {"items": [{"filename": "doc", "content": "YQ==", "idempotencyKey": "b"}]},
    "batch_delete": {"items": [{"filename": "doc"}]},
}
"""The JSON bodies."""


def body_of(route: Route) -> bytes | None:
    """The body of a request; None when it has none."""
    if route.operation in BODIES:
        return json.dumps(BODIES[route.operation]).encode()
    return b"content" if "POST" in route.methods else None


def path_of(
    route: Route, segments: Mapping[str, str] | None = None, *, authorizer: Mapping[str, Any] | None = None
) -> str:
    """The path of a request, for an upload that its caller has begun and sent the parts of, if it may."""
    names = {"app": "app", "user": "u", "session": "s", "filename": "doc", "version": "0", **(segments or {})}
    if "{upload}" in route.path and "upload" not in names:
        names["upload"] = uploaded(route.path.partition("/uploads")[0].format_map(names), authorizer)
    if "{job}" in route.path and "job" not in names:
        names["job"] = deletion(authorizer)
    return route.path.format_map(names)


def deletion(authorizer: Mapping[str, Any] | None = None) -> str:
    """Starts the deletion of the user; an id of nothing when the caller may not."""
    started = call("DELETE", "/v1/apps/app/users/u", authorizer=authorizer)
    return str(started.json["jobId"]) if started.status == 202 else "0" * 32


def uploaded(artifact: str, authorizer: Mapping[str, Any] | None = None) -> str:
    """Begins an upload under an artifact's path and sends its part; an id of nothing when the caller may not."""
    body = json.dumps(BODIES["begin_upload"]).encode()
    begun = call("POST", f"{artifact}/uploads", body=body, authorizer=authorizer)
    if begun.status != 201:
        return "u1"
    upload_id = str(begun.json["uploadId"])
    body = json.dumps(BODIES["sign_upload_parts"]).encode()
    signed = call("POST", f"{artifact}/uploads/{upload_id}/parts", body=body, authorizer=authorizer)
    transfers = wiring.store()._ports.transfers
    assert isinstance(transfers, MemoryTransfers)
    for part in signed.json["parts"]:
        assert send_to(transfers, part["request"], UPLOADED) == (200, b"")
    return upload_id
