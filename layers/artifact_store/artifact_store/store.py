"""The artifact store: one object with every operation, whoever calls it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from artifact_store._clearing import Cleared, Clearer
from artifact_store._deleting import Deleter
from artifact_store._healing import Healer
from artifact_store._reading import Reader
from artifact_store._saving import Save
from artifact_store._settling import Outcome
from artifact_store._uploading import Uploader
from artifact_store.errors import InvalidTtl
from artifact_store.ids import token_hash
from artifact_store.model import (
    ArtifactSummary,
    Content,
    JsonObject,
    Loaded,
    Page,
    Part,
    Precondition,
    Saved,
    Version,
)
from artifact_store.names import ArtifactId, Scope
from artifact_store.ports import Each, Ports
from artifact_store.transfers import SignedRequest, Upload, UploadedPart, UploadMethod

__all__ = ["ArtifactStore"]

DOWNLOAD_SECONDS: Final = 60


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
        self._uploader = Uploader(ports)

    @property
    def ports(self) -> Ports:
        """What it stands on, for maintenance."""
        return self._ports

    def save(
        self,
        artifact: ArtifactId,
        content: Content,
        *,
        caller: str,
        idempotency_key: str,
        only_if: Precondition | None = None,
        skip_unchanged: bool = False,
        timeout: float = 20.0,
    ) -> Saved:
        """Saves content as the artifact's next version, exactly once per idempotency key.

        Args:
            artifact: What to save.
            content: The new version.
            caller: Who asks; an idempotency key means something only to its caller.
            idempotency_key: The same key and content is the same save, for a day.
            only_if: What must be true of the latest version. A save that is repeated was judged before.
            skip_unchanged: Whether to save nothing when the latest version has the same bytes, part and
                metadata; `Saved.unchanged` tells.
            timeout: Give up after so many seconds.

        Raises:
            InvalidName: The session is reserved.
            InvalidTtl: It is to expire, and the index cannot do that.
            IdempotencyKeyReused: The key was used for other content.
            PreconditionFailed: The latest version is not as `only_if` demands.
            Unavailable: Nothing is known to be saved; repeat with the same key.
        """
        self._refuse_ttl(content.ttl_seconds)
        save = Save(
            self._ports,
            artifact,
            content,
            token=token_hash(caller=caller, artifact=artifact, idempotency_key=idempotency_key),
            only_if=only_if,
            skip_unchanged=skip_unchanged,
        )
        return save.run(timeout=timeout)

    def begin_upload(
        self,
        artifact: ArtifactId,
        *,
        size: int | None = None,
        part_bytes: int | None = None,
        mime_type: str | None = None,
        method: UploadMethod = "parts",
        sha256: str | None = None,
    ) -> Upload:
        """Begins an upload of content that goes to the bucket itself. It leaves no trace in the index.

        Args:
            artifact: What it is for.
            size: Bytes of the whole content, up to 5 TiB; None when it is not known yet.
            part_bytes: Bytes of every part but the last, 5 MiB to 5 GiB; by default enough for 10,000 parts.
            mime_type: What the content will be.
            method: In parts, or by one put of at most 5 GiB.
            sha256: Hex digest of the whole content, if it is known. One put of other bytes is refused, and a
                finalize of any.

        Raises:
            InvalidName: The session is reserved.
            InvalidUpload: A size cannot be.
        """
        return self._uploader.begin(
            artifact, size=size, part_bytes=part_bytes, mime_type=mime_type, method=method, sha256=sha256
        )

    def sign_upload_parts(self, upload: Upload, parts: Sequence[UploadedPart]) -> Sequence[SignedRequest]:
        """Signs the requests that upload these parts, each with its size and SHA-256.

        Raises:
            InvalidUpload: A part is none of this upload.
            UploadNotFound: The upload has expired.
        """
        return self._uploader.sign_parts(upload, parts)

    def sign_upload_put(self, upload: Upload) -> SignedRequest:
        """Signs the request that puts all content of an upload that has no parts.

        Raises:
            UploadNotFound: The upload has expired.
        """
        return self._uploader.sign_put(upload)

    def put_upload(self, upload: Upload, body: bytes) -> None:
        """Puts all content of an upload that has no parts, for callers with access of their own to the bucket.

        Raises:
            InvalidUpload: It was begun for other content, or in parts.
            UploadNotFound: The upload has expired.
        """
        self._uploader.put(upload, body)

    def put_upload_part(self, upload: Upload, part: UploadedPart, body: bytes) -> None:
        """Uploads one part, for callers with access of their own to the bucket; once more is fine.

        Raises:
            DigestMismatch: The bytes are not those of the part's SHA-256.
            InvalidUpload: The part is none of this upload.
            UploadNotFound: The upload was aborted or has expired.
        """
        self._uploader.put_part(upload, part, body)

    def uploaded_parts(self, upload: Upload, *, after: int = 0) -> tuple[Sequence[UploadedPart], int | None]:
        """Lists what was uploaded, 1,000 parts a page; none once the content is complete.

        Args:
            upload: The upload.
            after: The last part's number of the page before.

        Returns:
            Parts, and what to continue after, or None at the end.

        Raises:
            UploadNotFound: The upload was aborted or has expired.
        """
        return self._uploader.parts(upload, after=after)

    def uploaded_version(self, upload: Upload) -> Version | None:
        """The version that an upload has become; None while it was not finalized, and once that is deleted."""
        return self._uploader.version(upload)

    def finalize_upload(
        self,
        upload: Upload,
        *,
        size: int,
        sha256: str | None,
        part: Part,
        custom_metadata: JsonObject,
        ttl_seconds: int | None = None,
        only_if: Precondition | None = None,
        timeout: float = 20.0,
    ) -> Saved:
        """Saves what was uploaded as the artifact's next version, exactly once however often it is asked for.

        Args:
            upload: The upload.
            size: Bytes of the whole content.
            sha256: Hex digest of the whole content; may be None after one put, and when it was announced.
            part: What kind of part it is.
            custom_metadata: As of `Content`.
            ttl_seconds: As of `Content`.
            only_if: As for `save`.
            timeout: As for `save`.

        Raises:
            InvalidUpload: It was begun for other content.
            InvalidTtl: As for `save`.
            UploadIncomplete: Parts are missing, or are not as large as announced.
            UploadNotFound: It was aborted or has expired, and is no version.
            IdempotencyKeyReused: It was finalized with other facts.
            PreconditionFailed: The latest version is not as `only_if` demands.
            Unavailable: Nothing is known to be saved; repeat.
        """
        self._refuse_ttl(ttl_seconds)
        return self._uploader.finalize(
            upload,
            size=size,
            sha256=sha256,
            part=part,
            custom_metadata=custom_metadata,
            ttl_seconds=ttl_seconds,
            only_if=only_if,
            timeout=timeout,
        )

    def _refuse_ttl(self, ttl_seconds: int | None) -> None:
        if ttl_seconds is not None and not self._ports.index.keeps_time:
            raise InvalidTtl("artifacts of a bucket without an index table cannot expire", field="ttl")

    def abort_upload(self, upload: Upload) -> None:
        """Gives an upload up and frees what was uploaded. Also fine when that was done before.

        Raises:
            UploadFinalized: The content is complete, so that it may be a version.
        """
        self._uploader.abort(upload)

    def sign_download(
        self, version: Version, *, seconds: int = DOWNLOAD_SECONDS, disposition: str = "attachment"
    ) -> SignedRequest:
        """Signs the request that downloads a version's content from the bucket; asks nobody.

        Args:
            version: Of which artifact and number.
            seconds: How long the request may be sent, 1 to 604,800; temporary credentials may end earlier.
            disposition: The answer's Content-Disposition.
        """
        return self._reader.sign(version, seconds=seconds, disposition=disposition)

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

    def load_unless(
        self, artifact: ArtifactId, number: int | None, *, etags: frozenset[str], at_most: int | None = None
    ) -> Loaded | Version | str:
        """Loads as `load` does, unless there is no need or no room to; then S3 is not called.

        Args:
            artifact: Whose version.
            number: Which one; the latest when it is None.
            etags: Entity tags of what the caller has; `*` stands for any.
            at_most: The largest content to load, in bytes.

        Returns:
            The entity tag when it is one of `etags`; else the version alone when its content is larger than
            `at_most`; else the version with its content.

        Raises:
            NotFound: No such artifact or version.
        """
        return self._reader.load_unless(artifact, number, etags=etags, at_most=at_most)

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

    def list_names(self, scope: Scope, *, limit: int = 100, position: str | None = None) -> Page[ArtifactId]:
        """Lists which artifacts live, as `list_artifacts` does. Without an index table it costs far less."""
        return self._reader.list_names(scope, limit=limit, position=position)

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

    def delete_all(
        self,
        scope: Scope,
        *,
        each: Each,
        timeout: float = 20.0,
        on_unfinished: Callable[[ArtifactId, str], None] | None = None,
    ) -> Cleared:
        """Deletes every artifact of one session, or those that belong to one user across sessions.

        Args:
            scope: Whose. A session's user keeps their own.
            each: Deletes several at a time.
            timeout: Begin no further one after so many seconds.
            on_unfinished: As for `delete`, of every artifact.

        Returns:
            How many were deleted, and whether none is left of those that lived before.
        """
        clearer = Clearer(self._ports, each=each)
        give_up_at = self._ports.clock.monotonic() + timeout
        return clearer.clear([scope], give_up_at=give_up_at, on_unfinished=on_unfinished)

    def expire(self, artifact: ArtifactId, gen: str, *, timeout: float = 20.0) -> bool:
        """Deletes one life of an artifact if its time is over, and removes what it left.

        A save at the same moment either comes first and gives the artifact a new time, or begins another life.

        Returns:
            True when nothing of it is to be done any more; False when time was not enough.

        Raises:
            Unavailable: Some is left; repeat.
        """
        return self._deleter.expire(artifact, gen, timeout=timeout)

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
