"""A client's calls for links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from artifact_store.names import ArtifactId
from google_adk_aws._client.core import ClientCore
from google_adk_aws._errors import ArtifactEncryptionError
from google_adk_aws._model import members
from google_adk_aws._model.links import DownloadLink, UploadHandle, UploadLink, refuse_encrypted
from google_adk_aws._model.saving import Condition, Description
from google_adk_aws._model.ttl import Ttl
from google_adk_aws._model.wire import VersionMetadata

__all__ = ["LinkCalls"]


class LinkCalls(ClientCore):
    """Links for people and programs that cannot sign in."""

    async def create_download_url(
        self,
        artifact: ArtifactId,
        version: int | None = None,
        *,
        expires_in: int = 3600,
        encrypted: bool = False,
    ) -> DownloadLink:
        """Makes a link that downloads one version, or the latest one as it is now.

        Args:
            artifact: Which.
            version: Its number; None is the latest.
            expires_in: Seconds, 1 to 604,800 (a week).
            encrypted: Also of encrypted content, for somebody who has the key: the link gives the ciphertext.

        Raises:
            ArtifactNotFoundError: There is no such artifact or version.
            ArtifactEncryptionError: The content is encrypted, and that was not asked for.
            ArtifactError: Another one of this package's errors.
        """
        self._permissions.check("read", artifact)
        request, metadata = await self._api.link(artifact, version, expires_in=expires_in)
        refuse_encrypted(metadata, wanted=encrypted)
        if request.expires_at is None:
            raise members.unexpected("expiresAt")
        return DownloadLink(url=request.url, headers=request.headers, expires_at=request.expires_at, version=metadata)

    async def create_upload_url(
        self, artifact: ArtifactId, *, size: int, mime_type: str | None = None, sha256: str | None = None
    ) -> UploadLink:
        """Makes a link that uploads content, in one PUT. It is no version before `finalize_upload`.

        Args:
            artifact: Where it goes.
            size: Bytes of the content, exactly; at most 5 GiB.
            mime_type: What a download of it will say.
            sha256: Of the content, in hex; with it no other content can be uploaded, and loads are checked.

        Raises:
            ArtifactEncryptionError: This client loads encrypted content only, and a link's is not (`not_encrypted`).
            ArtifactError: Another one of this package's errors.
        """
        self._permissions.check("write", artifact)
        if self._encrypting is not None and not self._encrypting.encryption.accept_plain:
            raise ArtifactEncryptionError(
                "what is uploaded to a link is not encrypted, and this client loads encrypted content only",
                code="not_encrypted",
            )
        upload = await self._uploads.begin_put(artifact, size=size, mime_type=mime_type, sha256=sha256)
        request = upload.put
        if request is None or request.expires_at is None:
            raise members.unexpected("put")
        return UploadLink(
            url=request.url,
            headers=request.headers,
            expires_at=request.expires_at,
            upload=UploadHandle(artifact=artifact, id=upload.id, size=size),
        )

    async def finalize_upload(
        self,
        upload: UploadLink | UploadHandle,
        *,
        sha256: str | None = None,
        mime_type: str | None = None,
        display_name: str | None = None,
        kind: str = "bytes",
        custom_metadata: Mapping[str, Any] | None = None,
        ttl: Ttl | None = None,
        if_match: str | None = None,
        if_none_match: bool = False,
    ) -> VersionMetadata:
        """Saves what was uploaded to a link as a new version. Repeated, it gives the same version.

        Args:
            upload: The link, or what it has as `upload`.
            sha256: Of the content, in hex, if it is known; without it loads cannot be checked.
            mime_type: By default that of the link.
            display_name: A name for people.
            kind: `bytes`, `text` or `file`.
            custom_metadata: A JSON object of at most 64 KB.
            ttl: As for `save`.
            if_match: Save only if the latest version has this entity tag.
            if_none_match: Save only if there is no artifact of that name.

        Raises:
            ArtifactConflictError: Nothing, or something of another size was uploaded (`upload_incomplete`).
            ArtifactPreconditionError: The condition does not hold.
            ArtifactUploadNotFoundError: The upload was aborted, or has expired.
            ArtifactError: Another one of this package's errors.
        """
        handle = upload.upload if isinstance(upload, UploadLink) else upload
        self._permissions.check("write", handle.artifact)
        description = Description.of(
            mime_type=mime_type, display_name=display_name, kind=kind, custom_metadata=custom_metadata, ttl=ttl
        )
        try:
            return await self._uploads.finalize(
                handle.artifact,
                handle.id,
                size=handle.size,
                sha256=sha256,
                description=description,
                condition=Condition(if_match=if_match, if_none_match=if_none_match),
            )
        finally:
            if self._cache is not None:
                self._cache.saved(handle.artifact)

    async def abort_upload(self, upload: UploadLink | UploadHandle) -> None:
        """Gives up a link's upload and frees what was sent; also fine when that was done.

        Raises:
            ArtifactConflictError: It was finalized (`upload_finalized`).
            ArtifactError: Another one of this package's errors.
        """
        handle = upload.upload if isinstance(upload, UploadLink) else upload
        self._permissions.check("write", handle.artifact)
        await self._uploads.abort(handle.artifact, handle.id)
