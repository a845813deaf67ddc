"""A valid caller names another app or user in the path.

With tokens the answer is that of a missing artifact, to the byte. With signatures the gateway decides by the path
before a function runs, so what is tried here is that every route asks for a signature, and that a function takes no
request that the gateway has confirmed nobody for; `tests/e2e/test_access.py` tries the gateway's own answer.
"""

from __future__ import annotations

import copy

import pytest

from artifact_api import edge
from artifact_api.batches import running
from artifact_api.caller import Caller
from artifact_api.routes import ROUTES, Route
from tests.contract.calls import DOC, SESSION, USER, call, save
from tests.contract.samples import body_of, path_of
from tests.infrastructure import template
from tests.security.callers import deployed, token
from tests.security.defence import Defence

pytestmark = pytest.mark.usefixtures("aws")

THE_TOKEN_BINDS = Defence(
    1,
    "every route and every item of a batch asks whose artifacts a token is good for",
    ((edge, "authorize", lambda *_, **__: None), (running, "authorize", lambda *_, **__: None)),
)
SOMEBODY_ASKS = Defence(
    1,
    "a function serves nobody whom the gateway has not confirmed",
    ((edge, "caller_of", lambda *_, **__: Caller(id="anybody")),),
)
OPEN = copy.deepcopy(template.DOCUMENT)
for _resource in OPEN["Resources"].values():
    if _resource["Type"] == "AWS::ApiGatewayV2::Route":
        _resource["Properties"]["AuthorizationType"] = "NONE"
EVERY_ROUTE_IS_GUARDED = Defence(1, "every route has the deployment's authorizer", ((template, "DOCUMENT", OPEN),))

STRANGERS = {"another user": token("eve"), "a user in other letters": token("U"), "another app": token(app="other")}

guarded = pytest.mark.parametrize("route", [route for route in ROUTES if "{app}" in route.path], ids=lambda r: r.name)
strangers = pytest.mark.parametrize("stranger", STRANGERS)


def ask_for_anothers(route: Route, stranger: str) -> str | None:
    """What the stranger got; None when it was told what it is told of an artifact that does not exist."""
    save(DOC)
    save(f"{USER}/doc")
    with deployed("JWT"):
        authorizer = STRANGERS[stranger]
        path = path_of(route, authorizer=authorizer)
        answer = call(route.methods[0], path, authorizer=authorizer, body=body_of(route))
        missing = call("GET", f"{SESSION}/missing", authorizer=token())
    assert missing.status == 404
    told_nothing = (answer.status, answer.body, answer.headers) == (404, missing.body, missing.headers)
    return None if told_nothing else f"{answer.status} {answer.body!r}"


@guarded
@strangers
def test_another_app_or_user_in_the_path_is_refused(route: Route, stranger: str) -> None:
    assert ask_for_anothers(route, stranger) is None


@guarded
@strangers
def test_another_user_succeeds_without_the_binding_of_tokens(route: Route, stranger: str) -> None:
    with THE_TOKEN_BINDS.taken_out():
        got = ask_for_anothers(route, stranger)
    assert got is not None
    assert got[0] == "2"


def ask_unconfirmed(auth_mode: str) -> bytes | None:
    """What someone got whom the gateway has confirmed nothing of."""
    save(DOC, b"Ada's")
    with deployed(auth_mode):
        answer = call("GET", DOC, headers={"Authorization": "Bearer e30.e30.", "x-amzn-iam-user": "root"})
    return answer.body if answer.status != 401 else None


@pytest.mark.parametrize("auth_mode", ["IAM", "JWT"])
def test_an_unconfirmed_caller_is_refused(auth_mode: str) -> None:
    assert ask_unconfirmed(auth_mode) is None


def test_an_unconfirmed_caller_succeeds_without_the_check_of_callers() -> None:
    with SOMEBODY_ASKS.taken_out():
        assert ask_unconfirmed("IAM") == b"Ada's"


def find_open_routes(auth_mode: str) -> list[str]:
    """The routes that the gateway would let anybody through."""
    asks = {"IAM": "AWS_IAM", "JWT": "JWT"}[auth_mode]
    found = template.Stack(AuthMode=auth_mode).of_type("AWS::ApiGatewayV2::Route").values()
    return [route["RouteKey"] for route in found if route["AuthorizationType"] != asks]


@pytest.mark.parametrize("auth_mode", ["IAM", "JWT"])
def test_no_route_is_open(auth_mode: str) -> None:
    assert find_open_routes(auth_mode) == []


def test_routes_are_open_without_authorizers() -> None:
    with EVERY_ROUTE_IS_GUARDED.taken_out():
        assert len(find_open_routes("IAM")) == sum(len(route.methods) for route in ROUTES)
