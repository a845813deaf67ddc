from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifact_api.cursor import open_cursor, seal_cursor
from artifact_store import InvalidPosition

KEY = b"key"
text = st.text(st.characters(exclude_categories=["Cs"]))


@given(position=text, bound_to=st.lists(text))
def test_a_cursor_comes_back(position: str, bound_to: list[str]) -> None:
    cursor = seal_cursor(position, bound_to=bound_to, key=KEY)
    assert open_cursor(cursor, bound_to=bound_to, keys=[KEY]) == position
    assert cursor.isascii()
    assert cursor.isalnum() or set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@given(position=text, made_for=st.lists(text), used_for=st.lists(text))
def test_a_cursor_is_bound(position: str, made_for: list[str], used_for: list[str]) -> None:
    if made_for == used_for:
        return
    cursor = seal_cursor(position, bound_to=made_for, key=KEY)
    with pytest.raises(InvalidPosition):
        open_cursor(cursor, bound_to=used_for, keys=[KEY])


def test_what_it_is_bound_to_cannot_be_shifted() -> None:
    cursor = seal_cursor("p", bound_to=["a", "b"], key=KEY)
    for shifted in (["ab"], ["a", "b", ""], ["", "a", "b"], ['a","b'], ["b", "a"]):
        with pytest.raises(InvalidPosition):
            open_cursor(cursor, bound_to=shifted, keys=[KEY])


def test_an_old_key_is_good_beside_the_new_one() -> None:
    cursor = seal_cursor("p", bound_to=[], key=b"old")
    assert open_cursor(cursor, bound_to=[], keys=[b"new", b"old"]) == "p"
    with pytest.raises(InvalidPosition):
        open_cursor(cursor, bound_to=[], keys=[b"new"])


@given(st.text(max_size=80))
def test_garbage_is_refused(garbage: str) -> None:
    with pytest.raises(InvalidPosition):
        open_cursor(garbage, bound_to=[], keys=[KEY])


def test_every_changed_bit_is_noticed() -> None:
    cursor = seal_cursor("position", bound_to=[], key=KEY)
    raw = base64.urlsafe_b64decode(cursor[1:] + "=" * (-len(cursor[1:]) % 4))
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        forged = "1" + base64.urlsafe_b64encode(changed).decode().rstrip("=")
        with pytest.raises(InvalidPosition):
            open_cursor(forged, bound_to=[], keys=[KEY])


def test_a_cursor_has_one_spelling() -> None:
    cursor = seal_cursor("pp", bound_to=[], key=KEY)
    same = [
        cursor[:-1] + letter
        for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        if cursor[-1] != letter
    ]
    accepted = []
    for spelling in [*same, cursor + "=", cursor + "\n"]:
        try:
            open_cursor(spelling, bound_to=[], keys=[KEY])
        except InvalidPosition:
            continue
        accepted.append(spelling)
    assert accepted == []
