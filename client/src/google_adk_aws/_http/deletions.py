"""Deleting all of a session, and all of a user."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from artifact_store.names import Scope
from google_adk_aws._errors import ArtifactServerError
from google_adk_aws._http.answers import ask
from google_adk_aws._http.connection import Connection
from google_adk_aws._http.paths import artifacts_path, scope_path
from google_adk_aws._model import members

__all__ = ["StatusCallback", "UserDeletion", "delete_session", "delete_user"]

_ACCEPTED: Final = frozenset({HTTPStatus.ACCEPTED, HTTPStatus.OK})
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDeletion:
    """How far the deletion of everything of a user is.

    Attributes:
        job_id: Which job.
        status: `running`; `done`: all is gone that was saved before it began; `failed`: given up, to be begun again.
        sessions: Sessions that were gone through so far.
        artifacts: Artifacts that were deleted so far, at least.
        started_at: Seconds since 1970 UTC.
        finished_at: Seconds since 1970 UTC; None while it runs.
    """

    job_id: str
    status: str
    sessions: int
    artifacts: int
    started_at: float
    finished_at: float | None = None

    @classmethod
    def of(cls, value: object) -> UserDeletion:
        """Reads the API's answer."""
        facts = members.mapping(value, "deletion")
        return cls(
            job_id=members.text(facts, "jobId"),
            status=members.text(facts, "status"),
            sessions=members.number(facts, "sessions"),
            artifacts=members.number(facts, "artifacts"),
            started_at=members.seconds(facts, "startedAt"),
            finished_at=members.optional_seconds(facts, "finishedAt"),
        )


StatusCallback: TypeAlias = Callable[[UserDeletion], Awaitable[Any] | Any]


async def delete_session(connection: Connection, scope: Scope) -> int:
    """Deletes every artifact of a session; how many, at least.

    Raises:
        ArtifactServerError: It does not get on (`deletion_stalled`).
    """
    deleted, fruitless = 0, 0
    while True:
        answer = await ask(connection, "DELETE", artifacts_path(scope))
        some = members.number(answer, "deleted")
        deleted += some
        if members.flag(answer, "complete"):
            return deleted
        # The API answers so when its time is up, and goes on when it is asked again.
        fruitless = 0 if some else fruitless + 1
        if fruitless:
            if fruitless >= connection.retry.attempts:
                raise ArtifactServerError("deleting the session does not get on", code="deletion_stalled")
            await asyncio.sleep(connection.retry.delay(attempt=fruitless, error=None))


async def delete_user(connection: Connection, user: Scope, on_status: StatusCallback | None) -> UserDeletion:
    """Deletes all that a user has, and asks until that has ended."""
    status = UserDeletion.of(await ask(connection, "DELETE", scope_path(user), expect=_ACCEPTED))
    path = f"{scope_path(user)}/deletions/{quote(status.job_id, safe='')}"
    pause = _FIRST_PAUSE_SECONDS
    while True:
        if on_status is not None:
            told = on_status(status)
            if inspect.isawaitable(told):
                await told
        if status.status != "running":
            return status
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        status = UserDeletion.of(await ask(connection, "GET", path))
