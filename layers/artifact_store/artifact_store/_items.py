"""The index table's layout: which key and which attributes each thing has.

    partition            sort key                            what
    s:app/user/session   h#name                              head of a live artifact
    u:app/user           v#name#0000000003#gen               one version
                         t#hash                              what an idempotency key saved
                         d#name#gen                          grave of a deleted generation
                         x#name#gen                          timer of a generation that expires

Encoded names have no `#`, so no prefix of one artifact is a prefix of another's.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, cast

from artifact_store.errors import InvalidName, InvalidPosition
from artifact_store.model import ArtifactSummary, BlobRef, Part, Version, canonical_json
from artifact_store.names import MAX_VERSION, ArtifactId, Scope, decode
from artifact_store.ports import Grave, Head, Item, Key, Row, Token

__all__ = [
    "DAY_SECONDS",
    "GRAVES",
    "HEADS",
    "KEPT_SECONDS",
    "grave_item",
    "grave_key",
    "head_item",
    "head_key",
    "head_position",
    "head_sort",
    "read_buried",
    "read_grave",
    "read_head",
    "read_row",
    "read_summary",
    "read_token",
    "read_version",
    "timer_item",
    "timer_key",
    "token_item",
    "token_key",
    "version_item",
    "version_key",
    "version_position",
    "version_sort",
    "versions_prefix",
]

HEADS: Final = "h#"
GRAVES: Final = "d#"
TIMERS: Final = "x#"
DAY_SECONDS: Final = 24 * 60 * 60
"""How long an idempotency key stands for its save."""

KEPT_SECONDS: Final = 30 * DAY_SECONDS
"""How long tokens and confirmed graves stay as evidence, for what nobody has settled yet."""

_DIGITS: Final = len(str(MAX_VERSION))
_VERSION_POSITION = re.compile(r"[0-9]{10}#[0-9a-f]{32}", re.ASCII)


def head_key(artifact: ArtifactId) -> Key:
    return artifact.scope.partition, HEADS + artifact.encoded_filename


def versions_prefix(artifact: ArtifactId, number: int | None = None) -> str:
    prefix = f"v#{artifact.encoded_filename}#"
    return prefix if number is None else f"{prefix}{number:0{_DIGITS}}#"


def version_key(artifact: ArtifactId, number: int, gen: str) -> Key:
    return artifact.scope.partition, versions_prefix(artifact, number) + gen


def token_key(artifact: ArtifactId, token: str) -> Key:
    return artifact.scope.partition, f"t#{token}"


def grave_key(artifact: ArtifactId, gen: str) -> Key:
    return artifact.scope.partition, f"{GRAVES}{artifact.encoded_filename}#{gen}"


def timer_key(artifact: ArtifactId, gen: str) -> Key:
    return artifact.scope.partition, f"{TIMERS}{artifact.encoded_filename}#{gen}"


def timer_item(expires_ms: int) -> Item:
    """Goes when DynamoDB sees that its time is over; whoever is told of it deletes the artifact."""
    return {"expires_at": -(-expires_ms // 1000)}


def head_position(sort: str) -> str:
    """Where a list of heads stopped, without what the list itself knows."""
    return sort.removeprefix(HEADS)


def head_sort(position: str) -> str:
    """The sort key a list of heads continues after."""
    try:
        decode(position)
    except InvalidName:
        raise InvalidPosition("the position is not of this list", field="cursor") from None
    return HEADS + position


def version_position(artifact: ArtifactId, sort: str) -> str:
    """Where a list of versions stopped."""
    return sort.removeprefix(versions_prefix(artifact))


def version_sort(artifact: ArtifactId, position: str) -> str:
    """The sort key a list of versions continues after."""
    if not _VERSION_POSITION.fullmatch(position):
        raise InvalidPosition("the position is not of this list", field="cursor")
    return versions_prefix(artifact) + position


def _without_none(**attributes: str | int | bool | None) -> Item:
    return {name: value for name, value in attributes.items() if value is not None}


def head_item(version: Version) -> Item:
    """The head once this version is the latest."""
    return _without_none(
        gen=version.gen,
        next=version.number + 1,
        version_id=version.version_id,
        size=version.size,
        sha256=version.sha256,
        mime_type=version.part.mime_type,
        created_ms=version.created_ms,
        expires_ms=version.expires_ms,
        blob_key=version.blob.key if version.blob else None,
        blob_version_id=version.blob.version_id if version.blob else None,
    )


def read_summary(scope: Scope, sort: str, item: Item) -> ArtifactSummary:
    filename = decode(sort.removeprefix(HEADS), field="filename")
    return _summary(ArtifactId(scope, filename), cast("dict[str, Any]", item))


def _summary(artifact: ArtifactId, item: dict[str, Any]) -> ArtifactSummary:
    return ArtifactSummary(
        artifact=artifact,
        # The head says so only when its last versions are lost.
        number=item.get("number", item["next"] - 1),
        gen=item["gen"],
        version_id=item["version_id"],
        size=item["size"],
        sha256=item.get("sha256"),
        mime_type=item.get("mime_type"),
        created_ms=item["created_ms"],
        expires_ms=item.get("expires_ms"),
    )


def read_head(artifact: ArtifactId, item: Item | None) -> Head | None:
    if item is None:
        return None
    attributes = cast("dict[str, Any]", item)
    return Head(
        gen=attributes["gen"],
        next=attributes["next"],
        latest=_summary(artifact, attributes),
        blob=_blob(attributes),
        lost=attributes.get("lost", False),
    )


def _blob(item: dict[str, Any]) -> BlobRef | None:
    return BlobRef(item["blob_key"], item["blob_version_id"]) if "blob_key" in item else None


def version_item(version: Version, *, token: str | None, lost: bool = False) -> Item:
    return _without_none(
        token=token,
        lost=lost or None,
        gen=version.gen,
        number=version.number,
        version_id=version.version_id,
        size=version.size,
        sha256=version.sha256,
        kind=version.part.kind,
        mime_type=version.part.mime_type,
        display_name=version.part.display_name,
        custom_metadata=(canonical_json(version.custom_metadata) if version.custom_metadata else None),
        created_ms=version.created_ms,
        expires_ms=version.expires_ms,
        blob_key=version.blob.key if version.blob else None,
        blob_version_id=version.blob.version_id if version.blob else None,
    )


def read_version(artifact: ArtifactId, item: Item | None) -> Version | None:
    if item is None:
        return None
    attributes = cast("dict[str, Any]", item)
    custom_metadata = attributes.get("custom_metadata")
    return Version(
        artifact=artifact,
        number=attributes["number"],
        gen=attributes["gen"],
        version_id=attributes["version_id"],
        size=attributes["size"],
        sha256=attributes.get("sha256"),
        part=Part(
            kind=attributes["kind"],
            mime_type=attributes.get("mime_type"),
            display_name=attributes.get("display_name"),
        ),
        custom_metadata=json.loads(custom_metadata) if custom_metadata else {},
        created_ms=attributes["created_ms"],
        blob=_blob(attributes),
        expires_ms=attributes.get("expires_ms"),
    )


def read_row(artifact: ArtifactId, item: Item) -> Row:
    token = item.get("token")
    return Row(
        version=cast("Version", read_version(artifact, item)),
        token=str(token) if token is not None else None,
        lost=bool(item.get("lost", False)),
    )


def token_item(version: Version, *, fingerprint: str) -> Item:
    """Made from the record alone, so that every helper writes the very same item."""
    return {
        "fingerprint": fingerprint,
        "gen": version.gen,
        "number": version.number,
        "version_id": version.version_id,
        "created_ms": version.created_ms,
        "valid_until": version.created_ms // 1000 + DAY_SECONDS,
        "expires_at": version.created_ms // 1000 + KEPT_SECONDS,
    }


def read_token(item: Item | None) -> Token | None:
    if item is None:
        return None
    attributes = cast("dict[str, Any]", item)
    return Token(
        fingerprint=attributes["fingerprint"],
        gen=attributes["gen"],
        number=attributes["number"],
        version_id=attributes["version_id"],
        created_ms=attributes["created_ms"],
        expires_ms=attributes["valid_until"] * 1000,
    )


def grave_item(grave: Grave, *, expires_at: int | None = None) -> Item:
    return _without_none(next=grave.next, confirmed=grave.confirmed, buried_ms=grave.buried_ms, expires_at=expires_at)


def read_grave(gen: str, item: Item | None) -> Grave | None:
    if item is None:
        return None
    attributes = cast("dict[str, Any]", item)
    return Grave(
        gen=gen,
        next=attributes["next"],
        confirmed=attributes["confirmed"],
        buried_ms=attributes["buried_ms"],
    )


def read_buried(scope: Scope, sort: str, item: Item) -> tuple[ArtifactId, Grave]:
    """Whose grave it is, and the grave."""
    name, _, gen = sort.removeprefix(GRAVES).partition("#")
    return ArtifactId(scope, decode(name, field="filename")), cast("Grave", read_grave(gen, item))
