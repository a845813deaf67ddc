from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from artifact_api import wiring
from artifact_api.authorization import ACTIONS
from artifact_api.routes import ROUTES, Route
from tests.contract.calls import DOC, SESSION, USER, Answer, call, save
from tests.contract.samples import body_of, path_of

pytestmark = pytest.mark.usefixtures("aws")

Mode = Callable[..., None]

CLAIMS = {"iss": "https://issuer.example", "sub": "u", "app": "app", "scope": "artifact:*"}
IAM = {"iam": {"accountId": "111122223333", "userId": "AROAONE:session", "accessKey": "ASIAONE"}}


def jwt(**claims: str) -> dict[str, Any]:
    return {"jwt": {"claims": {**CLAIMS, **claims}, "scopes": None}}


@pytest.fixture
def mode(monkeypatch: pytest.MonkeyPatch) -> Mode:
    """Sets the environment anew, keeping what is stored."""

    def change(**variables: str) -> None:
        store, erasures, eraser = wiring.store(), wiring.erasures(), wiring._eraser()
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        wiring.reset()
        wiring.use(store=store, erasures=erasures, eraser=eraser)

    return change


def asked(route: Route, authorizer: Mapping[str, Any] | None, **names: str) -> Answer:
    path = path_of(route, names, authorizer=authorizer)
    return call(route.methods[0], path, authorizer=authorizer, body=body_of(route))


guarded = pytest.mark.parametrize("route", [route for route in ROUTES if "{app}" in route.path], ids=lambda r: r.name)
every = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)


@every
@pytest.mark.parametrize("auth_mode", ["IAM", "JWT"])
@pytest.mark.parametrize(
    "authorizer",
    [
        None,
        {},
        {"iam": None},
        {"iam": {"accountId": "1"}},
        {"iam": {"userId": "u"}},
        {"iam": {"userId": ":x", "accountId": "1"}},
        {"jwt": None},
        {"jwt": {"claims": None}},
        {"jwt": {"claims": {"sub": "u"}}},
        {"jwt": {"claims": {"iss": "i"}}},
        {"lambda": {"sub": "u"}},
    ],
)
def test_without_an_identity_nobody_is_let_in(route: Route, auth_mode: str, authorizer: Any, mode: Mode) -> None:
    mode(AUTH_MODE=auth_mode)
    answer = asked(route, authorizer)
    assert (answer.status, answer.code) == (401, "unauthenticated")


@every
def test_every_route_works_for_its_own_caller(route: Route, mode: Mode) -> None:
    save(DOC)
    save(f"{USER}/doc")
    authorizers: list[tuple[str, Mapping[str, Any]]] = [("IAM", IAM), ("JWT", jwt())]
    for auth_mode, authorizer in authorizers:
        mode(AUTH_MODE=auth_mode, JWT_APP_CLAIM="app")
        assert asked(route, authorizer).status in {200, 201, 202, 204}


@guarded
@pytest.mark.parametrize(
    "claims",
    [{"sub": "v"}, {"sub": "U"}, {"sub": "u "}, {"sub": "[u]"}, {"app": "other"}, {"app": ""}],
)
def test_someone_elses_is_like_missing(route: Route, claims: dict[str, str], mode: Mode) -> None:
    """BOLA: the answers to a foreign path and to one where nothing is are the same, byte for byte."""
    save(DOC)
    save(f"{USER}/doc")
    mode(AUTH_MODE="JWT", JWT_APP_CLAIM="app")
    foreign = asked(route, jwt(**claims))
    missing = call("GET", f"{SESSION}/missing", authorizer=jwt())
    assert (foreign.status, foreign.body) == (404, missing.body)
    assert foreign.headers == missing.headers
    assert call("GET", DOC, authorizer=jwt()).body == b"content"


@guarded
def test_a_claim_that_is_missing_is_not_a_match(route: Route, mode: Mode) -> None:
    mode(AUTH_MODE="JWT", JWT_APP_CLAIM="app", JWT_USER_CLAIM="email")
    assert asked(route, jwt()).status == 404
    assert asked(route, jwt(email="v")).status == 404


def test_the_user_claim_can_be_chosen(mode: Mode) -> None:
    mode(AUTH_MODE="JWT", JWT_APP_CLAIM="app", JWT_USER_CLAIM="email")
    path = "/v1/apps/app/users/ada@example.com/artifacts/doc"
    assert call("POST", path, body=b"x", authorizer=jwt(email="ada@example.com")).status == 201
    assert call("GET", path, authorizer=jwt(sub="ada@example.com")).status == 404


def test_one_claim_may_bind_both(mode: Mode) -> None:
    mode(AUTH_MODE="JWT", JWT_USER_CLAIM="sub", JWT_APP_CLAIM="sub")
    assert call("GET", "/v1/apps/u/users/v/artifacts", authorizer=jwt()).status == 404
    assert call("GET", "/v1/apps/u/users/u/artifacts", authorizer=jwt()).status == 200


def test_claims_are_compared_with_decoded_names(mode: Mode) -> None:
    mode(AUTH_MODE="JWT", JWT_APP_CLAIM="app")
    assert call("GET", "/v1/apps/app/users/a!2Fb/artifacts", authorizer=jwt(sub="a/b")).status == 200
    assert call("GET", "/v1/apps/app/users/a!2Fb/artifacts", authorizer=jwt(sub="a!2Fb")).status == 404


