"""Sweeps: remove what crashed purges and late saves have left in a bucket without a table."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from typing import Final

from artifact_store._deleting import object_refs
from artifact_store.adapters.bucket_index import BucketIndex
from artifact_store.errors import InvalidInput
from artifact_store.names import BLOB_PREFIX, USER_NAMESPACE, ArtifactId, Scope, parse_object_key
from artifact_store.ports import ObjectRef, ObjectStore
from artifact_store.record import BLOB_OWNER
from artifact_store.transfers import UPLOAD_LIFE_MS

__all__ = ["sweep", "sweep_blobs"]

_PAGE: Final = 1000
_BLOB_AGE_MS: Final = UPLOAD_LIFE_MS + 60 * 60 * 1000
"""No save takes so long between its blob and its record."""
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


def sweep_blobs(objects: ObjectStore, index: BucketIndex, *, now_ms: int) -> int:
    """Removes the content of a whole bucket that no record names, and none can come to name; safe beside everything.

    Costs a HEAD for each blob that is older than a day, and one for each version of their artifacts.

    Returns:
        How many blobs were removed.
    """
    removed = 0
    after: ObjectRef | None = None
    while True:
        page, after = objects.list_versions(BLOB_PREFIX, limit=_PAGE, after=after)
        old = [entry.ref for entry in page if not entry.marker and entry.modified_ms <= now_ms - _BLOB_AGE_MS]
        by_owner: dict[ArtifactId, set[ObjectRef]] = defaultdict(set)
        for ref, owner in zip(old, index.each(partial(_owner, objects), old), strict=True):
            if owner is not None:
                by_owner[owner].add(ref)
        for artifact, blobs in by_owner.items():
            # Listed after the blobs: whatever names one of them is there by now.
            unnamed = sorted(blobs - index.blobs_named(artifact), key=lambda ref: ref.key)
            if unnamed:
                objects.delete(unnamed)
            removed += len(unnamed)
        if after is None:
            return removed


def _owner(objects: ObjectStore, ref: ObjectRef) -> ArtifactId | None:
    """Whose blob it is; None of another program's, which is not for us to judge."""
    head = objects.head_version(ref)
    try:
        return parse_object_key(f"{head.metadata[BLOB_OWNER]}/0")[0] if head is not None else None
    except (KeyError, InvalidInput):
        return None
