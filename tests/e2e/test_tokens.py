"""Every route of a stack with AuthMode JWT, with every kind of bad token, and with a good one; over TLS.

The emulator's authorizer fetches the issuer's discovery document and its keys, and checks signature, `iss`, `aud`,
`exp`, `nbf` and `iat`. It does not read the header's `alg`, so it would take a token that is rightly signed but says
`none`, and a token without `exp` is good forever. What AWS makes of these two is not shown here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from artifact_api.authorization import ACTIONS
from artifact_api.routes import Operation
from tests.e2e.issuer import Issuer, mac_signed, new_key, signed, unsigned
from tests.e2e.token_stack import APP, KEYS, MAY_EVERYTHING, SERVICE_ACCOUNT, USER, Deployment, body_of, operation_of

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

BATCHES: Final = frozenset(key for key in KEYS if "/batch/" in key)
HOUR: Final = 3600


def _changed(issuer: Issuer) -> str:
    """What a good token of somebody else becomes when its bearer writes another name into it."""
    header, _, signature = issuer.token(**{**MAY_EVERYTHING, "sub": "eve"}).split(".")
    _, claims, _ = issuer.token(**MAY_EVERYTHING).split(".")
    return f"{header}.{claims}.{signature}"


def _of_a_foreign_issuer(issuer: Issuer) -> str:
    foreign = "https://accounts.example"
    return signed(issuer.claims(**MAY_EVERYTHING, iss=foreign), new_key())


def _with(**claims: Any) -> Callable[[Issuer], str]:
    return lambda issuer: issuer.token(**{**MAY_EVERYTHING, **claims})


def _at(**seconds: int) -> Callable[[Issuer], str]:
    """A token whose claims are times, told in seconds from when it is made."""

    def make(issuer: Issuer) -> str:
        now = int(time.time())
        return _with(**{claim: now + offset for claim, offset in seconds.items()})(issuer)

    return make


BAD_TOKENS: Final[Mapping[str, Callable[[Issuer], str | None]]] = {
    "none": lambda _: None,
    "an empty one": lambda _: "",
    "no token": lambda _: "not-a-token",
    "nothing in its parts": lambda _: "e30.e30.",
    "signed by another key": lambda issuer: signed(issuer.claims(**MAY_EVERYTHING), new_key()),
    "changed after it was signed": _changed,
    "without its signature": lambda issuer: unsigned(issuer.claims(**MAY_EVERYTHING), alg="RS256"),
    "alg none": lambda issuer: unsigned(issuer.claims(**MAY_EVERYTHING), alg="none"),
    "alg None": lambda issuer: unsigned(issuer.claims(**MAY_EVERYTHING), alg="None"),
    "signed with the public key as a secret": lambda issuer: mac_signed(issuer.claims(**MAY_EVERYTHING), issuer.key),
    "a key that the issuer does not have": lambda issuer: signed(
        issuer.claims(**MAY_EVERYTHING), issuer.key, kid="another"
    ),
    "expired an hour ago": _at(exp=-HOUR, iat=-2 * HOUR),
    "expired a second ago": _at(exp=-1),
    "not yet valid": _at(nbf=HOUR),
    "issued in the future": _at(iat=HOUR, exp=2 * HOUR),
    "of a foreign issuer": _of_a_foreign_issuer,
    "in a foreign issuer's name": _with(iss="https://accounts.example"),
    "for another audience": _with(aud="another-api"),
    "for other audiences": _with(aud=["another-api", "artifact-api-2"]),
    "for no audience": _with(aud=None),
}


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_no_route_answers_to_a_bad_token(deployment: Deployment, kind: str) -> None:
    token = BAD_TOKENS[kind](deployment.issuer)
    for key in KEYS:
        answer = deployment.ask(key, token)
        assert (answer.status, answer.json if answer.body else {}) in (
            (401, {"message": "Unauthorized"}),
            (401, {}),
        ), key


def test_a_signature_of_aws_is_no_token(deployment: Deployment) -> None:
    for key in KEYS:
        answer = deployment.stack.call(key.split()[0], deployment.paths[key], body=body_of(key))
        assert answer.status == 401, key


@pytest.mark.parametrize("scope", [None, "", "artifact", "read write", "artifact:*:nothing", "xartifact:*"])
def test_no_route_does_anything_without_a_scope(deployment: Deployment, scope: str | None) -> None:
    _is_refused(deployment, KEYS, deployment.issuer.token(**{**MAY_EVERYTHING, "scope": scope}), 403)


@pytest.mark.parametrize("action", ["read", "write", "delete", "list"])
def test_no_route_does_anything_without_its_own_scope(deployment: Deployment, action: str) -> None:
    """Reading includes listing, so that a token which may not list may not read either."""
    keys = [key for key in KEYS if ACTIONS[operation_of(key)] == action]
    others = {"read", "write", "delete", "list"} - ({"read", "list"} if action == "list" else {action})
    token = deployment.issuer.token(
        **{**MAY_EVERYTHING, "scope": " ".join(f"artifact:{other}" for other in sorted(others))}
    )

    _is_refused(deployment, keys, token, 403)


ANOTHERS: Final[tuple[Mapping[str, Any], ...]] = (
    *({"app": app} for app in ("other", "Reports", "", None, [APP, "other"])),
    *({"app": app, "scope": "artifact:admin"} for app in ("other", None)),
    *({"sub": user} for user in ("bob", "Ada@example.com", "ada!40example.com", "*")),
    {"sub": "bob", "scope": ""},
)


@pytest.mark.parametrize("claims", ANOTHERS, ids=str)
def test_no_route_shows_anothers_path(deployment: Deployment, claims: dict[str, Any]) -> None:
    _is_refused(deployment, KEYS, deployment.issuer.token(**{**MAY_EVERYTHING, **claims}), 404)


def test_a_service_account_may_do_what_the_deployment_says(deployment: Deployment) -> None:
    google = {"sub": "104857600000000000001", "email": SERVICE_ACCOUNT, "email_verified": True}
    document = f"/v1/apps/{APP}/users/{USER}/artifacts/doc"
    token = deployment.issuer.token(**google)
    assert deployment.call("GET", document, token).body == b"content"
    assert deployment.call("DELETE", document, token).status == 403
    assert deployment.call("GET", document.replace(APP, "other"), token).status == 404
    unverified = deployment.issuer.token(**{**google, "email_verified": False})
    assert deployment.call("GET", document, unverified).status == 404


def test_every_route_answers_to_a_good_token(deployment: Deployment) -> None:
    """And whatever was refused before has changed nothing."""
    token = deployment.issuer.token(**MAY_EVERYTHING)
    statuses = {}
    for key in sorted(KEYS, key=_place):
        answer = deployment.ask(key, token)
        statuses[key] = answer.status
        if operation_of(key) == "load_artifact" and key.startswith("GET"):
            assert (answer.status, answer.body) == (200, b"content"), key
        if operation_of(key) == "save_artifact":
            assert answer.json["version"] == 1

    assert {key: status for key, status in statuses.items() if not 200 <= status < 300} == {}
    assert statuses.keys() == set(KEYS)
    assert {"/.well-known/openid-configuration", "/keys"} <= set(deployment.issuer.asked)


def _place(key: str) -> int:
    """What changes nothing comes first, what leaves nothing last."""
    operation, method = operation_of(key), key.split(maxsplit=1)[0]
    last: tuple[Operation, ...] = ("batch_delete", "delete_artifact", "delete_session", "delete_user")
    if operation in last:
        return 10 + last.index(operation)
    return {"GET": 0, "HEAD": 0, "POST": 1, "DELETE": 2}[method]


def _is_refused(deployment: Deployment, keys: Any, token: str, status: int) -> None:
    """By every one of these routes, with this status; items of a batch are refused one by one for want of a scope."""
    for key in keys:
        answer = deployment.ask(key, token)
        if not re.search(r"\{\w+\}", key):
            assert (answer.status, answer.json) == (200, {"status": "ok"})
        elif key in BATCHES and status == 403:
            assert answer.status == 200, key
            assert {result["status"] for result in answer.json["results"]} == {403}, key
        else:
            assert answer.status == status, key