def test_a_header_makes_no_caller(mode: Mode) -> None:
    mode(AUTH_MODE="JWT")
    answer = call("GET", DOC, headers={"Authorization": "Bearer e30.e30.", "x-amzn-oidc-identity": "u"})
    assert answer.code == "unauthenticated"


def scoped(action: str) -> str:
    """A scope with everything but one action."""
    others = [f"artifact:{other}" for other in ("read", "write", "delete", "list") if other != action]
    return " ".join(others if action != "list" else ["artifact:write", "artifact:delete"])


@guarded
def test_without_the_scope_it_is_forbidden(route: Route, mode: Mode) -> None:
    save(DOC)
    save(f"{USER}/doc")
    mode(AUTH_MODE="JWT", JWT_APP_CLAIM="app")
    answer = asked(route, jwt(scope=scoped(ACTIONS[route.operation])))
    problems = [answer.json]
    if route.operation.startswith("batch_"):
        problems = [result["problem"] for result in answer.json["results"]]
        assert {result["status"] for result in answer.json["results"]} == {403}
        assert call("GET", DOC, authorizer=jwt()).body == b"content"
    else:
        assert answer.status == 403
    for problem in problems:
        assert (problem["status"], problem["code"]) == (403, "forbidden")
        assert f"artifact:{ACTIONS[route.operation]}" in problem["detail"]


@guarded
def test_someone_elses_is_like_missing_without_the_scope_too(route: Route, mode: Mode) -> None:
    mode(AUTH_MODE="JWT", JWT_APP_CLAIM="app")
    assert asked(route, jwt(sub="v", scope="")).status == 404


def test_a_users_artifact_under_a_session_is_the_users(mode: Mode) -> None:
    save(f"{USER}/doc")
    mode(AUTH_MODE="JWT", JWT_APP_CLAIM="app")
    session, user = jwt(scope="artifact:*:session"), jwt(scope="artifact:*:user")
    assert call("GET", f"{SESSION}/user:doc", authorizer=session).status == 403
    assert call("GET", f"{SESSION}/user:doc", authorizer=user).status == 200
    assert call("GET", f"{SESSION}/doc", authorizer=user).status == 403


def test_each_item_of_a_batch_is_asked_for_by_itself(mode: Mode) -> None:
    save(DOC)
    save(f"{USER}/doc")
    mode(AUTH_MODE="JWT", JWT_APP_CLAIM="app")
    path = SESSION.replace("artifacts", "batch/delete")
    body = json.dumps({"items": [{"filename": "doc"}, {"filename": "user:doc"}]})
    for scope, statuses in (("artifact:*:user", [403, 204]), ("artifact:delete:session artifact:read", [204, 403])):
        answer = call("POST", path, body=body, authorizer=jwt(scope=scope))
        assert [result["status"] for result in answer.json["results"]] == statuses


def test_a_user_is_deleted_by_who_may_delete_everything_of_theirs(mode: Mode) -> None:
    mode(AUTH_MODE="JWT", JWT_APP_CLAIM="app")
    user = USER.removesuffix("/artifacts")
    for scope in ("artifact:delete:user", "artifact:delete:session", "artifact:read"):
        assert call("DELETE", user, authorizer=jwt(scope=scope)).code == "forbidden"
    for authorizer in (jwt(scope="artifact:delete"), jwt(sub="agent", scope="artifact:admin")):
        assert call("DELETE", user, authorizer=authorizer).status == 202


def test_a_sessions_list_shows_only_what_may_be_listed(mode: Mode) -> None:
    save(DOC)
    save(f"{USER}/doc")
    mode(AUTH_MODE="JWT", JWT_APP_CLAIM="app")
    listed = [
        [item["filename"] for item in call("GET", SESSION, authorizer=jwt(scope=scope)).json["artifacts"]]
        for scope in ("artifact:list", "artifact:list:session")
    ]
    assert listed == [["doc", "user:doc"], ["doc"]]


def test_an_admin_acts_for_every_user_of_its_app(mode: Mode) -> None:
    save(DOC)
    mode(AUTH_MODE="JWT", JWT_APP_CLAIM="app")
    admin = jwt(sub="agent", scope="artifact:admin")
    assert call("GET", DOC, authorizer=admin).status == 200
    assert call("GET", DOC.replace("/app/", "/other/"), authorizer=admin).status == 404


def test_a_service_account_is_named_by_the_deployment(mode: Mode) -> None:
    save(DOC)
    principals = '{"agent@project.iam.gserviceaccount.com": {"scope": "artifact:read", "app": "app", "user": "*"}}'
    mode(AUTH_MODE="JWT", JWT_PRINCIPALS=principals)
    google = jwt(sub="1234", email="agent@project.iam.gserviceaccount.com", email_verified="true", app="", scope="")
    assert call("GET", DOC, authorizer=google).status == 200
    assert call("DELETE", DOC, authorizer=google).code == "forbidden"
    google["jwt"]["claims"]["email_verified"] = "false"
    assert call("GET", DOC, authorizer=google).status == 404


def test_every_operation_has_an_action() -> None:
    assert {route.operation for route in ROUTES} == ACTIONS.keys()
    assert [operation for operation, action in ACTIONS.items() if action == "none"] == ["health"]
