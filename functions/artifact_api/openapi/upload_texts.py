"""The words and examples of uploads and links in the OpenAPI file. Read at build time only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from artifact_api.openapi.texts import ALWAYS, NAME_CODES, STORAGE, VERSION, OperationText
from artifact_api.routes import Operation

__all__ = ["OPERATIONS", "UPLOAD_ID"]

UPLOAD_ID: Final = "u1q3vJb0h1zW5hK9tB2mXQ"

_SHA256: Final = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"
_BUCKET_URL: Final = "https://artifacts.s3.us-east-1.amazonaws.com/!blobs/01a2058d73a93bc1823fd8f9e45db4bd"
_EXPIRES_AT: Final = 1735776000.25
_UPLOAD: Final = {
    "uploadId": UPLOAD_ID,
    "method": "parts",
    "size": 20000000,
    "partSize": 8388608,
    "partCount": 3,
    "expiresAt": _EXPIRES_AT,
}
_PART: Final = {"number": 3, "size": 3222784, "sha256": _SHA256}
_SIGNED_PART: Final = {
    "number": 3,
    "request": {
        "method": "PUT",
        "url": f"{_BUCKET_URL}?partNumber=3&uploadId=VXBsb2Fk&X-Amz-Signature=fe5f80f7",
        "headers": {
            "content-length": "3222784",
            "x-amz-checksum-sha256": "AVq9f1zFei3ZS3WQ8ErYCEJzkF7jPsXOvq5iJ2qX+GI=",
        },
        "expiresAt": 1735693200.25,
    },
}
_STATE: Final = {
    **{name: _UPLOAD[name] for name in ("uploadId", "method", "size", "partSize", "expiresAt")},
    "parts": [_PART],
    "nextPart": None,
}

_DOWNLOAD: Final = {
    "method": "GET",
    "url": f"{_BUCKET_URL}?versionId=3sL4kqtJlcpXroDTDmJ&X-Amz-Signature=aeeed9bb",
    "headers": {},
    "expiresAt": 1735693200.25,
}

_BODY_CODES: Final = ("invalid_body", "invalid_content")
_UPLOAD_CODES: Final = (*NAME_CODES, "upload_not_found", *STORAGE, *ALWAYS)

OPERATIONS: Final[Mapping[Operation, OperationText]] = {
    "begin_upload": OperationText(
        summary="Begin an upload",
        description="Content of up to 5 TiB goes to the bucket itself: begin, sign the parts, send them, finalize. The "
        "upload lives for a day. It is no version, and its artifact does not know of it, before it is finalized.",
        status=201,
        answer="The upload.",
        schema="Upload",
        example=_UPLOAD,
        body="BeginUpload",
        body_example={"size": 20000000, "mimeType": "video/mp4"},
        codes=(*NAME_CODES, *_BODY_CODES, "invalid_part", *STORAGE, *ALWAYS),
    ),
    "sign_upload_parts": OperationText(
        summary="Sign the requests that upload parts",
        description="Size and SHA-256 of a part are signed with its request: the bucket refuses other bytes. Parts "
        "may be sent in any order, beside each other, and again, for an hour.",
        status=200,
        answer="A request for each part.",
        schema="SignedParts",
        example={"parts": [_SIGNED_PART]},
        body="SignUploadParts",
        body_example={"parts": [_PART]},
        codes=(*_UPLOAD_CODES, *_BODY_CODES),
    ),
    "describe_upload": OperationText(
        summary="Ask how far an upload is",
        description="What the bucket has, for an upload that broke off to go on; or the version that it has become.",
        status=200,
        answer="The upload and its parts.",
        schema="UploadState",
        example=_STATE,
        codes=_UPLOAD_CODES,
    ),
    "finalize_upload": OperationText(
        summary="Save what was uploaded",
        description="Makes the parts the artifact's next version. To be repeated until it is answered: it saves once. "
        "S3 has checked each part's SHA-256; that of the whole is the caller's word.",
        status=201,
        answer="The version that was saved.",
        answer_headers=("ETag", "Location", "Idempotency-Replayed"),
        schema="VersionMetadata",
        example=VERSION,
        body="FinalizeUpload",
        body_example={
            "size": 20000000,
            "sha256": _SHA256,
            "part": {"mimeType": "video/mp4", "displayName": "The talk"},
            "customMetadata": {"quarter": 1},
        },
        codes=(
            *_UPLOAD_CODES,
            *_BODY_CODES,
            "invalid_part",
            "invalid_metadata",
            "metadata_too_large",
            "upload_incomplete",
            "idempotency_key_reused",
            "precondition_failed",
            "invalid_header",
            "contention",
        ),
    ),
    "abort_upload": OperationText(
        summary="Give an upload up",
        description="Frees what was uploaded. Doing so again is fine. An upload that nobody ends is given up too.",
        status=204,
        answer="It is gone.",
        codes=(*_UPLOAD_CODES, "upload_finalized"),
    ),
    "create_link": OperationText(
        summary="Make a link to the content",
        description="A URL that downloads the version from the bucket, for whoever has it. Whatever was asked, it ends "
        "with the credentials of the function that signed it: these live for hours, not for days. Deleting the "
        "artifact ends it too. The URL names the artifact: its app, user, session and filename can be read from it.",
        status=200,
        answer="The download, and what it downloads.",
        schema="Link",
        example={"request": _DOWNLOAD, "version": VERSION},
        body="CreateLink",
        body_example={"expiresIn": 600},
        body_optional=True,
        codes=(*NAME_CODES, "invalid_version", "version_not_found", *_BODY_CODES, *STORAGE, *ALWAYS),
    ),
}
