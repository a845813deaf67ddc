"""Every multipart upload that nobody ended: one that is past its life is aborted, so that its parts are freed."""

from __future__ import annotations

import json
from contextlib import suppress

from artifact_store.maintenance.work import Work
from artifact_store.names import BLOB_PREFIX
from artifact_store.transfers import PendingUpload, UploadGone

__all__ = ["UploadPass"]


class UploadPass:
    """Aborts uploads that can no longer be finalized."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def step(self, after: str) -> str | None:
        """Looks at one page of uploads; returns what to continue after, or None at the end."""
        found, rest = self._work.ports.transfers.pending(BLOB_PREFIX, after=_parsed(after))
        self._work.findings.looked_at("uploads", len(found))
        for upload in found:
            if upload.begun_ms <= self._work.started_ms - self._work.limits.blob_age_ms:
                self._abort(upload)
        return json.dumps([rest.key, rest.upload_id]) if rest is not None else None

    def _abort(self, upload: PendingUpload) -> None:
        def abort() -> None:
            with suppress(UploadGone):
                self._work.ports.transfers.abort(upload.key, upload.upload_id)

        self._work.sweep("uploads", abort)


def _parsed(after: str) -> PendingUpload | None:
    if not after:
        return None
    key, upload_id = json.loads(after)
    return PendingUpload(key=key, upload_id=upload_id, begun_ms=0)
