"""Ours: `HttpArtifactService` over the artifact API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from google_adk_aws import HttpArtifactService

if TYPE_CHECKING:
    from google.adk.artifacts.base_artifact_service import BaseArtifactService


@asynccontextmanager
async def opened(settings: Mapping[str, Any]) -> AsyncIterator[BaseArtifactService]:
    """The service; `settings` has the API's `url` and further arguments as `options`."""
    async with HttpArtifactService(settings["url"], **settings.get("options", {})) as service:
        yield service
