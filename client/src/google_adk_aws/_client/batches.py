"""A client's calls for many artifacts at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from artifact_store.errors import InvalidInput
from artifact_store.names import ArtifactId, Scope
from artifact_store.permissions import Action
from google_adk_aws._batch.exchange import Outcomes, exchange, run_groups
from google_adk_aws._batch.items import MAX_ITEMS, Name, PreparedSave, Wanted, artifact_in, filename_of, groups_of
from google_adk_aws._batch.loading import NO_ROOM, LoadGroup
from google_adk_aws._client.links import LinkCalls
from google_adk_aws._errors import ArtifactEncryptionError, ArtifactError, ArtifactForbiddenError, InvalidArtifactError
from google_adk_aws._http.deletions import StatusCallback, UserDeletion, delete_session, delete_user
from google_adk_aws._http.paths import scope_path
from google_adk_aws._io.threads import in_thread
from google_adk_aws._model import members
from google_adk_aws._model.batches import BatchProgressCallback, BatchResult, NewArtifact
from google_adk_aws._model.saving import MAX_CONTENT_BYTES
from google_adk_aws._model.wire import StoredContent, VersionMetadata
from google_adk_aws._transfer.uploading import Uploading

__all__ = ["BatchCalls"]


class BatchCalls(LinkCalls):
    """Calls that give a result for each item, in order. No item makes another one fail, or the call.

    Items go in requests of up to 100, several at a time. What has no room in one goes by itself. What may work
    later is repeated as often as a call for one artifact is, and without the others.
    """

    async def save_artifacts(
        self,
        scope: Scope,
        items: Iterable[NewArtifact],
        *,
        concurrency: int = 4,
        progress: BatchProgressCallback | None = None,
    ) -> list[BatchResult[VersionMetadata]]:
        """Saves artifacts, each as a new version; those of one name in their order.

        Args:
            scope: Whose.
            items: What to save.
            concurrency: Requests at the same time, at most.
            progress: Called with `BatchProgress` after every item.
        """
        given = list(items)
        outcomes: Outcomes[VersionMetadata] = Outcomes([filename_of(item.filename) for item in given], progress)
        prepared: list[tuple[int, PreparedSave]] = []
        for index, item in enumerate(given):
            try:
                prepared.append((index, await self._prepared(scope, item)))
            except (InvalidArtifactError, ArtifactForbiddenError, ArtifactEncryptionError) as error:
                await outcomes.refuse(index, error)
        groups = list(groups_of(prepared))
        at_once = 1 if _share_artifacts(groups) else _checked(concurrency)
        try:
            await run_groups(groups, partial(self._save_group, scope, outcomes), at_once=at_once)
        finally:
            # Also when it was cancelled: some may have been saved all the same.
            if self._cache is not None:
                for _, saved in prepared:
                    self._cache.saved(saved.artifact)
        return outcomes.in_order()

    async def load_artifacts(
        self,
        scope: Scope,
        names: Iterable[Name],
        *,
        concurrency: int = 4,
        progress: BatchProgressCallback | None = None,
    ) -> list[BatchResult[StoredContent]]:
        """Loads artifacts into memory; the bytes are checked against their digests.

        Args:
            scope: Whose.
            names: Which: a filename, for its latest version, or `(filename, version)`.
            concurrency: Requests at the same time, at most; and so many contents from the storage for each.
            progress: Called with `BatchProgress` after every item.
        """
        outcomes: Outcomes[StoredContent]
        outcomes, wanted = await self._wanted("read", scope, names, progress)

        async def run(group: Sequence[Wanted]) -> None:
            loading = LoadGroup(
                self._connection,
                self._loader,
                self._cache,
                self._load_one,
                scope=scope,
                outcomes=outcomes,
                group=group,
                concurrency=concurrency,
            )
            await loading.run()

        await run_groups(_cut(wanted), run, at_once=_checked(concurrency))
        return outcomes.in_order()

    async def describe_artifacts(
        self,
        scope: Scope,
        names: Iterable[Name],
        *,
        concurrency: int = 4,
        progress: BatchProgressCallback | None = None,
    ) -> list[BatchResult[VersionMetadata]]:
        """What is known of artifacts; arguments as of `load_artifacts`."""
        outcomes: Outcomes[VersionMetadata]
        outcomes, wanted = await self._wanted("read", scope, names, progress)
        by_index = {item.index: item for item in wanted}

        async def take(index: int, result: Mapping[str, Any]) -> None:
            await outcomes.put(index, VersionMetadata.of(result.get("version")))

        async def refuse(index: int, error: ArtifactError) -> None:
            if error.code == NO_ROOM:
                item = by_index[index]
                await outcomes.put_each(index, self._api.describe(item.artifact, item.version))
            else:
                await outcomes.refuse(index, error)

        await self._ask_all(scope, "describe", wanted, take, refuse, concurrency)
        return outcomes.in_order()

    async def delete_artifacts(
        self,
        scope: Scope,
        filenames: Iterable[str],
        *,
        concurrency: int = 4,
        progress: BatchProgressCallback | None = None,
    ) -> list[BatchResult[bool]]:
        """Deletes artifacts with all versions; a value tells whether there was one. See `load_artifacts`."""
        outcomes: Outcomes[bool]
        outcomes, wanted = await self._wanted("delete", scope, filenames, progress)

        async def take(index: int, result: Mapping[str, Any]) -> None:
            await outcomes.put(index, members.flag(result, "existed"))

        try:
            await self._ask_all(scope, "delete", wanted, take, outcomes.refuse, concurrency)
        finally:
            if self._cache is not None:
                for item in wanted:
                    self._cache.deleted(item.artifact)
        return outcomes.in_order()

    async def delete_session(self, scope: Scope) -> int:
        """Deletes every artifact of a session, however many, but none of its user's.

        Returns:
            How many there were, at least: what an answer that got lost told is not counted.

        Raises:
            InvalidArtifactError: The scope names no session.
            ArtifactError: Another one of this package's errors; some may be deleted then.
        """
        if scope.session is None:
            raise InvalidArtifactError("the scope names no session", code="invalid_name", field="session")
        self._permissions.check("delete", scope)
        try:
            return await delete_session(self._connection, scope)
        finally:
            if self._cache is not None:
                self._cache.clear()

    async def delete_user(self, app: str, user: str, *, on_status: StatusCallback | None = None) -> UserDeletion:
        """Deletes everything of a user in all sessions, and waits until that is done or was given up.

        It is a job of the API: when waiting is cancelled, the job goes on, and the same call waits for it again.

        Args:
            app: The app.
            user: The user.
            on_status: Called with every status that is read; an asynchronous one is awaited.

        Raises:
            ArtifactError: As described in this package's errors.
        """
        try:
            scope = Scope(app, user)
        except InvalidInput as error:
            raise InvalidArtifactError(str(error), code=error.code, field=error.field) from None
        for deleted in (scope, Scope(app, user, "any")):
            self._permissions.check("delete", deleted)
        try:
            return await delete_user(self._connection, scope, on_status)
        finally:
            if self._cache is not None:
                self._cache.clear()

    async def _prepared(self, scope: Scope, item: NewArtifact) -> PreparedSave:
        self._permissions.check("write", artifact_in(scope, item.filename))
        if self._encrypting is None:
            return PreparedSave.of(scope, item)
        return await in_thread(PreparedSave.of, scope, item, self._encrypting.in_memory)

    async def _wanted(
        self, action: Action, scope: Scope, names: Iterable[Name], progress: BatchProgressCallback | None
    ) -> tuple[Outcomes[Any], list[Wanted]]:
        """What is asked for; what cannot or may not be has its result already."""
        given = list(names)
        outcomes: Outcomes[Any] = Outcomes([filename_of(name) for name in given], progress)
        wanted: list[Wanted] = []
        for index, name in enumerate(given):
            try:
                item = Wanted.of(scope, index, name)
                self._permissions.check(action, item.artifact)
            except (InvalidArtifactError, ArtifactForbiddenError) as error:
                await outcomes.refuse(index, error)
            else:
                wanted.append(item)
        return outcomes, wanted

    async def _load_one(self, artifact: ArtifactId, version: int | None) -> StoredContent:
        content = await self._loader.load(artifact, version)
        assert content is not None  # noqa: S101 - it was not asked for on a condition
        return content

    async def _save_group(
        self, scope: Scope, outcomes: Outcomes[VersionMetadata], group: Sequence[tuple[int, PreparedSave]]
    ) -> None:
        index, first = group[0]
        if not first.fits:
            saved = self._uploader.upload(
                first.artifact,
                first.content,
                description=first.description,
                condition=first.condition,
                how=Uploading(idempotency_key=first.key if len(first.content) <= MAX_CONTENT_BYTES else None),
            )
            await outcomes.put_each(index, saved)
            return

        async def take(number: int, result: Mapping[str, Any]) -> None:
            await outcomes.put(number, VersionMetadata.of(result.get("version")))

        items = [(number, item.to_json) for number, item in group]
        await exchange(self._connection, f"{scope_path(scope)}/batch/save", items, take, outcomes.refuse)

    async def _ask_all(
        self,
        scope: Scope,
        operation: str,
        wanted: Sequence[Wanted],
        take: Callable[[int, Mapping[str, Any]], Awaitable[None]],
        refuse: Callable[[int, ArtifactError], Awaitable[None]],
        concurrency: int,
    ) -> None:
        async def run(group: Sequence[Wanted]) -> None:
            items = [(item.index, partial(item.to_json, scope)) for item in group]
            await exchange(self._connection, f"{scope_path(scope)}/batch/{operation}", items, take, refuse)

        await run_groups(_cut(wanted), run, at_once=_checked(concurrency))


def _cut(wanted: Sequence[Wanted]) -> list[Sequence[Wanted]]:
    return [wanted[start : start + MAX_ITEMS] for start in range(0, len(wanted), MAX_ITEMS)]


def _checked(concurrency: int) -> int:
    if concurrency < 1:
        raise ValueError("concurrency must be at least 1")
    return concurrency


def _share_artifacts(groups: Sequence[Sequence[tuple[int, PreparedSave]]]) -> bool:
    """Whether two groups save the same artifact: then they must not run at the same time."""
    seen: set[ArtifactId] = set()
    for group in groups:
        artifacts = {item.artifact for _, item in group}
        if not seen.isdisjoint(artifacts):
            return True
        seen |= artifacts
    return False
