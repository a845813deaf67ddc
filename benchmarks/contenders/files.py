"""ADK's own `FileArtifactService`, on this machine's disk: no network at all, and nothing is shared."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from google.adk.artifacts.file_artifact_service import FileArtifactService

if TYPE_CHECKING:
    from google.adk.artifacts.base_artifact_service import BaseArtifactService


@asynccontextmanager
async def opened(settings: Mapping[str, Any]) -> AsyncIterator[BaseArtifactService]:
    """The service; `settings` has its `root`."""
    yield FileArtifactService(root_dir=settings["root"])
