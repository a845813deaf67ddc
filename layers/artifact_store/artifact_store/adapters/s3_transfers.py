"""Direct transfer with a bucket: boto3's S3 client behind the `Transfers` port."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal

from botocore.exceptions import ClientError

from artifact_store.adapters._faults import error_code, translated
from artifact_store.transfers import PartsRefused, PendingUpload, SignedRequest, UploadedPart, UploadGone

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

__all__ = ["S3Transfers"]

_GONE: Final = frozenset({"NoSuchUpload", "404"})
_REFUSED: Final = frozenset({"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "EntityTooLarge", "BadDigest"})
_CHECKSUM: Final = "SHA256"
_PAGE: Final = 1000


@contextmanager
def _s3_call() -> Iterator[None]:
    with translated("S3"):
        try:
            yield
        except ClientError as error:
            code = error_code(error)
            if code in _GONE:
                raise UploadGone from None
            if code in _REFUSED:
                raise PartsRefused(code) from None
            raise


class S3Transfers:
    """Signed requests and multipart uploads of one bucket.

    Every part has its SHA-256 checked by S3; the object's own is the one over those of its parts.
    """

    def __init__(self, *, client: S3Client, bucket_name: str) -> None:
        """Over one bucket.

        Args:
            client: One that signs with Signature Version 4; its credentials sign the requests, which end with them.
            bucket_name: The bucket.
        """
        self._client = client
        self._bucket_name = bucket_name
        # Other servers than S3 may not list what they have checked, and ask for it all the same at completion.
        self._sent: dict[str, dict[int, str]] = {}

    def begin(self, key: str, *, content_type: str, metadata: Mapping[str, str]) -> str:
        with _s3_call():
            answer = self._client.create_multipart_upload(
                Bucket=self._bucket_name,
                Key=key,
                ContentType=content_type,
                Metadata=metadata,
                ChecksumAlgorithm=_CHECKSUM,
                ChecksumType="COMPOSITE",
            )
            return answer["UploadId"]

    def sign_part(self, key: str, upload_id: str, part: UploadedPart, *, seconds: int) -> SignedRequest:
        checksum = _to_base64(part.sha256)
        return self._signed(
            "upload_part",
            {
                "Key": key,
                "UploadId": upload_id,
                "PartNumber": part.number,
                "ContentLength": part.size,
                "ChecksumSHA256": checksum,
            },
            method="PUT",
            headers={"x-amz-checksum-sha256": checksum, "content-length": str(part.size)},
            seconds=seconds,
        )

    def put_part(self, key: str, upload_id: str, part: UploadedPart, body: bytes) -> None:
        with _s3_call():
            self._client.upload_part(
                Bucket=self._bucket_name,
                Key=key,
                UploadId=upload_id,
                PartNumber=part.number,
                Body=body,
                ChecksumSHA256=_to_base64(part.sha256),
            )
        self._sent.setdefault(upload_id, {})[part.number] = part.sha256

    def sign_put(
        self,
        key: str,
        *,
        size: int,
        sha256: str | None,
        content_type: str,
        metadata: Mapping[str, str],
        seconds: int,
    ) -> SignedRequest:
        parameters: dict[str, Any] = {
            "Key": key,
            "ContentLength": size,
            "ContentType": content_type,
            "Metadata": metadata,
            # Else who has the URL could put other content over what was finalized.
            "IfNoneMatch": "*",
        }
        headers = {
            "content-length": str(size),
            "content-type": content_type,
            "if-none-match": "*",
            **{f"x-amz-meta-{name}": value for name, value in metadata.items()},
        }
        if sha256 is not None:
            parameters["ChecksumSHA256"] = headers["x-amz-checksum-sha256"] = _to_base64(sha256)
        return self._signed("put_object", parameters, method="PUT", headers=headers, seconds=seconds)

    def sign_get(
        self, key: str, version_id: str | None, *, content_type: str, disposition: str, seconds: int
    ) -> SignedRequest:
        version = {"VersionId": version_id} if version_id is not None else {}
        return self._signed(
            "get_object",
            {
                "Key": key,
                **version,
                "ResponseContentType": content_type,
                "ResponseContentDisposition": disposition,
                "ResponseCacheControl": "private, no-store",
            },
            method="GET",
            headers={},
            seconds=seconds,
        )

    def _signed(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        method: Literal["GET", "PUT"],
        headers: Mapping[str, str],
        seconds: int,
    ) -> SignedRequest:
        # Before the signature is made, so that nobody believes it good for longer than it is.
        expires_ms = (int(time.time()) + seconds) * 1000
        with translated("S3"):
            url = self._client.generate_presigned_url(
                operation, Params={"Bucket": self._bucket_name, **parameters}, ExpiresIn=seconds
            )
        return SignedRequest(method=method, url=url, headers=dict(headers), expires_ms=expires_ms)

    def parts(self, key: str, upload_id: str, *, after: int, limit: int) -> tuple[Sequence[UploadedPart], int | None]:
        with _s3_call():
            answer = self._client.list_parts(
                Bucket=self._bucket_name, Key=key, UploadId=upload_id, PartNumberMarker=after, MaxParts=limit
            )
        sent = self._sent.get(upload_id, {})
        found = [
            UploadedPart(
                number=part["PartNumber"],
                size=part["Size"],
                sha256=_to_hex(part.get("ChecksumSHA256", "")) or sent.get(part["PartNumber"], ""),
                tag=part["ETag"],
            )
            for part in answer.get("Parts", [])
        ]
        return found, answer["NextPartNumberMarker"] if answer["IsTruncated"] else None

    def complete(self, key: str, upload_id: str, parts: Sequence[UploadedPart]) -> str:
        with _s3_call():
            answer = self._client.complete_multipart_upload(
                Bucket=self._bucket_name,
                Key=key,
                UploadId=upload_id,
                MultipartUpload={
                    "Parts": [
                        {"PartNumber": part.number, "ETag": part.tag, "ChecksumSHA256": _to_base64(part.sha256)}
                        for part in parts
                    ]
                },
                ChecksumType="COMPOSITE",
            )
        self._sent.pop(upload_id, None)
        # A bucket without versioning has one version of each object, "null".
        return answer.get("VersionId", "null")

    def abort(self, key: str, upload_id: str) -> None:
        self._sent.pop(upload_id, None)
        with _s3_call():
            self._client.abort_multipart_upload(Bucket=self._bucket_name, Key=key, UploadId=upload_id)

    def pending(
        self, prefix: str, *, after: PendingUpload | None
    ) -> tuple[Sequence[PendingUpload], PendingUpload | None]:
        start: dict[str, Any] = {"KeyMarker": after.key, "UploadIdMarker": after.upload_id} if after else {}
        with _s3_call():
            answer = self._client.list_multipart_uploads(
                Bucket=self._bucket_name, Prefix=prefix, MaxUploads=_PAGE, **start
            )
        found = [
            PendingUpload(
                key=upload["Key"],
                upload_id=upload["UploadId"],
                begun_ms=int(upload["Initiated"].timestamp() * 1000),
            )
            for upload in answer.get("Uploads", [])
        ]
        if not answer["IsTruncated"]:
            return found, None
        return found, PendingUpload(key=answer["NextKeyMarker"], upload_id=answer["NextUploadIdMarker"], begun_ms=0)


def _to_base64(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()


def _to_hex(digest: str) -> str:
    return base64.b64decode(digest).hex()
