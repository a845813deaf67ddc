"""Delete: one transaction and the artifact has vanished; then its objects are removed for good."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from artifact_store.errors import Contention, Unavailable
from artifact_store.model import Version
from artifact_store.names import ArtifactId
from artifact_store.ports import CommitRefused, Grave, ObjectRef, Ports

__all__ = ["PURGE_PAGE", "Deleter", "object_refs"]

PURGE_PAGE: Final = 500
"""Versions removed at a time: their objects, two each at most, fit into one S3 call of 1,000."""

_BURY_ATTEMPTS: Final = 20


class Deleter:
    """Deletes artifacts and purges what deleted generations left."""

    def __init__(self, ports: Ports) -> None:
        self._objects = ports.objects
        self._index = ports.index
        self._clock = ports.clock

    def delete(
        self, artifact: ArtifactId, *, timeout: float, on_unfinished: Callable[[ArtifactId, str], None] | None = None
    ) -> bool:
        """Does what `ArtifactStore.delete` says."""
        give_up_at = self._clock.monotonic() + timeout
        gen = self._bury(artifact)
        if gen is None:
            return False
        # The artifact has vanished, whatever happens from here on; its grave keeps the rest of the work on record.
        finished = False
        with suppress(Unavailable):
            finished = self.purge(artifact, gen, give_up_at=give_up_at)
        if not finished and on_unfinished is not None:
            with suppress(Unavailable):
                on_unfinished(artifact, gen)
        return True

    def expire(self, artifact: ArtifactId, gen: str, *, timeout: float) -> bool:
        """Does what `ArtifactStore.expire` says."""
        give_up_at = self._clock.monotonic() + timeout
        self.bury_expired(artifact, gen)
        return self.purge(artifact, gen, give_up_at=give_up_at)

    def bury_expired(self, artifact: ArtifactId, gen: str) -> bool:
        """Deletes a generation if it lives and its time is over; what it left stays for a purge.

        Returns:
            Whether it did.
        """
        for _ in range(_BURY_ATTEMPTS):
            head = self._index.head(artifact)
            if head is None or head.gen != gen or not head.latest.has_expired(self._clock.now_ms()):
                return False
            with suppress(CommitRefused):
                self._index.bury(artifact, head, expired=True)
                return True
        raise Contention("the artifact is saved and deleted faster than it can be looked at")

    def _bury(self, artifact: ArtifactId) -> str | None:
        for _ in range(_BURY_ATTEMPTS):
            head = self._index.head(artifact)
            if head is None:
                return None
            try:
                self._index.bury(artifact, head)
            except CommitRefused:
                continue
            return head.gen
        raise Contention("the artifact is deleted and saved again faster than this delete")

    def purge(self, artifact: ArtifactId, gen: str, *, give_up_at: float) -> bool:
        """Removes everything of a buried generation, within the time given.

        Safe to repeat and to run beside another purge: only S3 version ids that belong to this
        generation are deleted.

        Returns:
            True when nothing is left and the grave says so.
        """
        grave = self._index.grave(artifact, gen)
        if grave is None or grave.confirmed:
            return True
        position: str | None = None
        while True:
            page = self._index.buried_rows(artifact, gen, limit=PURGE_PAGE, position=position)
            dead = [row.version for row in page.items]
            if dead:
                grave = self._widened(artifact, grave, dead)
                self.remove(dead)
            position = page.position
            if position is None:
                break
            if self._clock.monotonic() >= give_up_at:
                return False
        self._remove_in_flight(artifact, grave)
        self._index.confirm_grave(artifact, gen)
        return True

    def remove(self, dead: Sequence[Version], *, keeping: frozenset[ObjectRef] = frozenset()) -> None:
        """Removes at most 500 versions of a dead generation: their objects, then their entries.

        Args:
            dead: The versions.
            keeping: Objects that others name as well.
        """
        refs = [ref for version in dead for ref in object_refs(version) if ref not in keeping]
        if refs:
            self._objects.delete(refs)
        self._index.remove_versions(dead)

    def _widened(self, artifact: ArtifactId, grave: Grave, dead: list[Version]) -> Grave:
        """Keeps the number that a save in flight may hold, before the versions that tell it go."""
        following = max(version.number for version in dead) + 1
        if following <= grave.next:
            return grave
        wider = replace(grave, next=following)
        self._index.widen_grave(artifact, wider)
        return wider

    def _remove_in_flight(self, artifact: ArtifactId, grave: Grave) -> None:
        key = artifact.object_key(grave.next)
        head = self._objects.head(key)
        if head is None or head.metadata.get("artifact-gen") != grave.gen:
            return
        # Its blob is left to the sweep: its saver may be alive and name it again.
        self._objects.delete([ObjectRef(key, head.version_id)])


def object_refs(version: Version) -> list[ObjectRef]:
    """The objects that hold a version: its record, and its blob if it has one."""
    if not version.version_id:
        return []  # its entry stands for a version of which nothing was left
    key = version.artifact.object_key(version.number)
    refs = [ObjectRef(key, version.version_id)]
    if version.blob is not None:
        refs.append(ObjectRef(version.blob.key, version.blob.version_id))
    return refs
