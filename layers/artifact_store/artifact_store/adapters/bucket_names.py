"""Lists of names from a bucket: an artifact is there if its object 0 is."""

from __future__ import annotations

from typing import Final

from artifact_store.adapters.bucket_lives import PAGE
from artifact_store.errors import InvalidInput, InvalidName, InvalidPosition
from artifact_store.model import Page
from artifact_store.names import USER_NAMESPACE, ArtifactId, Scope, decode, parse_object_key
from artifact_store.ports import ObjectRef, ObjectStore

__all__ = ["names_page"]

_FIRST: Final = "/0"
_AFTER_SLASH: Final = chr(ord("/") + 1)


def names_page(objects: ObjectStore, scope: Scope, *, limit: int, position: str | None) -> Page[ArtifactId]:
    """The live artifacts of a scope, in the order of S3's keys, which is not always that of their names.

    Raises:
        InvalidPosition: The position is no encoded filename.
    """
    prefix = scope.key_prefix + "/" + ("" if scope.session is not None else USER_NAMESPACE)
    after = ObjectRef(prefix + _checked(position) + _AFTER_SLASH, "") if position is not None else None
    found: list[ArtifactId] = []
    while True:
        page, after = objects.list_versions(prefix, limit=PAGE, after=after)
        for entry in page:
            if not (entry.latest and not entry.marker and entry.ref.key.endswith(_FIRST)):
                continue
            artifact = _artifact(entry.ref.key)
            if artifact is None or artifact.scope != scope:
                continue
            if len(found) == limit:
                return Page(found, found[-1].encoded_filename)
            found.append(artifact)
        if after is None:
            return Page(found, None)


def _checked(position: str) -> str:
    try:
        decode(position)
    except InvalidName:
        raise InvalidPosition("the position is not of this list", field="cursor") from None
    return position


def _artifact(key: str) -> ArtifactId | None:
    try:
        return parse_object_key(key)[0]
    except InvalidInput:
        return None
