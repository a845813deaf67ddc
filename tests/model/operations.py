"""What callers do in the checked schedules, on one artifact, and what of the answers is judged."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cache
from string import ascii_letters
from typing import ClassVar, Final, Protocol

from artifact_store import ArtifactId, ArtifactStore, Content, NotFound, Scope, UploadFinalized, UploadNotFound, Version
from artifact_store import _saving as saving
from artifact_store.ids import token_hash
from artifact_store.index import TableIndex
from artifact_store.maintenance import Limits, Maintenance
from artifact_store.model import BlobRef
from artifact_store.names import BLOB_PREFIX
from artifact_store.ports import Head, Ports, Token
from artifact_store.transfers import MIN_PART_BYTES, Upload

__all__ = [
    "DOC",
    "MISSING",
    "Abort",
    "Again",
    "Answer",
    "Delete",
    "Finalize",
    "Heal",
    "List",
    "Load",
    "Operation",
    "Reconcile",
    "Save",
    "SaveInRounds",
    "Versions",
    "content_of",
    "token_of",
]

DOC: Final = ArtifactId(Scope("app", "u", "s"), "doc")
CALLER: Final = "caller"
MISSING: Final = "missing"

PATIENCE_SECONDS: Final = 5.0
"""How long a saver tries; a pause counts as `replay.SECONDS_PER_PAUSE`."""

_NEVER_MS: Final = 1 << 60

Answer = Hashable


class Operation(Protocol):
    """What a caller does.

    Attributes:
        once: Whether it is the same operation when it is repeated: it has an idempotency key.
    """

    @property
    def once(self) -> bool: ...

    def run(self, ports: Ports) -> Answer:
        """Does it with the store's own code; returns what is to be judged, or `Again`."""


@dataclass(frozen=True, slots=True)
class Again:
    """The operation starts over, and knows nothing but this."""

    operation: Operation


@cache
def content_of(token: str) -> Content:
    """What is saved under an idempotency key: no two have the same; an upper-case one needs a manifest."""
    metadata = {"text": token * 2100} if token.isupper() else {}
    return Content(body=f"body of {token}".encode(), custom_metadata=metadata)


@cache
def _tokens_by_digest() -> dict[str | None, str]:
    return {content_of(token).sha256: token for token in ascii_letters}


def token_of(version: Version) -> str:
    """Whose content a version says it is."""
    token = _tokens_by_digest()[version.sha256]
    content = content_of(token)
    assert (version.size, version.custom_metadata) == (len(content.body), content.custom_metadata)
    return token


@dataclass(frozen=True, slots=True)
class Save:
    """Saves the content that belongs to an idempotency key."""

    token: str
    once: ClassVar[bool] = True

    def run(self, ports: Ports) -> Answer:
        saved = ArtifactStore(ports).save(
            DOC, content_of(self.token), caller=CALLER, idempotency_key=self.token, timeout=PATIENCE_SECONDS
        )
        assert token_of(saved.version) == self.token
        return saved.version.gen, saved.version.number


@dataclass(frozen=True, slots=True)
class SaveInRounds:
    """The same, but each round of the store's loop by itself.

    A round knows of earlier ones only the blob they put and what the last one read at its end. Telling
    that apart from everything else that was read in earlier rounds makes far fewer states; and a saver that
    gets nowhere comes back to a state.
    """

    token: str
    blob: BlobRef | None = None
    seen: tuple[Head | None, Token | None] | None = None
    once: ClassVar[bool] = True

    def run(self, ports: Ports) -> Answer:
        token = token_hash(caller=CALLER, artifact=DOC, idempotency_key=self.token)
        save = saving.Save(ports, DOC, content_of(self.token), token=token)
        save._blob, save._seen = self.blob, self.seen
        saved = save._attempt()
        if saved is None:
            return Again(replace(self, blob=save._blob, seen=save._seen))
        assert token_of(saved.version) == self.token
        return saved.version.gen, saved.version.number


@dataclass(frozen=True, slots=True)
class Finalize:
    """Makes a version of an upload whose parts are in the bucket."""

    token: str
    once: ClassVar[bool] = True

    def run(self, ports: Ports) -> Answer:
        content = content_of(self.token)
        try:
            saved = ArtifactStore(ports).finalize_upload(
                self.upload,
                size=len(content.body),
                sha256=content.sha256,
                part=content.part,
                custom_metadata=content.custom_metadata,
                timeout=PATIENCE_SECONDS,
            )
        except UploadNotFound:
            return MISSING
        assert token_of(saved.version) == self.token
        return saved.version.gen, saved.version.number

    @property
    def upload(self) -> Upload:
        """The upload as its caller holds it."""
        return Upload(
            artifact=DOC,
            key=f"{BLOB_PREFIX}upload-{self.token}",
            upload_id=f"upload-{self.token}",
            size=len(content_of(self.token).body),
            part_bytes=MIN_PART_BYTES,
            expires_ms=_NEVER_MS,
        )


@dataclass(frozen=True, slots=True)
class Abort:
    """Gives an upload up, if its content is not complete."""

    token: str
    once: ClassVar[bool] = False

    def run(self, ports: Ports) -> Answer:
        try:
            ArtifactStore(ports).abort_upload(Finalize(self.token).upload)
        except UploadFinalized:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Delete:
    """Deletes the artifact."""

    once: ClassVar[bool] = False

    def run(self, ports: Ports) -> Answer:
        return ArtifactStore(ports).delete(DOC)


@dataclass(frozen=True, slots=True)
class Heal:
    """Settles the object under a version's key, as the worker does that hears of it from S3."""

    number: int
    once: ClassVar[bool] = False

    def run(self, ports: Ports) -> Answer:
        return ArtifactStore(ports).heal(DOC.object_key(self.number)).value


@dataclass(frozen=True, slots=True)
class Reconcile:
    """Compares bucket and index, and repairs what differs; young objects too, unless told otherwise."""

    settle_after_ms: int = 0
    once: ClassVar[bool] = False

    def run(self, ports: Ports) -> Answer:
        assert isinstance(ports.index, TableIndex)
        limits = Limits(settle_after_ms=self.settle_after_ms)
        done = Maintenance(ports, ports.index._table).reconcile(limits=limits)
        return tuple(sorted(done.findings.drift.items()))


@dataclass(frozen=True, slots=True)
class Load:
    """Loads a version, or the latest."""

    number: int | None = None
    once: ClassVar[bool] = False

    def run(self, ports: Ports) -> Answer:
        try:
            loaded = ArtifactStore(ports).load(DOC, self.number)
        except NotFound:
            return MISSING
        token = token_of(loaded.version)
        assert loaded.body == content_of(token).body, "another version's bytes"
        return loaded.version.gen, loaded.version.number, token


@dataclass(frozen=True, slots=True)
class Versions:
    """Lists all versions."""

    once: ClassVar[bool] = False

    def run(self, ports: Ports) -> Answer:
        try:
            page = ArtifactStore(ports).list_versions(DOC)
        except NotFound:
            return MISSING
        assert page.position is None
        return tuple([(version.gen, version.number, token_of(version)) for version in page.items])


@dataclass(frozen=True, slots=True)
class List:
    """Lists the scope's artifacts: whether this one is there, and its latest version."""

    once: ClassVar[bool] = False

    def run(self, ports: Ports) -> Answer:
        page = ArtifactStore(ports).list_artifacts(DOC.scope)
        assert page.position is None
        for summary in page.items:
            assert summary.artifact == DOC
            return summary.gen, summary.number, _tokens_by_digest()[summary.sha256]
        return MISSING
