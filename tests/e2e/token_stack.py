"""A stack with AuthMode JWT, its issuer, and something under every path of its API."""

from __future__ import annotations

import dataclasses
import json
import time
from typing import TYPE_CHECKING, Any, Final

from artifact_api.routes import ROUTES, Operation
from local.template import Template
from tests.contract.samples import BODIES, UPLOADED
from tests.e2e.issuer import AUDIENCE, Issuer
from tests.e2e.stacks import Stack, deploy

if TYPE_CHECKING:
    from tests.e2e.emulated_cloud import Answer, EmulatedCloud

KEYS: Final = tuple(route.key for route in Template.load().routes)
APP, USER, SESSION = "reports", "ada@example.com", "s1"
MAY_EVERYTHING: Final = {"sub": USER, "app": APP, "scope": "artifact:*"}
SERVICE_ACCOUNT: Final = "agent@project.iam.gserviceaccount.com"


@dataclasses.dataclass(frozen=True)
class Deployment:
    """The stack, its issuer, and for each route a path under which there is something."""

    stack: Stack
    issuer: Issuer
    paths: dict[str, str]

    def ask(self, key: str, token: str | None) -> Answer:
        """Call a route as its operation wants it."""
        return self.call(key.split(maxsplit=1)[0], self.paths[key], token, body_of(key))

    def call(self, method: str, path: str, token: str | None, body: bytes = b"") -> Answer:
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        api = self.stack.outputs["ApiId"]
        return self.stack.cloud.call(api, method, path, credentials=None, body=body, headers=headers)


def deploy_for_tokens(cloud: EmulatedCloud, issuer: Issuer) -> Deployment:
    """Deploy it and fill it."""
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
        use = "is aborted" if operation_of(key) == "abort_upload" else "ends"
        path = key.split()[1]
        deployment.paths[key] = path.format_map({**names, "upload": uploads["{session}" in path][use]})


def operation_of(key: str) -> Operation:
    """What a route does."""
    method, path = key.split()
    (operation,) = {route.operation for route in ROUTES if route.path == path and method in route.methods}
    return operation


def body_of(key: str) -> bytes:
    """What it wants to be sent."""
    operation = operation_of(key)
    if operation in BODIES:
        return json.dumps(BODIES[operation]).encode()
    return b"content" if key.startswith("POST ") else b""
