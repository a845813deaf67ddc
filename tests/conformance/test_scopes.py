from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from google.adk.errors.input_validation_error import InputValidationError
from google.genai import types

if TYPE_CHECKING:
    from tests.conformance.backends import Box


def text(value: object) -> types.Part:
    return types.Part(text=str(value))


async def test_sessions_have_their_own_artifacts_and_share_the_users(box: Box) -> None:
    other = box.of(session="s2")
    await box.save("f", text(1))
    await other.save("f", text(2))
    await box.save("user:f", text(3))
    assert (await box.load("f"), await other.load("f")) == (text(1), text(2))
    assert (await box.load("user:f"), await other.load("user:f")) == (text(3), text(3))
    assert await other.save("user:f", text(4)) == 1
    assert await box.names() == await other.names() == ["f", "user:f"]
    await box.delete("user:f")
    assert await other.load("user:f") is None
    assert await box.load("f") == text(1)


async def test_users_and_apps_see_nothing_of_each_other(box: Box) -> None:
    await box.save("f", text(1))
    await box.save("user:f", text(2))
    for other in (box.of(user="bob"), box.of(app=f"{box.app}-2"), box.of(user="Alice")):
        for name in ("f", "user:f"):
            assert await other.load(name) is None
            assert await other.describe(name) is None
            assert await other.versions(name) == []
            await other.delete(name)
        assert await other.names() == []
        assert await other.of(session=None).names() == []
    assert await box.names() == ["f", "user:f"]


async def test_without_a_session_the_users_artifacts_are_meant(box: Box) -> None:
    user = box.of(session=None)
    await box.save("f", text("session"))
    await box.save("user:g", text("user"))
    # Every name can be loaded as it is listed, from here and from any session.
    assert await user.names() == ["user:g"]
    assert await user.load("user:g") == text("user")
    assert await user.versions("user:g") == [0]
    await user.delete("user:g")
    assert await box.names() == ["f"]


async def test_without_a_session_a_bare_name_is_the_users_too(box: Box) -> None:
    user = box.of(session=None)
    if box.is_adks:
        # ADK's interface says "if None, the artifact is user-scoped" and its file service does it; this one does not.
        with pytest.raises(InputValidationError, match="Session ID must be provided"):
            await user.save("f", text(1))
        with pytest.raises(InputValidationError, match="Session ID must be provided"):
            await user.load("f")
        return
    assert await user.save("f", text(1)) == 0
    assert await user.load("f") == await user.load("user:f") == await box.load("user:f") == text(1)
    assert await box.load("f") is None
    assert (await user.names(), await box.names()) == (["user:f"], ["user:f"])
    described = await user.describe("f")
    assert described is not None
    assert described == await box.describe("user:f")
    assert await user.save("user:f", text(2)) == 1
    await user.delete("f")
    assert await box.names() == []


async def test_a_second_user_prefix_is_part_of_the_name(box: Box) -> None:
    await box.save("user:user:f", text(1))
    assert await box.names() == ["user:user:f"]
    assert await box.of(session="s2").load("user:user:f") == text(1)
    assert await box.load("user:f") is None


@pytest.mark.parametrize("session", ["user", "user/x", "user\\x"])
async def test_the_reserved_session_is_refused_on_save_and_empty_on_load(box: Box, session: str) -> None:
    reserved = box.of(session=session)
    await box.save("user:f", text(1))
    with pytest.raises(InputValidationError, match="reserved value 'user'"):
        await reserved.save("f", text(2))
    assert await reserved.load("f") is None
    assert await reserved.names() == ["user:f"]


BAD_IDS = ["", " ", "\t", ".", "..", "a/../b", "a\\..\\b", "/a", "\\a", "C:", "C:a", "a\x00", "a/users/b", "x/APPS/y"]


@pytest.mark.parametrize("field", ["app", "user", "session"])
@pytest.mark.parametrize("value", BAD_IDS)
async def test_bad_ids_are_adks_input_validation_error(box: Box, field: str, value: str) -> None:
    bad = box.of(**{field: value})
    calls = [
        bad.save("f", text(1)),
        bad.load("f"),
        bad.describe("f"),
        bad.versions("f"),
        bad.described("f"),
        bad.delete("f"),
        bad.names(),
    ]
    for call in calls:
        with pytest.raises(InputValidationError):
            await call


@pytest.mark.parametrize(
    "value",
    ["a/b", "a\\b", "a b", "é", "a%2Fb", "a!2Fb", "ab:c", "users", "apps", ".a", "a.", "...", "a@b.c", "\u202e"],
)
@pytest.mark.parametrize("field", ["app", "user", "session"])
async def test_strange_ids_are_fine(box: Box, field: str, value: str) -> None:
    # The app of the box is random, so that an app's artifacts are this test's alone.
    strange = box.of(**{field: box.app + value if field == "app" else value})
    assert await strange.save("f", text(1)) == 0
    assert await strange.load("f") == text(1)
    assert await strange.names() == ["f"]
    await strange.delete("f")
    assert await strange.names() == []


async def test_slashes_in_ids_do_not_reach_other_peoples_artifacts(box: Box) -> None:
    mine, theirs = box.of(user="a/b", session="c"), box.of(user="a", session="b/c")
    await mine.save("f", text("mine"))
    if box.is_adks:
        # ADK's in-memory and GCS services join ids with "/": user a/b, session c is user a, session b/c.
        assert await theirs.load("f") == text("mine")
        assert await theirs.names() == ["f"]
        return
    assert await theirs.load("f") is None
    assert await theirs.names() == []
    assert await theirs.save("f", text("theirs")) == 0
    assert await mine.load("f") == text("mine")
    assert await mine.versions("f") == [0]


async def test_all_ways_to_split_one_path_are_different_artifacts(box: Box) -> None:
    segments = ["a", "b", "c", "d"]
    splits = [
        ("/".join(segments[:i]), "/".join(segments[i:j]), "/".join(segments[j:]))
        for i, j in itertools.combinations(range(1, len(segments)), 2)
    ]
    assert len(splits) == 3
    for user, session, name in splits:
        await box.of(user=user, session=session).save(name, text((user, session, name)))
    for user, session, name in splits:
        owner = box.of(user=user, session=session)
        if box.is_adks:
            # One artifact with three versions: see above.
            assert await owner.versions(name) == [0, 1, 2]
            continue
        assert await owner.names() == [name]
        assert await owner.load(name) == text((user, session, name))
