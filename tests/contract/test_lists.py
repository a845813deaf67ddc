from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from artifact_api import wiring
from tests.contract.calls import DOC, SESSION, USER, call, event_of, invoke, packed, save
from tests.faults.interposed import World

pytestmark = pytest.mark.usefixtures("aws")


def pages(path: str, member: str, limit: int) -> Iterator[list[Any]]:
    query = {"limit": str(limit)}
    while True:
        answer = call("GET", path, query=query)
        assert answer.status == 200, answer
        assert len(answer.json[member]) <= limit
        yield answer.json[member]
        if "nextCursor" not in answer.json:
            return
        query["cursor"] = answer.json["nextCursor"]


def whole(path: str, member: str, limit: int) -> list[Any]:
    return [item for page in pages(path, member, limit) for item in page]


def test_a_session_lists_its_own_then_the_users_artifacts() -> None:
    save(f"{SESSION}/b", b"12", Content_Type="text/plain")
    save(f"{SESSION}/a!2Fb")
    save(f"{USER}/logo")
    save(f"{USER}/logo", b"newer")
    answer = call("GET", SESSION)
    assert [(item["filename"], item["scope"], item["version"]) for item in answer.json["artifacts"]] == [
        ("a/b", "session", 0),
        ("b", "session", 0),
        ("user:logo", "user", 1),
    ]
    assert "nextCursor" not in answer.json
    item = answer.json["artifacts"][1]
    metadata = call("GET", f"{SESSION}/b/versions/latest/metadata").json
    assert item == {name: metadata[name] for name in item}
    assert item.keys() == {"filename", "scope", "version", "size", "mimeType", "sha256", "createTime", "etag"}


def test_a_user_lists_artifacts_without_prefix() -> None:
    save(DOC)
    save(f"{SESSION}/user:logo")
    assert [item["filename"] for item in call("GET", USER).json["artifacts"]] == ["logo"]


def test_an_empty_list_is_a_list() -> None:
    assert call("GET", SESSION).json == {"artifacts": []}
    assert call("GET", USER).json == {"artifacts": []}


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1000])
def test_pages_are_complete_whatever_their_size(limit: int) -> None:
    names = [f"n{number}" for number in range(5)]
    for name in names:
        save(f"{SESSION}/{name}")
        save(f"{USER}/{name}")
    expected = names + [f"user:{name}" for name in names]
    assert [item["filename"] for item in whole(SESSION, "artifacts", limit)] == expected
    for number in range(7):
        save(body=b"%d" % number)
    versions = whole(f"{DOC}/versions", "versions", limit)
    assert [item["version"] for item in versions] == list(range(7))
    assert [item["size"] for item in versions] == [1] * 7


def test_versions_have_their_metadata() -> None:
    saved = [save(Artifact_Metadata=packed({"n": number})).json for number in range(3)]
    assert call("GET", f"{DOC}/versions").json == {"versions": saved}


def test_versions_of_nothing() -> None:
    assert call("GET", f"{DOC}/versions").code == "artifact_not_found"


def test_a_page_of_large_metadata_fits_lambdas_answer() -> None:
    for _ in range(230):
        save(Artifact_Metadata=packed({"text": "x" * 4400}))
    seen = 0
    query = {"limit": "1000"}
    while True:
        answer = call("GET", f"{DOC}/versions", query=query)
        assert len(answer.body) < 6 * 1024 * 1024
        seen += len(answer.json["versions"])
        if "nextCursor" not in answer.json:
            break
        query["cursor"] = answer.json["nextCursor"]
    assert seen == 230


