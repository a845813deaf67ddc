"""Buckets of google-adk-community's S3ArtifactService.

    app/user/session/filename/version     a session's
    app/user/user/filename/version        a user's, without `user:`

Text has the content type `text/plain; charset=utf-8`; each value of the custom metadata is JSON in the object's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from typing_extensions import override

from artifact_store.names import Scope
from google_adk_aws.migration._listing import Listed, ListedSource, found_in
from google_adk_aws.migration._model import Facts, Found
from google_adk_aws.migration._spool import is_text

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

__all__ = ["CommunityS3Source"]

_TEXT: Final = "text/plain; charset=utf-8"
_CHUNK: Final = 1024 * 1024


class CommunityS3Source(ListedSource):
    """Everything that google-adk-community's service keeps in a bucket.

    Args:
        s3: A boto3 client; not closed.
        bucket_name: The bucket.
        scopes: Whose artifacts; None: everybody's, where no id has a slash.
    """

    def __init__(self, s3: S3Client, bucket_name: str, scopes: Iterable[Scope] | None = None) -> None:
        self._s3 = s3
        self._bucket_name = bucket_name
        self._scopes = None if scopes is None else list(scopes)
        self.address = f"s3://{bucket_name}?layout=community"

    @override
    def _found(self) -> Iterator[Found]:
        return found_in(self._list, self._scopes, lambda _, name: name)

    def _list(self, prefix: str) -> Iterator[Listed]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket_name, Prefix=prefix)
        for page in pages:
            for listed in page.get("Contents", []):
                yield Listed(key=listed["Key"], size=listed["Size"], handle=listed["Key"])

    @override
    def _fetch(self, handle: str, into: BinaryIO) -> Facts:
        answer = self._s3.get_object(Bucket=self._bucket_name, Key=handle)
        into.writelines(answer["Body"].iter_chunks(_CHUNK))
        text = answer["ContentType"] == _TEXT and is_text(into)
        return Facts(
            kind="text" if text else "bytes",
            mime_type="text/plain" if text else answer["ContentType"],
            custom_metadata=_read(answer["Metadata"]),
            created=answer["LastModified"].timestamp(),
        )


def _read(metadata: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, text in metadata.items():
        try:
            found[key] = json.loads(text)
        except ValueError:
            found[key] = text
    return found
