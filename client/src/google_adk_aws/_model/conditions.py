"""Conditions of a save, looked at before much is sent in vain. The API looks again, when it saves."""

from __future__ import annotations

from typing import Protocol

from artifact_store.names import ArtifactId
from google_adk_aws._errors import ArtifactNotFoundError, ArtifactPreconditionError
from google_adk_aws._model.saving import ALWAYS, Condition
from google_adk_aws._model.wire import VersionMetadata

__all__ = ["Describes", "latest_for"]


class Describes(Protocol):
    """Tells of versions."""

    async def describe(self, artifact: ArtifactId, version: int | None = None) -> VersionMetadata:
        """The metadata of one version, or of the latest."""


async def latest_for(condition: Condition, api: Describes, artifact: ArtifactId) -> VersionMetadata | None:
    """The latest version, if the condition is about it; None without one, or without a condition.

    Raises:
        ArtifactPreconditionError: The condition does not hold.
    """
    if condition == ALWAYS:
        return None
    latest: VersionMetadata | None = None
    try:
        latest = await api.describe(artifact)
    except ArtifactNotFoundError:
        if condition.if_match is not None:
            raise _failed(None) from None
        return None
    if condition.if_none_match or not _matches(condition.if_match, latest.etag):
        raise _failed(latest.etag)
    return latest


def _matches(if_match: str | None, etag: str | None) -> bool:
    if if_match is None or if_match.strip() == "*" or etag is None:
        return True
    return etag in if_match


def _failed(etag: str | None) -> ArtifactPreconditionError:
    error = ArtifactPreconditionError(
        "the latest version is not the one that the save was bound to; nothing was saved",
        code="precondition_failed",
    )
    error.etag = etag
    return error
