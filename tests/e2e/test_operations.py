"""Every operation over HTTP, against the deployed functions."""

from __future__ import annotations

import concurrent.futures
import hashlib
import uuid
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Stack
    from tests.e2e.emulated_cloud import Answer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

# Neither UTF-8 nor free of what gateways like to touch.
CONTENT = bytes(range(256)) + b"%2F\r\n"


@pytest.fixture(params=["session", "user"])
def artifacts(request: pytest.FixtureRequest) -> str:
    """The path of a collection that nobody else uses."""
    user = f"/v1/apps/report-writer/users/ada@example.com{uuid.uuid4()}"
    return f"{user}/sessions/s!2F1/artifacts" if request.param == "session" else f"{user}/artifacts"


def test_health(stack: Stack) -> None:
    answer = stack.call("GET", "/v1/health")

    assert (answer.status, answer.json) == (200, {"status": "ok"})


def test_artifact_from_its_first_save_to_its_deletion(stack: Stack, artifacts: str) -> None:
    artifact = f"{artifacts}/charts!2Fq1.png"

    first = stack.call("POST", artifact, body=CONTENT, content_type="application/octet-stream")
    second = stack.call("POST", artifact, body=b"second", content_type="application/octet-stream")
    assert (first.status, first.json["version"], second.status, second.json["version"]) == (201, 0, 201, 1)
    assert first.json["sha256"] == hashlib.sha256(CONTENT).hexdigest()

    assert stack.call("GET", artifact).body == b"second"
    loaded = stack.call("GET", f"{artifact}/versions/0")
    assert (loaded.status, loaded.body, loaded.headers["artifact-version"]) == (200, CONTENT, "0")
    assert stack.call("GET", f"{artifact}/versions/latest").body == b"second"
    for path in (artifact, f"{artifact}/versions/1"):
        head = stack.call("HEAD", path)
        assert (head.status, head.body, head.headers["artifact-version"]) == (200, b"", "1")
    assert stack.call("GET", f"{artifact}/versions/0/metadata").json == first.json
    assert stack.call("GET", f"{artifact}/versions").json["versions"] == [first.json, second.json]
    (listed,) = stack.call("GET", artifacts).json["artifacts"]
    assert (listed["filename"], listed["version"]) == ("charts/q1.png", 1)

    assert stack.call("DELETE", artifact).status == 204
    gone = stack.call("GET", artifact)
    assert (gone.status, gone.json["code"]) == (404, "artifact_not_found")
    assert stack.call("GET", artifacts).json["artifacts"] == []


def test_artifact_of_one_version_is_deleted_for_good(stack: Stack) -> None:
    artifact = f"/v1/apps/report-writer/users/{uuid.uuid4()}/artifacts/notes.txt"
    saved = stack.call("POST", artifact, body=b"x", content_type="text/plain").json
    bucket, key = saved["canonicalUri"].removeprefix("s3://").split("/", 1)

    assert stack.call("DELETE", artifact).status == 204

    left = stack.cloud.client("s3").list_object_versions(Bucket=bucket, Prefix=key)
    assert (left.get("Versions", []), left.get("DeleteMarkers", [])) == ([], [])


def test_repeated_save_is_one_version(stack: Stack, artifacts: str) -> None:
    key = str(uuid.uuid4())

    first, again = (
        stack.call("POST", f"{artifacts}/notes.txt", body=b"once", content_type="text/plain", idempotency_key=key)
        for _ in range(2)
    )

    assert (first.status, again.status, again.json) == (201, 201, first.json)
    assert (first.headers.get("idempotency-replayed"), again.headers.get("idempotency-replayed")) == (None, "true")


def test_savers_of_one_name_get_a_version_each(stack: Stack, artifacts: str) -> None:
    contents = [f"saver {number}".encode() for number in range(8)]

    def save(content: bytes) -> Answer:
        return stack.call("POST", f"{artifacts}/contested", body=content, content_type="text/plain")

    with concurrent.futures.ThreadPoolExecutor(len(contents)) as pool:
        answers = list(pool.map(save, contents))

    assert [answer.status for answer in answers] == [201] * len(contents)
    versions = {answer.json["version"]: content for answer, content in zip(answers, contents, strict=True)}
    assert sorted(versions) == list(range(len(contents)))
    for version, content in versions.items():
        assert stack.call("GET", f"{artifacts}/contested/versions/{version}").body == content


def test_save_takes_in_what_stands_in_its_way(stack: Stack) -> None:
    """Settling another one's object takes more permissions than a quiet save."""
    user = str(uuid.uuid4())
    artifact = f"/v1/apps/report-writer/users/{user}/sessions/s1/artifacts/found"
    stack.call("POST", artifact, body=b"ours", content_type="text/plain")
    key = f"report-writer/{user}/s1/found/1"
    stack.cloud.client("s3").put_object(Bucket=stack.outputs["BucketName"], Key=key, Body=b"foreign")

    saved = stack.call("POST", artifact, body=b"ours again", content_type="text/plain")

    assert (saved.status, saved.json["version"]) == (201, 2)
    assert stack.call("GET", f"{artifact}/versions/1").body == b"foreign"


def test_pages_follow_a_signed_cursor(stack: Stack, artifacts: str) -> None:
    for name in ("a", "b", "c"):
        stack.call("POST", f"{artifacts}/{name}", body=b"x", content_type="text/plain")

    names, query = [], "?limit=1"
    while query:
        page = stack.call("GET", artifacts + query).json
        names += [artifact["filename"] for artifact in page["artifacts"]]
        query = f"?limit=1&cursor={quote(page['nextCursor'], safe='')}" if "nextCursor" in page else ""

    assert names == ["a", "b", "c"]
    assert stack.call("GET", f"{artifacts}?cursor=forged").json["code"] == "invalid_cursor"


def test_user_scope_is_seen_from_a_session(stack: Stack) -> None:
    user = f"/v1/apps/report-writer/users/{uuid.uuid4()}"
    stack.call("POST", f"{user}/artifacts/profile.json", body=b"{}", content_type="application/json")

    assert stack.call("GET", f"{user}/sessions/s1/artifacts/user:profile.json").body == b"{}"
    (listed,) = stack.call("GET", f"{user}/sessions/s1/artifacts").json["artifacts"]
    assert listed["filename"] == "user:profile.json"


def test_what_has_no_route_reaches_no_function(stack: Stack) -> None:
    answer = stack.call("GET", "/v1/apps/report-writer")

    assert (answer.status, answer.json) == (404, {"message": "Not Found"})
