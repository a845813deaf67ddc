"""Names: a bijection that nothing on the way to S3 rewrites."""

from __future__ import annotations

import re
from itertools import product
from urllib.parse import quote, unquote, unquote_plus

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifact_store import names
from artifact_store.errors import InvalidName, InvalidVersion, NameTooLong
from artifact_store.names import ArtifactId, Scope, parse_scope

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
HOSTILE = st.sampled_from(
    [
        "a/b",
        "a_b",
        "a!2Fb",
        "%21",
        "!",
        "!!",
        "..",
        ".",
        "a%2Fb",
        "a%252Fb",
        "\\",
        "user:",
        "user:x",
        "!blobs",
        "#",
        "h#x",
    ]
)


def _is_id(text: str) -> bool:
    try:
        Scope(text, "u")
    except InvalidName:
        return False
    return True


IDS = st.one_of(
    TEXT.filter(_is_id),
    st.sampled_from(["a/b", "a", "b/c", "staging", "users", "user@example.com", "a!2Fb", "%2F", "a b", "é"]),
)


ARTIFACTS = st.builds(
    ArtifactId,
    st.builds(Scope, IDS, IDS, st.one_of(st.none(), IDS)),
    st.one_of(TEXT, HOSTILE),
)


@given(st.one_of(TEXT, HOSTILE))
def test_encoding_is_reversible(text: str) -> None:
    encoded = names.encode(text)
    assert names.decode(encoded) == text
    assert re.fullmatch(r"(?:[A-Za-z0-9._@-]|![0-9A-F]{2})+", encoded)


@given(st.text(max_size=20))
def test_decoding_takes_only_what_encoding_writes(text: str) -> None:
    try:
        decoded = names.decode(text)
    except InvalidName:
        return
    assert names.encode(decoded) == text


@given(ARTIFACTS, ARTIFACTS)
def test_equal_keys_mean_equal_identifiers(first: ArtifactId, second: ArtifactId) -> None:
    assert (first.key_prefix == second.key_prefix) == (first == second)
    index = [(a.scope.partition, a.encoded_filename) for a in (first, second)]
    assert (index[0] == index[1]) == (first == second)


@given(ARTIFACTS, st.integers(0, names.MAX_VERSION))
def test_object_keys_are_read_back(artifact: ArtifactId, number: int) -> None:
    if artifact.scope.session == "user":
        return  # nothing can be saved there
    assert names.parse_object_key(artifact.object_key(number)) == (artifact, number)


@given(ARTIFACTS)
def test_no_decoder_on_the_way_changes_an_encoded_name(artifact: ArtifactId) -> None:
    key = artifact.object_key(0)
    assert unquote(key) == unquote_plus(key) == unquote(unquote(key)) == key
    assert unquote_plus(quote(key)) == key, "S3 events quote keys once"
    url = httpx.URL(f"https://example.com/v1/{key}")
    assert url.raw_path.decode() == f"/v1/{key}"


def test_keys_are_those_of_adk_on_google_cloud() -> None:
    session = ArtifactId.of(app="app", user="user123", session="session456", filename="test.txt")
    user = ArtifactId.of(app="app", user="user123", session="session456", filename="user:test.txt")
    email = ArtifactId.of(app="app", user="a.b@example.com", session="s-1", filename="a_b.txt")
    assert session.object_key(1) == "app/user123/session456/test.txt/1"
    assert user.object_key(1) == "app/user123/user/user:test.txt/1"
    assert email.object_key(0) == "app/a.b@example.com/s-1/a_b.txt/0"


def test_a_missing_session_means_the_user_scope() -> None:
    named = ArtifactId.of(app="a", user="u", session="s", filename="user:x")
    assert ArtifactId.of(app="a", user="u", session=None, filename="x") == named
    assert ArtifactId.of(app="a", user="u", session=None, filename="user:x") == named
    assert named.adk_filename == "user:x"
    assert named.filename == "x"
    twice = ArtifactId.of(app="a", user="u", session=None, filename="user:user:x")
    assert twice.object_key(0) == "a/u/user/user:user!3Ax/0"


def test_slashes_in_ids_reach_nobody_else() -> None:
    pairs = [("a/b", "c"), ("a", "b/c"), ("a", "b!2Fc"), ("a!2Fb", "c")]
    prefixes = {Scope("app", user, session).key_prefix for user, session in pairs}
    assert len(prefixes) == len(pairs)


