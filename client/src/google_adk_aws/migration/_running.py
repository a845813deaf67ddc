"""Every artifact of a source, a few at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from artifact_store.names import ArtifactId
from google_adk_aws._transfer.sending import single_error
from google_adk_aws.migration._model import MigrationError, Source, SourceArtifact
from google_adk_aws.migration._report import Failure, ProgressCallback, Report

__all__ = ["each_artifact"]


async def each_artifact(
    source: Source,
    work: Callable[[SourceArtifact], Awaitable[None]],
    report: Report,
    *,
    concurrency: int,
    progress: ProgressCallback | None,
) -> None:
    """Lists a source and works on what it finds; no more is listed than is worked on soon.

    Raises:
        ValueError: The concurrency is below 1.
    """
    if concurrency < 1:
        raise ValueError("concurrency must be at least 1")
    waiting: asyncio.Queue[SourceArtifact | None] = asyncio.Queue(maxsize=concurrency)

    async def worker() -> None:
        while (found := await waiting.get()) is not None:
            report.artifacts += 1
            await work(found)
            if progress is not None:
                progress(report)

    async def listing() -> None:
        try:
            await _list(source, waiting, report)
        except Exception as error:  # noqa: BLE001 - what was listed before is worked on all the same
            report.failures.append(Failure(what=source.address, version=None, reason=f"the list ended early: {error}"))
        for _ in range(concurrency):
            await waiting.put(None)

    async with single_error(), asyncio.TaskGroup() as tasks:
        tasks.create_task(listing())
        for _ in range(concurrency):
            tasks.create_task(worker())


async def _list(source: Source, waiting: asyncio.Queue[SourceArtifact | None], report: Report) -> None:
    seen: set[ArtifactId] = set()
    async for found in source.artifacts():
        if isinstance(found, SourceArtifact):
            if found.artifact in seen:
                # Two of one name at the same time would take each other's numbers.
                report.failed(found.artifact, None, MigrationError("the source has two artifacts of this name"))
                continue
            seen.add(found.artifact)
            await waiting.put(found)
        elif found.failed:
            report.failures.append(Failure(what=found.what, version=None, reason=found.reason))
        else:
            report.skipped.append((found.what, found.reason))
