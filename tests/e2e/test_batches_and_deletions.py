"""Batches, and deleting a session and a user, on the deployed stack: each function at work under its own role."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from artifact_store import ArtifactId, Content
from artifact_store.ids import new_id
from artifact_store.record import Draft

if TYPE_CHECKING:
    from tests.e2e.conftest import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture
def user() -> str:
    """The path of a user whom nobody else uses."""
    return f"/v1/apps/report-writer/users/{uuid.uuid4()}@x.org"


def batch(stack: Stack, scope: str, operation: str, *items: dict[str, Any]) -> list[dict[str, Any]]:
    body = json.dumps({"items": items}).encode()
    answer = stack.call("POST", f"{scope}/batch/{operation}", body=body, content_type="application/json")
    assert answer.status == 200, answer
    results: list[dict[str, Any]] = answer.json["results"]
    return results


def item(filename: str, content: bytes = b"content") -> dict[str, Any]:
    return {"filename": filename, "content": base64.b64encode(content).decode(), "idempotencyKey": "k"}


def eventually(holds: Callable[[], bool], *, within: float) -> None:
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < within, "it does not come true"
        time.sleep(0.2)


def test_many_are_saved_loaded_described_and_deleted(stack: Stack, user: str) -> None:
    session = f"{user}/sessions/s!2F1"
    names = [f"f/{number}" for number in range(12)] + ["user:logo"]
    saved = batch(stack, session, "save", *(item(name, name.encode()) for name in names))
    assert [(result["status"], result["replayed"]) for result in saved] == [(201, False)] * 13
    assert [result["replayed"] for result in batch(stack, session, "save", item("f/0", b"f/0"))] == [True]

    wanted = [{"filename": name} for name in (*names, "missing")]
    loaded = batch(stack, session, "load", *wanted)
    assert [base64.b64decode(result["content"]).decode() for result in loaded[:-1]] == names
    described = batch(stack, session, "describe", *wanted)
    assert [result["version"] for result in described[:-1]] == [result["version"] for result in loaded[:-1]]
    assert loaded[-1]["status"] == described[-1]["status"] == 404
    assert batch(stack, user, "load", {"filename": "logo"})[0]["version"]["filename"] == "logo"

    deleted = batch(stack, session, "delete", {"filename": "f/0"}, {"filename": "user:logo"}, {"filename": "f/0"})
    assert [result.get("existed") for result in deleted] == [True, True, False]
    answer = stack.call("DELETE", f"{session}/artifacts")
    assert (answer.status, answer.json) == (200, {"deleted": 11, "complete": True})
    assert stack.call("GET", f"{session}/artifacts").json["artifacts"] == []


def test_a_user_is_deleted_by_the_erase_function_with_all_that_the_bucket_has(stack: Stack, user: str) -> None:
    for session in ("s1", "s2", "s!2F3"):
        batch(stack, f"{user}/sessions/{session}", "save", item("doc"), item("user:logo"))
    torn = ArtifactId.of(app="report-writer", user=user.rpartition("/")[2], session="s4", filename="torn")
    draft = Draft(gen=new_id(), token="0" * 64, content=Content(body=b"torn"), created_ms=int(time.time() * 1000))
    body, content_type, metadata = draft.object(None)
    s3, bucket = stack.cloud.client("s3"), stack.outputs["BucketName"]
    s3.put_object(Bucket=bucket, Key=torn.object_key(0), Body=body, ContentType=content_type, Metadata=metadata)

    started = stack.call("DELETE", user)
    assert (started.status, started.json["status"]) == (202, "running")
    job = started.headers["location"]
    eventually(lambda: stack.call("GET", job).json["status"] != "running", within=60)

    told = stack.call("GET", job).json
    assert (told["status"], told["sessions"], told["artifacts"]) == ("done", 4, 5)
    prefix = torn.scope.user_scope.key_prefix.rpartition("/")[0]
    assert "Versions" not in s3.list_object_versions(Bucket=bucket, Prefix=f"{prefix}/")
    assert stack.call("GET", f"{user}/artifacts").json["artifacts"] == []
    assert stack.call("GET", f"{user}/deletions/{'0' * 32}").status == 404
