"""Deleting all of a session, and all of a user."""

from __future__ import annotations

from typing import Any

import pytest

from google_adk_aws import (
    ArtifactClient,
    ArtifactServerError,
    InvalidArtifactError,
    Scope,
    UserDeletion,
)
from tests.unit.client.fake_api import SCOPE, FakeApi

pytestmark = pytest.mark.unit

SESSION = Scope("app", "alice", "s1")
USER = Scope("app", "alice")


async def test_deleting_a_session_asks_until_it_is_complete(api: FakeApi, client: ArtifactClient) -> None:
    api.batches.sessions = [
        {"deleted": 3, "complete": False},
        {"deleted": 0, "complete": False},
        {"deleted": 2, "complete": True},
    ]
    assert await client.delete_session(SESSION) == 5
    assert api.requests == [f"DELETE {SCOPE}/artifacts"] * 3
    with pytest.raises(InvalidArtifactError, match="session"):
        await client.delete_session(USER)
    api.batches.sessions = [{"deleted": 0, "complete": False}] * 5
    with pytest.raises(ArtifactServerError, match="does not get on"):
        await client.delete_session(SESSION)


def job(status: str, artifacts: int, **members: Any) -> dict[str, Any]:
    return {"jobId": "j1", "status": status, "sessions": 1, "artifacts": artifacts, "startedAt": 5.5, **members}


async def test_deleting_a_user_is_waited_for(
    api: FakeApi, client: ArtifactClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("google_adk_aws._http.deletions.asyncio", type("_", (), {"sleep": staticmethod(sleep)}))
    api.batches.jobs = [*[job("running", n) for n in range(7)], job("done", 9, finishedAt=7.5)]
    told: list[UserDeletion] = []
    done = await client.delete_user("app", "alice", on_status=told.append)
    assert done == UserDeletion(job_id="j1", status="done", sessions=1, artifacts=9, started_at=5.5, finished_at=7.5)
    assert [status.artifacts for status in told] == [0, 1, 2, 3, 4, 5, 6, 9]
    assert waited == [0.5, 1, 2, 4, 8, 10, 10]
    assert api.requests[0] == "DELETE /v1/apps/app/users/alice"
    assert set(api.requests[1:]) == {"GET /v1/apps/app/users/alice/deletions/j1"}


async def test_a_deletion_that_was_given_up_says_so(api: FakeApi, client: ArtifactClient) -> None:
    api.batches.jobs = [job("failed", 3)]
    told: list[str] = []

    async def tell(status: UserDeletion) -> None:
        told.append(status.status)

    assert (await client.delete_user("app", "alice", on_status=tell)).status == "failed"
    assert told == ["failed"]
    with pytest.raises(InvalidArtifactError):
        await client.delete_user("app", "..")
