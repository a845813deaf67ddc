"""Content on its way to the store, encrypted as it is read: once, before anything is sent."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from artifact_store.names import ArtifactId
from google_adk_aws._encryption.context import context_of
from google_adk_aws._encryption.keys import Encryption
from google_adk_aws._encryption.messages import CHUNK_BYTES, Encryptor, Messages
from google_adk_aws._errors import InvalidArtifactError
from google_adk_aws._io.files import OpenFile
from google_adk_aws._io.streams import Bytes, Stream, stream_of
from google_adk_aws._io.threads import in_thread
from google_adk_aws._model.references import REFERENCE_PREFIX
from google_adk_aws._model.saving import MAX_CONTENT_BYTES, Condition, Description
from google_adk_aws._transfer.sources import source_changed
from google_adk_aws._transfer.uploading import UploadSource

if TYPE_CHECKING:
    from typing import Self

__all__ = ["EncryptedSaving", "is_reference"]

_REFERENCE: Final = REFERENCE_PREFIX.encode()


def is_reference(kind: str, content: object) -> bool:
    """Whether content is no content, but the name of another artifact; that is never encrypted."""
    return kind == "file" and isinstance(content, bytes) and content.startswith(_REFERENCE)


@dataclass(frozen=True, slots=True)
class EncryptedSaving:
    """Encrypts what is saved.

    Attributes:
        encryption: Under which keys.
    """

    encryption: Encryption

    def in_memory(self, artifact: ArtifactId, content: Bytes, description: Description) -> tuple[Bytes, Description]:
        """What is stored in place of a content, and how that is described. May block.

        Raises:
            ArtifactEncryptionError: It cannot be encrypted.
        """
        if is_reference(description.part.kind, content):
            return content, description
        context = context_of(artifact, description.part)
        return self.encryption.messages.encrypt(content, context), description.encrypted

    @contextlib.asynccontextmanager
    async def of_source(
        self, artifact: ArtifactId, source: UploadSource, description: Description, condition: Condition
    ) -> AsyncGenerator[tuple[UploadSource | Stream, Description], None]:
        """The same, of any source; what is large is encrypted as it is read.

        Raises:
            ArtifactEncryptionError: It cannot be encrypted.
            InvalidArtifactError: The condition compares contents, and every encryption gives another one.
            OSError: There is no such file, or it cannot be read.
        """
        if condition.skip_unchanged:
            raise InvalidArtifactError(
                "skip_unchanged compares what is stored, and equal content is never equal once it is encrypted",
                code="skip_unchanged_encrypted",
                field="skip_unchanged",
            )
        if isinstance(source, (bytes, bytearray, memoryview)):
            view = memoryview(source).cast("B")
            if len(view) <= MAX_CONTENT_BYTES:
                yield await in_thread(self.in_memory, artifact, source, description)
                return
            plain = stream_of(iter((view,)))
            plain.size = len(view)
            yield await self._stream(artifact, plain, description), description.encrypted
        elif isinstance(source, (str, os.PathLike)):
            file = await in_thread(Path(source).open, "rb", buffering=0)
            try:
                opened = OpenFile(file)
                check = _unchanged(opened) if opened.is_regular else None
                yield await self._stream(artifact, stream_of(file), description, check), description.encrypted
            finally:
                await in_thread(file.close)
        else:
            yield await self._stream(artifact, stream_of(source), description), description.encrypted

    async def _stream(
        self, artifact: ArtifactId, plain: Stream, description: Description, check: Callable[[], None] | None = None
    ) -> Stream:
        context = context_of(artifact, description.part)
        return await _EncryptedStream.of(plain, self.encryption.messages, context, check)


def _unchanged(file: OpenFile) -> Callable[[], None]:
    before = file.identity

    def check() -> None:
        if file.identity != before:
            raise source_changed()

    return check


class _Fed:
    """What the SDK reads from. It takes a short answer for the end, so it is asked only when there is enough."""

    def __init__(self) -> None:
        self._data = bytearray()

    def __len__(self) -> int:
        return len(self._data)

    def add(self, data: memoryview) -> None:
        self._data += data

    def read(self, size: int = -1, /) -> bytes:
        stop = len(self._data) if size < 0 else size
        data = bytes(memoryview(self._data)[:stop])
        del self._data[:stop]
        return data


class _EncryptedStream(Stream):
    """The message of what another stream gives. Holds a few MiB of it."""

    def __init__(self, plain: Stream, fed: _Fed, encryptor: Encryptor, check: Callable[[], None] | None) -> None:
        self.size = encryptor.size
        self._plain = plain
        self._announced = plain.size
        self._fed = fed
        self._encryptor = encryptor
        self._check = check
        self._buffer = memoryview(bytearray(CHUNK_BYTES))
        self._rest = memoryview(b"")
        self._count = 0
        self._ended = False

    @classmethod
    async def of(
        cls, plain: Stream, messages: Messages, context: Mapping[str, str], check: Callable[[], None] | None
    ) -> Self:
        fed = _Fed()
        encryptor = await in_thread(messages.encryptor, fed, context, size=plain.size)
        return cls(plain, fed, encryptor, check)

    @override
    async def fill(self, buffer: memoryview) -> int:
        filled = 0
        while filled < len(buffer) and (self._rest or not self._ended):
            if not self._rest:
                count = await self._plain.fill(self._buffer)
                self._rest = memoryview(await in_thread(self._encrypt, count))
            moved = min(len(self._rest), len(buffer) - filled)
            buffer[filled : filled + moved] = self._rest[:moved]
            filled, self._rest = filled + moved, self._rest[moved:]
        return filled

    def _encrypt(self, count: int) -> bytes:
        """What can be told of the message once `count` bytes more are there."""
        self._fed.add(self._buffer[:count])
        self._count += count
        self._ended = count < len(self._buffer)
        if self._announced is not None and (
            self._count > self._announced or (self._ended and self._count < self._announced)
        ):
            raise source_changed()
        if self._ended:
            if self._check is not None:
                self._check()
            return b"".join(iter(lambda: self._encryptor.read(CHUNK_BYTES), b""))
        made = []
        while len(self._fed) >= CHUNK_BYTES:
            made.append(self._encryptor.read(CHUNK_BYTES))
        return b"".join(made)
