"""Loads from a bucket alone: a list to find the latest version, then content and proof of life at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from artifact_store._reading import no_artifact, no_version
from artifact_store.adapters.bucket_lives import Lives, run_of
from artifact_store.errors import StorageUnavailable
from artifact_store.model import Loaded, Version
from artifact_store.names import MAX_VERSION, ArtifactId
from artifact_store.ports import ObjectRef, StoredObject
from artifact_store.record import Record

__all__ = ["BucketLoader"]

_LOOKS: Final = 3


class BucketLoader:
    """`Fetch` from a bucket. Two calls one after the other; one more for content in a blob.

    What was read counts if object 0 of its life is seen after it, or at the same time if the list has shown it
    before: of a life whose object 0 is there nothing has been removed.
    """

    def __init__(self, lives: Lives) -> None:
        self._lives = lives

    def __call__(self, artifact: ArtifactId, number: int | None) -> Loaded:
        for _ in range(_LOOKS):
            loaded = self._latest(artifact) if number is None else self._numbered(artifact, number)
            if loaded is not None:
                return loaded
        raise StorageUnavailable("what the bucket lists is not there; it may be on its way out")

    def _latest(self, artifact: ArtifactId) -> Loaded | None:
        refs = run_of(self._lives.listed(artifact))
        if not refs:
            raise no_artifact(artifact)
        top = len(refs) - 1
        stored, zero = self._lives.both(
            lambda: self._lives.objects.get(refs[top]),
            lambda: self._lives.read(artifact, 0, refs[0]) if top else None,
        )
        record = self._record(artifact, top, stored)
        if top == 0:
            zero = record
        if zero is None:
            raise no_artifact(artifact)
        life = self._lives.among(artifact, refs, zero, record, proven=True)
        if life is None:
            raise no_artifact(artifact)
        if life.latest.number != top:
            stored = None
        return self._with_content(life.latest, stored)

    def _numbered(self, artifact: ArtifactId, number: int) -> Loaded | None:
        record = self._lives.current(artifact, number) if 0 <= number <= MAX_VERSION else None
        if record is None:
            raise no_artifact(artifact) if self._lives.gen_now(artifact) is None else no_version(artifact, number)
        ref = ObjectRef(artifact.object_key(number), record.version.version_id)
        stored, gen = self._lives.both(lambda: self._lives.objects.get(ref), lambda: self._lives.gen_now(artifact))
        if gen is None:
            raise no_artifact(artifact)
        if record.foreign:
            life = self._lives.look(artifact, proven=True)
            lives = life is not None and life.gen == gen and number < life.next
        else:
            lives = record.version.gen == gen
        if not lives:
            raise no_version(artifact, number)
        return self._with_content(replace(record.version, gen=gen), stored)

    def _record(self, artifact: ArtifactId, number: int, stored: StoredObject | None) -> Record | None:
        return self._lives.record_of(artifact, number, stored.head, stored) if stored is not None else None

    def _with_content(self, version: Version, stored: StoredObject | None) -> Loaded | None:
        """A version with its content, from its object if that was read; None when it has gone meanwhile."""
        if version.blob is not None:
            stored = self._lives.objects.get(ObjectRef(version.blob.key, version.blob.version_id))
        elif stored is None:
            key = version.artifact.object_key(version.number)
            stored = self._lives.objects.get(ObjectRef(key, version.version_id))
        return Loaded(version, stored.body) if stored is not None else None
