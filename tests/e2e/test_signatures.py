"""Who is kept out of every route of a stack with AuthMode IAM: callers without a good signature, over TLS."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import uuid
from typing import TYPE_CHECKING

import pytest
from botocore.credentials import Credentials

from local.template import Template

if TYPE_CHECKING:
    from tests.e2e.conftest import Stack
    from tests.e2e.emulated_cloud import Answer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

ROUTES = [route.key for route in Template.load().routes]


@dataclasses.dataclass(frozen=True)
class Signing:
    """How a caller signs who may call; each of them but the first is wrong in one thing."""

    secret: str | None = None
    minutes: int = 0
    method: str | None = None
    suffix: str = ""
    body: bytes = b"{}"
    host: str | None = None


BODY = b"{}"
BAD_SIGNATURES = {
    "by another secret": Signing(secret="0" * 40),
    "twenty minutes ago": Signing(minutes=-20),
    "for in twenty minutes": Signing(minutes=20),
    "for another method": Signing(method="PATCH"),
    "for another path": Signing(suffix="x"),
    "for another query": Signing(suffix="?x=1"),
    "for another body": Signing(body=b"[]"),
    "for another API": Signing(host="0a1b2c3d"),
}


def _signed(stack: Stack, route: str, how: Signing) -> Answer:
    method, path = route.split()
    path = re.sub(r"\{\w+\}", "0", path)
    caller = Credentials(stack.caller.access_key, how.secret or stack.caller.secret_key)
    api = stack.outputs["ApiId"]
    signed = stack.cloud.headers(
        how.host or api, how.method or method, path + how.suffix, credentials=caller, body=how.body
    )
    host = stack.cloud.api_url(api).removeprefix("https://")
    return stack.cloud.ask(method, path, BODY, {**signed, "Host": host})


@pytest.mark.parametrize("kind", BAD_SIGNATURES)
def test_no_route_answers_to_a_bad_signature(stack: Stack, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    how = BAD_SIGNATURES[kind]
    now = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=how.minutes)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda *_, **__: now)
    for route in ROUTES:
        assert _signed(stack, route, how).status == 403, route


def test_every_route_answers_to_a_good_signature(stack: Stack) -> None:
    """Else the test above would say nothing."""
    for route in ROUTES:
        assert _signed(stack, route, Signing()).status in {200, 201, 202, 204, 400, 404}, route


def test_no_route_answers_without_a_signature(stack: Stack) -> None:
    for route in ROUTES:
        method, path = route.split()
        path = re.sub(r"\{\w+\}", "0", path)
        assert stack.cloud.call(stack.outputs["ApiId"], method, path, credentials=None).status == 403, route


def test_user_without_permission_is_kept_out(stack: Stack) -> None:
    stranger = stack.cloud.user(f"stranger-{uuid.uuid4()}")

    assert stack.cloud.call(stack.outputs["ApiId"], "GET", "/v1/health", credentials=stranger).status == 403
