"""Ours without an API: `S3ArtifactService` straight on a bucket, with an index table or without."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from google_adk_aws import S3ArtifactService

if TYPE_CHECKING:
    from google.adk.artifacts.base_artifact_service import BaseArtifactService


@asynccontextmanager
async def opened(settings: Mapping[str, Any]) -> AsyncIterator[BaseArtifactService]:
    """The service; `settings` has `bucket`, `endpoint` and `table`, which is None where there is none."""
    async with S3ArtifactService(
        settings["bucket"],
        endpoint_url=settings["endpoint"],
        table_name=settings["table"],
        table_endpoint_url=settings["endpoint"] if settings["table"] else None,
    ) as service:
        yield service
