"""JSON bodies are read strictly, and refused by the path of the member at fault, never by its value."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifact_api.body import MAX_BODY_DEPTH, Members, read_body
from artifact_api.errors import InvalidBody
from artifact_store import InvalidInput

KNOWN = frozenset({"a", "b"})


def body(value: Any, known: frozenset[str] = KNOWN) -> Members:
    return read_body(json.dumps(value).encode(), known=known)


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth - 1):
        value = {"a": value}
    return value


class TestTheWholeBody:
    @pytest.mark.parametrize("text", ["", "{", "[]", "1", "null", '"text"', "{} {}", "\ufeff{}", "{'a': 1}"])
    def test_what_is_no_json_object_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidBody) as refused:
            read_body(text.encode(), known=KNOWN)

        assert refused.value.field == "body"

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5000])
    def test_what_is_no_number_is_refused(self, number: str) -> None:
        with pytest.raises(InvalidBody) as refused:
            read_body(f'{{"a": {number}}}'.encode(), known=KNOWN)

        assert refused.value.field == "body"

    def test_what_is_no_utf8_is_refused_with_its_place(self) -> None:
        with pytest.raises(InvalidBody, match="byte 7 is not"):
            read_body(b'{"a": "\xff"}', known=KNOWN)

    def test_a_body_may_be_as_long_as_its_limit_and_no_longer(self) -> None:
        text = json.dumps({"a": "x"}).encode()

        assert read_body(text, known=KNOWN, limit=len(text)).text("a") == "x"
        with pytest.raises(InvalidBody) as refused:
            read_body(text, known=KNOWN, limit=len(text) - 1)
        assert (refused.value.field, refused.value.limit) == ("body", len(text) - 1)

    def test_a_body_may_be_as_deep_as_the_limit_and_no_deeper(self) -> None:
        assert body(nested(MAX_BODY_DEPTH)).has("a")
        for depth in (MAX_BODY_DEPTH + 1, 100_000):
            text = '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)
            with pytest.raises(InvalidBody) as refused:
                read_body(text.encode(), known=KNOWN)
            assert (refused.value.field, refused.value.limit) == ("body", MAX_BODY_DEPTH)

    def test_lists_count_as_depth_too(self) -> None:
        with pytest.raises(InvalidBody):
            read_body(b'{"a":' + b"[" * MAX_BODY_DEPTH + b"]" * MAX_BODY_DEPTH + b"}", known=KNOWN)

    def test_a_refusal_is_the_callers_fault_and_has_a_code_of_its_own(self) -> None:
        assert issubclass(InvalidBody, InvalidInput)
        assert InvalidBody.code == "invalid_body"


class TestMembers:
    def test_an_unknown_member_is_named_by_its_path(self) -> None:
        items = {"items": [{"a": 1}, {"a": 1, "c\u00e9": 2}]}
        with pytest.raises(InvalidBody) as refused:
            body(items, known=frozenset({"items"})).objects("items", known=KNOWN, most=9)

        assert refused.value.field == "items[1].c\\xe9"
        assert "known here: a, b" in str(refused.value)

    def test_a_long_unknown_name_is_cut(self) -> None:
        with pytest.raises(InvalidBody) as refused:
            body({"x" * 5000: 1})

        assert len(refused.value.field) == 100

    @pytest.mark.parametrize(
        ("text", "field"),
        [
            ('{"a": 1, "a": 1}', "body"),
            ('{"a": [{"b": {}}, {"b": {}, "b": {}}]}', "a[1]"),
            ('{"a": [{"b": {"x": [{"y": 1, "y": 2}]}}]}', "a[0].b"),
        ],
    )
    def test_a_member_that_occurs_twice_is_refused(self, text: str, field: str) -> None:
        def read() -> None:
            for item in read_body(text.encode(), known=KNOWN).objects("a", known=KNOWN, most=9):
                item.free_object("b")

        with pytest.raises(InvalidBody) as refused:
            read()

        assert refused.value.field == field

    def test_null_is_not_given_but_stands_for_a_required_member(self) -> None:
        members = body({"a": None})

        assert not members.has("a")
        assert members.optional_text("a") is None
        members.require("a")
        with pytest.raises(InvalidBody, match="b is missing"):
            members.require("a", "b")

    @pytest.mark.parametrize(
        ("read", "wrong"),
        [
            (lambda m: m.text("a"), [None, 1, True, [], {}, "\ud800", "x" * 4097]),
            (lambda m: m.text("a", longest=2), ["abc"]),
            (lambda m: m.integer("a", least=0, most=9), [None, "1", 1.5, True, -1, 10]),
            (lambda m: m.optional_integer("a", least=0, most=9), ["1", 1.5, False, -1, 10**30]),
            (lambda m: m.choice("a", ("x", "y"), default="x"), ["z", 1, ["x"], {}, False]),
            (lambda m: m.sha256("a"), [None, 1, "", "0" * 63, "0" * 65, "A" * 64, "g" * 64, "\u0660" * 64]),
            (lambda m: m.octets("a"), [None, 1, [], "a", "ab==c", "YQ", "Y Q==", "\u00e9", "YQ==\n", "-_-_"]),
            (lambda m: m.free_object("a"), [1, "{}", [], True]),
            (lambda m: m.optional_object("a", known=KNOWN), [1, "{}", [], {"c": 1}]),
            (lambda m: m.objects("a", known=KNOWN, most=2), [None, {}, "x", [], [{}, {}, {}], [1], [None]]),
            (lambda m: m.optional_texts("a", most=2), ["x", [], ["x", "y", "z"], [1], [None], ["x", "x"]]),
        ],
    )
    def test_a_value_of_another_kind_is_refused(self, read: Callable[[Members], Any], wrong: list[Any]) -> None:
        for value in wrong:
            with pytest.raises(InvalidBody) as refused:
                read(body({"a": value}))
            assert refused.value.field.partition("[")[0].partition(".")[0] == "a", value

    def test_what_is_missing_is_named(self) -> None:
        for read in (Members.text, Members.octets, Members.sha256):
            with pytest.raises(InvalidBody, match="a is missing") as refused:
                read(body({}), "a")
            assert refused.value.field == "a"

    @pytest.mark.parametrize(
        ("read", "limit"),
        [
            (lambda m: m.text("a", longest=2), 2),
            (lambda m: m.integer("b", least=5, most=7), 7),
            (lambda m: m.objects("c", known=KNOWN, most=1), 1),
            (lambda m: m.objects("c", known=KNOWN, least=3, most=4), 3),
        ],
    )
    def test_a_refusal_names_the_limit(self, read: Callable[[Members], Any], limit: int) -> None:
        with pytest.raises(InvalidBody) as refused:
            read(body({"a": "abc", "b": 8, "c": [{}, {}]}, known=frozenset("abc")))

        assert refused.value.limit == limit

    def test_paths_go_down(self) -> None:
        (item,) = body({"a": [{"b": {"a": 1}}]}).objects("a", known=KNOWN, most=1)
        inner = item.optional_object("b", known=KNOWN)

        assert inner is not None
        assert inner.path_of("a") == "a[0].b.a"
        with pytest.raises(InvalidBody) as refused:
            inner.text("a")
        assert refused.value.field == "a[0].b.a"
        with pytest.raises(InvalidBody) as refused:
            body({"a": ["x", 7]}).optional_texts("a", most=2)
        assert refused.value.field == "a[1]"

    def test_no_refusal_quotes_a_value(self) -> None:
        secret = "do-not-tell"
        reads: list[Callable[[Members], Any]] = [
            lambda m: m.integer("a", least=0, most=1),
            lambda m: m.octets("a"),
            lambda m: m.sha256("a"),
            lambda m: m.free_object("a"),
            lambda m: m.choice("a", ("x",), default="x"),
            lambda m: m.objects("a", known=KNOWN, most=1),
        ]
        for read in reads:
            with pytest.raises(InvalidBody) as refused:
                read(body({"a": secret}))
            assert secret not in str(refused.value)


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=10,
)


@given(value=st.dictionaries(text, json_values, max_size=4), octets=st.binary(max_size=100), written=text)
def test_what_was_sent_is_what_is_read(value: dict[str, Any], octets: bytes, written: str) -> None:
    sent = {"a": value, "b": base64.b64encode(octets).decode(), "c": written}
    for ascii_only in (True, False):
        raw = json.dumps(sent, ensure_ascii=ascii_only).encode()
        members = read_body(raw, known=frozenset("abc"))
        assert members.free_object("a") == value
        assert members.octets("b") == octets
        assert members.text("c") == written
