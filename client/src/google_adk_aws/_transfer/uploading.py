"""What may be uploaded, and how."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

from google_adk_aws._io.files import OpenFile
from google_adk_aws._io.streams import Bytes, Stream, stream_of
from google_adk_aws._io.threads import in_thread
from google_adk_aws._model.progress import ProgressCallback
from google_adk_aws._transfer.sources import FileSource, MemorySource, Source
from google_adk_aws._transfer.stream_source import StreamSource

__all__ = ["UploadSource", "Uploading", "open_source"]

UploadSource: TypeAlias = str | os.PathLike[str] | Bytes | BinaryIO | Iterable[Bytes] | AsyncIterable[Bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploading:
    """How to upload.

    Attributes:
        part_size: Bytes of a part; None leaves it to the API, and sends small content in one request.
        workers: Parts that are sent at the same time, at most.
        progress: Who is told of every part.
        resume: Whether an upload of a file can be gone on with.
        idempotency_key: For content that goes in one request.
    """

    part_size: int | None = None
    workers: int = 4
    progress: ProgressCallback | None = None
    resume: bool = True
    idempotency_key: str | None = None

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError("workers must be at least 1")
        if self.part_size is not None and self.part_size < 1:
            raise ValueError("part_size must be at least 1")


async def open_source(source: UploadSource | Stream, how: Uploading) -> Source:
    """Opens what is to be uploaded; to be closed.

    Raises:
        OSError: There is no such file, or it cannot be read.
        TypeError: It is nothing that can be uploaded.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return MemorySource(source)
    # One buffer is read into while the workers send the others.
    buffers = how.workers + 1
    if not isinstance(source, (str, os.PathLike)):
        return StreamSource(stream_of(source), part_size=how.part_size, buffers=buffers)
    file = await in_thread(Path(source).open, "rb", buffering=0)
    opened = OpenFile(file)
    if opened.is_regular:
        return FileSource(opened)
    # A pipe or a device: it has a name, but can be read only once.
    return StreamSource(stream_of(file), part_size=how.part_size, buffers=buffers, owned=file)
