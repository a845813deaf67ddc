"""Content on its way from the store: what is let through, and what it is when it is decrypted."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import IO, BinaryIO, Final, TypeAlias, cast

from artifact_store.names import ArtifactId
from google_adk_aws._encryption.context import context_of
from google_adk_aws._encryption.keys import Encryption
from google_adk_aws._errors import ArtifactEncryptionError
from google_adk_aws._http.api import Located
from google_adk_aws._io.files import CHUNK_BYTES
from google_adk_aws._io.threads import in_thread
from google_adk_aws._model.wire import ContentInfo
from google_adk_aws._transfer.encrypting import is_reference

__all__ = ["Decrypt", "EncryptedLoading"]

_SPOOL_BYTES: Final = 8 * 1024 * 1024
"""Up to here a message waits in memory until it is complete, beyond in a file."""

Decrypt: TypeAlias = Callable[[BinaryIO], Iterator[bytes]]
"""Gives the content of the message that a file has."""


@dataclass(frozen=True, slots=True)
class EncryptedLoading:
    """Decrypts what was loaded, and refuses what is not as it must be.

    Attributes:
        encryption: Whose keys decrypt; None if the client was given no key.
    """

    encryption: Encryption | None

    def admit(self, info: ContentInfo, body: bytes | None) -> Encryption | None:
        """Looks whether content may be loaded; without a body, as far as that can be told.

        Returns:
            Whose keys decrypt it; None if it is not encrypted.

        Raises:
            ArtifactEncryptionError: It is encrypted and there is no key (`encrypted`), or the other way round
                (`not_encrypted`).
        """
        if info.part.encrypted:
            if self.encryption is None:
                raise ArtifactEncryptionError(
                    "the content is encrypted; the client needs encryption= with the key it was encrypted under",
                    code="encrypted",
                )
            return self.encryption
        if self.encryption is None or self.encryption.accept_plain or is_reference(info.part.kind, body):
            return None
        if info.part.kind == "file" and body is None:
            return None
        raise ArtifactEncryptionError(
            "the content is not encrypted, and this client loads encrypted content only: "
            "it is from before (accept_plain=True), or somebody put it there",
            code="not_encrypted",
        )

    async def content(self, artifact: ArtifactId, info: ContentInfo, body: bytes) -> bytes:
        """The content, of what is stored.

        Raises:
            ArtifactEncryptionError: It cannot be decrypted, or must not be loaded.
        """
        encryption = self.admit(info, body)
        if encryption is None:
            return body
        return await in_thread(encryption.messages.decrypt, body, context_of(artifact, info.part))

    def of_file(self, artifact: ArtifactId, located: Located) -> Decrypt | None:
        """What decrypts a file of what is stored; None if that is the content.

        Raises:
            ArtifactEncryptionError: It must not be loaded.
        """
        # What refers to another artifact is small, so it has come along.
        encryption = self.admit(located.info, located.body or b"")
        if encryption is None:
            return None
        return partial(encryption.messages.decrypted, context=context_of(artifact, located.info.part))

    async def chunks(
        self, artifact: ArtifactId, located: Located, stored: AsyncGenerator[bytes, None]
    ) -> AsyncGenerator[bytes, None]:
        """The content piece by piece, of pieces of what is stored, which ends before this begins.

        Raises:
            ArtifactEncryptionError: It cannot be decrypted; what was given by then is not to be trusted.
        """
        async with contextlib.aclosing(stored):
            decrypt = self.of_file(artifact, located)
            if decrypt is None:
                async for chunk in stored:
                    yield chunk
                return
            # It has no name, and what it has is encrypted.
            with tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES) as spool:
                await _write(spool, stored)
                spool.seek(0)
                pieces = decrypt(cast("BinaryIO", spool))
                while (piece := await in_thread(next, pieces, None)) is not None:
                    yield piece


async def _write(spool: IO[bytes], stored: AsyncGenerator[bytes, None]) -> None:
    gathered = bytearray()
    async for chunk in stored:
        gathered += chunk
        if len(gathered) >= CHUNK_BYTES:
            await in_thread(spool.write, bytes(gathered))
            gathered.clear()
    await in_thread(spool.write, bytes(gathered))
