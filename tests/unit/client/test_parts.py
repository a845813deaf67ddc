from __future__ import annotations

import hashlib
from typing import Any

import pytest
from google.adk.errors.input_validation_error import InputValidationError
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st

from google_adk_aws import ArtifactIntegrityError, InvalidArtifactError, UnexpectedResponseError
from google_adk_aws._adk.parts import from_content, to_content, to_part
from google_adk_aws._model.metadata import check_metadata
from google_adk_aws._model.wire import PartHeader, StoredContent, content_digest, verify_digest

pytestmark = pytest.mark.unit

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
PARTS = st.one_of(
    st.builds(
        lambda data, mime, name: types.Part(inline_data=types.Blob(data=data, mime_type=mime, display_name=name)),
        st.binary(),
        st.none() | TEXT,
        st.none() | TEXT,
    ),
    TEXT.map(lambda text: types.Part(text=text)),
    st.builds(
        lambda uri, mime, name: types.Part(file_data=types.FileData(file_uri=uri, mime_type=mime, display_name=name)),
        TEXT.filter(lambda uri: uri != "" and not uri.startswith("artifact://")),
        st.none() | TEXT,
        st.none() | TEXT,
    ),
)
TOMBSTONE = types.Part(inline_data=types.Blob(data=b"", mime_type="application/octet-stream"))


def round_trip(part: types.Part) -> types.Part | None:
    body, header = to_content(part)
    return from_content(StoredContent(body=body, part=header, version=0))


@given(part=PARTS)
def test_parts_come_back_as_they_were(part: types.Part) -> None:
    assert round_trip(part) == (None if part == TOMBSTONE else part)


@pytest.mark.parametrize(
    "part",
    [
        types.Part(text=""),
        types.Part(inline_data=types.Blob(data=b"", mime_type="text/plain")),
        types.Part(inline_data=types.Blob(data=b"")),
        types.Part(inline_data=types.Blob(data=b"", mime_type="application/octet-stream", display_name="")),
    ],
)
def test_other_empty_parts_are_no_tombstones(part: types.Part) -> None:
    assert round_trip(part) == part


@pytest.mark.parametrize(
    ("artifact", "part"),
    [
        ({"text": "a"}, types.Part(text="a")),
        ({"inlineData": {"mimeType": "a/b", "data": "AAE="}}, types.Part.from_bytes(data=b"\0\1", mime_type="a/b")),
        ({"inline_data": {"mime_type": "a/b", "data": b"x"}}, types.Part.from_bytes(data=b"x", mime_type="a/b")),
        ({"fileData": {"fileUri": "gs://b/o"}}, types.Part(file_data=types.FileData(file_uri="gs://b/o"))),
    ],
)
def test_dicts_are_parts_too(artifact: dict[str, Any], part: types.Part) -> None:
    assert to_part(artifact) == part


@pytest.mark.parametrize("artifact", [{"bogus": 1}, {"inlineData": {"data": 7}}, None, "text", b"bytes", 7, object()])
def test_what_is_no_part(artifact: Any) -> None:
    with pytest.raises(InputValidationError, match=r"^Not supported artifact type\."):
        to_part(artifact)


@pytest.mark.parametrize(
    "part",
    [
        types.Part(),
        types.Part(thought=True),
        types.Part(function_call=types.FunctionCall(name="f")),
        types.Part(inline_data=types.Blob(mime_type="a/b")),
        types.Part(file_data=types.FileData(mime_type="a/b")),
        types.Part(file_data=types.FileData(file_uri="")),
        types.Part(text="\ud800"),
        types.Part(file_data=types.FileData(file_uri="gs://\ud800")),
        types.Part(inline_data=types.Blob(data=b"", mime_type="a/b", display_name="\ud800")),
        types.Part(inline_data=types.Blob(data=b"", mime_type="\ud800")),
    ],
)
def test_parts_that_cannot_be_stored(part: types.Part) -> None:
    with pytest.raises(InputValidationError):
        to_content(part)


def test_a_reference_has_no_type_until_it_is_resolved() -> None:
    uri = "artifact://apps/a/users/u/artifacts/f/versions/0"
    _, header = to_content(types.Part(file_data=types.FileData(file_uri=uri, mime_type="a/b")))
    assert header == PartHeader(kind="file", mime_type=None)


def test_kinds_of_the_future_are_not_mistaken() -> None:
    with pytest.raises(UnexpectedResponseError, match="'video'"):
        from_content(StoredContent(body=b"", part=PartHeader(kind="video"), version=0))
    with pytest.raises(UnexpectedResponseError, match="not UTF-8"):
        from_content(StoredContent(body=b"\xff", part=PartHeader(kind="text"), version=0))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(metadata=st.dictionaries(TEXT, JSON, max_size=4))
def test_all_json_is_metadata(metadata: dict[str, Any]) -> None:
    check_metadata(metadata)


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"d": value}
    return value


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"when": {1}}, "custom_metadata['when'] is of type set"),
        ({"a": [0, {"b": b"x"}]}, "custom_metadata['a'][1]['b'] is of type bytes"),
        ({"a": {1: 2}}, "custom_metadata['a'] has the key 1, which is no string"),
        ({"a": float("nan")}, "custom_metadata['a'] is nan"),
        ({"a": float("-inf")}, "custom_metadata['a'] is -inf"),
        ({"a": "\ud800"}, "custom_metadata['a'] has a lone surrogate"),
        ({"\ud800": 1}, "custom_metadata has a lone surrogate"),
        ([1], "custom_metadata must be a dict"),
        (nested(33), "custom_metadata must be nested at most 32 deep"),
        (nested(100_000), "custom_metadata must be nested at most 32 deep"),
    ],
)
def test_metadata_that_json_does_not_know(metadata: Any, message: str) -> None:
    with pytest.raises(InvalidArtifactError) as caught:
        check_metadata(metadata)
    assert str(caught.value).startswith(message)
    assert caught.value.code == "invalid_metadata"


def test_metadata_in_a_circle_ends() -> None:
    circle: dict[str, Any] = {}
    circle["me"] = circle
    with pytest.raises(InvalidArtifactError, match="32 deep"):
        check_metadata(circle)


def test_metadata_as_deep_as_the_limit() -> None:
    check_metadata(nested(32))


@given(body=st.binary(), other=st.binary())
def test_digests(body: bytes, other: bytes) -> None:
    header = content_digest(hashlib.sha256(body).digest())
    verify_digest(body, header)
    verify_digest(body, None)
    if other != body:
        with pytest.raises(ArtifactIntegrityError):
            verify_digest(other, header)
