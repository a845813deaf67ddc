"""Batches: many items, a few requests at the same time, a result for each item."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, TypeAlias, TypeVar

from google_adk_aws._errors import ArtifactError, UnexpectedResponseError
from google_adk_aws._http.answers import ask, json_bytes
from google_adk_aws._http.connection import Connection
from google_adk_aws._http.problems import error_of_problem
from google_adk_aws._model import members
from google_adk_aws._model.batches import BatchProgress, BatchProgressCallback, BatchResult
from google_adk_aws._transfer.sending import single_error

__all__ = ["Items", "Outcomes", "exchange", "run_groups"]

_FIRST_ERROR: Final = 400

Items: TypeAlias = Sequence[tuple[int, Callable[[], Mapping[str, Any]]]]
"""The number of each item, and what makes its JSON: only while a request is being made are contents in it."""

Value = TypeVar("Value")
Group = TypeVar("Group")


class Outcomes(Generic[Value]):
    """What has become of the items.

    Args:
        filenames: Of all of them.
        progress: Who is told of each.
    """

    def __init__(self, filenames: Sequence[str], progress: BatchProgressCallback | None) -> None:
        self._filenames = filenames
        self._results: list[BatchResult[Value] | None] = [None] * len(filenames)
        self._progress = progress
        self._done = 0
        self._lock = asyncio.Lock()

    async def put(self, index: int, value: Value) -> None:
        """An item has its value."""
        await self._put(index, BatchResult(filename=self._filenames[index], value=value))

    async def refuse(self, index: int, error: ArtifactError) -> None:
        """An item has failed."""
        await self._put(index, BatchResult(filename=self._filenames[index], error=error))

    async def put_each(self, index: int, made: Awaitable[Value]) -> None:
        """An item is done when this is, or has failed."""
        try:
            value = await made
        except ArtifactError as error:
            await self.refuse(index, error)
        else:
            await self.put(index, value)

    def in_order(self) -> list[BatchResult[Value]]:
        """All of them, once all are there."""
        results = [result for result in self._results if result is not None]
        assert len(results) == len(self._results)  # noqa: S101 - every item was put
        return results

    async def _put(self, index: int, result: BatchResult[Value]) -> None:
        self._results[index] = result
        async with self._lock:
            self._done += 1
            if self._progress is not None:
                told = self._progress(BatchProgress(done_items=self._done, total_items=len(self._results)))
                if inspect.isawaitable(told):
                    await told


async def run_groups(groups: Iterable[Group], run: Callable[[Group], Awaitable[None]], *, at_once: int) -> None:
    """Runs several groups at the same time, begun in their order."""
    left = iter(groups)

    async def work() -> None:
        for group in left:
            await run(group)

    async with single_error(), asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(work())


async def exchange(
    connection: Connection,
    path: str,
    items: Items,
    take: Callable[[int, Mapping[str, Any]], Awaitable[None]],
    refuse: Callable[[int, ArtifactError], Awaitable[None]],
) -> None:
    """Sends items in one request; those that may work later again, as often as other requests are.

    Args:
        connection: Where to.
        path: Of the batch route.
        items: At most 100.
        take: Is given each result that is none of an error.
        refuse: Is given each error, in the end.
    """
    policy, clock = connection.retry, asyncio.get_running_loop().time
    give_up_at = None if policy.deadline is None else clock() + policy.deadline
    attempt = 0
    while items:
        attempt += 1
        try:
            results = await _results(connection, path, items)
        except ArtifactError as error:
            for index, _ in items:
                await refuse(index, error)
            return
        again: list[tuple[int, Callable[[], Mapping[str, Any]]]] = []
        errors: list[ArtifactError] = []
        for item, result in zip(items, results, strict=True):
            failure = await _taken(take, item[0], result)
            if failure is None:
                continue
            if attempt < policy.attempts and policy.is_worth_repeating(failure):
                again.append(item)
                errors.append(failure)
            else:
                await refuse(item[0], failure)
        if again:
            wait = max(policy.delay(attempt=attempt, error=each) for each in errors)
            if give_up_at is not None and clock() + wait > give_up_at:
                for (index, _), failure in zip(again, errors, strict=True):
                    await refuse(index, failure)
                return
            await asyncio.sleep(wait)
        items = again


async def _taken(
    take: Callable[[int, Mapping[str, Any]], Awaitable[None]], index: int, result: Mapping[str, Any]
) -> ArtifactError | None:
    """Hands a result on; the error that it is, or that it leads to."""
    try:
        failure = _error_of(result)
        if failure is None:
            await take(index, result)
    except ArtifactError as error:
        return error
    return failure


async def _results(connection: Connection, path: str, items: Items) -> list[Mapping[str, Any]]:
    body = await asyncio.to_thread(lambda: json_bytes({"items": [make() for _, make in items]}))
    answer = await ask(connection, "POST", path, body=body)
    results = [members.mapping(result, "result") for result in members.items(answer, "results")]
    if len(results) != len(items):
        raise UnexpectedResponseError("the API answered another number of items", code="invalid_response")
    return results


def _error_of(result: Mapping[str, Any]) -> ArtifactError | None:
    status = members.number(result, "status")
    if status < _FIRST_ERROR:
        return None
    problem = members.mapping(result.get("problem"), "problem")
    return error_of_problem(
        problem,
        status=status,
        request_id=members.optional_text(problem, "requestId"),
        retry_after=members.optional_seconds(problem, "retryAfter"),
    )
