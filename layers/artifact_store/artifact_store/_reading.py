"""Load, describe and list: the index tells what lives, S3 gives the bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar, cast

from artifact_store.errors import (
    ArtifactNotFound,
    InvalidPosition,
    NotFound,
    StorageUnavailable,
    VersionNotFound,
)
from artifact_store.model import ArtifactSummary, Loaded, Page, Version
from artifact_store.names import MAX_VERSION, ArtifactId, Scope
from artifact_store.ports import Head, ObjectRef, Ports, Row, StoredObject
from artifact_store.record import read_record
from artifact_store.transfers import SignedRequest

__all__ = ["Reader", "no_artifact", "no_version"]

_LOOKS: Final = 3
"""How often a load starts over when a delete or re-save takes the object away under it."""

_OCTETS: Final = "application/octet-stream"
_SESSION_STAGE: Final = "s:"
_USER_STAGE: Final = "u:"


Listed = TypeVar("Listed")


class _ReadPage(Protocol[Listed]):
    """Reads a page of one scope."""

    def __call__(self, scope: Scope, *, limit: int, position: str | None) -> Page[Listed]:
        """The page after a position."""


class Reader:
    """Reads artifacts; see `ArtifactStore` for what each method promises."""

    def __init__(self, ports: Ports) -> None:
        self._objects = ports.objects
        self._transfers = ports.transfers
        self._index = ports.index
        self._parallel = ports.parallel
        self._fetch = ports.fetch
        self._clock = ports.clock

    def load(self, artifact: ArtifactId, number: int | None) -> Loaded:
        """Loads a version with its content."""
        loaded = self.load_unless(artifact, number, etags=frozenset(), at_most=None)
        return cast("Loaded", loaded)

    def load_unless(
        self, artifact: ArtifactId, number: int | None, *, etags: frozenset[str], at_most: int | None
    ) -> Loaded | Version | str:
        """Loads a version, unless its entity tag is one of `etags` or its content is larger than `at_most`."""
        if self._fetch is not None and not etags and at_most is None:
            return self._fetch(artifact, number)
        for _ in range(_LOOKS):
            if number is None:
                result = self._load_latest(artifact, etags, at_most)
            else:
                result = self._load_numbered(artifact, number, etags, at_most)
            if result is not None:
                return result
        raise StorageUnavailable("the index names an object that S3 does not have; it may be on its way out")

    def _load_latest(
        self, artifact: ArtifactId, etags: frozenset[str], at_most: int | None
    ) -> Loaded | Version | str | None:
        head = self._live_head(artifact)
        latest = head.latest
        if _matches(latest.etag, etags):
            return latest.etag
        if at_most is not None and latest.size > at_most:
            return self._index.version(artifact, latest.number, latest.gen)
        ref = ObjectRef(artifact.object_key(latest.number), latest.version_id)
        if head.blob is not None:
            blob = head.blob
            version, content = self._parallel(
                lambda: self._index.version(artifact, latest.number, latest.gen),
                lambda: self._objects.get(ObjectRef(blob.key, blob.version_id)),
            )
            return Loaded(version, content.body) if version and content else None
        found = self._objects.get(ref)
        if found is None:
            return None
        record = read_record(artifact, latest.number, found.head, foreign_gen=latest.gen)
        return Loaded(record.version, found.body)

    def _load_numbered(
        self, artifact: ArtifactId, number: int, etags: frozenset[str], at_most: int | None
    ) -> Loaded | Version | str | None:
        version = self._numbered(artifact, number)
        if _matches(version.etag, etags):
            return version.etag
        if at_most is not None and version.size > at_most:
            return version
        found = self._content(version)
        return Loaded(version, found.body) if found else None

    def _content(self, version: Version) -> StoredObject | None:
        return self._objects.get(_content_ref(version))

    def sign(self, version: Version, *, seconds: int, disposition: str) -> SignedRequest:
        """Signs a download of a version's content."""
        ref = _content_ref(version)
        return self._transfers.sign_get(
            ref.key,
            # A blob's key is written once and never again, so it needs no version.
            ref.version_id if version.blob is None else None,
            content_type=version.part.mime_type or _OCTETS,
            disposition=disposition,
            seconds=seconds,
        )

    def describe(self, artifact: ArtifactId, number: int | None) -> Version:
        """Describes a version from the index alone."""
        if number is not None:
            return self._numbered(artifact, number)
        for _ in range(_LOOKS):
            latest = self._live_head(artifact).latest
            version = self._index.version(artifact, latest.number, latest.gen)
            if version is not None:
                return version
        raise StorageUnavailable("the index is changing under this read")

    def _live_head(self, artifact: ArtifactId) -> Head:
        return self._living(artifact, self._index.head(artifact))

    def _living(self, artifact: ArtifactId, head: Head | None) -> Head:
        """A head that was read, if the artifact can still be read; it may have expired and not be deleted yet."""
        if head is None or head.lost or head.latest.has_expired(self._clock.now_ms()):
            raise no_artifact(artifact)
        return head

    def _numbered(self, artifact: ArtifactId, number: int) -> Version:
        if not 0 <= number <= MAX_VERSION:
            raise no_version(artifact, number)
        head, versions = self._parallel(
            lambda: self._index.head(artifact),
            lambda: self._index.versions_numbered(artifact, number),
        )
        head = self._living(artifact, head)
        # Versions of a deleted generation stay in the index until their purge is done.
        live = [version for version in versions if version.gen == head.gen]
        if live:
            return cast("Version", live[0])
        if number < head.next:
            # The two reads straddled a commit or a re-save.
            again = self._index.version(artifact, number, head.gen)
            if again is not None:
                return again
        raise no_version(artifact, number)

    def list_versions(self, artifact: ArtifactId, *, limit: int, position: str | None) -> Page[Version]:
        """Lists an artifact's live versions, oldest first."""
        if position is not None:
            # Of what lives after a page was read, no purge has taken anything out of that page.
            page = self._index.rows(artifact, limit=limit, position=position)
            return _shown(page, self._live_head(artifact))
        head, page = self._parallel(
            lambda: self._index.head(artifact),
            lambda: self._index.rows(artifact, limit=limit, position=None),
        )
        head = self._living(artifact, head)
        for _ in range(_LOOKS):
            if _is_whole(page, head):
                return _shown(page, head)
            page = self._index.rows(artifact, limit=limit, position=None)
            again = self._live_head(artifact)
            if again.gen == head.gen:
                return _shown(page, again)
            head = again
        raise StorageUnavailable("the index is changing under this read")

    def list_artifacts(self, scope: Scope, *, limit: int, position: str | None) -> Page[ArtifactSummary]:
        """Lists live artifacts: a session's, then its user's."""
        return self._over_scopes(
            self._unexpired, lambda summary: summary.artifact, scope, limit=limit, position=position
        )

    def _unexpired(self, scope: Scope, *, limit: int, position: str | None) -> Page[ArtifactSummary]:
        page, now = self._index.heads(scope, limit=limit, position=position), self._clock.now_ms()
        return Page([summary for summary in page.items if not summary.has_expired(now)], page.position)

    def list_names(self, scope: Scope, *, limit: int, position: str | None) -> Page[ArtifactId]:
        """Lists which artifacts live: a session's, then its user's."""
        return self._over_scopes(self._index.names, lambda artifact: artifact, scope, limit=limit, position=position)

    def _over_scopes(
        self,
        read: _ReadPage[Listed],
        artifact_of: Callable[[Listed], ArtifactId],
        scope: Scope,
        *,
        limit: int,
        position: str | None,
    ) -> Page[Listed]:
        if scope.session is None:
            return read(scope, limit=limit, position=position)
        if position is None:
            # Both at once: most sessions fit on one page together with their user's artifacts.
            session, user = self._parallel(
                lambda: read(scope, limit=limit, position=None),
                lambda: read(scope.user_scope, limit=limit, position=None),
            )
            return _joined(session, lambda _: user, artifact_of, limit)
        stage, inner = position[: len(_SESSION_STAGE)], position[len(_SESSION_STAGE) :]
        if stage == _SESSION_STAGE:
            session = read(scope, limit=limit, position=inner)
            return _joined(
                session,
                lambda room: read(scope.user_scope, limit=room, position=None),
                artifact_of,
                limit,
            )
        if stage != _USER_STAGE:
            raise InvalidPosition("the position is not of this list", field="cursor")
        user = read(scope.user_scope, limit=limit, position=inner or None)
        return Page(user.items, _USER_STAGE + user.position if user.position else None)