@pytest.fixture
def cursors(world: World) -> dict[str, str]:
    """A cursor of each kind of list."""
    for name in ("a", "b", "c"):
        save(f"{SESSION}/{name}")
        save(f"{USER}/{name}")
        save(DOC, name.encode())
        save(f"{USER}/doc", name.encode())
    paths = {
        "session": SESSION,
        "user": USER,
        "versions": f"{DOC}/versions",
        "user versions": f"{USER}/doc/versions",
    }
    return {name: call("GET", path, query={"limit": "1"}).json["nextCursor"] for name, path in paths.items()}


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("session", USER),
        ("session", "/v1/apps/app/users/u/sessions/t/artifacts"),
        ("session", "/v1/apps/app/users/v/sessions/s/artifacts"),
        ("session", "/v1/apps/other/users/u/sessions/s/artifacts"),
        ("session", f"{DOC}/versions"),
        ("user", SESSION),
        ("user", "/v1/apps/app/users/v/artifacts"),
        ("versions", SESSION),
        ("versions", f"{SESSION}/a/versions"),
        ("versions", f"{USER}/doc/versions"),
        ("versions", f"{SESSION}/user:a/versions"),
        ("user versions", f"{SESSION}/user:doc/versions"),
    ],
)
def test_a_cursor_is_good_for_its_own_list_only(kind: str, path: str, cursors: dict[str, str]) -> None:
    answer = call("GET", path, query={"cursor": cursors[kind]})
    assert (answer.status, answer.code, answer.json["field"]) == (400, "invalid_cursor", "cursor")


@pytest.mark.parametrize(
    "forge",
    [
        lambda cursor: "",
        lambda cursor: "garbage!",
        lambda cursor: "1" + "A" * 40,
        lambda cursor: cursor[:-1],
        lambda cursor: cursor + "A",
        lambda cursor: cursor + "=",
        lambda cursor: cursor.swapcase(),
        lambda cursor: "2" + cursor[1:],
        lambda cursor: "1" + "A" * 100_000,
        lambda cursor: cursor + "ü",
        lambda cursor: "\ud800",
    ],
)
def test_a_forged_cursor_is_refused(forge: Any, cursors: dict[str, str]) -> None:
    assert call("GET", SESSION, query={"cursor": forge(cursors["session"])}).code == "invalid_cursor"


def test_a_cursor_is_good_for_its_own_caller_only(monkeypatch: pytest.MonkeyPatch, cursors: dict[str, str]) -> None:
    def listed(role: str, **query: str) -> Any:
        authorizer = {"iam": {"accountId": "111122223333", "userId": f"{role}:session-{len(query)}"}}
        return invoke(event_of("GET", SESSION, query={"limit": "1", **query}, authorizer=authorizer))

    monkeypatch.setenv("AUTH_MODE", "IAM")
    store = wiring.store()
    wiring.reset()
    wiring.use(store=store)
    cursor = listed("AROAONE").json["nextCursor"]
    assert listed("AROAONE", cursor=cursor).status == 200
    assert listed("AROATWO", cursor=cursor).code == "invalid_cursor"
    assert listed("AROAONE", cursor=cursors["session"]).code == "invalid_cursor"


def test_a_full_page_that_is_the_last_one_has_no_cursor() -> None:
    for body in (b"0", b"1", b"2"):
        save(body=body)
    full = call("GET", f"{DOC}/versions", query={"limit": "3"}).json
    assert ([version["version"] for version in full["versions"]], "nextCursor" in full) == ([0, 1, 2], False)
    assert "nextCursor" in call("GET", f"{DOC}/versions", query={"limit": "2"}).json


def test_a_cursor_lives_through_one_rotation_of_the_secret(cursors: dict[str, str]) -> None:
    def rotate() -> None:
        boto3.client("secretsmanager").put_secret_value(SecretId="cursors", SecretString=f"secret {uuid.uuid4()}")
        store = wiring.store()
        wiring.reset()
        wiring.use(store=store)

    rotate()
    assert call("GET", SESSION, query={"limit": "1", "cursor": cursors["session"]}).status == 200
    rotate()
    assert call("GET", SESSION, query={"limit": "1", "cursor": cursors["session"]}).code == "invalid_cursor"


def test_only_lists_with_a_further_page_need_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    save()
    boto3.client("secretsmanager").delete_secret(SecretId="cursors", ForceDeleteWithoutRecovery=True)
    assert call("GET", SESSION).status == 200
    save(f"{SESSION}/more")
    answer = call("GET", SESSION, query={"limit": "1"})
    assert (answer.status, answer.code) == (503, "storage_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
