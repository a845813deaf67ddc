from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from google.genai import types

if TYPE_CHECKING:
    from tests.conformance.backends import Box


def text(value: object) -> types.Part:
    return types.Part(text=str(value))


async def test_the_first_version_is_0_and_each_save_adds_one(box: Box) -> None:
    assert [await box.save("f", text(number)) for number in range(3)] == [0, 1, 2]
    assert await box.versions("f") == [0, 1, 2]
    for number in range(3):
        assert await box.load("f", number) == text(number)
    assert await box.load("f") == text(2)


async def test_after_a_delete_versions_start_at_0_again(box: Box) -> None:
    for number in range(3):
        await box.save("f", text(number))
    await box.delete("f")
    assert await box.load("f") is None
    assert await box.load("f", 0) is None
    assert (await box.versions("f"), await box.described("f"), await box.names()) == ([], [], [])
    assert await box.save("f", text("again")) == 0
    assert await box.load("f") == text("again")
    assert await box.load("f", 1) is None
    assert await box.versions("f") == [0]


async def test_missing_is_none_or_empty(box: Box) -> None:
    assert await box.load("f") is None
    assert await box.load("f", 0) is None
    assert await box.describe("f") is None
    assert await box.describe("f", 0) is None
    assert await box.versions("f") == []
    assert await box.described("f") == []
    assert await box.names() == []
    await box.delete("f")


@pytest.mark.parametrize("version", [-1, -2, 1, 2, 10**9, 10**10, 10**30])
async def test_versions_that_do_not_exist_are_none(box: Box, version: int) -> None:
    await box.save("f", text(0))
    assert await box.load("f", version) is None
    assert await box.describe("f", version) is None


async def test_versions_are_in_numeric_order(box: Box) -> None:
    for number in range(12):
        await box.save("f", text(number))
    assert await box.versions("f") == list(range(12))
    assert [version.version for version in await box.described("f")] == list(range(12))


async def test_saves_at_once_have_a_version_each_and_keep_their_bytes(box: Box) -> None:
    saved = await asyncio.gather(*[box.save("f", text(number)) for number in range(8)])
    assert sorted(saved) == list(range(8))
    loaded = await asyncio.gather(*[box.load("f", version) for version in saved])
    assert loaded == [text(number) for number in range(8)]


async def test_a_version_is_described_as_it_was_saved(box: Box) -> None:
    before = time.time()
    await box.save("f", types.Part.from_bytes(data=b"1", mime_type="image/png"), {"n": 1})
    await box.save("f", text(2))
    first, latest = await box.describe("f", 0), await box.describe("f")
    assert first is not None
    assert latest is not None
    assert (first.version, first.mime_type, first.custom_metadata) == (0, "image/png", {"n": 1})
    assert (latest.version, latest.mime_type, latest.custom_metadata) == (1, "text/plain", {})
    # Clocks of two processes, and milliseconds on the wire.
    assert before - 1 <= first.create_time <= latest.create_time <= time.time() + 1
    assert await box.described("f") == [first, latest]


async def test_canonical_uris_name_the_object(box: Box) -> None:
    await box.save("charts/q1.png", text(1))
    await box.save("user:é", text(1))
    in_session, users = await box.describe("charts/q1.png"), await box.describe("user:é")
    assert in_session is not None
    assert users is not None
    if box.is_adks:
        assert in_session.canonical_uri.startswith("memory://apps/")
        return
    bucket = in_session.canonical_uri.split("/")[2]
    # An https URI would be handed to the model by SaveFilesAsArtifactsPlugin.
    assert in_session.canonical_uri == f"s3://{bucket}/{box.app}/alice/s1/charts!2Fq1.png/0"
    assert users.canonical_uri == f"s3://{bucket}/{box.app}/alice/user/user:!C3!A9/0"


async def test_what_is_returned_is_the_callers_own(box: Box) -> None:
    part, metadata = types.Part(inline_data=types.Blob(data=b"1", mime_type="a/b")), {"list": [1]}
    await box.save("f", part, metadata)
    part.inline_data.data = b"2"  # type: ignore[union-attr]
    metadata["list"].append(2)
    first, described = await box.load("f"), await box.describe("f")
    assert first is not None
    assert first.inline_data is not None
    assert described is not None
    first.inline_data.data = b"3"
    described.custom_metadata["list"].append(3)
    assert await box.load("f") == types.Part(inline_data=types.Blob(data=b"1", mime_type="a/b"))
    again = await box.describe("f")
    assert again is not None
    assert again.custom_metadata == {"list": [1]}
