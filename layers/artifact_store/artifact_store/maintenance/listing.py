"""Pages of the bucket, and which versions of an artifact a page covers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from artifact_store.names import BLOB_PREFIX, MAX_VERSION
from artifact_store.ports import ListedObject, ObjectRef, ObjectStore

__all__ = ["AFTER_BLOBS", "numbers_between", "whole_keys"]

AFTER_BLOBS: Final = BLOB_PREFIX[:-1] + chr(ord("/") + 1)
"""The first key that sorts after every blob."""

PAGE: Final = 1000
_DIGITS: Final = len(str(MAX_VERSION))


def whole_keys(objects: ObjectStore, prefix: str, after: str) -> tuple[Sequence[ListedObject], str | None]:
    """One page that ends with all versions of its last key, and that key if there is more.

    A position between two versions of a key would be lost once that version is removed.
    """
    found: list[ListedObject] = []
    rest = ObjectRef(after, "") if after else None
    while True:
        listed, rest = objects.list_versions(prefix, limit=PAGE, after=rest)
        found += listed
        if rest is None:
            return found, None
        whole = [entry for entry in found if entry.ref.key != found[-1].ref.key]
        if whole:
            return whole, whole[-1].ref.key


def numbers_between(after: str, until: str | None) -> list[tuple[int, int]]:
    """Which version numbers have keys that sort after one and up to another; keys sort 0, 1, 10, 2.

    Numbers of one length sort as their texts do, so that each length gives one range.

    Args:
        after: The end of a key; empty for no limit.
        until: The end of a key; None for no limit.
    """
    if not after and until is None:
        return [(0, MAX_VERSION)]
    ranges = []
    for digits in range(1, _DIGITS + 1):
        numbers = range(10 ** (digits - 1) if digits > 1 else 0, 10**digits)
        start = bisect_right(numbers, after, key=str)
        stop = len(numbers) if until is None else bisect_right(numbers, until, key=str)
        if start < stop:
            ranges.append((numbers[start], numbers[stop - 1]))
    return ranges
