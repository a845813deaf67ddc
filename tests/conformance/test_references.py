from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.adk.errors.input_validation_error import InputValidationError
from google.genai import types

if TYPE_CHECKING:
    from tests.conformance.backends import Box

TEXT = types.Part(text="what is referred to")


def to(uri: str, mime_type: str | None = None) -> types.Part:
    return types.Part(file_data=types.FileData(file_uri=uri, mime_type=mime_type))


async def test_a_reference_loads_what_it_names(box: Box) -> None:
    await box.save("f", TEXT)
    await box.save("f", types.Part(text="newer"))
    await box.save("r", to(box.uri("f", 0), "text/plain"))
    assert await box.load("r") == TEXT
    described = await box.describe("r")
    assert described is not None
    # Not known before it is resolved.
    assert described.mime_type is None


async def test_a_reference_to_the_users_artifacts_works_from_any_session(box: Box) -> None:
    await box.save("user:f", TEXT)
    for session in ("s1", "s2"):
        other = box.of(session=session)
        await other.save("r", to(other.uri("user:f")))
        assert await other.load("r") == TEXT
        await other.save("r2", to(box.of(session=None).uri("user:f")))
        assert await other.load("r2") == TEXT


@pytest.mark.parametrize("name", ["doc/nested", "a/artifacts/b", "x/versions/3", "é b"])
async def test_references_to_names_with_anything_in_them(box: Box, name: str) -> None:
    await box.save(name, TEXT)
    await box.save("r", to(box.uri(name)))
    assert await box.load("r") == TEXT


async def test_references_that_lead_nowhere_are_none(box: Box) -> None:
    await box.save("f", TEXT)
    await box.save("no-version", to(box.uri("f", 1)))
    await box.save("no-artifact", to(box.uri("g")))
    await box.save("f", types.Part.from_bytes(data=b"", mime_type="application/octet-stream"))
    await box.save("rewound", to(box.uri("f", 1)))
    for name in ("no-version", "no-artifact", "rewound"):
        assert await box.load(name) is None
        assert name in await box.names()
    await box.save("f", TEXT)
    await box.save("lost", to(box.uri("f", 2)))
    assert await box.load("lost") == TEXT
    await box.delete("f")
    assert await box.load("lost") is None


async def test_five_hops_and_no_more(box: Box) -> None:
    await box.save("0", TEXT)
    for hop in range(1, 7):
        await box.save(str(hop), to(box.uri(str(hop - 1))))
    assert await box.load("5") == TEXT
    with pytest.raises(InputValidationError, match="Exceeded maximum recursion depth"):
        await box.load("6")


async def test_a_circle_is_an_error_and_no_endless_loop(box: Box) -> None:
    await box.save("a", to(box.uri("b")))
    await box.save("b", to(box.uri("a")))
    with pytest.raises(InputValidationError, match="Exceeded maximum recursion depth"):
        await box.load("a")


@pytest.mark.parametrize("change", [{"app": "other"}, {"user": "bob"}, {"user": "bob", "session": None}])
async def test_references_to_others_are_refused_on_save(box: Box, change: dict[str, str | None]) -> None:
    with pytest.raises(InputValidationError, match="must stay within the same app and user scope"):
        await box.save("r", to(box.of(**change).uri("user:f")))
    assert await box.names() == []


async def test_references_to_other_sessions_are_refused_on_save(box: Box) -> None:
    with pytest.raises(InputValidationError, match="must stay within the same session scope"):
        await box.save("r", to(box.of(session="s2").uri("f")))


async def test_a_users_reference_into_a_session_loads_in_that_session_alone(box: Box) -> None:
    await box.save("f", TEXT)
    await box.save("user:r", to(box.uri("f")))
    assert await box.load("user:r") == TEXT
    with pytest.raises(InputValidationError, match="must stay within the same session scope"):
        await box.of(session="s2").load("user:r")


@pytest.mark.parametrize("uri", ["artifact://", "artifact://apps/a", "artifact://x/y"])
async def test_malformed_references_are_refused_on_save(box: Box, uri: str) -> None:
    with pytest.raises(InputValidationError, match="Invalid artifact reference URI"):
        await box.save("r", to(uri))
