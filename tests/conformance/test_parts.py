from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.adk.errors.input_validation_error import InputValidationError
from google.genai import types

if TYPE_CHECKING:
    from tests.conformance.backends import Box


def inline(data: bytes, mime_type: str | None = "a/b", display_name: str | None = None) -> types.Part:
    return types.Part(inline_data=types.Blob(data=data, mime_type=mime_type, display_name=display_name))


def file(uri: str, mime_type: str | None = None, display_name: str | None = None) -> types.Part:
    return types.Part(file_data=types.FileData(file_uri=uri, mime_type=mime_type, display_name=display_name))


ALL_BYTES = bytes(range(256))
TOMBSTONE = inline(b"", "application/octet-stream")

PARTS = {
    "text": (types.Part(text="Grüße, 世界 \U0001f600\r\n\x00"), "text/plain"),
    "empty text": (types.Part(text=""), "text/plain"),
    "text that looks like base64": (types.Part(text="AAAA"), "text/plain"),
    "bytes": (inline(ALL_BYTES, "image/png"), "image/png"),
    "bytes of a text type": (inline(b"a,b\r\n1,2\n", "text/csv"), "text/csv"),
    "bytes of a text type that are no text": (inline(b"\xff\xfe\x00", "text/plain; charset=utf-16"), None),
    "bytes of JSON": (inline(b'{"a": 1}', "application/json"), "application/json"),
    "bytes without a type": (inline(b"x", None), None),
    "octets": (inline(b"x", "application/octet-stream"), "application/octet-stream"),
    "empty bytes": (inline(b"", "image/png"), "image/png"),
    "empty bytes without a type": (inline(b"", None), None),
    "empty octets with a name": (inline(b"", "application/octet-stream", "empty.bin"), "application/octet-stream"),
    "display name": (inline(b"x", "image/png", "Bericht № 1 \u202e.png"), "image/png"),
    "empty display name": (inline(b"x", "image/png", ""), "image/png"),
    "file": (file("gs://bucket/ö b.pdf", "application/pdf", "b.pdf"), "application/pdf"),
    "file without a type": (file("https://example.com/?a=b&c#d"), None),
}


@pytest.mark.parametrize("name", PARTS)
async def test_parts_come_back_as_they_were(box: Box, name: str) -> None:
    part, mime_type = PARTS[name]
    await box.save("f", part)
    assert await box.load("f") == part
    assert await box.load("f", 0) == part
    described = await box.describe("f")
    assert described is not None
    if name != "bytes of a text type that are no text":
        assert described.mime_type == mime_type
    else:
        assert described.mime_type == "text/plain; charset=utf-16"


@pytest.mark.parametrize(
    ("artifact", "part"),
    [
        ({"text": "a"}, types.Part(text="a")),
        ({"inlineData": {"mimeType": "a/b", "data": "AAE=", "displayName": "n"}}, inline(b"\0\1", "a/b", "n")),
        ({"inline_data": {"mime_type": "a/b", "data": b"\0\1"}}, inline(b"\0\1", "a/b")),
        ({"fileData": {"fileUri": "gs://b/o", "mimeType": "a/b"}}, file("gs://b/o", "a/b")),
        ({"file_data": {"file_uri": "gs://b/o"}}, file("gs://b/o")),
    ],
)
async def test_dicts_are_parts_too(box: Box, artifact: dict[str, Any], part: types.Part) -> None:
    before = dict(artifact)
    await box.save("f", artifact)
    assert artifact == before
    assert await box.load("f") == part


@pytest.mark.parametrize(
    "part", [types.Part(), types.Part(function_call=types.FunctionCall(name="f")), types.Part(thought=True)]
)
async def test_other_parts_are_refused(box: Box, part: types.Part) -> None:
    with pytest.raises(InputValidationError, match=r"Not supported artifact type\."):
        await box.save("f", part)
    assert await box.names() == []


async def test_a_rewind_leaves_a_version_that_loads_as_none_but_counts(box: Box) -> None:
    await box.save("f", types.Part(text="0"))
    assert await box.save("f", TOMBSTONE) == 1
    assert await box.load("f") is None
    assert await box.load("f", 1) is None
    assert await box.load("f", 0) == types.Part(text="0")
    assert await box.names() == ["f"]
    assert await box.versions("f") == [0, 1]
    described = await box.describe("f")
    assert described is not None
    assert (described.version, described.mime_type) == (1, "application/octet-stream")
    assert await box.save("f", types.Part(text="2")) == 2
    assert await box.load("f") == types.Part(text="2")


@pytest.mark.parametrize(
    "metadata",
    [
        {"s": "x", "i": 1, "f": 1.0, "t": True, "n": None, "l": [1, [2]], "d": {"a": {"b": "c"}}, "e": {}, "el": []},
        {"Mixed Case": "Ünï", "": "empty key", "1": 1, "a.b/c": "\u202e\r\n\x00", "big": 2**70, "small": -0.1e-300},
        {"true": "true", "null": "null", "one": "1"},
        {},
        None,
    ],
)
async def test_metadata_of_any_json_type_keeps_its_type(box: Box, metadata: dict[str, Any] | None) -> None:
    await box.save("f", types.Part(text="x"), metadata)
    described = await box.describe("f")
    assert described is not None
    assert repr(sorted((described.custom_metadata).items())) == repr(sorted((metadata or {}).items()))
    assert [version.custom_metadata for version in await box.described("f")] == [metadata or {}]


@pytest.mark.parametrize("size", [1, 256 * 1024, 256 * 1024 + 1, 3 * 1024 * 1024])
async def test_sizes(box: Box, size: int) -> None:
    part = inline((ALL_BYTES * (size // 256 + 1))[:size], "application/pdf")
    await box.save("f", part)
    loaded = await box.load("f")
    assert loaded == part
