"""Someone is called like one of the store's own keys: `!blobs`, `user`, `versions`, `artifacts`, `staging`.

These are names like any other, since no encoded name is one of the store's own keys; only a session cannot be
called `user`, as in ADK's own services.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from artifact_api.routes import ROUTES, match
from artifact_store import ArtifactId, Scope, names
from artifact_store.names import BLOB_PREFIX
from tests.contract.calls import call, save
from tests.faults.interposed import World
from tests.security.defence import Defence

_PLAIN_ESCAPES = tuple("!" if byte == ord("!") else escape for byte, escape in enumerate(names._ESCAPES))
INTERNAL_KEYS_CANNOT_BE_NAMED = Defence(
    22, "no encoded name is an internal key", ((names, "_ESCAPES", _PLAIN_ESCAPES),)
)

WORDS = [
    *("!blobs", "!blobs/", "!", "blobs", "staging", "!staging", "user", "users", "user:", "apps", "sessions"),
    *("artifacts", "versions", "uploads", "batch", "deletions", "latest", "finalize", "metadata", "link", "0"),
    *("se:app", "us:app", "s", "u", "token", "head", "v1", "health", "!21blobs", "!62lobs", "~", "#", "|"),
]
Names = tuple[str, str, str | None, str]
PLACES: list[Callable[[str], Names]] = [
    lambda word: ("app", "u", "s", word),
    lambda word: ("app", "u", None, word),
    lambda word: ("app", word, "s", "doc"),
    lambda word: (word, "u", "s", "doc"),
    lambda word: ("app", "u", word, "doc"),
    lambda word: (word, word, word, word),
]


def path_of(app: str, user: str, session: str | None, filename: str) -> str:
    user_path = f"/v1/apps/{names.encode(app)}/users/{names.encode(user)}"
    scope_path = user_path if session is None else f"{user_path}/sessions/{names.encode(session)}"
    return f"{scope_path}/artifacts/{names.encode(filename)}"


def reach_internal_keys(word: str, place: int) -> list[str]:
    """The keys of a name that are not an artifact's, or another artifact's."""
    app, user, session, filename = PLACES[place](word)
    artifact = ArtifactId.of(app=app, user=user, session=session, filename=filename)
    key = artifact.object_key(0)
    if key.startswith(BLOB_PREFIX) or names.parse_object_key(key) != (artifact, 0):
        return [key]
    return []


@pytest.mark.parametrize("place", range(len(PLACES)))
def test_no_name_is_an_internal_key(place: int) -> None:
    for word in WORDS:
        if word == "user:" and place in {0, 1, 5}:
            continue  # the user's file without a name, which is none
        if place in {4, 5} and word == "user":
            continue  # tried below
        assert reach_internal_keys(word, place) == []


def test_an_app_reaches_the_blobs_without_the_escape_of_the_escape() -> None:
    with INTERNAL_KEYS_CANNOT_BE_NAMED.taken_out():
        assert reach_internal_keys("!blobs", 3) == ["!blobs/u/s/doc/0"]


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("place", range(len(PLACES)))
def test_it_is_a_name_like_any_other(word: str, place: int, world: World) -> None:
    app, user, session, filename = PLACES[place](word)
    path = path_of(app, user, session, filename)
    if session == "user" or (session is not None and filename == "user:"):
        assert save(path).code == "invalid_name"
        return
    assert save(path, b"hers").status == 201
    assert call("GET", path).body == b"hers"
    (ref,) = world.objects.refs()
    assert not ref.key.startswith(BLOB_PREFIX)
    listed = call("GET", path.rpartition("/")[0]).json["artifacts"]
    assert [item["filename"] for item in listed] == [filename]
    assert call("DELETE", path).status == 204
    assert call("GET", path).status == 404


def test_no_name_makes_one_route_of_another() -> None:
    for route in ROUTES:
        known = dict.fromkeys(("app", "user", "session", "filename", "version", "upload", "job"), "x")
        for word in WORDS:
            path = route.path.format_map(dict.fromkeys(known, names.encode(word)))
            others = [
                other.name
                for other in ROUTES
                if other.path != route.path and set(other.methods) & set(route.methods)
                if match(other.path, path) is not None
            ]
            assert others == []


def test_a_session_called_user_is_refused_on_saves_alone() -> None:
    assert Scope("app", "u", "user").session == "user"
    assert call("GET", path_of("app", "u", "user", "doc")).status == 404