def _joined(
    session: Page[Listed],
    read_user: Callable[[int], Page[Listed]],
    artifact_of: Callable[[Listed], ArtifactId],
    limit: int,
) -> Page[Listed]:
    """One page over both scopes, the session's artifacts first."""
    if session.position is not None:
        return Page(session.items, _SESSION_STAGE + session.position)
    room = limit - len(session.items)
    if room == 0:
        return Page(session.items, _USER_STAGE)
    user = read_user(room)
    items: Sequence[Listed] = user.items[:room]
    if len(user.items) > room:
        position: str | None = artifact_of(items[-1]).encoded_filename
    else:
        position = user.position
    return Page([*session.items, *items], _USER_STAGE + position if position else None)


def _is_whole(page: Page[Row], head: Head) -> bool:
    """Whether a first page has all it should, though a purge may have been at work when it was read."""
    numbers = [row.version.number for row in page.items if row.version.gen == head.gen]
    until = head.next if page.position is None else min(head.next, page.items[-1].version.number)
    return numbers == list(range(len(numbers))) and len(numbers) >= until


def _shown(page: Page[Row], head: Head) -> Page[Version]:
    living = [row for row in page.items if row.version.gen == head.gen]
    # A full page may be the last one: the table cannot tell, the head can.
    is_last = bool(living) and living[-1].version.number == head.next - 1
    return Page([row.version for row in living if not row.lost], None if is_last else page.position)


def _content_ref(version: Version) -> ObjectRef:
    if version.blob is not None:
        return ObjectRef(version.blob.key, version.blob.version_id)
    return ObjectRef(version.artifact.object_key(version.number), version.version_id)


def _matches(etag: str, etags: frozenset[str]) -> bool:
    return etag in etags or "*" in etags


def no_artifact(artifact: ArtifactId) -> NotFound:
    """What is raised when an artifact does not live."""
    return ArtifactNotFound(f"there is no artifact {artifact.adk_filename!r} here")


def no_version(artifact: ArtifactId, number: int) -> NotFound:
    """What is raised when an artifact has no such version."""
    return VersionNotFound(f"artifact {artifact.adk_filename!r} has no version {number}")
