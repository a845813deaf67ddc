"""Every blob against the records: one that no record names is what a save left that crashed early."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from artifact_store.errors import InvalidInput
from artifact_store.maintenance.findings import Drift, Left
from artifact_store.maintenance.listing import whole_keys
from artifact_store.maintenance.work import Work
from artifact_store.names import BLOB_PREFIX, ArtifactId, parse_object_key
from artifact_store.ports import ListedObject, ObjectRef
from artifact_store.record import BLOB_OWNER
from artifact_store.transfers import UPLOAD_MARK

__all__ = ["BlobPass"]

_AT_ONCE: Final = 64


class BlobPass:
    """Finds blobs that nothing names, and shows those that another tool has hidden."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def step(self, after: str, *, in_time: Callable[[], bool]) -> str | None:
        """Compares one page of blobs; returns the key to continue after, or None at the end."""
        listed, rest = whole_keys(self._work.ports.objects, BLOB_PREFIX, after)
        self._show(listed)
        blobs = [entry for entry in listed if not entry.marker]
        self._work.findings.looked_at("blobs", len(blobs))
        for start in range(0, len(blobs), _AT_ONCE):
            batch = blobs[start : start + _AT_ONCE]
            self._compare(batch)
            if start + _AT_ONCE < len(blobs) and not in_time():
                return batch[-1].ref.key
        return rest

    def _show(self, listed: Sequence[ListedObject]) -> None:
        """Removes delete markers over blobs.

        No load is stopped by one, for it names a version; so nobody would notice until S3 expires what it hides.
        """
        objects = self._work.ports.objects
        markers: dict[str, list[ObjectRef]] = defaultdict(list)
        for entry in listed:
            if entry.marker:
                markers[entry.ref.key].append(entry.ref)
        shown = {entry.ref.key for entry in listed if entry.latest and not entry.marker}
        hidden = {entry.ref.key: entry.ref for entry in listed if not entry.marker and entry.ref.key in markers}
        for key, ref in hidden.items():
            # What another program put there it may hide.
            if key not in shown and (head := objects.head_version(ref)) is not None and BLOB_OWNER in head.metadata:
                self._work.repair(Drift.HIDDEN_OBJECT, key, partial(objects.delete, markers[key]))

    def _compare(self, blobs: Sequence[ListedObject]) -> None:
        work = self._work
        old = [entry.ref for entry in blobs if entry.modified_ms <= work.started_ms - work.limits.blob_age_ms]
        owners = work.each(self._owner, old)
        by_owner: dict[ArtifactId, dict[ObjectRef, bool]] = defaultdict(dict)
        for ref, owner in zip(old, owners, strict=True):
            if owner is not None:
                artifact, uploaded = owner
                by_owner[artifact][ref] = uploaded
        work.each(self._sweep, by_owner.items())

    def _owner(self, ref: ObjectRef) -> tuple[ArtifactId, bool] | None:
        """Whose blob it is, and whether an upload made it."""
        head = self._work.ports.objects.head_version(ref)
        if head is None:
            return None
        try:
            artifact, _ = parse_object_key(f"{head.metadata[BLOB_OWNER]}/0")
        except (KeyError, InvalidInput):
            self._work.findings.note(Left.FOREIGN, ref.key)
            return None
        return artifact, UPLOAD_MARK in head.metadata

    def _sweep(self, owned: tuple[ArtifactId, Mapping[ObjectRef, bool]]) -> None:
        self._work.guarded(lambda: self._sweep_artifact(*owned), owned[0].key_prefix)

    def _sweep_artifact(self, artifact: ArtifactId, uploaded: Mapping[ObjectRef, bool]) -> None:
        """Removes those of an artifact's blobs that no entry and no record names."""
        unnamed = set(uploaded)
        for row in self._work.ledger.rows(artifact):
            if row.version.blob is not None:
                unnamed.discard(ObjectRef(row.version.blob.key, row.version.blob.version_id))
        if unnamed:
            unnamed -= self._named_by_records(artifact)
        for ref in sorted(unnamed, key=lambda ref: ref.key):
            remove = partial(self._work.ports.objects.delete, [ref])
            if uploaded[ref]:
                self._work.sweep("blobs", remove)
            else:
                self._work.repair(Drift.ORPHAN_BLOB, ref.key, remove)

    def _named_by_records(self, artifact: ArtifactId) -> set[ObjectRef]:
        """The blobs that records in the bucket name, whether the index knows them or not."""
        named: set[ObjectRef] = set()
        after: str | None = ""
        while after is not None:
            listed, after = whole_keys(self._work.ports.objects, f"{artifact.key_prefix}/", after)
            named |= {blob for entry in listed if (blob := self._blob_of(entry)) is not None}
        return named

    def _blob_of(self, entry: ListedObject) -> ObjectRef | None:
        try:
            artifact, number = parse_object_key(entry.ref.key)
        except InvalidInput:
            return None
        record = self._work.settler.read_version(artifact, number, entry.ref)
        blob = record.version.blob if record is not None else None
        return ObjectRef(blob.key, blob.version_id) if blob is not None else None
