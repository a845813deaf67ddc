"""The artifact API for programs that are no ADK agents, and for what ADK has no call for."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from artifact_store.names import ArtifactId, Scope
from google_adk_aws._client.batches import BatchCalls
from google_adk_aws._model.progress import ProgressCallback, Reporter
from google_adk_aws._model.saving import Condition, Description
from google_adk_aws._model.ttl import Ttl
from google_adk_aws._model.wire import ArtifactSummary, ContentInfo, StoredContent, VersionMetadata
from google_adk_aws._transfer.download import Downloading, DownloadTarget
from google_adk_aws._transfer.uploading import Uploading, UploadSource

__all__ = ["ArtifactClient"]

_MIB = 1024 * 1024


class ArtifactClient(BatchCalls):
    """The artifact API of one address: content of any size, links, batches.

    One instance serves any number of tasks, event loops and threads. Use it as `async with
    ArtifactClient(url) as client`, call `aclose()`, or keep it as long as the process lives.

    An artifact is `ArtifactId.of(app=…, user=…, session=…, filename=…)`, as ADK's arguments name it. Content of
    at most 3 MiB goes to the API in one request; more goes to the storage behind it, by URLs that the API signs.

    Args:
        base_url: Address of the API, e.g. the stack's output `ApiUrl`.
        auth: How requests to the API prove who sends them; see `HttpArtifactService`.
        http_client: Talks to the API instead of own clients, with its timeouts, transport and limits; not closed.
        storage_client: Talks to the storage instead of own clients; not closed. Only its transports are used: its
            headers, cookies and auth are never sent there.
        timeout: Seconds for connecting, sending, receiving and waiting for a connection, each, in one attempt; or
            an `httpx.Timeout`. By default 30, and 5 for connecting.
        retry: How often one call, or one part of content, is tried. Its deadline is for calls, not for content.
        cache_bytes: Keep contents that were loaded in memory, at most so many bytes. Loading one again costs a
            conditional request and no content; a stale one is never given. 0 keeps none, and costs nothing.
        cache_max_age: Seconds for which a cached content is given without asking. What others save or delete is
            seen that much later; what this client saves or deletes is seen at once.
        resume_dir: Where it is kept how far uploads of files came; by default a folder in the user's cache.
        encryption: Encrypts what is saved and decrypts what is loaded: `Encryption.with_key(…)`, `.with_kms(…)`.
            By default nothing is encrypted here, and loading what is raises.
        permissions: What this client may do, e.g. `{"artifact:read", "artifact:write:session"}`; anything else raises
            `ArtifactForbiddenError` and asks nobody. None allows everything. What the API allows is another matter.
        resilience: What happens when the API fails: retries, circuits, hedged reads. In place of `retry`.

    Raises:
        ValueError: The URL is not one of the API, or an argument cannot be.
        ImportError: Signing is asked for and botocore is not installed (extra `sigv4`).
    """

    async def save(
        self,
        artifact: ArtifactId,
        content: bytes | bytearray | memoryview,
        *,
        mime_type: str | None = None,
        display_name: str | None = None,
        kind: str = "bytes",
        custom_metadata: Mapping[str, Any] | None = None,
        ttl: Ttl | None = None,
        idempotency_key: str | None = None,
        if_match: str | None = None,
        if_none_match: bool = False,
        skip_unchanged: bool = False,
    ) -> VersionMetadata:
        """Saves bytes as a new version, exactly once however often requests have to be repeated.

        With `encryption`, another call with the same `idempotency_key` is a conflict: no ciphertext is made twice.

        Args:
            artifact: Where.
            content: Any size; not copied, and not to be changed meanwhile.
            mime_type: Its type.
            display_name: A name for people.
            kind: `bytes`, `text` (UTF-8) or `file` (the content is a URI).
            custom_metadata: A JSON object of at most 64 KB.
            ttl: How long the artifact lives after this save unless it is saved again: seconds or a `timedelta`, 0 for
                good. By default as the API's deployment says for the app; without one, for good.
            idempotency_key: Saves with one key and one content are one version, for a day and whoever repeats them.
                By default a new key, which covers the repeats of this call. Only for content that goes in one
                request: what goes in parts is saved once by its upload, and refused with a key.
            if_match: Save only if the latest version has this entity tag (`VersionMetadata.etag`), or `*`: any.
            if_none_match: Save only if there is no artifact of that name.
            skip_unchanged: Save nothing if the latest version has the same content and description.

        Returns:
            The version that was saved, or the one that has the same content already.

        Raises:
            ArtifactPreconditionError: The condition does not hold; nothing was saved.
            InvalidArtifactError: An argument cannot be accepted.
            ArtifactError: Another one of this package's errors.
        """
        description = Description.of(
            mime_type=mime_type, display_name=display_name, kind=kind, custom_metadata=custom_metadata, ttl=ttl
        )
        condition = Condition(if_match=if_match, if_none_match=if_none_match, skip_unchanged=skip_unchanged)
        how = Uploading(idempotency_key=idempotency_key)
        saved = await self._upload(artifact, content, description, condition, how)
        if self._cache is not None and isinstance(content, bytes):
            loaded = StoredContent.joined(ContentInfo.of_version(saved), content)
            self._cache.put(artifact, None, loaded, mark=self._cache.mark, confirmed=False)
        return saved

    async def upload_file(
        self,
        artifact: ArtifactId,
        source: UploadSource,
        *,
        mime_type: str | None = None,
        display_name: str | None = None,
        kind: str = "bytes",
        custom_metadata: Mapping[str, Any] | None = None,
        ttl: Ttl | None = None,
        part_size: int | None = None,
        workers: int = 4,
        progress: ProgressCallback | None = None,
        idempotency_key: str | None = None,
        resume: bool = True,
        if_match: str | None = None,
        if_none_match: bool = False,
        skip_unchanged: bool = False,
    ) -> VersionMetadata:
        """Saves a file, or what a file object or an iterator gives, as a new version. Any size, little memory.

        A path's upload that broke off, even by a kill, is gone on with when it is called again for the same file,
        unchanged, and the same artifact within a day: what has arrived is not sent again. Any other source's upload
        is aborted when it fails or is cancelled.

        With `encryption`, so is a path's: it is encrypted as it is read, and never twice to the same bytes.

        Args:
            artifact: Where.
            source: A path; a binary file object, from where it stands; or an iterator of bytes, plain or
                asynchronous. Plain ones are read in a thread. It is not to be changed meanwhile.
            mime_type: Its type.
            display_name: A name for people.
            kind: `bytes`, `text` (UTF-8) or `file` (the content is a URI).
            custom_metadata: A JSON object of at most 64 KB.
            ttl: As for `save`.
            part_size: Bytes of a part, 5 MiB to 5 GiB. By default 8 MiB or more, 16 MiB when the size is not known
                before; and content of at most 3 MiB goes in one request. There are at most 10,000 parts.
            workers: Parts that are sent at the same time, at most. File objects and iterators are held in memory
                for at most (workers + 1) * part_size bytes, paths for a few MiB.
            progress: Called with `Progress` after every part at least.
            idempotency_key: As for `save`.
            resume: Whether to go on with a path's earlier upload, and to leave this one to a later call.
            if_match: Save only if the latest version has this entity tag, or `*`: any.
            if_none_match: Save only if there is no artifact of that name.
            skip_unchanged: Save nothing if the latest version has the same content and description. A path is
                hashed for that and not sent; what can be read only once is sent, and then dropped.

        Returns:
            The version that was saved, or the one that has the same content already.

        Raises:
            ArtifactIntegrityError: The content changed meanwhile (`source_changed`); nothing was saved.
            ArtifactPreconditionError: The condition does not hold; nothing was saved.
            InvalidArtifactError: An argument cannot be accepted.
            ArtifactError: Another one of this package's errors.
            OSError: The file cannot be read.
        """
        description = Description.of(
            mime_type=mime_type, display_name=display_name, kind=kind, custom_metadata=custom_metadata, ttl=ttl
        )
        condition = Condition(if_match=if_match, if_none_match=if_none_match, skip_unchanged=skip_unchanged)
        how = Uploading(
            part_size=part_size, workers=workers, progress=progress, resume=resume, idempotency_key=idempotency_key
        )
        return await self._upload(artifact, source, description, condition, how)

    async def load(self, artifact: ArtifactId, version: int | None = None) -> StoredContent:
        """Loads one version, or the latest, into memory; the bytes are checked against their digest.

        Raises:
            ArtifactNotFoundError: There is no such artifact or version.
            ArtifactIntegrityError: The bytes are not those that were saved.
            ArtifactEncryptionError: They cannot be decrypted, or are not encrypted though they must be.
            ArtifactError: Another one of this package's errors.
        """
        self._permissions.check("read", artifact)
        cache = self._cache
        if cache is None:
            loaded = await self._loader.load(artifact, version)
        else:
            mark, known = cache.mark, cache.get(artifact, version)
            if known is not None and known[1]:
                return known[0]
            loaded = await self._loader.load(artifact, version, unless=known[0].etag if known else None)
            loaded = loaded or (known[0] if known else None)
            if loaded is not None:
                cache.put(artifact, version, loaded, mark=mark)
        assert loaded is not None  # noqa: S101 - only what is cached can be unchanged
        return loaded

    async def download_file(
        self,
        artifact: ArtifactId,
        target: DownloadTarget,
        version: int | None = None,
        *,
        workers: int = 4,
        part_size: int = 8 * _MIB,
        progress: ProgressCallback | None = None,
        resume: bool = True,
    ) -> ContentInfo:
        """Loads one version, or the latest, into a file. Any size, little memory.

        A path is written beside its place, as `NAME.DIGEST.part`, by several requests at the same time, and gets
        its name when all bytes have their digest: it is there whole, or as it was. A download that broke off, even
        by a kill, is gone on with when it is called again and the content is the same. A file object is written in
        order, by one request; its bytes are not to be trusted before this has returned. What is encrypted is
        decrypted once all of it is there: a path needs room for both, a file object for a temporary file.

        Args:
            artifact: Which.
            target: A path, or a binary file object that can be written to.
            version: Its number; None is the latest.
            workers: Requests at the same time, at most.
            part_size: Bytes that one request asks for, and that are gone on with as a whole.
            progress: Called with `Progress` as content arrives.
            resume: Whether to go on with an earlier download, and to leave this one to a later call.

        Returns:
            What was loaded.

        Raises:
            ArtifactNotFoundError: There is no such artifact or version.
            ArtifactIntegrityError: The bytes are not those that were saved; there is no file then.
            ArtifactEncryptionError: They cannot be decrypted, or are not encrypted though they must be; no file.
            ArtifactError: Another one of this package's errors.
            OSError: The file cannot be written.
        """
        self._permissions.check("read", artifact)
        how = Downloading(part_size=part_size, workers=workers, progress=progress, resume=resume)
        return await self._downloader.download(artifact, target, version, how)

    async def iter_content(
        self, artifact: ArtifactId, version: int | None = None, *, progress: ProgressCallback | None = None
    ) -> AsyncIterator[bytes]:
        """Loads one version, or the latest, piece by piece.

        The digest is checked after the last piece, so nothing is to be trusted before the loop has ended. Who
        leaves the loop earlier closes the connection by `contextlib.aclosing`, or soon by garbage collection.
        What is encrypted is loaded into a temporary file first.

        Raises:
            ArtifactNotFoundError: There is no such artifact or version.
            ArtifactIntegrityError: What was given is not what was saved.
            ArtifactEncryptionError: It cannot be decrypted, or is not encrypted though it must be.
            ArtifactError: Another one of this package's errors.
        """
        self._permissions.check("read", artifact)
        located = await self._api.locate(artifact, version)
        assert located is not None  # noqa: S101 - it was not asked for on a condition
        reporter = Reporter(progress, located.info.size if located.body is None else len(located.body))
        async with contextlib.aclosing(self._loader.chunks(artifact, located, reporter)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def describe(self, artifact: ArtifactId, version: int | None = None) -> VersionMetadata:
        """The metadata of one version, or of the latest. Always asked for: a delete elsewhere must be seen.

        Raises:
            ArtifactNotFoundError: There is no such artifact or version.
            ArtifactError: Another one of this package's errors.
        """
        self._permissions.check("read", artifact)
        return await self._api.describe(artifact, version)

    async def delete(self, artifact: ArtifactId) -> None:
        """Deletes all versions; also fine when there are none.

        Raises:
            ArtifactError: As described in this package's errors.
        """
        self._permissions.check("delete", artifact)
        try:
            await self._api.delete(artifact)
        finally:
            if self._cache is not None:
                self._cache.deleted(artifact)

    async def artifacts(self, scope: Scope) -> AsyncIterator[ArtifactSummary]:
        """Every artifact of a scope; a session's list has the user's artifacts too, as `user:NAME`."""
        self._permissions.check("list", scope)
        async for found in self._api.artifacts(scope):
            if self._permissions.shows(found.filename, scope):
                yield found

    async def filenames(self, scope: Scope) -> AsyncIterator[str]:
        """The names of `artifacts` alone."""
        async for found in self.artifacts(scope):
            yield found.filename

    async def versions(self, artifact: ArtifactId) -> AsyncIterator[VersionMetadata]:
        """Every version of an artifact, in ascending order.

        Raises:
            ArtifactNotFoundError: There is no such artifact.
        """
        self._permissions.check("list", artifact)
        async for found in self._api.versions(artifact):
            yield found

    async def _upload(
        self,
        artifact: ArtifactId,
        source: UploadSource,
        description: Description,
        condition: Condition,
        how: Uploading,
    ) -> VersionMetadata:
        self._permissions.check("write", artifact)
        try:
            if self._encrypting is None:
                return await self._uploader.upload(
                    artifact, source, description=description, condition=condition, how=how
                )
            async with self._encrypting.of_source(artifact, source, description, condition) as (stored, described):
                return await self._uploader.upload(
                    artifact, stored, description=described, condition=condition, how=how
                )
        finally:
            # Also when it failed: it may have been saved all the same.
            if self._cache is not None:
                self._cache.saved(artifact)
