"""Uploads: a blob made by its caller in parts, then saved as a version by a manifest record.

The store keeps nothing of an upload but what S3 has of it. What an upload saves is told apart by a token
made from its blob's key, which no other upload has: so a finalize may be repeated and run beside itself,
and is one version. The token outlives the upload, so that none is saved again after a delete.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from artifact_store._saving import Save
from artifact_store.errors import (
    DigestMismatch,
    InvalidUpload,
    StorageUnavailable,
    UploadFinalized,
    UploadIncomplete,
    UploadNotFound,
)
from artifact_store.ids import token_hash
from artifact_store.model import BlobRef, JsonObject, Part, Precondition, Saved, Uploaded, Version
from artifact_store.names import BLOB_PREFIX, ArtifactId
from artifact_store.ports import ObjectExists, Ports
from artifact_store.record import BLOB_OWNER
from artifact_store.transfers import (
    DEFAULT_PART_BYTES,
    MAX_PART_BYTES,
    MAX_PARTS,
    MAX_UPLOAD_BYTES,
    MIB,
    MIN_PART_BYTES,
    UPLOAD_LIFE_MS,
    UPLOAD_MARK,
    PartsRefused,
    SignedRequest,
    Upload,
    UploadedPart,
    UploadGone,
    UploadMethod,
)

__all__ = ["Uploader"]

_OCTETS: Final = "application/octet-stream"
_PAGE: Final = 1000
_STREAM_PART_BYTES: Final = 2 * DEFAULT_PART_BYTES
"""Part size while the whole size is not known: enough for 156 GiB."""

_CALLER: Final = "!upload"
"""Whose token it is. No caller has this name, and the blob's key is known to its uploader alone."""

_SIGNED_SECONDS: Final = 60 * 60


