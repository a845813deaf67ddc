from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifact_api.sealed import NotSealed, open_sealed, seal

KEY = b"key"
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


def opened(sealed: str, *, kind: str = "a1", bound_to: tuple[str, ...] = ("x",), longest: int = 4096) -> str:
    return open_sealed(sealed, kind=kind, bound_to=bound_to, keys=[KEY], longest=longest)


@given(text)
def test_what_is_sealed_comes_back(value: str) -> None:
    sealed = seal(value, kind="a1", bound_to=["x"], key=KEY)
    assert sealed.startswith("a1")
    assert opened(sealed) == value


def test_one_kind_is_not_the_other() -> None:
    sealed = seal("text", kind="a1", bound_to=["x"], key=KEY)
    for kind, forged in (("b1", sealed), ("b1", "b1" + sealed[2:]), ("a", sealed), ("", sealed)):
        with pytest.raises(NotSealed):
            opened(forged, kind=kind)


def test_a_kind_is_not_what_it_is_bound_to() -> None:
    sealed = seal("text", kind="a1", bound_to=["x"], key=KEY)
    with pytest.raises(NotSealed):
        opened("x" + sealed[2:], kind="x", bound_to=("a1",))


def test_what_is_too_long_is_not_even_read() -> None:
    sealed = seal("text", kind="a1", bound_to=["x"], key=KEY)
    assert opened(sealed, longest=len(sealed)) == "text"
    with pytest.raises(NotSealed):
        opened(sealed, longest=len(sealed) - 1)
