"""Slashes in ids move the border between two ids: user `a/b` with session `c`, user `a` with session `b/c`."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from artifact_store import ArtifactId, ArtifactStoreError, Scope
from artifact_store.names import encode
from tests.contract.calls import call, save
from tests.security.defence import Defence

NAMES_ARE_ENCODED = Defence(
    2,
    "each id is encoded by itself before ids are joined to a key",
    (
        (Scope, "key_prefix", property(lambda scope: f"{scope.app}/{scope.user}/{scope.session or 'user'}")),
        (ArtifactId, "encoded_filename", property(lambda artifact: artifact.filename)),
    ),
)

PIECES = st.lists(st.sampled_from(["a", "b", "/", "/b", "a/", "user", "user:", "!2F", "%2F", "!", "0"]), min_size=1)
NAMES = PIECES.map("".join) | st.text(min_size=1, max_size=6)
FOUR_NAMES = st.tuples(NAMES, NAMES, NAMES | st.none(), NAMES)


def read_across_the_border(saved: tuple[str, str, str], asked: tuple[str, str, str]) -> bytes | None:
    """What another's session, user or name has of what was saved."""
    first, second = (
        "/v1/apps/app/users/{}/sessions/{}/artifacts/{}".format(*(encode(name) for name in names))
        for names in (saved, asked)
    )
    assert save(first, b"Ada's").status == 201
    answer = call("GET", second)
    return answer.body if answer.status == 200 else None


def test_a_moved_border_is_refused() -> None:
    assert read_across_the_border(("a/b", "c", "f"), ("a", "b/c", "f")) is None
    assert read_across_the_border(("a", "b/c", "f"), ("a", "b", "c/f")) is None


def test_a_moved_border_succeeds_without_the_encoding() -> None:
    with NAMES_ARE_ENCODED.taken_out():
        assert read_across_the_border(("a/b", "c", "f"), ("a", "b/c", "f")) == b"Ada's"


def same_keys(first: tuple[str, str, str | None, str], second: tuple[str, str, str | None, str]) -> set[str]:
    """Which keys of storage two artifacts share, though any of their four names differs."""
    try:
        one, other = (
            ArtifactId(Scope(app, user, session), filename) for app, user, session, filename in (first, second)
        )
        one.scope.refuse_reserved_session()
        other.scope.refuse_reserved_session()
        keys = [
            {"bucket": each.object_key(0), "index": f"{each.scope.partition} {each.encoded_filename}"}
            for each in (one, other)
        ]
    except ArtifactStoreError:
        return set()
    if one == other:
        return set()
    return {place for place in ("bucket", "index") if keys[0][place] == keys[1][place]}


@given(first=FOUR_NAMES, second=FOUR_NAMES)
def test_no_two_artifacts_share_a_key(
    first: tuple[str, str, str | None, str], second: tuple[str, str, str | None, str]
) -> None:
    assert same_keys(first, second) == set()


@given(ids=st.lists(NAMES, min_size=5, max_size=5), border=st.integers(1, 3))
def test_no_border_between_ids_can_be_moved(ids: list[str], border: int) -> None:
    """Neighbours, joined: the pairs that random names would hardly ever be."""
    app, user, session, one, two = ids
    pairs: list[tuple[str, str, str | None, str]] = [
        (f"{app}/{one}", user, session, two),
        (app, f"{one}/{user}", session, two),
        (app, f"{user}/{one}", session, two),
        (app, user, f"{one}/{session}", two),
        (app, user, f"{session}/{one}", two),
        (app, user, session, f"{one}/{two}"),
    ]
    assert same_keys(pairs[0], pairs[border]) == same_keys(pairs[border], pairs[border + 1]) == set()


def test_artifacts_share_keys_without_the_encoding() -> None:
    with NAMES_ARE_ENCODED.taken_out():
        assert same_keys(("app", "a/b", "c", "f"), ("app", "a", "b/c", "f")) == {"bucket", "index"}
