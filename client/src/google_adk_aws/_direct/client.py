"""Artifacts of a bucket, many at once: a result for each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from artifact_store.adapters.bucket_index import BucketIndex
from artifact_store.adapters.bucket_sweeping import sweep, sweep_blobs
from artifact_store.names import ArtifactId, Scope
from google_adk_aws._batch.exchange import Outcomes, run_groups
from google_adk_aws._batch.items import Name, Wanted, artifact_in, filename_of, name_in
from google_adk_aws._direct.calls import DirectCalls
from google_adk_aws._direct.facts import version_metadata
from google_adk_aws._errors import InvalidArtifactError
from google_adk_aws._model.batches import BatchProgressCallback, BatchResult, NewArtifact
from google_adk_aws._model.links import DownloadLink, check_expiry, refuse_encrypted
from google_adk_aws._model.wire import ArtifactSummary, StoredContent, VersionMetadata

if TYPE_CHECKING:
    from artifact_store.store import ArtifactStore

__all__ = ["DirectClient"]

Given = TypeVar("Given")
Prepared = TypeVar("Prepared")
Value = TypeVar("Value")

_AT_ONCE: Final = 10


class DirectClient(DirectCalls):
    """What `S3ArtifactService` calls. Names, arguments and results are those of `ArtifactClient`.

    In a batch no item makes another one fail, or the call. Any number of items is fine; `concurrency` of them are
    worked on at the same time, and those of one artifact in their order.
    """

    async def save_artifacts(
        self,
        scope: Scope,
        items: Iterable[NewArtifact],
        *,
        concurrency: int = _AT_ONCE,
        progress: BatchProgressCallback | None = None,
    ) -> list[BatchResult[VersionMetadata]]:
        """Saves artifacts, each as a new version; those of one name in their order.

        Args:
            scope: Whose.
            items: What to save.
            concurrency: Saves at the same time, at most.
            progress: Called with `BatchProgress` after every item.
        """

        async def save(artifact: ArtifactId, item: NewArtifact) -> VersionMetadata:
            saved = await self.save(
                artifact,
                item.content,
                mime_type=item.mime_type,
                display_name=item.display_name,
                kind=item.kind,
                custom_metadata=item.custom_metadata,
                ttl=item.ttl,
                idempotency_key=item.idempotency_key,
                if_match=item.if_match,
            )
            return _named(saved, scope, artifact)

        return await _batch(
            items,
            name=lambda item: filename_of(item.filename),
            prepare=lambda item: artifact_in(scope, item.filename),
            work=save,
            concurrency=concurrency,
            progress=progress,
        )

    async def load_artifacts(
        self,
        scope: Scope,
        names: Iterable[Name],
        *,
        concurrency: int = _AT_ONCE,
        progress: BatchProgressCallback | None = None,
    ) -> list[BatchResult[StoredContent]]:
        """Loads artifacts into memory.

        Args:
            scope: Whose.
            names: Filenames for the latest versions, or `(filename, version)`.
            concurrency: Loads at the same time, at most.
            progress: Called with `BatchProgress` after every item.
        """

        async def load(wanted: Wanted, _: Name) -> StoredContent:
            return await self.load(wanted.artifact, wanted.version)

        return await _batch(
            names,
            name=filename_of,
            prepare=lambda name: Wanted.of(scope, 0, name),
            work=load,
            concurrency=concurrency,
            progress=progress,
        )

    async def describe_artifacts(
        self,
        scope: Scope,
        names: Iterable[Name],
        *,
        concurrency: int = _AT_ONCE,
        progress: BatchProgressCallback | None = None,
    ) -> list[BatchResult[VersionMetadata]]:
        """What is known of artifacts; arguments as of `load_artifacts`."""

        async def describe(wanted: Wanted, _: Name) -> VersionMetadata:
            return _named(await self.describe(wanted.artifact, wanted.version), scope, wanted.artifact)

        return await _batch(
            names,
            name=filename_of,
            prepare=lambda name: Wanted.of(scope, 0, name),
            work=describe,
            concurrency=concurrency,
            progress=progress,
        )

    async def delete_artifacts(
        self,
        scope: Scope,
        filenames: Iterable[str],
        *,
        concurrency: int = _AT_ONCE,
        progress: BatchProgressCallback | None = None,
    ) -> list[BatchResult[bool]]:
        """Deletes artifacts with all versions; a value tells whether there was one. See `load_artifacts`."""

        async def delete(artifact: ArtifactId, _: str) -> bool:
            return await self._delete(artifact)

        return await _batch(
            filenames,
            name=filename_of,
            prepare=lambda filename: artifact_in(scope, filename),
            work=delete,
            concurrency=concurrency,
            progress=progress,
        )

    async def list_artifacts(
        self,
        scopes: Iterable[Scope],
        *,
        concurrency: int = _AT_ONCE,
        progress: BatchProgressCallback | None = None,
    ) -> list[BatchResult[list[ArtifactSummary]]]:
        """Lists the artifacts of several scopes; a result's `filename` is `app/user/session`, encoded as in keys."""

        async def list_scope(scope: Scope, _: Scope) -> list[ArtifactSummary]:
            return [found async for found in self.artifacts(scope)]

        return await _batch(
            scopes,
            name=lambda scope: scope.key_prefix,
            prepare=lambda scope: scope,
            work=list_scope,
            concurrency=concurrency,
            progress=progress,
        )

    async def create_download_url(
        self, artifact: ArtifactId, version: int | None = None, *, expires_in: int = 3600, encrypted: bool = False
    ) -> DownloadLink:
        """Makes a link that downloads one version, or the latest one as it is now.

        It is signed with the service's own credentials, and good no longer than these.

        Args:
            artifact: Which.
            version: Its number; None is the latest.
            expires_in: Seconds, 1 to 604,800 (a week).
            encrypted: Also of encrypted content, for somebody who has the key: the link gives the ciphertext.

        Raises:
            ArtifactNotFoundError: There is no such artifact or version.
            ArtifactEncryptionError: The content is encrypted, and that was not asked for.
            InvalidArtifactError: It cannot be good for so long.
            ArtifactError: Another one of this package's errors.
        """
        self._permissions.check("read", artifact)
        check_expiry(expires_in)

        def sign(store: ArtifactStore) -> DownloadLink:
            found = store.describe(artifact, version)
            request = store.sign_download(found, seconds=expires_in)
            return DownloadLink(
                url=request.url,
                headers=request.headers,
                expires_at=request.expires_ms / 1000,
                version=version_metadata(store, found),
            )

        link = await self._run(sign, operation="sign a link", kind="read")
        refuse_encrypted(link.version, wanted=encrypted)
        return link

    async def sweep(self, scope: Scope) -> int:
        """Removes what crashed deletes and saves have left of a scope's artifacts in a bucket without a table.

        Nothing that lives is touched: it may run beside everything else, at any time and as often as you like. Nobody
        has to: the next one who saves or deletes an artifact does the same for that one.

        Args:
            scope: A session, or a user's own artifacts; each is swept by itself.

        Returns:
            How many versions were removed.

        Raises:
            InvalidArtifactError: There is a table: the stack's own maintenance sweeps, or `python -m artifact_store
                reconcile` (`has_table`).
            ArtifactError: Another one of this package's errors; what was not removed is found again.
        """
        self._permissions.check("delete", scope)
        return await self._run(partial(_sweep, scope), operation="sweep a scope", kind="write", to_end=True)

    async def sweep_blobs(self) -> int:
        """Removes what killed saves and deletes have left of large content, in the whole of a bucket without a table.

        Content of more than 3 MiB, or with metadata of more than 2 KB, is an object of its own, which a version names.
        Those that are older than a day and that no version names are removed. It may run at any time, beside
        everything else; it looks at every such object of the bucket, so once a day is often enough.

        Returns:
            How many were removed.

        Raises:
            InvalidArtifactError: There is a table (`has_table`), see `sweep`.
            ArtifactError: Another one of this package's errors; what was not removed is found again.
        """
        for kind in (Scope("any", "any", "any"), Scope("any", "any")):
            self._permissions.check("delete", kind)
        return await self._run(_sweep_blobs, operation="sweep the bucket", kind="write", to_end=True)


