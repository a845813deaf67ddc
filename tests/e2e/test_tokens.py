"""Every route of a stack with AuthMode JWT, with every kind of bad token, and with a good one; over TLS.

The emulator's authorizer fetches the issuer's discovery document and its keys, and checks signature, `iss`, `aud`,
`exp`, `nbf` and `iat`. It does not read the header's `alg`, so it would take a token that is rightly signed but says
`none`, and a token without `exp` is good forever. What AWS makes of these two is not shown here.
"""

from __future__ import annotations

import dataclasses
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import pytest

from artifact_api.authorization import ACTIONS
from artifact_api.routes import ROUTES, Operation
from local.template import Template
from tests.contract.samples import BODIES, UPLOADED
from tests.e2e.conftest import Stack, deploy
from tests.e2e.issuer import AUDIENCE, Certificate, Issuer, mac_signed, new_key, signed, unsigned

if TYPE_CHECKING:
    from tests.e2e.emulated_cloud import Answer, EmulatedCloud

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

KEYS: Final = tuple(route.key for route in Template.load().routes)
BATCHES: Final = frozenset(key for key in KEYS if "/batch/" in key)
APP, USER, SESSION = "reports", "ada@example.com", "s1"
MAY_EVERYTHING: Final = {"sub": USER, "app": APP, "scope": "artifact:*"}
SERVICE_ACCOUNT: Final = "agent@project.iam.gserviceaccount.com"
HOUR: Final = 3600


@dataclasses.dataclass(frozen=True)
class Deployment:
    """The stack, its issuer, and for each route a path under which there is something."""

    stack: Stack
    issuer: Issuer
    paths: dict[str, str]

    def ask(self, key: str, token: str | None) -> Answer:
        """Call a route as its operation wants it."""
        return self.call(key.split(maxsplit=1)[0], self.paths[key], token, _body(key))

    def call(self, method: str, path: str, token: str | None, body: bytes = b"") -> Answer:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        api = self.stack.outputs["ApiId"]
        return self.stack.cloud.call(api, method, path, credentials=None, body=body, headers=headers)


@pytest.fixture(scope="module")
def issuer(cloud: EmulatedCloud) -> Iterator[Issuer]:
    with Issuer(Certificate(shown=cloud.certificate, key=cloud.certificate_key)) as issuer:
        yield issuer


@pytest.fixture(scope="module")
def deployment(cloud: EmulatedCloud, issuer: Issuer) -> Deployment:
    named = {SERVICE_ACCOUNT: {"scope": "artifact:read", "app": APP, "user": "*"}}
    stack = deploy(
        cloud,
        "tokens",
        AuthMode="JWT",
        JwtIssuer=issuer.url,
        JwtAudience=AUDIENCE,
        JwtAppClaim="app",
        JwtPrincipals=f"'{json.dumps(named)}'",  # in quotes, or the SAM CLI cuts it off at its first one
    )
    deployment = Deployment(stack, issuer, {})
    _fill(deployment)
    return deployment


def _fill(deployment: Deployment) -> None:
    """Make something under every path: artifacts, two uploads for each of them, the job of a deletion."""
    token = deployment.issuer.token(**MAY_EVERYTHING)
    user = f"/v1/apps/{APP}/users/{USER}"

    def done(method: str, path: str, body: Any = b"") -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = deployment.call(method, path, token, raw)
        assert answer.status in {200, 201, 202}, answer
        return answer.json

    job = done("DELETE", user)["jobId"]
    # It deletes what is there when it runs, also what was saved after it was asked for.
    ended_by = time.monotonic() + 60
    while done("GET", f"{user}/deletions/{job}")["status"] == "running":
        assert time.monotonic() < ended_by, "the user's deletion does not end"
        time.sleep(0.2)
    names = {"app": APP, "user": USER, "session": SESSION, "filename": "doc", "version": "0", "job": job}
    uploads: dict[bool, dict[str, str]] = {}
    for in_session, base in ((True, f"{user}/sessions/{SESSION}"), (False, user)):
        done("POST", f"{base}/artifacts/doc", b"content")
        begin = f"{base}/artifacts/doc/uploads"
        uploads[in_session] = {
            use: done("POST", begin, BODIES["begin_upload"])["uploadId"] for use in ("ends", "is aborted")
        }
        (part,) = done("POST", f"{begin}/{uploads[in_session]['ends']}/parts", BODIES["sign_upload_parts"])["parts"]
        assert deployment.stack.cloud.send(part["request"], UPLOADED).status == 200
    for key in KEYS:
        use = "is aborted" if _operation(key) == "abort_upload" else "ends"
        path = key.split()[1]
        deployment.paths[key] = path.format_map({**names, "upload": uploads["{session}" in path][use]})


def _operation(key: str) -> Operation:
    method, path = key.split()
    (operation,) = {route.operation for route in ROUTES if route.path == path and method in route.methods}
    return operation


def _body(key: str) -> bytes:
    operation = _operation(key)
    if operation in BODIES:
        return json.dumps(BODIES[operation]).encode()
    return b"content" if key.startswith("POST ") else b""


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
        answer = deployment.stack.call(key.split()[0], deployment.paths[key], body=_body(key))
        assert answer.status == 401, key


@pytest.mark.parametrize("scope", [None, "", "artifact", "read write", "artifact:*:nothing", "xartifact:*"])
def test_no_route_does_anything_without_a_scope(deployment: Deployment, scope: str | None) -> None:
    _is_refused(deployment, KEYS, deployment.issuer.token(**{**MAY_EVERYTHING, "scope": scope}), 403)


@pytest.mark.parametrize("action", ["read", "write", "delete", "list"])
def test_no_route_does_anything_without_its_own_scope(deployment: Deployment, action: str) -> None:
    """Reading includes listing, so that a token which may not list may not read either."""
    keys = [key for key in KEYS if ACTIONS[_operation(key)] == action]
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
        if _operation(key) == "load_artifact" and key.startswith("GET"):
            assert (answer.status, answer.body) == (200, b"content"), key
        if _operation(key) == "save_artifact":
            assert answer.json["version"] == 1

    assert {key: status for key, status in statuses.items() if not 200 <= status < 300} == {}
    assert statuses.keys() == set(KEYS)
    assert {"/.well-known/openid-configuration", "/keys"} <= set(deployment.issuer.asked)


def _place(key: str) -> int:
    """What changes nothing comes first, what leaves nothing last."""
    operation, method = _operation(key), key.split(maxsplit=1)[0]
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
