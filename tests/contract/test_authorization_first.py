"""No route of the template reaches storage before its caller is authorized, whatever routes will be added."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args

import httpx
import pytest

from artifact_api import wiring
from artifact_api.authorization import ACTIONS, KINDS
from artifact_api.routes import ROUTES, Operation
from artifact_store.permissions import Action
from local.loopback import LoopbackTransport
from local.template import Template
from tests.contract.calls import ENVIRONMENT
from tests.contract.samples import BODIES

TEMPLATE = Template.load()
KEYS = [route.key for route in TEMPLATE.routes]
NAMES = {"app": "app", "user": "u", "session": "s", "filename": "doc", "version": "0", "upload": "u1", "job": "0" * 32}
MAY_EVERYTHING = {"iss": "https://issuer.example", "sub": "u", "app": "app", "scope": "artifact:*"}


class Touched(Exception):
    """Somebody has used storage."""


class Untouchable:
    """In place of a store, a client, a table, a secret: may be had, but not used."""

    def __init__(self, name: str, uses: list[str]) -> None:
        self._name = name
        self._uses = uses

    def __getattr__(self, attribute: str) -> Any:
        self._uses.append(f"{self._name}.{attribute}")
        raise Touched(self._uses[-1])

    def __call__(self, *arguments: object, **named: object) -> Any:
        return self.used

    def __iter__(self) -> Any:
        return self.used


@pytest.fixture
def uses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes every use of anything that the functions reach storage with."""
    noted: list[str] = []
    make = wiring._once

    def once(name: str, factory: Callable[[], Any]) -> Any:
        return make(name, factory) if name == "settings" else Untouchable(name, noted)

    monkeypatch.setattr(wiring, "_once", once)
    return noted


Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(uses: list[str]) -> Iterator[Ask]:
    transports = []

    def asking(key: str, claims: Mapping[str, str] | None) -> httpx.Response:
        environment = {**ENVIRONMENT, "AUTH_MODE": "JWT", "JWT_APP_CLAIM": "app"}
        authorizer = None if claims is None else {"jwt": {"claims": claims, "scopes": None}}
        transport = LoopbackTransport(environment, authorizer=authorizer, template=TEMPLATE)
        transports.append(transport)
        with httpx.Client(transport=transport, base_url="http://loopback") as client:
            method, path = key.split()
            return client.request(method, path.format_map(NAMES), content=_body(key))

    yield asking
    for transport in reversed(transports):
        transport.close()


def _operation(key: str) -> Operation:
    method, path = key.split()
    (operation,) = {route.operation for route in ROUTES if route.path == path and method in route.methods}
    return operation


def _body(key: str) -> bytes | None:
    operation = _operation(key)
    if operation in BODIES:
        return json.dumps(BODIES[operation]).encode()
    return b"content" if key.startswith("POST ") else None


def test_every_operation_has_an_action_and_every_action_is_one() -> None:
    assert ACTIONS.keys() == set(get_args(Operation))
    assert set(ACTIONS.values()) == {*get_args(Action), "none"}
    assert ACTIONS.keys() >= KINDS.keys()


def test_every_route_of_the_template_is_one_of_the_functions() -> None:
    """A route that the functions do not know would be let in by the gateway and decided by nobody."""
    known = {f"{method} {route.path}" for route in ROUTES for method in route.methods}
    assert set(KEYS) == known


@pytest.mark.parametrize("key", KEYS)
def test_nobody_reaches_storage_without_an_identity(key: str, ask: Ask, uses: list[str]) -> None:
    assert ask(key, None).status_code == 401
    assert uses == []


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "claims",
    [{"scope": ""}, {"scope": "", "sub": "someone else"}, {"sub": "someone else"}, {"app": "other"}],
    ids=["no scope", "no scope, another user", "another user", "another app"],
)
def test_nobody_reaches_storage_without_a_grant(key: str, claims: dict[str, str], ask: Ask, uses: list[str]) -> None:
    answer = ask(key, {**MAY_EVERYTHING, **claims})

    assert uses == []
    if ACTIONS[_operation(key)] == "none":
        assert answer.status_code == 200
    elif "app" in claims or "sub" in claims:
        assert answer.status_code == 404
    elif "/batch/" in key:
        assert answer.status_code == 200
        assert {result["status"] for result in answer.json()["results"]} == {403}
    else:
        assert answer.status_code == 403


@pytest.mark.parametrize("key", [key for key in KEYS if re.search(r"\{\w+\}", key)])
def test_who_has_the_grant_does_reach_storage(key: str, ask: Ask, uses: list[str]) -> None:
    """Else the tests above would say nothing."""
    ask(key, MAY_EVERYTHING)
    assert uses != []
