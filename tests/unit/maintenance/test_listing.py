"""Which versions a page of keys covers: keys sort as text, versions as numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifact_store.adapters.memory import MemoryObjects
from artifact_store.maintenance.listing import AFTER_BLOBS, numbers_between, whole_keys
from artifact_store.names import BLOB_PREFIX, MAX_VERSION

ENDS = st.one_of(
    st.integers(0, 30_000).map(str),
    st.integers(0, MAX_VERSION).map(str),
    st.text(alphabet="019a!~/", max_size=4),
)


@given(ENDS, st.none() | ENDS, st.lists(st.integers(0, 30_000) | st.integers(0, MAX_VERSION), max_size=50))
def test_a_number_is_covered_when_its_key_is(after: str, until: str | None, numbers: list[int]) -> None:
    ranges = numbers_between(after, until)
    assert all(first <= last for first, last in ranges)
    for number in numbers:
        covered = sum(first <= number <= last for first, last in ranges)
        inside = str(number) > after and (until is None or str(number) <= until)
        assert covered == inside, number


def test_a_whole_artifact_is_one_range() -> None:
    assert numbers_between("", None) == [(0, MAX_VERSION)]
    assert len(numbers_between("4", None)) == 10


@pytest.mark.parametrize(("versions", "keys"), [(999, 3), (1, 1500), (1500, 2), (400, 4)])
def test_pages_never_split_the_versions_of_a_key(versions: int, keys: int) -> None:
    objects = MemoryObjects()
    for key in range(keys):
        for _ in range(versions):
            objects.put_foreign(f"k{key:05}", b"")
    seen: list[tuple[str, str]] = []
    after: str | None = ""
    while after is not None:
        listed, rest = whole_keys(objects, "", after)
        assert rest is None or listed[-1].ref.key == rest
        seen += [(entry.ref.key, entry.ref.version_id) for entry in listed]
        after = rest
    assert len(seen) == len(set(seen)) == versions * keys
    assert [key for key, _ in seen] == sorted(key for key, _ in seen)


def test_no_key_of_a_version_lies_among_the_blobs() -> None:
    assert BLOB_PREFIX + "\U0010ffff" < AFTER_BLOBS
    assert sorted(["!C3!A9/u/s/f/0", BLOB_PREFIX, AFTER_BLOBS, "app/u/s/f/0", "-/u/s/f/0"]) == [
        "!C3!A9/u/s/f/0",
        BLOB_PREFIX,
        AFTER_BLOBS,
        "-/u/s/f/0",
        "app/u/s/f/0",
    ]
