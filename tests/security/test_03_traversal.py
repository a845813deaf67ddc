"""A path climbs out by dot segments, escaped once, twice or with backslashes.

What is stored lies under its own name in its own scope, or the request is refused.
"""

from __future__ import annotations

import posixpath
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artifact_api import request as request_module
from artifact_store import names
from local.events import Request
from tests.contract.calls import call
from tests.faults.interposed import World
from tests.security.defence import Defence

ONE_SPELLING = Defence(
    3,
    "a path segment is refused unless it is the one spelling of its name",
    (
        (request_module, "decode", lambda segment, field: unquote(unquote(segment))),
        (names, "encode", lambda text, field="name": text),
        (names, "_refuse_path_tricks", lambda value, field: None),
    ),
)

UP = ["..", "%2e%2e", "%2E%2E", "%252e%252E", "!2E!2E", "..%5c..", "..\\..", "%c0%ae%c0%ae", "!252E!252E"]
SLASHES = ["%2F", "%252F", "%5C", "!2F", "!5C", "\\", "%c0%af"]
CLIMBS = [slash.join([up, up, "ada", "s", "doc"]) for up in UP for slash in SLASHES]
MIXED = st.lists(st.sampled_from([*UP, *SLASHES, ".", "a", "!", "%", "%25", "user:"]), min_size=1).map("".join)
WHERE = [
    "/v1/apps/app/users/eve/sessions/s/artifacts/{}",
    "/v1/apps/app/users/eve/sessions/{}/artifacts/doc",
    "/v1/apps/app/users/eve/artifacts/{}",
]


def climb(world: World, raw_path: str) -> list[str]:
    """Where Eve wrote, in the bucket as a file system would have it, that is not hers.

    Args:
        world: The bucket.
        raw_path: As it is sent; the gateway undoes one layer of percent escapes.
    """
    before = {ref.key for ref in world.objects.refs()}
    answer = call("POST", Request(method="POST", raw_path=raw_path).path, body=b"Eve was here")
    assert answer.status in {201, 400, 404}, answer
    written = {ref.key for ref in world.objects.refs()} - before
    assert bool(written) == (answer.status == 201)
    resolved = {key: posixpath.normpath(unquote(unquote(key)).replace("\\", "/")) for key in written}
    return [key for key, where in resolved.items() if where != key or not where.startswith("app/eve/")]


@pytest.mark.parametrize("where", WHERE)
def test_a_climb_is_refused_or_a_name_like_any_other(where: str, world: World) -> None:
    for name in CLIMBS:
        assert climb(world, where.format(name)) == []


def test_a_climb_succeeds_without_the_one_spelling(world: World) -> None:
    with ONE_SPELLING.taken_out():
        climbed = [name for name in CLIMBS if climb(world, WHERE[0].format(name))]
    once, twice = "%2e%2e%5C%2e%2e%5Cada%5Cs%5Cdoc", "%252e%252E%252F" * 2 + "ada%252Fs%252Fdoc"
    assert {once, twice} <= set(climbed)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.sampled_from(WHERE), name=MIXED)
def test_no_mix_of_them_climbs(where: str, name: str, world: World) -> None:
    assert climb(world, where.format(name)) == []