class Uploader:
    """Begins, continues, finalizes and aborts uploads; see `ArtifactStore` for what each method promises."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._transfers = ports.transfers
        self._clock = ports.clock

    def begin(
        self,
        artifact: ArtifactId,
        *,
        size: int | None,
        part_bytes: int | None,
        mime_type: str | None,
        method: UploadMethod,
        sha256: str | None,
    ) -> Upload:
        """Does what `ArtifactStore.begin_upload` says."""
        artifact.scope.refuse_reserved_session()
        content_type = Part(mime_type=mime_type).mime_type or _OCTETS
        checked = _put_bytes(size, part_bytes) if method == "put" else _checked_part_bytes(size, part_bytes)
        key = BLOB_PREFIX + self._ports.new_id()
        upload_id = ""
        if method == "parts":
            upload_id = self._transfers.begin(key, content_type=content_type, metadata=_mark(artifact))
        return Upload(
            artifact=artifact,
            key=key,
            upload_id=upload_id,
            size=size,
            part_bytes=checked,
            expires_ms=self._clock.now_ms() + UPLOAD_LIFE_MS,
            sha256=sha256,
            mime_type=mime_type,
        )

    def sign_put(self, upload: Upload) -> SignedRequest:
        """Does what `ArtifactStore.sign_upload_put` says."""
        return self._transfers.sign_put(
            upload.key,
            size=upload.part_bytes,
            sha256=upload.sha256,
            content_type=upload.mime_type or _OCTETS,
            metadata=_mark(upload.artifact),
            seconds=self._seconds_left(upload),
        )

    def sign_parts(self, upload: Upload, parts: Sequence[UploadedPart]) -> Sequence[SignedRequest]:
        """Does what `ArtifactStore.sign_upload_parts` says."""
        if upload.method == "put":
            raise InvalidUpload("this upload is put at once; it has no parts", field="parts")
        seconds = self._seconds_left(upload)
        for place, part in enumerate(parts):
            _check_part(upload, part, field=f"parts[{place}]")
        return [self._transfers.sign_part(upload.key, upload.upload_id, part, seconds=seconds) for part in parts]

    def put(self, upload: Upload, body: bytes) -> None:
        """Does what `ArtifactStore.put_upload` says."""
        self._seconds_left(upload)
        if upload.method != "put" or len(body) != upload.part_bytes:
            raise InvalidUpload("the content is not what this upload was begun for", field="content")
        content_type = upload.mime_type or _OCTETS
        try:
            self._ports.objects.create(upload.key, body, content_type=content_type, metadata=_mark(upload.artifact))
        except ObjectExists:
            # Nobody else knows the key: what is there is what an earlier attempt has put, or is about to.
            if self._ports.objects.head(upload.key) is None:
                raise StorageUnavailable("an earlier attempt to put the content has not ended yet") from None

    def put_part(self, upload: Upload, part: UploadedPart, body: bytes) -> None:
        """Does what `ArtifactStore.put_upload_part` says."""
        self._seconds_left(upload)
        _check_part(upload, part, field="part")
        if len(body) != part.size:
            raise InvalidUpload(f"part {part.number:,} has {len(body):,} bytes, not {part.size:,}", field="part.size")
        try:
            self._transfers.put_part(upload.key, upload.upload_id, part, body)
        except UploadGone:
            raise _not_found() from None
        except PartsRefused:
            raise DigestMismatch(f"part {part.number:,} does not have the SHA-256 announced", field="part") from None

    def parts(self, upload: Upload, *, after: int) -> tuple[Sequence[UploadedPart], int | None]:
        """Does what `ArtifactStore.uploaded_parts` says."""
        self._seconds_left(upload)
        if upload.method == "put":
            return (), None
        try:
            return self._transfers.parts(upload.key, upload.upload_id, after=after, limit=_PAGE)
        except UploadGone:
            if self._blob(upload) is None:
                raise _not_found() from None
            return (), None

    def version(self, upload: Upload) -> Version | None:
        """Does what `ArtifactStore.uploaded_version` says."""
        head, known = self._ports.index.head_and_token(upload.artifact, _token(upload))
        if head is None or known is None or known.gen != head.gen:
            return None
        return self._ports.index.version(upload.artifact, known.number, known.gen)

    def finalize(
        self,
        upload: Upload,
        *,
        size: int,
        sha256: str | None,
        part: Part,
        custom_metadata: JsonObject,
        ttl_seconds: int | None,
        only_if: Precondition | None,
        timeout: float,
    ) -> Saved:
        """Does what `ArtifactStore.finalize_upload` says."""
        give_up_at = self._clock.monotonic() + timeout
        if upload.size is not None and size != upload.size:
            raise InvalidUpload(f"the upload was begun for {upload.size:,} bytes, not {size:,}", field="size")
        if upload.sha256 is not None and sha256 not in {None, upload.sha256}:
            raise InvalidUpload("the upload was begun for content with another digest", field="sha256")
        sha256 = sha256 or upload.sha256
        if sha256 is None and upload.method == "parts":
            raise InvalidUpload("sha256 is missing: the hex digest of the whole content", field="sha256")
        blob = self._completed(upload, size)
        content = Uploaded(
            blob=blob or BlobRef(upload.key, ""),
            size=size,
            sha256=sha256,
            part=part,
            custom_metadata=custom_metadata,
            ttl_seconds=ttl_seconds,
        )
        save = Save(self._ports, upload.artifact, content, token=_token(upload), only_if=only_if)
        if blob is not None:
            return save.run(timeout=give_up_at - self._clock.monotonic())
        # It may have become a version that was deleted since, and its blob with it.
        replayed = save.replayed()
        if replayed is not None:
            return replayed
        if upload.method == "put" and not self._is_over(upload):
            raise UploadIncomplete("nothing was put yet")
        raise _not_found()

    def abort(self, upload: Upload) -> None:
        """Does what `ArtifactStore.abort_upload` says."""
        if upload.method == "parts":
            try:
                self._transfers.abort(upload.key, upload.upload_id)
            except UploadGone:
                pass  # completed, aborted before, or expired
            else:
                return
        # Content that is complete may be named by a finalize at any moment, so it is not for us to remove.
        if self._blob(upload) is not None or self._ports.index.head_and_token(upload.artifact, _token(upload))[1]:
            raise UploadFinalized("the content is complete, so that it may be a version already")

    def _completed(self, upload: Upload, size: int) -> BlobRef | None:
        """The blob, made whole if need be; None when S3 has none and can make none."""
        if self._is_over(upload):
            return None
        if upload.method == "parts":
            try:
                parts = self._all_parts(upload)
                _check_whole(upload, parts, size)
                return BlobRef(upload.key, self._transfers.complete(upload.key, upload.upload_id, parts))
            except PartsRefused as refused:
                raise UploadIncomplete(f"S3 refuses the parts: {refused}") from None
            except UploadGone:
                pass  # completed by an earlier attempt, or aborted
        return self._blob(upload, size=size)

    def _all_parts(self, upload: Upload) -> Sequence[UploadedPart]:
        found: list[UploadedPart] = []
        after: int | None = 0
        while after is not None:
            page, after = self._transfers.parts(upload.key, upload.upload_id, after=after, limit=_PAGE)
            found += page
        return found

    def _blob(self, upload: Upload, *, size: int | None = None) -> BlobRef | None:
        head = self._ports.objects.head(upload.key)
        if head is None:
            return None
        if size is not None and head.size != size:
            raise UploadIncomplete(f"{head.size:,} bytes were uploaded, not {size:,}")
        return BlobRef(upload.key, head.version_id)

    def _is_over(self, upload: Upload) -> bool:
        return self._clock.now_ms() >= upload.expires_ms

    def _seconds_left(self, upload: Upload) -> int:
        """How long a signed request of an upload may live."""
        if self._is_over(upload):
            raise _not_found()
        left = (upload.expires_ms - self._clock.now_ms()) // 1000
        return max(1, min(left, _SIGNED_SECONDS))


def _mark(artifact: ArtifactId) -> dict[str, str]:
    return {BLOB_OWNER: artifact.key_prefix, UPLOAD_MARK: "1"}


def _token(upload: Upload) -> str:
    return token_hash(caller=_CALLER, artifact=upload.artifact, idempotency_key=upload.key)


def _not_found() -> UploadNotFound:
    return UploadNotFound("there is no such upload: it was aborted, has expired, or is another's")


def _put_bytes(size: int | None, part_bytes: int | None) -> int:
    if size is None:
        raise InvalidUpload("size is missing: one put must say how many bytes it has", field="size")
    if part_bytes is not None:
        raise InvalidUpload("an upload by one put has no parts", field="partSize")
    _check_size(size, limit=MAX_PART_BYTES)
    return size


def _checked_part_bytes(size: int | None, part_bytes: int | None) -> int:
    if size is not None:
        _check_size(size, limit=MAX_UPLOAD_BYTES)
    if part_bytes is None:
        if size is None:
            return _STREAM_PART_BYTES
        fewest = -(-size // MAX_PARTS)
        return max(DEFAULT_PART_BYTES, -(-fewest // MIB) * MIB)
    if not MIN_PART_BYTES <= part_bytes <= MAX_PART_BYTES:
        raise InvalidUpload(
            f"partSize must be {MIN_PART_BYTES:,} (5 MiB) to {MAX_PART_BYTES:,} (5 GiB)",
            field="partSize",
            limit=MAX_PART_BYTES if part_bytes > MAX_PART_BYTES else MIN_PART_BYTES,
        )
    if size is not None and size > part_bytes * MAX_PARTS:
        raise InvalidUpload(
            f"{size:,} bytes in parts of {part_bytes:,} are more than {MAX_PARTS:,} parts",
            field="partSize",
            limit=MAX_PARTS,
        )
    return part_bytes


def _check_size(size: int, *, limit: int) -> None:
    if not 0 <= size <= limit:
        raise InvalidUpload(f"size must be 0 to {limit:,} bytes", field="size", limit=limit)


def _check_part(upload: Upload, part: UploadedPart, *, field: str) -> None:
    size, last = upload.size, upload.part_count
    if not 1 <= part.number <= (last or MAX_PARTS):
        raise InvalidUpload(
            f"number must be 1 to {last or MAX_PARTS:,}", field=f"{field}.number", limit=last or MAX_PARTS
        )
    if size is None:
        if not 0 <= part.size <= upload.part_bytes:
            raise InvalidUpload(
                f"a part has at most {upload.part_bytes:,} bytes", field=f"{field}.size", limit=upload.part_bytes
            )
        return
    expected = min(upload.part_bytes, size - (part.number - 1) * upload.part_bytes)
    if part.size != expected:
        raise InvalidUpload(
            f"part {part.number:,} of this upload has {expected:,} bytes, not {part.size:,}",
            field=f"{field}.size",
            limit=expected,
        )


def _check_whole(upload: Upload, parts: Sequence[UploadedPart], size: int) -> None:
    """Refuses what would be other content than announced, or a hole in it."""
    for expected, part in enumerate(parts, start=1):
        if part.number != expected:
            raise UploadIncomplete(f"part {expected:,} is missing")
        if part.size != upload.part_bytes and expected < len(parts):
            raise UploadIncomplete(f"part {expected:,} has {part.size:,} bytes, not {upload.part_bytes:,}")
    found = sum(part.size for part in parts)
    if not parts or found < size:
        raise UploadIncomplete(
            f"part {len(parts) + 1:,} is missing: {found:,} bytes were uploaded, {size:,} were announced"
        )
    if found > size:
        raise UploadIncomplete(f"{found:,} bytes were uploaded, {size:,} were announced")
