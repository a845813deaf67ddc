"""The policies of docs/authorization.md, each given to a user: what they let through, and what not, over TLS.

The emulator asks IAM about the decoded path. What AWS asks about when a path has percent escapes cannot be seen here.
"""

from __future__ import annotations

import dataclasses
import json
import uuid
from typing import TYPE_CHECKING, Any, Final

import pytest

from local.template import Template
from tests.contract.samples import BODIES
from tests.policies import APP, MEANT, SESSION, USER, Call, call_of, filled, shown

if TYPE_CHECKING:
    from botocore.credentials import Credentials

    from tests.e2e.conftest import Stack
    from tests.e2e.emulated_cloud import Answer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

KEYS = [route.key for route in Template.load().routes]
NAMES: Final = {
    "app": APP,
    "user": USER,
    "session": SESSION,
    "filename": "artifacts",
    "version": "0",
    "upload": "u1",
    "job": "0" * 32,
}
PLACES = {
    "own": NAMES,
    "another session": {**NAMES, "session": "s2"},
    "another user": {**NAMES, "user": "adam"},
    "another app": {**NAMES, "app": "other"},
}


@dataclasses.dataclass(frozen=True)
class Caller:
    """A user to whom a policy was given."""

    stack: Stack
    credentials: Credentials

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.stack.cloud.call(self.stack.outputs["ApiId"], method, path, credentials=self.credentials, body=raw)

    def ask(self, call: Call) -> Answer:
        """The call with a body that its operation takes."""
        return self.call(
            call.method, call.path, BODIES.get(call.operation) or (b"x" if call.method == "POST" else None)
        )


def caller(stack: Stack, heading: str, **names: str) -> Caller:
    return with_policy(stack, *filled(shown()[heading], **_values(stack), **names))


def with_policy(stack: Stack, *statements: dict[str, Any]) -> Caller:
    return Caller(stack, stack.cloud.user(f"policy-{uuid.uuid4()}", *statements))


@pytest.mark.parametrize("heading", MEANT)
def test_a_policy_lets_through_what_it_is_meant_to(stack: Stack, heading: str) -> None:
    someone = caller(stack, heading)
    wrong = []
    for key in KEYS:
        for place, names in PLACES.items():
            call = call_of(key, names)
            answer = someone.ask(call)
            assert answer.status < 500, (key, place, answer)
            if (answer.status != 403) is not MEANT[heading](call):
                wrong.append((key, place, answer.status))

    assert wrong == []


OUR_APP: Final = f"policies-{uuid.uuid4()}"
ADA, BOB = (f"/v1/apps/{OUR_APP}/users/{user}" for user in ("ada", "bob"))


@pytest.fixture(scope="module")
def ada(stack: Stack) -> Caller:
    """May do everything of one user."""
    return caller(stack, "One user", APP=OUR_APP, USER="ada")


@pytest.fixture(scope="module")
def bob(stack: Stack) -> Caller:
    """Another one, who has an artifact in a session and one across sessions."""
    bob = caller(stack, "One user", APP=OUR_APP, USER="bob")
    for path in ("artifacts/secret", "sessions/s/artifacts/secret"):
        assert bob.call("POST", f"{BOB}/{path}", b"bob's").status == 201
    return bob


FOREIGN_NAMES = [
    *("bob/secret", "../bob/secret", "../../bob/artifacts/secret", f"{OUR_APP}/bob/user/user:secret/0"),
    *("..!2Fbob!2Fsecret", "..%2F..%2Fbob%2Fartifacts%2Fsecret", "user:../bob/secret", "user:user:secret"),
    *(
        f"artifact://apps/{OUR_APP}/users/bob/artifacts/secret/versions/0",
        f"s3://bucket/{OUR_APP}/bob/user/user:secret/0",
    ),
]


@pytest.mark.parametrize("scope", ["", "/sessions/s"])
def test_a_batch_reaches_nothing_of_another_user(ada: Caller, bob: Caller, scope: str) -> None:
    """Whatever a filename looks like, it is a filename of the path's own."""
    items: list[dict[str, Any]] = [{"filename": name} for name in FOREIGN_NAMES]
    contents = [{**item, "content": "YQ==", "idempotencyKey": str(uuid.uuid4())} for item in items]
    for operation, status in (("save", 201), ("load", 200), ("describe", 200)):
        answer = ada.call("POST", f"{ADA}{scope}/batch/{operation}", {"items": contents if status == 201 else items})
        for result in answer.json["results"]:
            assert result["status"] == status
            assert f"/{OUR_APP}/ada/" in result["version"]["canonicalUri"]
            assert result.get("content", "YQ==") == "YQ=="
    deleted = ada.call("POST", f"{ADA}{scope}/batch/delete", {"items": items}).json["results"]
    assert deleted == [{"status": 204, "existed": True}] * len(items)
    _bob_is_untouched(bob)


@pytest.mark.parametrize("member", ["app", "user", "session", "scope", "artifact", "key", "uri"])
def test_a_batchs_item_has_no_other_member_that_names(ada: Caller, bob: Caller, member: str) -> None:
    body = {"items": [{"filename": "secret", member: "bob"}]}
    for operation in ("load", "describe", "delete"):
        assert ada.call("POST", f"{ADA}/batch/{operation}", body).status == 400
    assert ada.call("POST", f"{ADA}/batch/load", {"items": [{"filename": "secret"}], member: "bob"}).status == 400
    _bob_is_untouched(bob)


