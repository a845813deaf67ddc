"""Buckets of ADK's GcsArtifactService.

    app/user/session/filename/version          a session's
    app/user/user/user:filename/version        a user's

What is no custom metadata is among the blob's own, under names that start with `adk`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO, Final, Protocol

from typing_extensions import override

from artifact_store.names import USER_NAMESPACE, Scope
from google_adk_aws.migration._listing import Listed, ListedSource, found_in
from google_adk_aws.migration._model import Facts, Found

__all__ = ["GcsBlob", "GcsBucket", "GcsSource"]

_DISPLAY_NAME: Final = "adkDisplayName"
_IS_TEXT: Final = "adkIsText"
_FILE_URI: Final = "adkFileUri"
_FILE_MIME_TYPE: Final = "adkFileMimeType"
_OLD_FILE_URI: Final = "file_uri"
_OWN: Final = frozenset({_DISPLAY_NAME, _IS_TEXT, _FILE_URI, _FILE_MIME_TYPE, _OLD_FILE_URI})


class GcsBlob(Protocol):
    """What is used of `google.cloud.storage.Blob`."""

    @property
    def name(self) -> str:
        """Its key."""

    @property
    def size(self) -> int | None:
        """Bytes."""

    @property
    def metadata(self) -> Mapping[str, str] | None:
        """The blob's own metadata."""

    @property
    def content_type(self) -> str | None:
        """MIME type."""

    @property
    def time_created(self) -> dt.datetime | None:
        """When it was made."""

    def download_to_file(self, file_obj: BinaryIO) -> None:
        """Writes the content."""


class GcsBucket(Protocol):
    """What is used of `google.cloud.storage.Bucket`."""

    @property
    def name(self) -> str:
        """The bucket."""

    def list_blobs(self, *, prefix: str) -> Iterable[GcsBlob]:
        """Blobs in the order of names, with all that is told of them."""


class GcsSource(ListedSource):
    """Everything that ADK's service keeps in a bucket of Google Cloud Storage.

    Args:
        bucket: `google.cloud.storage.Client().bucket(name)`, or what has the same two members.
        scopes: Whose artifacts; None: everybody's, where no id has a slash.
    """

    def __init__(self, bucket: GcsBucket, scopes: Iterable[Scope] | None = None) -> None:
        self._bucket = bucket
        self._scopes = None if scopes is None else list(scopes)
        self.address = f"gs://{bucket.name}"

    @override
    def _found(self) -> Iterator[Found]:
        return found_in(self._list, self._scopes, _name_of)

    @override
    def _fetch(self, handle: GcsBlob, into: BinaryIO) -> Facts:
        return _fetch(handle, into)

    def _list(self, prefix: str) -> Iterator[Listed]:
        for blob in self._bucket.list_blobs(prefix=prefix):
            yield Listed(key=blob.name, size=blob.size, handle=blob)


def _name_of(scope: Scope, name: str) -> str | None:
    if scope.session is not None:
        # A name with the prefix is never in a session's place, and would lead into the user's.
        return None if name.startswith(USER_NAMESPACE) else name
    return name.removeprefix(USER_NAMESPACE) if name.startswith(USER_NAMESPACE) else None


def _fetch(blob: GcsBlob, into: BinaryIO) -> Facts:
    own = dict(blob.metadata or {})
    kind, mime_type = "bytes", blob.content_type
    uri = own.get(_FILE_URI) or own.get(_OLD_FILE_URI)
    if uri:
        kind, mime_type = "file", own.get(_FILE_MIME_TYPE) or blob.content_type
        into.write(uri.encode())
    else:
        blob.download_to_file(into)
        if own.get(_IS_TEXT) == "true":
            kind, mime_type = "text", "text/plain"
    return Facts(
        kind=kind,
        mime_type=mime_type,
        display_name=own.get(_DISPLAY_NAME),
        custom_metadata={key: text for key, text in own.items() if key not in _OWN},
        created=None if blob.time_created is None else blob.time_created.timestamp(),
    )
