"""Folders of ADK's FileArtifactService.

    apps/APP/users/USER/sessions/SESSION/artifacts/NAME…/versions/N/    a session's
    apps/APP/users/USER/artifacts/NAME…/versions/N/                     a user's

A version's folder has the content, under the last part of the name, and `metadata.json`. An id with slashes is several
folders, none of which has one of the names that are written small above.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

from typing_extensions import override

from artifact_store.errors import InvalidInput
from artifact_store.names import USER_NAMESPACE, ArtifactId, Scope
from google_adk_aws.migration._listing import ListedSource
from google_adk_aws.migration._model import (
    Facts,
    Found,
    MigrationError,
    Skipped,
    SourceArtifact,
    SourceVersion,
)
from google_adk_aws.migration._spool import is_text

__all__ = ["FileSource"]

_VERSIONS: Final = "versions"
_METADATA: Final = "metadata.json"


class FileSource(ListedSource):
    """Everything that ADK's service keeps below a folder.

    Args:
        root_dir: What the service was given.
        scopes: Whose artifacts; None: everybody's.

    Raises:
        MigrationError: There is no such folder.
    """

    def __init__(self, root_dir: Path | str, scopes: Iterable[Scope] | None = None) -> None:
        self._root = Path(root_dir).expanduser().resolve()
        if not self._root.is_dir():
            raise MigrationError(f"{self._root} is no folder")
        self._scopes = None if scopes is None else frozenset(scopes)
        self.address = self._root.as_uri()

    @override
    def _found(self) -> Iterator[Found]:
        for folder, below, _ in os.walk(self._root):
            below.sort()
            if _VERSIONS not in below:
                continue
            path = Path(folder)
            place = path.relative_to(self._root).parts
            if place and place[0] != "apps":
                # Before there were apps in paths, nothing told whose it was.
                below.remove(_VERSIONS)
                yield Skipped(what=str(path), reason="not where the service keeps artifacts of an app")
                continue
            try:
                scope, name = _scope_of(place)
            except IndexError:
                # Above the artifacts: an app, a user or a session of that name.
                continue
            except InvalidInput as error:
                below.remove(_VERSIONS)
                yield Skipped(what=str(path), reason=str(error), failed=True)
                continue
            # Others may lie below this one, but none below its versions.
            below.remove(_VERSIONS)
            if self._scopes is None or scope in self._scopes:
                yield _artifact(path, scope, name)

    @override
    def _fetch(self, handle: Path, into: BinaryIO) -> Facts:
        return _fetch(handle, into)


def _scope_of(place: tuple[str, ...]) -> tuple[Scope, str]:
    """The scope and the name that a path of folders tells.

    Raises:
        IndexError: The path ends before the name.
        InvalidInput: The ids cannot be.
    """
    left = list(place[1:])
    app = _until(left, {"users"})
    left.pop(0)
    user = _until(left, {"sessions", "artifacts"})
    session = _until(left, {"artifacts"}) if left.pop(0) == "sessions" else None
    if session is not None:
        left.pop(0)
    name = "/".join([left.pop(0), *left])
    return Scope(app, user, session), name


def _until(left: list[str], ends: set[str]) -> str:
    """Takes an id: one folder of any name, and those up to the next fixed one."""
    taken = [left.pop(0)]
    while left[0] not in ends:
        taken.append(left.pop(0))
    return "/".join(taken)


def _artifact(folder: Path, scope: Scope, name: str) -> Found:
    versions = []
    for entry in (folder / _VERSIONS).iterdir():
        if entry.name.isascii() and entry.name.isdigit() and entry.is_dir():
            content = entry / folder.name
            size = content.stat().st_size if content.is_file() else None
            versions.append(SourceVersion(number=int(entry.name), size=size, handle=content))
    versions.sort(key=lambda version: version.number)
    if not versions:
        return Skipped(what=str(folder), reason="it has no version")
    # The name as it was given: folders have it in another spelling when it had `\`, `//` or `./`.
    given = _read(versions[-1].handle.parent / _METADATA).get("fileName")
    if isinstance(given, str) and given:
        bare = given.removeprefix(USER_NAMESPACE)
        if scope.session is None or bare == given:
            name = bare
    try:
        return SourceArtifact(artifact=ArtifactId(scope, name), versions=tuple(versions))
    except InvalidInput as error:
        return Skipped(what=str(folder), reason=str(error), failed=True)


def _fetch(content: Path, into: BinaryIO) -> Facts:
    if content.is_symlink():
        raise MigrationError(f"{content} is a link, which the service never makes")
    try:
        with content.open("rb") as file:
            shutil.copyfileobj(file, into)
    except FileNotFoundError:
        raise MigrationError(f"{content} is missing") from None
    told = _read(content.parent / _METADATA)
    mime_type = _text(told, "mimeType")
    if mime_type is None and not is_text(into):
        raise MigrationError(f"{content} should be text and is not UTF-8")
    metadata, created = told.get("customMetadata"), told.get("createTime")
    return Facts(
        kind="text" if mime_type is None else "bytes",
        mime_type=mime_type or "text/plain",
        display_name=_text(told, "displayName"),
        custom_metadata=metadata if isinstance(metadata, dict) else {},
        created=created if isinstance(created, int | float) else content.stat().st_mtime,
    )


def _read(path: Path) -> Mapping[str, Any]:
    """What is told of a version; nothing when that cannot be read, as the service does it."""
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _text(told: Mapping[str, Any], name: str) -> str | None:
    value = told.get(name)
    return value if isinstance(value, str) and value else None
