"""The most specific route answers."""

from __future__ import annotations

import pytest

from local.routes import RouteTable
from local.template import Route

ROUTES = RouteTable(
    Route(key=key, function="F")
    for key in ("$default", "ANY /a/{proxy+}", "ANY /a/{x}", "GET /a/{x}", "GET /a/b", "GET /a/{x}/c/{y}", "POST /only")
)


@pytest.mark.parametrize(
    ("method", "path", "key", "parameters"),
    [
        ("GET", "/a/b", "GET /a/b", {}),
        ("GET", "/a/z", "GET /a/{x}", {"x": "z"}),
        ("PUT", "/a/z", "ANY /a/{x}", {"x": "z"}),
        ("GET", "/a/z/c/w", "GET /a/{x}/c/{y}", {"x": "z", "y": "w"}),
        ("GET", "/a/z/d/w", "ANY /a/{proxy+}", {"proxy": "z/d/w"}),
        ("GET", "/a//c/w", "ANY /a/{proxy+}", {"proxy": "/c/w"}),
        ("GET", "/a/", "$default", {}),
        ("GET", "/only", "$default", {}),
        ("GET", "/only/more", "$default", {}),
        ("GET", "/", "$default", {}),
    ],
)
def test_most_specific_first(method: str, path: str, key: str, parameters: dict[str, str]) -> None:
    match = ROUTES.match(method=method, path=path)
    assert match is not None
    assert (match.route.key, match.path_parameters) == (key, parameters)


def test_without_a_default_nothing_may_match() -> None:
    assert RouteTable([Route(key="GET /a", function="F")]).match(method="POST", path="/a") is None
