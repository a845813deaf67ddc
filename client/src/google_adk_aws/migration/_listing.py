"""Listings of flat key spaces, where an artifact's version is `app/user/session/filename/version`, nothing encoded."""

from __future__ import annotations

import asyncio
import itertools
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, TypeVar

from artifact_store.errors import InvalidInput
from artifact_store.names import ArtifactId, Scope
from google_adk_aws.migration._model import Facts, Found, Skipped, SourceArtifact, SourceVersion

__all__ = ["Listed", "ListedSource", "NameOf", "found_in", "off_loop_each"]

Item = TypeVar("Item")

_USER: Final = "user"
_VERSION: Final = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)
_IDS: Final = 3
_NO_ARTIFACT: Final = "not app/user/session/filename/version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One object of a listing.

    Attributes:
        key: Its key.
        size: Its bytes.
        handle: What the source knows it by.
    """

    key: str
    size: int | None
    handle: Any


NameOf = Callable[[Scope, str], str | None]
"""The filename, without `user:`, of the name in a key; None: such a key is no artifact's."""


def found_in(
    listing: Callable[[str], Iterable[Listed]], scopes: Iterable[Scope] | None, name_of: NameOf
) -> Iterator[Found]:
    """Artifacts of a listing in the order of keys.

    Args:
        listing: Lists the keys that start with a prefix, in order.
        scopes: Whose; None: everybody's. Then no id may have a slash, since keys do not tell it from the next id.
        name_of: Reads names.
    """
    if scopes is None:
        of_scope = itertools.groupby(listing(""), key=lambda listed: listed.key.split("/")[:_IDS])
        for ids, group in of_scope:
            if len(ids) < _IDS or not all(ids):
                yield from (Skipped(what=listed.key, reason=_NO_ARTIFACT) for listed in group)
                continue
            app, user, session = ids
            try:
                scope = Scope(app, user, None if session == _USER else session)
            except InvalidInput as error:
                yield Skipped(what="/".join(ids), reason=str(error), failed=True)
                continue
            yield from _of_scope(scope, "/".join(ids) + "/", group, name_of)
    else:
        for scope in dict.fromkeys(scopes):
            prefix = f"{scope.app}/{scope.user}/{scope.session or _USER}/"
            yield from _of_scope(scope, prefix, listing(prefix), name_of)


def _of_scope(scope: Scope, prefix: str, group: Iterable[Listed], name_of: NameOf) -> Iterator[Found]:
    artifacts: dict[str, list[SourceVersion]] = {}
    for listed in group:
        name, slash, number = listed.key.removeprefix(prefix).rpartition("/")
        if not listed.key.startswith(prefix) or not slash or not name or not _VERSION.fullmatch(number):
            yield Skipped(what=listed.key, reason=_NO_ARTIFACT)
            continue
        version = SourceVersion(number=int(number), size=listed.size, handle=listed.handle)
        artifacts.setdefault(name, []).append(version)
    for name, versions in artifacts.items():
        filename = name_of(scope, name)
        if filename is None:
            yield Skipped(what=prefix + name, reason="a name that the service cannot load")
            continue
        try:
            artifact = ArtifactId(scope, filename)
        except InvalidInput as error:
            yield Skipped(what=prefix + name, reason=str(error), failed=True)
            continue
        yield SourceArtifact(artifact=artifact, versions=tuple(sorted(versions, key=lambda one: one.number)))


async def off_loop_each(items: Iterator[Item]) -> AsyncIterator[Item]:
    """What a blocking iterator gives, each made in a thread."""
    end = object()
    while (item := await asyncio.to_thread(next, items, end)) is not end:
        yield item  # type: ignore[misc] # mypy does not know that `end` is the only other one


class ListedSource(ABC):
    """A source that knows the versions by its listing, and that is read by calls that block."""

    address: str

    async def artifacts(self) -> AsyncIterator[Found]:
        """What the listing tells."""
        async for found in off_loop_each(self._found()):
            yield found

    async def versions(self, found: SourceArtifact) -> list[SourceVersion]:
        """As they were listed."""
        return list(found.versions or ())

    async def fetch(self, found: SourceArtifact, version: SourceVersion, into: BinaryIO) -> Facts:  # noqa: ARG002 - the handle tells all
        """Writes the content of a version, and tells the rest."""
        return await asyncio.to_thread(self._fetch, version.handle, into)

    @abstractmethod
    def _found(self) -> Iterator[Found]: ...

    @abstractmethod
    def _fetch(self, handle: Any, into: BinaryIO) -> Facts: ...
