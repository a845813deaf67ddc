"""POST …/batch/save: saves many contents, each as its artifact's next version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, cast

from artifact_api import wiring
from artifact_api.batches.answers import refused
from artifact_api.batches.running import MAX_ITEMS, run_items
from artifact_api.batches.wire import RefusedItem, SavedItem
from artifact_api.body import MAX_BODY_BYTES, Members, read_body
from artifact_api.content import MAX_IDEMPOTENCY_KEY_CHARACTERS
from artifact_api.request import Request
from artifact_api.responses import json_response
from artifact_api.telemetry import Measurements
from artifact_api.wire import version_metadata
from artifact_store import (
    ArtifactId,
    Content,
    DigestMismatch,
    MetadataTooLarge,
    Part,
    Precondition,
    Saved,
)
from artifact_store.model import MAX_TTL_SECONDS, PartKind, canonical_json

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["MAX_BATCH_METADATA_BYTES", "batch_save"]

MAX_BATCH_METADATA_BYTES: Final = 2 * 1024 * 1024
"""Custom metadata of all items together, in bytes of its JSON: every answer of a save tells it again."""

_MEMBERS: Final = frozenset(
    {"filename", "content", "part", "customMetadata", "sha256", "idempotencyKey", "ifMatch", "ttl"}
)
_PART_MEMBERS: Final = frozenset({"kind", "mimeType", "displayName"})
_MAX_ETAGS: Final = 100


@dataclass(frozen=True, kw_only=True)
class _Item:
    """What is to be saved; whether it can be is found out in its turn."""

    filename: str
    key: str
    kind: str | None
    mime_type: str | None
    display_name: str | None
    metadata: Mapping[str, Any]
    sha256: str | None
    only_if: Precondition | None
    asked_ttl: int | None
    members: Members


def batch_save(request: Request, measurements: Measurements) -> Response[str]:
    """Saves contents, each once per idempotency key.

    Powertools' idempotency does not stand in front, as it does of a save by itself. It would cost two writes an
    item, to spare an item that is repeated the one read by which the store finds its token.
    """
    store, retention, items = wiring.store(), wiring.settings().retention, _read(request)
    metadata_until = list(accumulate(len(canonical_json(item.metadata)) for item in items))

    def save(number: int, artifact: ArtifactId, seconds: float) -> Saved:
        item = items[number]
        if metadata_until[number] > MAX_BATCH_METADATA_BYTES:
            raise MetadataTooLarge(
                f"custom metadata up to this item has {metadata_until[number]:,} bytes as JSON; a batch takes "
                f"{MAX_BATCH_METADATA_BYTES:,}; save this one again, with fewer others",
                field="customMetadata",
                limit=MAX_BATCH_METADATA_BYTES,
            )
        return store.save(
            artifact,
            _content(item, retention.ttl_seconds(artifact.scope.app, item.asked_ttl)),
            caller=request.caller.id,
            idempotency_key=item.key,
            only_if=item.only_if,
            timeout=seconds,
        )

    outcomes = run_items(
        request,
        measurements,
        operation="save_artifact",
        filenames=[item.filename for item in items],
        in_order=True,
        do=save,
    )
    saved = [outcome for outcome in outcomes if isinstance(outcome, Saved)]
    new = [each.version.size for each in saved if not each.replayed]
    measurements.count("Saves", len(new))
    measurements.count("Replays", len(saved) - len(new))
    measurements.count_bytes("BytesSaved", sum(new))
    measurements.count_contention(sum(each.lost for each in saved))
    return json_response({"results": [_result(request, outcome) for outcome in outcomes]})


def _read(request: Request) -> list[_Item]:
    body = read_body(request.body, known={"items"})
    return [_read_item(item) for item in body.objects("items", known=_MEMBERS, most=MAX_ITEMS)]


def _read_item(item: Members) -> _Item:
    etags = item.optional_texts("ifMatch", most=_MAX_ETAGS)
    item.text("content", longest=MAX_BODY_BYTES)
    # What is no part is refused as a save by itself refuses it: in the item's turn.
    part = item.optional_object("part", known=_PART_MEMBERS)
    kind, mime_type, display_name = (
        part.optional_text(name, longest=MAX_BODY_BYTES) if part is not None else None
        for name in ("kind", "mimeType", "displayName")
    )
    return _Item(
        filename=item.text("filename", longest=MAX_BODY_BYTES),
        key=_key(item),
        kind=kind,
        mime_type=mime_type,
        display_name=display_name,
        metadata=item.free_object("customMetadata"),
        sha256=item.optional_sha256("sha256"),
        only_if=None if etags is None else Precondition(etags=frozenset(etags)),
        asked_ttl=item.optional_integer("ttl", least=0, most=MAX_TTL_SECONDS),
        members=item,
    )


def _key(item: Members) -> str:
    key = item.text("idempotencyKey", longest=MAX_IDEMPOTENCY_KEY_CHARACTERS)
    if not key or not (key.isascii() and key.isprintable()):
        raise item.refusal(
            "idempotencyKey",
            f"must have 1 to {MAX_IDEMPOTENCY_KEY_CHARACTERS} printable ASCII characters",
            limit=MAX_IDEMPOTENCY_KEY_CHARACTERS,
        )
    return key


def _content(item: _Item, ttl_seconds: int | None) -> Content:
    """Reads what is to be saved, and to live so long.

    Raises:
        InvalidInput: It cannot be what it claims.
    """
    part = Part(kind=cast("PartKind", item.kind or "bytes"), mime_type=item.mime_type, display_name=item.display_name)
    content = Content(
        body=item.members.octets("content"), part=part, custom_metadata=item.metadata, ttl_seconds=ttl_seconds
    )
    if item.sha256 is not None and item.sha256 != content.sha256:
        raise DigestMismatch(
            f"the content of {content.size:,} bytes has the SHA-256 {content.sha256}, not the one announced",
            field="sha256",
        )
    return content


def _result(request: Request, outcome: Saved | Exception) -> SavedItem | RefusedItem:
    if isinstance(outcome, Exception):
        return refused(outcome, request)
    metadata = version_metadata(outcome.version, asked=request.scope, store=wiring.store())
    return {"status": 201, "version": metadata, "replayed": outcome.replayed}
