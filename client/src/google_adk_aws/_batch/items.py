"""Items of batches as requests have them, and how many go into one request."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from artifact_store.errors import InvalidInput
from artifact_store.names import MAX_VERSION, USER_NAMESPACE, ArtifactId, Scope
from google_adk_aws._errors import InvalidArtifactError
from google_adk_aws._io.streams import Bytes
from google_adk_aws._model.batches import NewArtifact
from google_adk_aws._model.saving import MAX_CONTENT_BYTES, Condition, Description

__all__ = [
    "MAX_ITEMS",
    "Encrypt",
    "Name",
    "PreparedSave",
    "Wanted",
    "artifact_in",
    "filename_of",
    "groups_of",
    "name_in",
]

MAX_ITEMS: Final = 100
"""Of one request."""

_MAX_BODY_BYTES: Final = 4 * 1024 * 1024 - 1024
"""Of one request, with its braces."""

_MAX_METADATA_BYTES: Final = 2 * 1024 * 1024 - 1024
"""Custom metadata of one request."""

Name: TypeAlias = str | tuple[str, int | None]
"""A filename, for its latest version, or a filename and a version."""

Encrypt: TypeAlias = Callable[[ArtifactId, Bytes, Description], tuple[Bytes, Description]]
"""What is stored in place of a content, and how that is described."""

_PAIR: Final = 2
_ETAG: Final = re.compile(r'(?:W/)?"[^"]*"|\*')


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedSave:
    """An item that was checked, and has a key under which it can be repeated.

    Attributes:
        artifact: Where it goes.
        content: As given, or encrypted.
        description: What is told of it.
        condition: On which condition it is saved.
        key: Its idempotency key.
        facts: Its JSON, without the content.
        body_bytes: How long its JSON is, with the content.
        metadata_bytes: How long that of its custom metadata is.
    """

    artifact: ArtifactId
    content: bytes | bytearray | memoryview
    description: Description
    condition: Condition
    key: str
    facts: Mapping[str, Any]
    body_bytes: int
    metadata_bytes: int

    @classmethod
    def of(cls, scope: Scope, item: NewArtifact, encrypt: Encrypt | None = None) -> PreparedSave:
        """Checks an item, and encrypts it: once, so that it is the same however often it is sent.

        Raises:
            InvalidArtifactError: It cannot be saved.
            ArtifactEncryptionError: It cannot be encrypted.
        """
        artifact = artifact_in(scope, item.filename)
        description = Description.of(
            mime_type=item.mime_type,
            display_name=item.display_name,
            kind=item.kind,
            custom_metadata=item.custom_metadata,
            ttl=item.ttl,
        )
        content: Bytes = item.content
        if encrypt is not None:
            content, description = encrypt(artifact, content, description)
        facts = {"filename": name_in(scope, artifact), "idempotencyKey": item.idempotency_key, **description.to_json()}
        if item.if_match is not None:
            facts["ifMatch"] = _ETAG.findall(item.if_match)
        size = memoryview(content).nbytes
        return cls(
            artifact=artifact,
            content=content,
            description=description,
            condition=Condition(if_match=item.if_match),
            key=item.idempotency_key,
            facts=facts,
            body_bytes=len(json.dumps(facts)) + 4 * (-(-size // 3)) + len(',"content":""'),
            metadata_bytes=len(json.dumps(description.custom_metadata)),
        )

    @property
    def fits(self) -> bool:
        """Whether it goes into a request with others."""
        return memoryview(self.content).nbytes <= MAX_CONTENT_BYTES and self.body_bytes <= _MAX_BODY_BYTES

    def to_json(self) -> Mapping[str, Any]:
        """As the request has it."""
        return {**self.facts, "content": base64.b64encode(self.content).decode()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An artifact of a batch that is not saved.

    Attributes:
        index: Which item it is.
        artifact: Which artifact.
        version: Its version; None is the latest.
    """

    index: int
    artifact: ArtifactId
    version: int | None = None

    @classmethod
    def of(cls, scope: Scope, index: int, item: Name) -> Wanted:
        """Checks an item.

        Raises:
            InvalidArtifactError: It cannot be one.
        """
        filename: object
        version: Any
        # What is neither a name nor a pair is refused as a name.
        filename, version = item if isinstance(item, tuple) and len(item) == _PAIR else (item, None)
        if not (version is None or (isinstance(version, int) and 0 <= version <= MAX_VERSION)):
            raise InvalidArtifactError(f"version must be 0 to {MAX_VERSION:,}", code="invalid_version", field="version")
        return cls(index=index, artifact=artifact_in(scope, filename), version=version)

    def to_json(self, scope: Scope, *, unless: str | None = None) -> Mapping[str, Any]:
        """As a request has it."""
        facts = {"filename": name_in(scope, self.artifact), "version": self.version, "unless": unless}
        return {name: value for name, value in facts.items() if value is not None}


def groups_of(items: Iterable[tuple[int, PreparedSave]]) -> Iterator[list[tuple[int, PreparedSave]]]:
    """Cuts items, in their order, into what goes into one request each; what does not fit goes alone."""
    group: list[tuple[int, PreparedSave]] = []
    room, metadata_room = _MAX_BODY_BYTES, _MAX_METADATA_BYTES
    for index, item in items:
        full = len(group) == MAX_ITEMS or item.body_bytes > room or item.metadata_bytes > metadata_room
        if group and (full or not item.fits):
            yield group
            group, room, metadata_room = [], _MAX_BODY_BYTES, _MAX_METADATA_BYTES
        if not item.fits:
            yield [(index, item)]
            continue
        group.append((index, item))
        room, metadata_room = room - item.body_bytes, metadata_room - item.metadata_bytes
    if group:
        yield group


def filename_of(name: object) -> str:
    """What a result is told by, whatever was given."""
    filename: object = name[0] if isinstance(name, tuple) and name else name
    return filename if isinstance(filename, str) else repr(filename)


def artifact_in(scope: Scope, filename: object) -> ArtifactId:
    """The artifact that a list of this scope names so.

    Raises:
        InvalidArtifactError: The name cannot be one.
    """
    if not isinstance(filename, str):
        raise InvalidArtifactError("filename must be a string", code="invalid_name", field="filename")
    try:
        if scope.session is not None and filename.startswith(USER_NAMESPACE):
            return ArtifactId(scope.user_scope, filename.removeprefix(USER_NAMESPACE))
        return ArtifactId(scope, filename)
    except InvalidInput as error:
        raise InvalidArtifactError(str(error), code=error.code, field=error.field) from None


def name_in(scope: Scope, artifact: ArtifactId) -> str:
    """How a list of this scope names an artifact."""
    return artifact.filename if scope.session is None else artifact.adk_filename