def _sweep(scope: Scope, store: ArtifactStore) -> int:
    return sweep(store.ports.objects, _bucket_index(store), scope)


def _sweep_blobs(store: ArtifactStore) -> int:
    return sweep_blobs(store.ports.objects, _bucket_index(store), now_ms=store.ports.clock.now_ms())


def _bucket_index(store: ArtifactStore) -> BucketIndex:
    index = store.ports.index
    if not isinstance(index, BucketIndex):
        raise InvalidArtifactError("this bucket has a table, which its reconcile compares it with", code="has_table")
    return index


async def _batch(
    items: Iterable[Given],
    *,
    name: Callable[[Given], str],
    prepare: Callable[[Given], Prepared],
    work: Callable[[Prepared, Given], Awaitable[Value]],
    concurrency: int,
    progress: BatchProgressCallback | None,
) -> list[BatchResult[Value]]:
    """Works on items; those that are prepared equal one after the other, the others beside each other."""
    if concurrency < 1:
        raise ValueError("concurrency must be at least 1")
    given = list(items)
    outcomes: Outcomes[Value] = Outcomes([name(item) for item in given], progress)
    groups: dict[Hashable, list[tuple[int, Prepared]]] = {}
    for index, item in enumerate(given):
        try:
            prepared = prepare(item)
        except InvalidArtifactError as error:
            await outcomes.refuse(index, error)
        else:
            groups.setdefault(prepared, []).append((index, prepared))

    async def run(group: list[tuple[int, Prepared]]) -> None:
        for index, prepared in group:
            await outcomes.put_each(index, work(prepared, given[index]))

    await run_groups(groups.values(), run, at_once=concurrency)
    return outcomes.in_order()


def _named(version: VersionMetadata, scope: Scope, artifact: ArtifactId) -> VersionMetadata:
    return replace(version, filename=name_in(scope, artifact))
