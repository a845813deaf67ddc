"""Line ends, direction marks and control characters in names, metadata and headers become structure.

They are kept as they are, but every header is printable ASCII; what comes in a header must be so too.
"""

from __future__ import annotations

import json

import pytest

from artifact_api import responses
from artifact_api.request import Request
from artifact_store import Part
from artifact_store.names import encode
from tests.contract.calls import SESSION, Answer, call, packed, save, unpacked
from tests.security.defence import Defence

NAMES_ARE_ESCAPED = Defence(
    12, "names in `Content-Disposition` are percent-encoded", ((responses, "quote", lambda text, safe: text),)
)
JSON_IS_PACKED = Defence(
    12, "JSON in headers is base64", ((responses, "pack", lambda value: json.dumps(value, ensure_ascii=False)),)
)
HEADERS_ARE_ASCII = Defence(
    12,
    "a header that is no printable ASCII is refused, and so is such a type",
    (
        (Request, "header", lambda request, name: request.headers.get(name.lower())),
        (Part, "__post_init__", lambda _: None),
    ),
)

HOSTILE = {
    "line ends": "a\r\nSet-Cookie: session=eve\r\n\r\n<html>",
    "a line end": "a\nX-Evil: 1",
    "a direction mark": "invoice\u202egpj.exe",
    "a terminal's escape": "\x1b]0;owned\x07",
    "separators": "a\u2028b\u0085c",
    "quotes": '"; filename="evil.html',
}


def broken_headers(answer: Answer) -> list[str]:
    """The headers that hold what no header may, or whose structure was broken up."""
    return [
        name
        for name, value in answer.headers.items()
        if not (value.isascii() and value.isprintable()) or (name == "content-disposition" and '"' in value)
    ]


def break_headers(text: str) -> list[str]:
    """Saves a file with a hostile name, display name and metadata; which headers of its load it broke."""
    path = f"{SESSION}/{encode(text)}"
    facts = {"Artifact_Part": packed({"displayName": text}), "Artifact_Metadata": packed({text: text})}
    assert save(path, b"content", **facts).status == 201
    answer = call("GET", path)
    broken = broken_headers(answer)
    if not broken:
        assert unpacked(answer.headers["artifact-part"])["displayName"] == text
        assert unpacked(answer.headers["artifact-metadata"]) == {text: text}
        assert call("GET", SESSION).json["artifacts"][0]["filename"] == text
    return broken


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_text_stays_text(text: str) -> None:
    assert break_headers(text) == []


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_a_name_becomes_structure_without_its_encoding(text: str) -> None:
    with NAMES_ARE_ESCAPED.taken_out():
        assert break_headers(text) == ["content-disposition"]


def test_a_display_name_becomes_structure_without_its_encoding() -> None:
    with JSON_IS_PACKED.taken_out():
        assert break_headers(HOSTILE["a direction mark"]) == ["artifact-part"]


def break_headers_by_a_type(mime_type: str) -> list[str]:
    """Saves content of a hostile type; which headers of its load it broke."""
    saved = save(f"{SESSION}/doc", Content_Type=mime_type)
    return broken_headers(call("GET", f"{SESSION}/doc")) if saved.status == 201 else []


@pytest.mark.parametrize("mime_type", ["text/html\r\nSet-Cookie: a=b", "text/\u202ehtml", "text/html\x00"])
def test_a_type_that_is_structure_is_refused(mime_type: str) -> None:
    assert break_headers_by_a_type(mime_type) == []


def test_a_type_becomes_structure_without_the_rule_of_headers() -> None:
    with HEADERS_ARE_ASCII.taken_out():
        assert break_headers_by_a_type("text/html\r\nSet-Cookie: a=b") == ["content-type"]