def test_anothers_ids_are_good_for_nothing(ada: Caller, bob: Caller) -> None:
    begun = bob.call("POST", f"{BOB}/artifacts/secret/uploads", BODIES["begin_upload"]).json["uploadId"]
    first = bob.call("GET", f"{BOB}/sessions/s/artifacts?limit=1").json["nextCursor"]
    assert first
    bobs_job = bob.stack.call("DELETE", f"{BOB}s-twin").json["jobId"]

    uploads = f"{ADA}/artifacts/secret/uploads/{begun}"
    assert ada.call("GET", uploads).status == 404
    assert ada.call("DELETE", uploads).status == 404
    assert ada.call("POST", f"{uploads}/parts", BODIES["sign_upload_parts"]).status == 404
    assert ada.call("POST", f"{uploads}/finalize", BODIES["finalize_upload"]).status == 404
    assert ada.call("GET", f"{ADA}/sessions/s/artifacts?limit=1&cursor={first}").status == 400
    assert ada.call("GET", f"{ADA}/deletions/{bobs_job}").status == 404
    assert ada.call("POST", f"{ADA}/artifacts/secret/versions/0/link").status == 404

    mine = f"{BOB}/artifacts/secret/uploads/{begun}"
    assert bob.call("GET", mine).status == 200
    assert bob.call("DELETE", mine).status == 204
    _bob_is_untouched(bob)


def test_a_link_cannot_be_made_anothers(stack: Stack, ada: Caller, bob: Caller) -> None:
    assert ada.call("POST", f"{ADA}/artifacts/doc", b"ada's").status == 201
    link = ada.call("POST", f"{ADA}/artifacts/doc/versions/0/link").json["request"]
    assert stack.cloud.send(link).body == b"ada's"

    turned = {**link, "url": link["url"].replace("/ada/", "/bob/").replace("user:doc", "user:secret")}
    assert turned != link
    assert stack.cloud.send(turned).status == 403
    _bob_is_untouched(bob)


def test_a_session_has_its_users_artifacts_but_no_other_sessions(stack: Stack, ada: Caller) -> None:
    """As the page says: `user:NAME` belongs to every session of the user."""
    limited = caller(stack, "One session", APP=OUR_APP, USER="ada", SESSION="s1")
    for path in ("artifacts/mine", "sessions/s2/artifacts/others"):
        assert ada.call("POST", f"{ADA}/{path}", b"x").status == 201

    session = f"{ADA}/sessions/s1"
    assert limited.call("GET", f"{session}/artifacts/user:mine").status == 200
    listed = [item["filename"] for item in limited.call("GET", f"{session}/artifacts").json["artifacts"]]
    assert "user:mine" in listed
    assert "others" not in listed
    items = {"items": [{"filename": name} for name in ("user:mine", "others", "s2/others", "../s2/artifacts/others")]}
    results = limited.call("POST", f"{session}/batch/load", items).json["results"]
    assert [result["status"] for result in results] == [200, 404, 404, 404]


def test_posting_is_deleting_too(stack: Stack, ada: Caller) -> None:
    """As the page says: a policy without DELETE is none against deletion while a batch of deletions may be posted."""
    statements = filled(shown()["One user"], **_values(stack), APP=OUR_APP, USER="ada")
    posting = [
        {**statement, "Resource": [resource for resource in statement["Resource"] if "/POST/" in resource]}
        for statement in statements
    ]
    poster = with_policy(stack, *posting)
    assert poster.call("POST", f"{ADA}/artifacts/posted", b"x").status == 201

    assert poster.call("GET", f"{ADA}/artifacts/posted").status == 403
    assert poster.call("DELETE", f"{ADA}/artifacts/posted").status == 403
    assert poster.call("POST", f"{ADA}/artifacts/posted/versions/0/link").status == 200
    body = {"items": [{"filename": "posted"}]}
    (deleted,) = poster.call("POST", f"{ADA}/batch/delete", body).json["results"]
    assert deleted == {"status": 204, "existed": True}


def test_a_star_inside_a_path_is_no_boundary(stack: Stack, ada: Caller) -> None:
    """As the page says: it matches slashes, so a list of all users is also the load of what is called `artifacts`."""
    text = shown()["Listing"].replace("/users/USER/artifacts", "/users/*/artifacts")
    lister = with_policy(stack, *filled(text, **_values(stack), APP=OUR_APP))
    for name in ("artifacts", "doc"):
        assert ada.call("POST", f"{ADA}/artifacts/{name}", b"content").status == 201

    assert lister.call("GET", f"{ADA}/artifacts").status == 200
    assert lister.call("GET", f"{ADA}/artifacts/doc").status == 403
    assert lister.call("GET", f"{ADA}/artifacts/artifacts").body == b"content"


def _values(stack: Stack) -> dict[str, str]:
    return {"REGION": "us-east-1", "ACCOUNT_ID": "000000000000", "API_ID": stack.outputs["ApiId"]}


def _bob_is_untouched(bob: Caller) -> None:
    for path in ("artifacts/secret", "sessions/s/artifacts/secret"):
        (version,) = bob.call("GET", f"{BOB}/{path}/versions").json["versions"]
        assert version["version"] == 0
        assert bob.call("GET", f"{BOB}/{path}").body == b"bob's"
    assert len(bob.call("GET", f"{BOB}/sessions/s/artifacts").json["artifacts"]) == 2
