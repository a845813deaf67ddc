"""The artifact store: one object with every operation, whoever calls it."""

from __future__ import annotations

from collections.abc import Callable

from artifact_store._deleting import Deleter
from artifact_store._healing import Healer
from artifact_store._reading import Reader
from artifact_store._saving import Save
from artifact_store._settling import Outcome
from artifact_store.ids import token_hash
from artifact_store.model import ArtifactSummary, Content, Loaded, Page, Saved, Version
from artifact_store.names import ArtifactId, Scope
from artifact_store.ports import Ports

__all__ = ["ArtifactStore"]


class ArtifactStore:
    """Saves, loads, lists and deletes artifacts over one bucket and one index table.

    Thread-safe; keeps no state between calls. Every operation is safe to repeat.
    """

    def __init__(self, ports: Ports) -> None:
        """Puts a store together from its ports."""
        self._ports = ports
        self._reader = Reader(ports)
        self._deleter = Deleter(ports)
        self._healer = Healer(ports)

    def save(
        self,
        artifact: ArtifactId,
        content: Content,
        *,
        caller: str,
        idempotency_key: str,
        timeout: float = 20.0,
    ) -> Saved:
        """Saves content as the artifact's next version, exactly once per idempotency key.

        Args:
            artifact: What to save.
            content: The new version.
            caller: Who asks; an idempotency key means something only to its caller.
            idempotency_key: The same key and content is the same save, for a day.
            timeout: Give up after so many seconds.

        Raises:
            InvalidName: The session is reserved.
            IdempotencyKeyReused: The key was used for other content.
            Unavailable: Nothing is known to be saved; repeat with the same key.
        """
        save = Save(
            self._ports,
            artifact,
            content,
            token=token_hash(caller=caller, artifact=artifact, idempotency_key=idempotency_key),
        )
        return save.run(timeout=timeout)

    def load(self, artifact: ArtifactId, number: int | None = None) -> Loaded:
        """Loads a version with its content; the latest when no number is given.

        Raises:
            NotFound: No such artifact or version.
        """
        return self._reader.load(artifact, number)

    def describe(self, artifact: ArtifactId, number: int | None = None) -> Version:
        """Describes a version without touching S3; the latest when no number is given.

        Raises:
            NotFound: No such artifact or version.
        """
        return self._reader.describe(artifact, number)

    def load_unless(self, artifact: ArtifactId, number: int | None, *, etags: frozenset[str]) -> Loaded | str:
        """Loads as `load` does, or returns the entity tag if it is one of `etags`, with no S3 call.

        Raises:
            NotFound: No such artifact or version.
        """
        return self._reader.load_unless(artifact, number, etags=etags)

    def list_artifacts(self, scope: Scope, *, limit: int = 100, position: str | None = None) -> Page[ArtifactSummary]:
        """Lists live artifacts: a session's, then its user's; or a user's alone.

        Args:
            scope: A session scope, or a user scope.
            limit: Items of this page, 1 to 1,000.
            position: Where the last page ended.

        Raises:
            InvalidPosition: The position is not of this list.
        """
        return self._reader.list_artifacts(scope, limit=limit, position=position)

    def list_versions(self, artifact: ArtifactId, *, limit: int = 100, position: str | None = None) -> Page[Version]:
        """Lists an artifact's versions, oldest first.

        Raises:
            ArtifactNotFound: It does not live.
            InvalidPosition: The position is not of this list.
        """
        return self._reader.list_versions(artifact, limit=limit, position=position)

    def delete(
        self,
        artifact: ArtifactId,
        *,
        timeout: float = 20.0,
        on_unfinished: Callable[[ArtifactId, str], None] | None = None,
    ) -> bool:
        """Deletes an artifact with all versions. It has vanished when this returns.

        Content is removed from S3 as far as time allows; what is left stays marked for a later
        sweep and can never come back.

        Args:
            artifact: What to delete.
            timeout: Stop removing content after so many seconds.
            on_unfinished: Called with the artifact and its deleted generation when content is left, so that
                `purge` can be asked to end it. The artifact is deleted even if this fails.

        Returns:
            False when there was nothing to delete.
        """
        return self._deleter.delete(artifact, timeout=timeout, on_unfinished=on_unfinished)

    def purge(self, artifact: ArtifactId, gen: str, *, timeout: float = 20.0) -> bool:
        """Goes on with removing what a deleted generation left; removes nothing of one that was not deleted.

        Returns:
            True when nothing is left.

        Raises:
            Unavailable: Some is left; repeat.
        """
        return self._deleter.purge(artifact, gen, give_up_at=self._ports.clock.monotonic() + timeout)

    def heal(self, key: str) -> Outcome:
        """Settles the object under a key: commits it for a saver that crashed, or removes it if it is dead.

        Only the key is taken from whoever asks; everything else is looked up. So any key may be
        given, at any time and any number of times, beside savers and deleters.

        Args:
            key: An object key, not URL-encoded (S3 events have it encoded).

        Raises:
            Unavailable: Not settled; repeat.
        """
        return self._healer.heal(key)

    def canonical_uri(self, version: Version) -> str:
        """The `s3://` URI of a version's record object."""
        return f"s3://{self._ports.objects.bucket_name}/{version.artifact.object_key(version.number)}"
