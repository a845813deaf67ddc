"""ADK parts ↔ content with its part header.

    Part                              kind   content
    inline_data(mime_type, data)      bytes  the bytes
    text                              text   UTF-8
    file_data(mime_type, file_uri)    file   the URI; `artifact://…` refers to another artifact

Each of bytes and file keeps its display name.
"""

from __future__ import annotations

from typing import Any, Final

from google.adk.artifacts.base_artifact_service import ensure_part
from google.genai import types

from google_adk_aws._errors import InvalidArtifactError, UnexpectedResponseError
from google_adk_aws._model.references import REFERENCE_PREFIX
from google_adk_aws._model.wire import PartHeader, StoredContent

__all__ = ["from_content", "to_content", "to_part"]

_OCTETS: Final = "application/octet-stream"


def to_part(artifact: types.Part | dict[str, Any]) -> types.Part:
    """Reads what ADK may hand over: a part, or a dict with camelCase or snake_case keys.

    Raises:
        InvalidArtifactError: Neither.
    """
    try:
        part = ensure_part(artifact)
    except ValueError as error:
        # pydantic's text would quote the content.
        raise _unsupported("the dict is no valid google.genai types.Part") from error
    if not isinstance(part, types.Part):
        raise _unsupported(f"{type(part).__name__} is neither a types.Part nor a dict")
    return part


def to_content(part: types.Part) -> tuple[bytes, PartHeader]:
    """The bytes to store and how to describe them.

    Only what an artifact is survives: fields that belong to a model's answer (`thought_signature`,
    `video_metadata`, …) are not stored, as in ADK's file and GCS services.

    Raises:
        InvalidArtifactError: A part that holds none of the three kinds.
    """
    if part.inline_data is not None:
        blob = part.inline_data
        if blob.data is None:
            raise InvalidArtifactError("Artifact inline_data must contain data.", code="invalid_part", field="artifact")
        return blob.data, _header("bytes", blob.mime_type, blob.display_name)
    if part.text is not None:
        return _utf8(part.text, "artifact.text"), _header("text", "text/plain", None)
    if part.file_data is not None:
        file = part.file_data
        if not file.file_uri:
            raise InvalidArtifactError(
                "Artifact file_data must have a file_uri.", code="invalid_part", field="artifact"
            )
        # ADK knows a reference's type only once it is resolved.
        mime_type = None if file.file_uri.startswith(REFERENCE_PREFIX) else file.mime_type
        return _utf8(file.file_uri, "artifact.file_data.file_uri"), _header("file", mime_type, file.display_name)
    raise _unsupported("it has neither inline_data nor text nor file_data")


def from_content(content: StoredContent) -> types.Part | None:
    """The part that was saved; None for the marker that a session rewind saves in place of an artifact."""
    body, header = content.body, content.part
    if header.kind == "bytes":
        if not body and header.mime_type == _OCTETS and header.display_name is None:
            return None
        return types.Part(
            inline_data=types.Blob(data=body, mime_type=header.mime_type, display_name=header.display_name)
        )
    if header.kind not in {"text", "file"}:
        raise UnexpectedResponseError(
            f"the artifact is of kind {header.kind!r}, which this version of google-adk-aws does not know",
            code="unknown_kind",
        )
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise UnexpectedResponseError(f"content of kind {header.kind} is not UTF-8", code="invalid_response") from None
    if header.kind == "text":
        return types.Part(text=text)
    return types.Part(
        file_data=types.FileData(file_uri=text, mime_type=header.mime_type, display_name=header.display_name)
    )


def _header(kind: str, mime_type: str | None, display_name: str | None) -> PartHeader:
    if display_name is not None:
        _utf8(display_name, "display_name")
    if mime_type is not None:
        _utf8(mime_type, "mime_type")
    return PartHeader(kind=kind, mime_type=mime_type, display_name=display_name)


def _utf8(text: str, field: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InvalidArtifactError(
            f"{field} has a lone surrogate, which is no Unicode text", code="invalid_part", field="artifact"
        ) from None


def _unsupported(reason: str) -> InvalidArtifactError:
    # The first sentence is ADK's own.
    return InvalidArtifactError(f"Not supported artifact type. ({reason})", code="invalid_part", field="artifact")
