"""Loads content into memory, from the API itself or from the storage behind it."""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import AsyncGenerator

from artifact_store.names import ArtifactId
from google_adk_aws._errors import ArtifactIntegrityError
from google_adk_aws._http.api import ArtifactApi, Located
from google_adk_aws._http.storage import Storage
from google_adk_aws._io.threads import off_loop
from google_adk_aws._model.progress import Reporter
from google_adk_aws._model.wire import StoredContent, check_sha256
from google_adk_aws._resilience.retry import RetryPolicy
from google_adk_aws._transfer.decrypting import EncryptedLoading
from google_adk_aws._transfer.remote import RemoteContent

__all__ = ["Loader"]


class Loader:
    """Loads content.

    Args:
        api: Has it, or tells where it is.
        storage: Has it otherwise.
        retry: How often is tried without a byte arriving.
        decrypting: Decrypts what is stored encrypted.
    """

    def __init__(self, api: ArtifactApi, storage: Storage, *, retry: RetryPolicy, decrypting: EncryptedLoading) -> None:
        self._api = api
        self._storage = storage
        self._retry = retry
        self.decrypting = decrypting

    async def load(
        self, artifact: ArtifactId, version: int | None, *, unless: str | None = None
    ) -> StoredContent | None:
        """The content, checked against its digest; None when it has the entity tag `unless`."""
        try:
            return await self._load(artifact, version, unless)
        except ArtifactIntegrityError:
            # Damaged on the way, or saved again meanwhile: a second request tells a bad connection from a bad object.
            return await self._load(artifact, version, unless)

    async def _load(self, artifact: ArtifactId, version: int | None, unless: str | None) -> StoredContent | None:
        located = await self._api.locate(artifact, version, unless=unless)
        return None if located is None else await self.fetch(artifact, located)

    async def fetch(self, artifact: ArtifactId, located: Located) -> StoredContent:
        """The content that was located, checked against its digest, and decrypted."""
        self.decrypting.admit(located.info, located.body)
        body = located.body
        if body is None:
            body = await self._read(self.remote(artifact, located))
        if located.info.sha256 is not None:
            digest = await off_loop(hashlib.sha256, body, size=len(body))
            check_sha256(digest.hexdigest(), located.info.sha256, size=len(body))
        return StoredContent.joined(located.info, await self.decrypting.content(artifact, located.info, body))

    def remote(self, artifact: ArtifactId, located: Located) -> RemoteContent:
        """The content at the storage."""
        return RemoteContent(self._api, self._storage, self._retry, artifact=artifact, located=located)

    async def chunks(self, artifact: ArtifactId, located: Located, reporter: Reporter) -> AsyncGenerator[bytes, None]:
        """The content that was located, in order; checked once it has been given.

        Raises:
            ArtifactIntegrityError: What was given is not what was saved.
            ArtifactEncryptionError: It cannot be decrypted, or must not be loaded.
        """
        stored = self._checked_chunks(artifact, located, reporter)
        async with contextlib.aclosing(self.decrypting.chunks(artifact, located, stored)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _checked_chunks(
        self, artifact: ArtifactId, located: Located, reporter: Reporter
    ) -> AsyncGenerator[bytes, None]:
        digest, count = hashlib.sha256(), 0
        async with contextlib.aclosing(self._chunks(artifact, located)) as chunks:
            async for chunk in chunks:
                await off_loop(digest.update, chunk, size=len(chunk))
                count += len(chunk)
                yield chunk
                await reporter.add(len(chunk))
        check_sha256(digest.hexdigest(), located.info.sha256, size=count)

    async def _chunks(self, artifact: ArtifactId, located: Located) -> AsyncGenerator[bytes, None]:
        if located.body is not None:
            yield located.body
            return
        remote = self.remote(artifact, located)
        async with contextlib.aclosing(remote.read(0, remote.size)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def _read(self, remote: RemoteContent) -> bytes:
        # A BytesIO gives its buffer away: the content is in memory once.
        buffer = io.BytesIO()
        async with contextlib.aclosing(remote.read(0, remote.size)) as chunks:
            async for chunk in chunks:
                buffer.write(chunk)
        return buffer.getvalue()
