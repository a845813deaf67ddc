from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from google.genai import types

from tests.conformance.backends import WITH_LONG_LISTS

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from tests.conformance.backends import Box

STRANGE = [
    "a b",
    "é",
    "e\u0301",
    "\U0001f600",
    "\u202egnp.exe",
    "a\nb\rc",
    ".",
    "..",
    "../../etc/passwd",
    "a/../b",
    "/absolute",
    "a//b",
    "a/",
    "C:\\a",
    "%2F",
    "%21",
    "a!2Fb",
    "!",
    "!blobs",
    "?a=b&c",
    "#x",
    "*;,=+$'\"<>{}[]|^`~()",
    "versions",
    "artifacts",
    "metadata",
    "latest",
    "doc/versions/0",
    "doc/versions/latest/metadata",
    "User:x",
    "x:user:",
    "0",
    "-1",
    "x" * 300,
]


def text(value: object) -> types.Part:
    return types.Part(text=str(value))


async def gather(calls: list[Coroutine[Any, Any, Any]], *, at_once: int = 16) -> list[Any]:
    slots = asyncio.Semaphore(at_once)

    async def call(coroutine: Coroutine[Any, Any, Any]) -> Any:
        async with slots:
            return await coroutine

    return await asyncio.gather(*map(call, calls))


async def test_names_with_anything_in_them_are_names(box: Box) -> None:
    await gather([box.save(name, text(name)) for name in STRANGE])
    assert await box.names() == sorted(STRANGE)
    loaded = await gather([box.load(name) for name in STRANGE])
    assert loaded == [text(name) for name in STRANGE]
    assert await gather([box.versions(name) for name in STRANGE]) == [[0]] * len(STRANGE)
    await gather([box.delete(name) for name in STRANGE])
    assert await box.names() == []


async def test_a_name_and_names_below_it_are_different_artifacts(box: Box) -> None:
    for number in range(2):
        await box.save("doc", text(f"doc {number}"))
    await box.save("doc/nested", text("nested"))
    await box.save("doc/nested/0", text("deeper"))
    assert await box.names() == ["doc", "doc/nested", "doc/nested/0"]
    assert [await box.versions(name) for name in await box.names()] == [[0, 1], [0], [0]]
    assert await box.load("doc") == text("doc 1")
    assert await box.load("doc/nested") == text("nested")
    await box.delete("doc")
    assert await box.names() == ["doc/nested", "doc/nested/0"]
    assert await box.load("doc/nested") == text("nested")
    assert await box.save("doc", text("again")) == 0


async def test_names_are_in_the_order_of_their_text(box: Box) -> None:
    # "-" and "/" come before letters as text, after them in the encoding; "user:" sorts among the others.
    names = ["b", "a/b", "a-b", "a", "Z", "10", "9", "é", "z", "user:a", "v", "~", "!"]
    await gather([box.save(name, text(name)) for name in names])
    assert await box.names() == sorted(names)


async def test_what_is_listed_can_be_loaded(box: Box) -> None:
    await box.save("f", text("f"))
    await box.save("user:g", text("g"))
    for name in await box.names():
        assert await box.load(name) == text(name[-1])


MANY = 2_100
"""More than two pages of 1,000, which is what S3 and the API give at most."""


@pytest.mark.slow
@pytest.mark.parametrize("backend", WITH_LONG_LISTS, indirect=True)
async def test_many_names_come_back_whole_and_sorted(box: Box) -> None:
    names = [f"{number}/é" if number % 2 else f"user:{number}" for number in range(MANY)]
    await box.prepare(names)
    assert await box.names() == sorted(names)
    assert len(await box.of(session=None).names()) == MANY // 2


@pytest.mark.slow
@pytest.mark.parametrize("backend", WITH_LONG_LISTS, indirect=True)
async def test_many_versions_come_back_whole_and_sorted(box: Box) -> None:
    await box.prepare(["f"] * (MANY - 1))
    assert await box.save("f", text(MANY - 1)) == MANY - 1
    assert await box.versions("f") == list(range(MANY))
    assert [version.version for version in await box.described("f")] == list(range(MANY))
    assert await box.load("f") == text(MANY - 1)
    assert await box.load("f", 999) == text(999)
    await box.delete("f")
    assert await box.versions("f") == []
