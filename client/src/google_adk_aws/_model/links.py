"""Links: what somebody without credentials downloads from, or uploads to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from artifact_store.names import ArtifactId
from google_adk_aws._errors import ArtifactEncryptionError, InvalidArtifactError
from google_adk_aws._model.wire import VersionMetadata

__all__ = ["DownloadLink", "UploadHandle", "UploadLink", "check_expiry", "refuse_encrypted"]

_WEEK_SECONDS: Final = 7 * 24 * 60 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadLink:
    """Downloads one version, for whoever has it: `GET url`, with `headers` and no others that identify the caller.

    Attributes:
        url: Not in the repr, since it holds the signature.
        headers: To be sent along; usually none.
        expires_at: When it ends at the latest, in seconds since 1970 UTC. A link that was signed with temporary
            credentials ends with them.
        version: What it downloads.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    expires_at: float
    version: VersionMetadata


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadHandle:
    """An upload that somebody else carries out. Three values, to be kept wherever a program keeps its own.

    Attributes:
        artifact: Where it goes.
        id: Of the upload; good for the caller who began it.
        size: Bytes of the content.
    """

    artifact: ArtifactId
    id: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLink:
    """Uploads content, for whoever has it: `PUT url` with exactly these `headers`, once.

    Attributes:
        url: Not in the repr, since it holds the signature.
        headers: To be sent along, all of them.
        expires_at: When it ends, in seconds since 1970 UTC.
        upload: What `finalize_upload` and `abort_upload` take.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    expires_at: float
    upload: UploadHandle


def refuse_encrypted(version: VersionMetadata, *, wanted: bool) -> None:
    """Refuses a link to ciphertext that nobody has asked for.

    Raises:
        ArtifactEncryptionError: The content is encrypted.
    """
    if version.encrypted and not wanted:
        raise ArtifactEncryptionError(
            "the content is encrypted, and a link gives what is stored: ask for it with encrypted=True",
            code="encrypted",
        )


def check_expiry(seconds: int) -> None:
    """Refuses what no link can be good for.

    Raises:
        InvalidArtifactError: It is not 1 second to a week.
    """
    if not 1 <= seconds <= _WEEK_SECONDS:
        raise InvalidArtifactError(
            f"expires_in must be 1 to {_WEEK_SECONDS:,} seconds", code="invalid_parameter", field="expires_in"
        )
