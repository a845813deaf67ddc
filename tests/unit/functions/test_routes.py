from __future__ import annotations

import pytest

from artifact_api.routes import ROUTES, match, methods_of, routes_of


@pytest.mark.parametrize(
    ("template", "path", "segments"),
    [
        ("/v1/health", "/v1/health", {}),
        ("/v1/health", "/v1/health/", None),
        ("/v1/health", "/v1/Health", None),
        ("/a/{b}/c", "/a/x/c", {"b": "x"}),
        ("/a/{b}/c", "/a//c", {"b": ""}),
        ("/a/{b}/c", "/a/x/y/c", None),
        ("/a/{b}/c", '/a/\x00 "\n☀/c', {"b": '\x00 "\n☀'}),
        ("/a/{b}/c", "a/x/c", None),
    ],
)
def test_match(template: str, path: str, segments: dict[str, str] | None) -> None:
    assert match(template, path) == segments


def test_functions_share_no_route_and_leave_none_out() -> None:
    parts = [*routes_of("read"), *routes_of("write"), *routes_of("delete")]
    assert sorted(route.name for route in parts) == sorted(route.name for route in ROUTES)


def test_no_path_has_a_method_twice() -> None:
    keys = [(method, route.path) for route in ROUTES for method in route.methods]
    assert len(keys) == len(set(keys))


def test_paths_are_unambiguous() -> None:
    for route in ROUTES:
        path = route.path.replace("{", "").replace("}", "")
        matching = {other.path for other in ROUTES if match(other.path, path) is not None}
        assert matching == {route.path}


def test_methods_of() -> None:
    assert methods_of("/v1/apps/a/users/u/artifacts/f") == {"GET", "HEAD", "POST", "DELETE"}
    assert methods_of("/v1/apps/a/users/u/artifacts") == {"GET"}
    assert methods_of("/v1") == frozenset()