def test_internal_names_are_ordinary_names() -> None:
    for app, filename in product(["!blobs", "staging", "artifacts"], ["versions", "user", "!blobs/x"]):
        key = ArtifactId(Scope(app, "u", "s"), filename).object_key(0)
        assert not key.startswith(names.BLOB_PREFIX)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("a\x00b", "null byte"),
        ("/a", "slash"),
        ("\\a", "slash"),
        ("C:x", "drive"),
        ("..", "segment"),
        (".", "segment"),
        ("a/../b", "segment"),
        ("a\\..\\b", "segment"),
        ("a/Users/b", "users"),
        ("\ud800", "surrogate"),
        (7, "string"),
    ],
)
@pytest.mark.parametrize("field", ["app", "user", "session"])
def test_ids_that_adk_refuses_are_refused(value: str, reason: str, field: str) -> None:
    ids = {"app": "a", "user": "u", "session": "s"} | {field: value}
    with pytest.raises(InvalidName, match=reason) as error:
        _ = Scope(**ids).key_prefix
    assert error.value.field == field
    assert error.value.code == "invalid_name"


@pytest.mark.parametrize("filename", ["", "user:", "\udfff", None])
def test_filenames_that_cannot_be_names_are_refused(filename: str) -> None:
    with pytest.raises(InvalidName) as error:
        ArtifactId.of(app="a", user="u", session="s", filename=filename)
    assert error.value.field == "filename"


@pytest.mark.parametrize("session", ["user", "user/x", "user\\x"])
def test_session_user_is_reserved_for_saving(session: str) -> None:
    with pytest.raises(InvalidName, match="reserved") as error:
        Scope("a", "u", session).refuse_reserved_session()
    assert error.value.field == "session"
    Scope("a", "u", "users").refuse_reserved_session()
    Scope("a", "u").refuse_reserved_session()


def test_names_are_as_long_as_a_key_allows_and_not_longer() -> None:
    with pytest.raises(NameTooLong, match="901") as error:
        ArtifactId(Scope("a", "u", "s"), "x" * 901)
    assert error.value.limit == 900
    prefix = Scope("a", "u" * 200, "s")
    fits = 1024 - len(prefix.key_prefix) - 1 - 1 - 10
    assert len(ArtifactId(prefix, "x" * fits).object_key(names.MAX_VERSION)) == 1024
    with pytest.raises(NameTooLong, match=r"1,025 bytes.*1,024"):
        ArtifactId(prefix, "x" * (fits + 1))
    with pytest.raises(NameTooLong, match="encoded") as error:
        Scope("a", "é" * 400, "s")
    assert error.value.field == "session"
    with pytest.raises(NameTooLong) as error:
        Scope("a", "é" * 400)
    assert error.value.field == "user"


@pytest.mark.parametrize(
    ("written", "spelling"),
    [
        ("my file.txt", "my!20file.txt"),
        ("my%20file.txt", "my!20file.txt"),
        ("a/b", "a!2Fb"),
        ("a!2fb", "a!212fb"),
        ("..", "!2E!2E"),
        ("caf\u00e9", "caf!C3!A9"),
        ("!41", "!2141"),
    ],
)
def test_a_wrong_spelling_is_refused_with_the_right_one(written: str, spelling: str) -> None:
    with pytest.raises(InvalidName) as error:
        names.decode(written, field="filename")
    assert str(error.value).endswith(f"write it as {spelling}")


@pytest.mark.parametrize("written", ["", "!FF", "!C3", "!ED!A0!80", "%FF"])
def test_what_is_no_text_is_refused(written: str) -> None:
    with pytest.raises(InvalidName):
        names.decode(written)


@pytest.mark.parametrize("text", ["0", "7", "10", "9999999999"])
def test_versions_are_read(text: str) -> None:
    assert names.parse_version(text) == int(text)


@pytest.mark.parametrize("text", ["", "-1", "+1", "01", "1e30", "abc", "1.0", " 1", "٣", "10000000000", "1_0"])
def test_other_versions_are_refused(text: str) -> None:
    with pytest.raises(InvalidVersion) as error:
        names.parse_version(text)
    assert error.value.field == "version"


@pytest.mark.parametrize(
    "key", ["a/u/s/f", "a/u/s/f/0/1", "!blobs/0", "a/u/s/f/x", "a/u/s/user:f/0", "a/u/s/f%20/0", "../u/s/f/0"]
)
def test_foreign_object_keys_are_refused(key: str) -> None:
    with pytest.raises((InvalidName, InvalidVersion)):
        names.parse_object_key(key)


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("app/u/s", Scope("app", "u", "s")),
        ("app/u", Scope("app", "u")),
        ("app/u/user", Scope("app", "u")),
        ("app/a!2Fb/s!20t", Scope("app", "a/b", "s t")),
    ],
)
def test_a_scope_is_read_as_keys_have_it(text: str, scope: Scope) -> None:
    assert parse_scope(text) == scope


@pytest.mark.parametrize("text", ["", "app", "app/", "app/u/s/doc", "app/u/s/", "app//s", "app/u u", "app/%75"])
def test_anything_else_is_no_scope(text: str) -> None:
    with pytest.raises(InvalidName):
        parse_scope(text)
