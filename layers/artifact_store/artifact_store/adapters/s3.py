"""The bucket: boto3's S3 client behind the `ObjectStore` port."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from artifact_store.adapters._faults import error_code, translated
from artifact_store.errors import StorageUnavailable
from artifact_store.ports import ListedObject, ObjectExists, ObjectHead, ObjectRef, StoredObject

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

__all__ = ["S3Objects"]

_TAKEN: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
_MISSING: Final = frozenset({"NoSuchKey", "NoSuchVersion", "404", "MethodNotAllowed", "405"})
_BATCH: Final = 1000


class _Missing(Exception):
    """There is no such object."""


@contextmanager
def _s3_call() -> Iterator[None]:
    with translated("S3"):
        try:
            yield
        except ClientError as error:
            code = error_code(error)
            if code in _TAKEN:
                raise ObjectExists from None
            if code in _MISSING:
                raise _Missing from None
            raise


class S3Objects:
    """A versioned S3 bucket."""

    def __init__(self, *, client: S3Client, bucket_name: str) -> None:
        self._client = client
        self._bucket_name = bucket_name

    @property
    def bucket_name(self) -> str:
        return self._bucket_name

    def create(self, key: str, body: bytes, *, content_type: str | None, metadata: Mapping[str, str]) -> str:
        extra: dict[str, Any] = {"ContentType": content_type} if content_type else {}
        with _s3_call():
            answer = self._client.put_object(
                Bucket=self._bucket_name,
                Key=key,
                Body=body,
                Metadata=metadata,
                ChecksumSHA256=base64.b64encode(hashlib.sha256(body).digest()).decode(),
                IfNoneMatch="*",
                **extra,
            )
            return _version_id(answer)

    def head(self, key: str) -> ObjectHead | None:
        try:
            with _s3_call():
                return _read_head(self._client.head_object(Bucket=self._bucket_name, Key=key))
        except _Missing:
            return None

    def head_version(self, ref: ObjectRef) -> ObjectHead | None:
        try:
            with _s3_call():
                answer = self._client.head_object(Bucket=self._bucket_name, Key=ref.key, VersionId=ref.version_id)
                return _read_head(answer)
        except _Missing:
            return None

    def get(self, ref: ObjectRef) -> StoredObject | None:
        try:
            with _s3_call():
                answer = self._client.get_object(Bucket=self._bucket_name, Key=ref.key, VersionId=ref.version_id)
                return StoredObject(_read_head(answer), answer["Body"].read())
        except _Missing:
            return None

    def list_versions(
        self, prefix: str, *, limit: int, after: ObjectRef | None
    ) -> tuple[Sequence[ListedObject], ObjectRef | None]:
        start: dict[str, Any] = {}
        if after is not None:
            start["KeyMarker"] = after.key
            if after.version_id:
                start["VersionIdMarker"] = after.version_id
        with _s3_call():
            answer = self._client.list_object_versions(Bucket=self._bucket_name, Prefix=prefix, MaxKeys=limit, **start)
        found = [
            *(_listed(version, marker=False) for version in answer.get("Versions", [])),
            *(_listed(marker, marker=True) for marker in answer.get("DeleteMarkers", [])),
        ]
        # S3 has each kind in order; a key's versions stay together over both.
        found.sort(key=lambda listed: listed.ref.key.encode())
        if not answer["IsTruncated"]:
            return found, None
        return found, ObjectRef(answer["NextKeyMarker"], answer.get("NextVersionIdMarker", ""))

    def list_folders(self, prefix: str, *, limit: int, after: str | None) -> tuple[Sequence[str], str | None]:
        start: dict[str, Any] = {"KeyMarker": after} if after is not None else {}
        with _s3_call():
            answer = self._client.list_object_versions(
                Bucket=self._bucket_name, Prefix=prefix, Delimiter="/", MaxKeys=limit, **start
            )
        folders = [common["Prefix"] for common in answer.get("CommonPrefixes", [])]
        if not answer["IsTruncated"]:
            return folders, None
        last = answer["NextKeyMarker"]
        return folders, _after_folder(last) if last.endswith("/") else last

    def delete(self, refs: Sequence[ObjectRef]) -> None:
        if len(refs) == 1:
            with _s3_call():
                self._client.delete_object(Bucket=self._bucket_name, Key=refs[0].key, VersionId=refs[0].version_id)
            return
        for start in range(0, len(refs), _BATCH):
            with _s3_call():
                answer = self._client.delete_objects(
                    Bucket=self._bucket_name,
                    Delete={
                        "Quiet": True,
                        "Objects": [
                            {"Key": ref.key, "VersionId": ref.version_id} for ref in refs[start : start + _BATCH]
                        ],
                    },
                )
            failed = answer.get("Errors")
            if failed:
                codes = ", ".join(sorted({error.get("Code", "?") for error in failed}))
                raise StorageUnavailable(f"S3 kept {len(failed)} objects: {codes}")


def _after_folder(folder: str) -> str:
    """A key that sorts after all of a folder and before the next one; after its own name a page might repeat it."""
    return folder[:-1] + chr(ord("/") + 1)


def _listed(version: Any, *, marker: bool) -> ListedObject:
    return ListedObject(
        ref=ObjectRef(version["Key"], version["VersionId"]),
        modified_ms=_milliseconds(version["LastModified"]),
        latest=version["IsLatest"],
        marker=marker,
    )


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)


def _version_id(answer: Any) -> str:
    # An object that was put while the bucket had no versioning is version "null".
    version_id: str = answer.get("VersionId", "null")
    return version_id


def _read_head(answer: Any) -> ObjectHead:
    return ObjectHead(
        version_id=_version_id(answer),
        content_type=answer.get("ContentType"),
        size=answer["ContentLength"],
        metadata={name.lower(): value for name, value in answer["Metadata"].items()},
        modified_ms=_milliseconds(answer["LastModified"]),
    )
