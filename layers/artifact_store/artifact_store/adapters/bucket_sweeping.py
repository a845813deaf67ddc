"""Sweep: removes what crashed purges and late saves have left in a bucket without a table."""

from __future__ import annotations

from typing import Final

from artifact_store._deleting import object_refs
from artifact_store.adapters.bucket_index import BucketIndex
from artifact_store.errors import InvalidInput
from artifact_store.names import USER_NAMESPACE, ArtifactId, Scope, parse_object_key
from artifact_store.ports import ObjectStore

__all__ = ["sweep"]

_PAGE: Final = 1000
_VERSIONS: Final = 500
"""Versions at a time: their objects, two each at most, fit into one S3 call of 1,000."""


def sweep(objects: ObjectStore, index: BucketIndex, scope: Scope) -> int:
    """Removes the dead objects of a scope's artifacts; safe beside savers, readers and deleters.

    What lives is not touched, nor what other programs have put, nor blobs that no record names.

    Returns:
        How many versions were removed.
    """
    removed = 0
    prefix = scope.key_prefix + "/" + ("" if scope.session is not None else USER_NAMESPACE)
    after: str | None = None
    while True:
        folders, after = objects.list_folders(scope.key_prefix + "/", limit=_PAGE, after=after)
        for folder in folders:
            if folder.startswith(prefix):
                removed += _sweep_folder(objects, index, folder)
        if after is None:
            return removed


def _sweep_folder(objects: ObjectStore, index: BucketIndex, folder: str) -> int:
    try:
        artifact, _ = parse_object_key(folder + "0")
    except InvalidInput:
        return 0
    return sweep_artifact(objects, index, artifact)


def sweep_artifact(objects: ObjectStore, index: BucketIndex, artifact: ArtifactId) -> int:
    """Removes the dead objects of one artifact."""
    removed = 0
    position: str | None = None
    while True:
        page = index.buried_rows(artifact, "", limit=_VERSIONS, position=position)
        dead = [row.version for row in page.items]
        refs = [ref for version in dead for ref in object_refs(version)]
        if refs:
            objects.delete(refs)
        index.remove_versions(dead)
        removed += len(dead)
        position = page.position
        if position is None:
            return removed
