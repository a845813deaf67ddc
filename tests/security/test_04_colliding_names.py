"""Two names become one when they are made safe: `a/b` and `a_b`, or a name that holds the escape itself."""

from __future__ import annotations

from itertools import permutations
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifact_store import InvalidName, names
from tests.contract.calls import SESSION, call, save
from tests.security.defence import Defence


def _sanitised(text: str, *, field: str = "name") -> str:
    return text.replace("/", "_").replace("%", "_").replace("!", "_") or field


ESCAPES_ARE_REVERSIBLE = Defence(
    4, "every byte that stands for another is escaped itself", ((names, "encode", _sanitised),)
)
_UNESCAPED = tuple("!" if byte == ord("!") else escape for byte, escape in enumerate(names._ESCAPES))
THE_ESCAPE_IS_ESCAPED = Defence(4, "the escape's own character is escaped", ((names, "_ESCAPES", _UNESCAPED),))

ALIKE = ["a/b", "a_b", "a!2Fb", "a%2Fb", "a!212Fb", "a%252Fb", "a!b", "a!21b"]
ODD = ["%21", "!", "%", "!!", "!2", "!21", "%2521", "!C3", "\u00c3", "A\u030a", "\u00c5", "\u212b"]
ALPHABET = st.text(st.sampled_from("ab!%_/\\.2F15CE \u00e5\u030a:@-"), min_size=1, max_size=8)


def read_another_name(saved: str, asked: str) -> bytes | None:
    """What one name has of what was saved under another one."""
    assert save(f"{SESSION}/{names.encode(saved)}", b"Ada's").status == 201
    answer = call("GET", f"{SESSION}/{names.encode(asked)}")
    call("DELETE", f"{SESSION}/{names.encode(saved)}")
    return answer.body if answer.status == 200 else None


@pytest.mark.parametrize("alike", [ALIKE, ODD], ids=["slash", "escape"])
def test_names_that_are_nearly_the_same_are_two(alike: list[str]) -> None:
    for saved, asked in permutations(alike, 2):
        assert read_another_name(saved, asked) is None


def test_names_collide_without_the_reversible_encoding() -> None:
    with ESCAPES_ARE_REVERSIBLE.taken_out():
        assert read_another_name("a/b", "a_b") == b"Ada's"


def collide(one: str, other: str) -> bool:
    """Whether two names are written alike; or, read back from what is written, one is the other."""
    if one == other:
        return False
    written = names.encode(one)
    try:
        read = names.decode(written)
    except InvalidName:
        return True
    return read != one or written == names.encode(other)


@given(one=ALPHABET | st.text(min_size=1), other=ALPHABET | st.text(min_size=1))
def test_no_two_names_are_written_alike(one: str, other: str) -> None:
    assert not collide(one, other)
    written = names.encode(one)
    assert unquote(unquote(written)) == written, "nothing on the way decodes it"


def test_names_that_hold_the_escape_collide_without_its_own_escape() -> None:
    with THE_ESCAPE_IS_ESCAPED.taken_out():
        assert collide("a/b", "a!2Fb")
