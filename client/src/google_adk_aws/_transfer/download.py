"""Downloads into files."""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias, cast

from artifact_store.names import ArtifactId
from google_adk_aws._errors import ArtifactEncryptionError, ArtifactIntegrityError
from google_adk_aws._http.api import ArtifactApi, Located
from google_adk_aws._io.files import CHUNK_BYTES
from google_adk_aws._io.threads import in_thread
from google_adk_aws._model.progress import ProgressCallback, Reporter
from google_adk_aws._model.wire import ContentInfo, check_sha256
from google_adk_aws._transfer.loading import Loader
from google_adk_aws._transfer.partial import PartialFile
from google_adk_aws._transfer.remote import RemoteContent
from google_adk_aws._transfer.sending import single_error

__all__ = ["DownloadTarget", "Downloader", "Downloading"]

DownloadTarget: TypeAlias = str | os.PathLike[str] | BinaryIO

_DEFAULT_RANGE: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloading:
    """How to download.

    Attributes:
        part_size: Bytes of a range.
        workers: Ranges that are read at the same time, at most.
        progress: Who is told of what has arrived.
        resume: Whether to go on with what an earlier download left.
    """

    part_size: int = _DEFAULT_RANGE
    workers: int = 4
    progress: ProgressCallback | None = None
    resume: bool = True

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError("workers must be at least 1")
        if self.part_size < 1:
            raise ValueError("part_size must be at least 1")


class Downloader:
    """Downloads content.

    Args:
        api: Tells where it is.
        loader: Reads it.
    """

    def __init__(self, api: ArtifactApi, loader: Loader) -> None:
        self._api = api
        self._loader = loader

    async def download(
        self, artifact: ArtifactId, target: DownloadTarget, version: int | None, how: Downloading
    ) -> ContentInfo:
        """Writes the content to a path or a file object; what was written, and of which version."""
        reporter = Reporter(how.progress)
        if not isinstance(target, (str, os.PathLike)):
            located = await self._located(artifact, version)
            await self._to_file_object(artifact, located, target, reporter)
            return located.info
        path = Path(target)
        if await asyncio.to_thread(path.is_dir):
            raise IsADirectoryError(f"{path} is a folder; a download needs the name of a file")
        try:
            return await self._to_path(artifact, path, version, how, reporter)
        except ArtifactIntegrityError:
            # Damaged, or saved again meanwhile: nothing of it is left, and once more tells which.
            reporter.start_again()
            return await self._to_path(artifact, path, version, how, reporter)

    async def _located(self, artifact: ArtifactId, version: int | None) -> Located:
        located = await self._api.locate(artifact, version)
        assert located is not None  # noqa: S101 - it was not asked for on a condition
        return located

    async def _to_file_object(
        self, artifact: ArtifactId, located: Located, target: BinaryIO, reporter: Reporter
    ) -> None:
        reporter.total = located.info.size if located.body is None else len(located.body)
        gathered = bytearray()
        async with contextlib.aclosing(self._loader.chunks(artifact, located, reporter)) as chunks:
            async for chunk in chunks:
                gathered += chunk
                if len(gathered) >= CHUNK_BYTES:
                    await in_thread(_write_all, target, bytes(gathered))
                    gathered.clear()
        await in_thread(_write_all, target, bytes(gathered))

    async def _to_path(
        self, artifact: ArtifactId, path: Path, version: int | None, how: Downloading, reporter: Reporter
    ) -> ContentInfo:
        located = await self._located(artifact, version)
        decrypt = self._loader.decrypting.of_file(artifact, located)
        remote = self._loader.remote(artifact, located) if located.body is None else None
        size = remote.size if remote is not None else len(located.body or b"")
        reporter.total = size
        partial = await in_thread(
            PartialFile,
            path,
            located.info,
            size=size,
            range_size=how.part_size,
            resume=how.resume and remote is not None,
        )
        try:
            if remote is None:
                await in_thread(partial.fill, located.body or b"")
                await reporter.add(size)
            else:
                await reporter.add(partial.present_bytes)
                await _fetch_missing(remote, partial, how.workers, reporter)
            if located.info.sha256 is not None:
                check_sha256(await in_thread(partial.sha256), located.info.sha256, size=size)
            await in_thread(partial.publish, decrypt)
        except (ArtifactIntegrityError, ArtifactEncryptionError):
            await in_thread(partial.discard)
            raise
        except BaseException:
            await in_thread(partial.leave)
            raise
        return located.info


async def _fetch_missing(remote: RemoteContent, partial: PartialFile, workers: int, reporter: Reporter) -> None:
    """Reads the ranges that are missing, some at the same time, each written as it arrives."""
    missing = iter(partial.missing)

    async def work() -> None:
        for number, start, stop in missing:
            await _fetch(remote, partial, start, stop, reporter)
            await in_thread(partial.completed, number)

    async with single_error(), asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(work())


async def _fetch(remote: RemoteContent, partial: PartialFile, start: int, stop: int, reporter: Reporter) -> None:
    gathered, position = bytearray(), start
    async with contextlib.aclosing(remote.read(start, stop)) as chunks:
        async for chunk in chunks:
            gathered += chunk
            if len(gathered) >= CHUNK_BYTES or position + len(gathered) == stop:
                await in_thread(partial.write, bytes(gathered), position)
                position += len(gathered)
                await reporter.add(len(gathered))
                gathered.clear()


def _write_all(target: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        # A file object of somebody's own making may not tell how much it took.
        written = cast("int | None", target.write(view))
        view = view[len(view) if written is None else written :]
