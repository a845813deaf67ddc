"""Pages of the bucket, and which versions of an artifact a page covers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from artifact_store.errors import InvalidInput
from artifact_store.names import BLOB_PREFIX, MAX_VERSION, ArtifactId, parse_object_key
from artifact_store.ports import ListedObject, ObjectRef, ObjectStore

__all__ = ["AFTER_BLOBS", "ArtifactListing", "artifact_pages", "numbers_between", "version_of", "whole_keys"]

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


def version_of(key: str) -> tuple[ArtifactId, int]:
    """The artifact and the number of a key.

    Raises:
        InvalidInput: No version has that key; the message says why.
    """
    artifact, number = parse_object_key(key)
    artifact.scope.refuse_reserved_session()
    return artifact, number


@dataclass(slots=True)
class ArtifactListing:
    """Everything the bucket has of one artifact.

    Attributes:
        artifact: Which one.
        listed: Its object versions and delete markers, with their numbers.
        last_key: The last key of them.
    """

    artifact: ArtifactId
    listed: list[tuple[int, ListedObject]] = field(default_factory=list)
    last_key: str = ""


@dataclass(frozen=True, slots=True)
class ArtifactPage:
    """Artifacts whose objects are all known.

    Attributes:
        artifacts: In the order of their keys.
        unknown: Keys that no version has, each with the reason.
        position: The key to continue after; None at the end.
    """

    artifacts: Sequence[ArtifactListing]
    unknown: Sequence[tuple[str, str]]
    position: str | None


def artifact_pages(objects: ObjectStore, prefix: str, after: str) -> Iterator[ArtifactPage]:
    """Pages through whole artifacts; only the objects of the largest one have to fit into memory."""
    begun: list[ArtifactListing] = []
    position: str | None = after
    while position is not None:
        listed, rest = whole_keys(objects, prefix, position)
        unknown: list[tuple[str, str]] = []
        for entry in listed:
            key = entry.ref.key
            if key.startswith(BLOB_PREFIX):
                continue
            try:
                artifact, number = version_of(key)
            except InvalidInput as reason:
                unknown.append((key, str(reason)))
                continue
            if not begun or begun[-1].artifact != artifact:
                begun.append(ArtifactListing(artifact))
            begun[-1].listed.append((number, entry))
            begun[-1].last_key = key
        if rest is not None and rest.startswith(BLOB_PREFIX):
            rest = AFTER_BLOBS
        goes_on = rest is not None and begun and rest.startswith(f"{begun[-1].artifact.key_prefix}/")
        done, begun = (begun[:-1], begun[-1:]) if goes_on else (begun, [])
        # To go on from here later is to read an artifact from its start.
        resume = rest if not goes_on else done[-1].last_key if done else after
        yield ArtifactPage(done, unknown, resume)
        after = resume or after
        position = rest
