"""What is saved along with content, and on which condition."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from google_adk_aws._errors import ArtifactTooLargeError, InvalidArtifactError
from google_adk_aws._model.encrypted_mark import is_marked
from google_adk_aws._model.metadata import check_metadata
from google_adk_aws._model.ttl import Ttl, ttl_seconds
from google_adk_aws._model.wire import PartHeader, VersionMetadata, json_header

__all__ = ["ALWAYS", "MAX_CONTENT_BYTES", "MAX_HEADER_BYTES", "MAX_METADATA_BYTES", "Condition", "Description"]

MAX_CONTENT_BYTES: Final = 3 * 1024 * 1024
"""Content of one request, in bytes. More goes to the storage in parts."""

MAX_HEADER_BYTES: Final = 6 * 1024
"""Part description and custom metadata of one request together, in bytes as they are sent. More goes in parts."""

MAX_METADATA_BYTES: Final = 64 * 1024
"""Custom metadata of one version, in bytes of JSON."""

_KINDS: Final = frozenset({"bytes", "text", "file"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What is told of content beside its bytes.

    Attributes:
        part: What kind of part it is.
        custom_metadata: A JSON object; checked.
        ttl: How long the artifact lives after this save, in seconds: 0 for good, None as the API decides.
    """

    part: PartHeader
    custom_metadata: Mapping[str, Any]
    ttl: int | None = None

    @classmethod
    def of(
        cls,
        *,
        mime_type: str | None,
        display_name: str | None,
        kind: str,
        custom_metadata: Mapping[str, Any] | None,
        ttl: Ttl | None = None,
    ) -> Description:
        """Checks what a caller gives.

        Raises:
            InvalidArtifactError: What cannot be recorded.
        """
        if kind not in _KINDS:
            raise InvalidArtifactError(
                f"kind must be one of {', '.join(sorted(_KINDS))}", code="invalid_part", field="kind"
            )
        for name, text in (("mime_type", mime_type), ("display_name", display_name)):
            _check_text(name, text)
        if is_marked(mime_type):
            raise InvalidArtifactError(
                f"{mime_type} is what encrypted content is stored as; it cannot be saved under that name",
                code="invalid_part",
                field="mime_type",
            )
        metadata = custom_metadata or {}
        check_metadata(metadata)
        # As it is stored: what is not ASCII is escaped.
        size = len(json.dumps(metadata, separators=(",", ":"))) if metadata else 0
        if size > MAX_METADATA_BYTES:
            raise ArtifactTooLargeError(
                f"custom metadata takes {size:,} bytes of JSON; the limit is {MAX_METADATA_BYTES:,} (64 KB)",
                code="metadata_too_large",
                field="customMetadata",
            )
        part = PartHeader(kind=kind, mime_type=mime_type, display_name=display_name)
        return cls(part=part, custom_metadata=metadata, ttl=ttl_seconds(ttl))

    @property
    def encrypted(self) -> Description:
        """The same, of content that is encrypted."""
        return replace(self, part=replace(self.part, encrypted=True))

    def headers(self) -> Mapping[str, str]:
        """As headers of a save."""
        described = {"Artifact-Part": self.part.to_header()}
        if self.custom_metadata:
            described["Artifact-Metadata"] = json_header(self.custom_metadata)
        if self.ttl is not None:
            described["Artifact-Ttl"] = str(self.ttl)
        return described

    def to_json(self) -> dict[str, Any]:
        """As members of a JSON body."""
        part = {name: value for name, value in self.part.to_json().items() if value is not None}
        described: dict[str, Any] = {"part": part}
        if self.custom_metadata:
            described["customMetadata"] = self.custom_metadata
        if self.ttl is not None:
            described["ttl"] = self.ttl
        return described

    def is_of(self, version: VersionMetadata) -> bool:
        """Whether a version is described so, and a save of it would change nothing."""
        if self.ttl is not None or version.expires_at is not None:
            return False  # a save begins the artifact's time anew
        return (
            (version.kind, version.mime_type, version.display_name, version.encrypted)
            == (self.part.kind, self.part.mime_type, self.part.display_name, self.part.encrypted)
        ) and _canonical(version.custom_metadata) == _canonical(self.custom_metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """On which condition a version is saved.

    Attributes:
        if_match: The latest version must have this entity tag; `*`: there must be one.
        if_none_match: There must be no artifact of that name.
        skip_unchanged: Nothing is saved when the latest version has the same content and description.
    """

    if_match: str | None = None
    if_none_match: bool = False
    skip_unchanged: bool = False

    def __post_init__(self) -> None:
        if self.if_match is not None and self.if_none_match:
            raise ValueError("if_match and if_none_match exclude each other")
        if self.if_match is not None and not (self.if_match.isascii() and self.if_match.isprintable()):
            raise ValueError("if_match is not an entity tag")

    def headers(self) -> Mapping[str, str]:
        """As headers of a save; `skip_unchanged` is told elsewhere."""
        if self.if_match is not None:
            return {"If-Match": self.if_match}
        return {"If-None-Match": "*"} if self.if_none_match else {}


ALWAYS: Final = Condition()
"""No condition."""


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _check_text(name: str, text: object) -> None:
    if text is None:
        return
    if not isinstance(text, str):
        raise InvalidArtifactError(f"{name} must be a string", code="invalid_part", field=name)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidArtifactError(
            f"{name} has a lone surrogate, which is no Unicode text", code="invalid_part", field=name
        ) from None
