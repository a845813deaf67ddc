"""A client's calls for many artifacts at once."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol, TypeVar, cast

from artifact_store.errors import InvalidInput
from artifact_store.names import ArtifactId, Scope
from google_adk_aws import _facts
from google_adk_aws._answers import ask
from google_adk_aws._batches import (
    MAX_REQUEST_BYTES,
    BatchProgress,
    BatchProgressCallback,
    BatchResult,
    NewArtifact,
    UserDeletion,
    groups_of,
    read_loaded,
    read_result,
)
from google_adk_aws._client_links import LinkCalls
from google_adk_aws._errors import ArtifactError, ArtifactUnavailableError, InvalidArtifactError
from google_adk_aws._paths import artifacts_path, scope_path, user_path
from google_adk_aws._threads import off_loop
from google_adk_aws._wire import StoredContent, VersionMetadata, check_sha256

__all__ = ["BatchCalls"]

Value = TypeVar("Value")

_ACCEPTED: Final = frozenset({HTTPStatus.ACCEPTED, HTTPStatus.OK})
_LONGEST_ALONE: Final = MAX_REQUEST_BYTES // 2
_ASK_AGAIN_SECONDS: Final = 1.0


class _SingleCalls(Protocol):
    """What is called for one item."""

    async def save(
        self,
        artifact: ArtifactId,
        content: bytes,
        *,
        mime_type: str | None,
        display_name: str | None,
        kind: str,
        custom_metadata: Mapping[str, Any] | None,
        idempotency_key: str,
    ) -> VersionMetadata: ...

    async def load(self, artifact: ArtifactId) -> StoredContent: ...

    async def describe(self, artifact: ArtifactId) -> VersionMetadata: ...

    async def delete(self, artifact: ArtifactId) -> None: ...


class BatchCalls(LinkCalls):
    """Calls that give a result for each item, in order. No item makes another one fail, or the call.

    Items go in requests of up to 100, several at a time. What has no room in one, and what storage did not
    answer in time, goes by itself, with the retries of a single call.
    """

    async def save_artifacts(
        self,
        scope: Scope,
        items: Sequence[NewArtifact],
        *,
        concurrency: int = 4,
        progress: BatchProgressCallback | None = None,
    ) -> list[BatchResult[VersionMetadata]]:
        """Saves artifacts, each as a new version; those of one name in their order.

        Args:
            scope: Whose.
            items: What to save.
            concurrency: Requests at the same time, at most.
            progress: Called whenever items have got their results.
        """

        async def alone(place: int) -> VersionMetadata:
            item = items[place]
            return await self._single.save(
                _artifact(scope, item.filename),
                item.content,
                mime_type=item.mime_type,
                display_name=item.display_name,
                kind=item.kind,
                custom_metadata=item.custom_metadata,
                idempotency_key=item.idempotency_key,
            )

        def read(facts: Mapping[str, Any]) -> VersionMetadata:
            return VersionMetadata.of(facts.get("version"))

        sizes = [len(item.content) * 4 // 3 + len(json.dumps(item.custom_metadata or {})) + 1024 for item in items]
        batch = _Batch(self, scope, "save", [item.filename for item in items], concurrency, progress)
        repeated = _repeated([item.filename for item in items])
        results = await batch.run(
            lambda place: items[place].to_json(),
            read,
            alone,
            sizes=sizes,
            # One after the other: a version's number tells which came first.
            one_at_a_time=repeated,
        )
        if self._cache is not None:
            for item in items:
                self._cache.saved(_artifact(scope, item.filename))
        return results

    async def load_artifacts(
        self,
        scope: Scope,
        filenames: Sequence[str],
        *,
        concurrency: int = 4,
        progress: BatchProgressCallback | None = None,
    ) -> list[BatchResult[StoredContent]]:
        """Loads the latest version of each artifact into memory; the bytes are checked against their digests.

        Args:
            scope: Whose.
            filenames: Which, as ADK writes them.
            concurrency: Requests at the same time, at most.
            progress: Called whenever items have got their results.
        """

        async def alone(place: int) -> StoredContent:
            return await self._single.load(_artifact(scope, filenames[place]))

        batch = _Batch(self, scope, "load", filenames, concurrency, progress)
        results = await batch.run(lambda place: {"filename": filenames[place]}, read_loaded, alone)
        return [await _checked(result) for result in results]

    async def describe_artifacts(
        self,
        scope: Scope,
        filenames: Sequence[str],
        *,
        concurrency: int = 4,
        progress: BatchProgressCallback | None = None,
    ) -> list[BatchResult[VersionMetadata]]:
        """What is known of the latest version of each artifact; arguments as of `load_artifacts`."""

        async def alone(place: int) -> VersionMetadata:
            return await self._single.describe(_artifact(scope, filenames[place]))

        def read(facts: Mapping[str, Any]) -> VersionMetadata:
            return VersionMetadata.of(facts.get("version"))

        batch = _Batch(self, scope, "describe", filenames, concurrency, progress)
        return await batch.run(lambda place: {"filename": filenames[place]}, read, alone)

    async def delete_artifacts(
        self,
        scope: Scope,
        filenames: Sequence[str],
        *,
        concurrency: int = 4,
        progress: BatchProgressCallback | None = None,
    ) -> list[BatchResult[bool]]:
        """Deletes artifacts with all versions; a value tells whether there was one. See `load_artifacts`."""

        async def alone(place: int) -> bool:
            await self._single.delete(_artifact(scope, filenames[place]))
            return True

        batch = _Batch(self, scope, "delete", filenames, concurrency, progress)
        results = await batch.run(
            lambda place: {"filename": filenames[place]}, lambda facts: _facts.flag(facts, "existed"), alone
        )
        if self._cache is not None:
            for result in results:
                if result.error is None:
                    self._cache.deleted(_artifact(scope, result.filename))
        return results

    async def delete_session(self, scope: Scope) -> int:
        """Deletes every artifact of a session, but none of its user's; returns how many there were.

        Raises:
            InvalidArtifactError: The scope names no session.
            ArtifactError: Another one of this package's errors.
        """
        if scope.session is None:
            raise InvalidArtifactError("the scope names no session", code="invalid_name", field="session")
        deleted = 0
        while True:
            answer = await ask(self._connection, "DELETE", artifacts_path(scope))
            deleted += _facts.number(answer, "deleted")
            if _facts.flag(answer, "complete"):
                if self._cache is not None:
                    self._cache.clear()
                return deleted

    async def delete_user(
        self, app: str, user: str, *, on_status: Callable[[UserDeletion], None] | None = None
    ) -> UserDeletion:
        """Deletes everything of a user in all sessions, and waits until that is done.

        It is a job of the API: when waiting is cancelled, the job goes on, and the same call waits for it again.

        Args:
            app: The app.
            user: The user.
            on_status: Called with every status that is read.

        Raises:
            ArtifactError: As described in this package's errors.
        """
        path = user_path(app, user)
        status = UserDeletion.of(await ask(self._connection, "DELETE", path, expect=_ACCEPTED))
        while True:
            if on_status is not None:
                on_status(status)
            if status.status != "running":
                if self._cache is not None:
                    self._cache.clear()
                return status
            await asyncio.sleep(_ASK_AGAIN_SECONDS)
            status = UserDeletion.of(await ask(self._connection, "GET", f"{path}/deletions/{status.job_id}"))

    @property
    def _single(self) -> _SingleCalls:
        """The calls for one artifact, which the client has beside these."""
        return cast("_SingleCalls", self)


class _Batch:
    """One call for many items."""

    def __init__(
        self,
        client: BatchCalls,
        scope: Scope,
        operation: str,
        filenames: Sequence[str],
        concurrency: int,
        progress: BatchProgressCallback | None,
    ) -> None:
        if concurrency < 1:
            raise ValueError("concurrency must be at least 1")
        self._connection = client._connection  # noqa: SLF001 - a part of the client
        self._path = f"{scope_path(scope)}/batch/{operation}"
        self._filenames = filenames
        self._room = asyncio.Semaphore(concurrency)
        self._progress = progress
        self._done = 0

    async def run(
        self,
        to_json: Callable[[int], Mapping[str, Any]],
        read: Callable[[Mapping[str, Any]], Value | None],
        alone: Callable[[int], Awaitable[Value]],
        *,
        sizes: Sequence[int] | None = None,
        one_at_a_time: bool = False,
    ) -> list[BatchResult[Value]]:
        """Asks for all items.

        Args:
            to_json: An item of a request.
            read: The value of a result; None when it is to be asked for alone.
            alone: Asks for one item by itself.
            sizes: Bytes that items take in a request, about.
            one_at_a_time: Whether requests follow each other.
        """
        sizes = sizes or [1024] * len(self._filenames)
        if one_at_a_time:
            self._room = asyncio.Semaphore(1)
        results: list[BatchResult[Value] | None] = [None] * len(self._filenames)

        async def ask_for(group: list[int]) -> None:
            async with self._room:
                found = await self._asked(group, to_json, read, alone, large=sizes[group[0]] > _LONGEST_ALONE)
            for place, result in zip(group, found, strict=True):
                results[place] = result
            await self._tell(len(group))

        groups = list(groups_of(self._filenames, sizes))
        if one_at_a_time:
            for group in groups:
                await ask_for(group)
        else:
            async with asyncio.TaskGroup() as tasks:
                for group in groups:
                    tasks.create_task(ask_for(group))
        return [result for result in results if result is not None]

    async def _asked(
        self,
        group: list[int],
        to_json: Callable[[int], Mapping[str, Any]],
        read: Callable[[Mapping[str, Any]], Value | None],
        alone: Callable[[int], Awaitable[Value]],
        *,
        large: bool,
    ) -> list[BatchResult[Value]]:
        if large:
            return [await self._alone(place, alone) for place in group]
        try:
            items = [to_json(place) for place in group]
        except (ArtifactError, ValueError, TypeError):
            # One of them cannot be sent: each by itself tells which.
            return [await self._alone(place, alone) for place in group]
        try:
            answer = await ask(self._connection, "POST", self._path, body={"items": items})
            given = _facts.items(answer, "results")
            if len(given) != len(group):
                raise _facts.unexpected("results")
        except ArtifactError as error:
            if isinstance(error, InvalidArtifactError) and len(group) > 1:
                return [await self._alone(place, alone) for place in group]
            return [BatchResult(filename=self._filenames[place], error=error) for place in group]
        return [await self._result(place, value, read, alone) for place, value in zip(group, given, strict=True)]

    async def _result(
        self,
        place: int,
        given: object,
        read: Callable[[Mapping[str, Any]], Value | None],
        alone: Callable[[int], Awaitable[Value]],
    ) -> BatchResult[Value]:
        filename = self._filenames[place]
        facts, error = read_result(given)
        if isinstance(error, ArtifactUnavailableError) or (error is not None and error.code == "answer_too_large"):
            return await self._alone(place, alone)
        if error is not None:
            return BatchResult(filename=filename, error=error)
        value = read(facts)
        return await self._alone(place, alone) if value is None else BatchResult(filename=filename, value=value)

    async def _alone(self, place: int, alone: Callable[[int], Awaitable[Value]]) -> BatchResult[Value]:
        filename = self._filenames[place]
        try:
            return BatchResult(filename=filename, value=await alone(place))
        except ArtifactError as error:
            return BatchResult(filename=filename, error=error)

    async def _tell(self, items: int) -> None:
        self._done += items
        if self._progress is not None:
            answer = self._progress(BatchProgress(done_items=self._done, total_items=len(self._filenames)))
            if inspect.isawaitable(answer):
                await answer


def _artifact(scope: Scope, filename: str) -> ArtifactId:
    try:
        return ArtifactId.of(app=scope.app, user=scope.user, session=scope.session, filename=filename)
    except InvalidInput as error:
        raise InvalidArtifactError(str(error), code=error.code, field=error.field) from None


def _repeated(filenames: Sequence[str]) -> bool:
    return len(set(filenames)) < len(filenames)


async def _checked(result: BatchResult[StoredContent]) -> BatchResult[StoredContent]:
    """A result, or the error that its bytes are not those that were saved."""
    if result.value is None:
        return result
    body = result.value.body
    try:
        check_sha256(await off_loop(_sha256, body, size=len(body)), result.value.sha256, size=len(body))
    except ArtifactError as error:
        return BatchResult(filename=result.filename, error=error)
    return result


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
