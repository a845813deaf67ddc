"""The words and examples of the OpenAPI file. Read at build time only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from artifact_api.routes import Operation

__all__ = [
    "ALWAYS",
    "DESCRIPTION",
    "DIGEST",
    "ETAG",
    "GATEWAY_ANSWERS",
    "GATEWAY_MESSAGE",
    "HEADERS",
    "METADATA",
    "NAME_CODES",
    "OPERATIONS",
    "PARAMETERS",
    "PART",
    "PROBLEM_EXAMPLES",
    "REDIRECT",
    "RETRIED",
    "SAVE_BODY",
    "SECURITY_SCHEMES",
    "SERVERS",
    "STORAGE",
    "SUMMARY",
    "TAGS",
    "VERSION",
    "OperationText",
]

ETAG: Final = '"01a2058d73a93bc1823fd8f9e45db4bd-3-015abd7f5cc57a2d"'
DIGEST: Final = "sha-256=:AVq9f1zFei3ZS3WQ8ErYCEJzkF7jPsXOvq5iJ2qX+GI=:"
PART: Final = "eyJraW5kIjoiYnl0ZXMiLCJtaW1lVHlwZSI6ImltYWdlL3BuZyJ9"
METADATA: Final = "eyJxdWFydGVyIjoxfQ"

SUMMARY: Final = "Versioned files of agents: raw bytes up, raw bytes down."
DESCRIPTION: Final = """\
An artifact is a named, versioned file of an app, a user and, unless it belongs to the user across sessions, a session.

**Names in paths.** Every path segment is written as UTF-8 with letters, digits and `. _ @ -` kept and every other
byte as `!XX` (upper-case hex): the file `charts/q1.png` is `charts!2Fq1.png`. The segments `.` and `..` are `!2E` and
`!2E!2E`. Percent escapes are not names; an answer to a wrong spelling shows the right one.

**Errors** are `application/problem+json` (RFC 9457). Decide by `code`; it is stable. 409 and 503 may be repeated
unchanged after `Retry-After` seconds. Answers of the gateway itself have the form `{"message": "…"}`. A known path
asked with another method is 405 `method_not_allowed`, or the gateway's 404.
"""

SERVERS: Final = [
    {
        "url": "https://{apiId}.execute-api.{region}.amazonaws.com",
        "description": "A deployed stack: its output ApiUrl.",
        "variables": {"apiId": {"default": "abcdefghij"}, "region": {"default": "us-east-1"}},
    },
    {"url": "http://127.0.0.1:8080", "description": "`make run`; it asks for no credentials."},
]

TAGS: Final = [
    {"name": "session artifacts", "description": "Artifacts seen from one session; `user:NAME` is the user's own."},
    {"name": "user artifacts", "description": "Artifacts that belong to the user across sessions."},
    {"name": "service", "description": "The API itself."},
]

SECURITY_SCHEMES: Final = {
    "sigv4": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "AuthMode IAM: AWS Signature Version 4 for the service `execute-api`.",
        "x-amazon-apigateway-authtype": "awsSigv4",
    },
    "jwt": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "AuthMode JWT: a token of the configured issuer; its claims name the only user, and app.",
    },
}

GATEWAY_MESSAGE: Final = {
    "type": "object",
    "description": "An answer of the gateway itself.",
    "properties": {"message": {"type": "string"}},
    "required": ["message"],
}

GATEWAY_ANSWERS: Final[Mapping[int, str]] = {
    401: "No valid credentials (AuthMode JWT).",
    403: "No valid credentials, or not allowed (AuthMode IAM).",
    404: "No route is like this path.",
    429: "Too many requests; ask again.",
    431: "Request line and headers are larger than 10,240 bytes together.",
}

PARAMETERS: Final[Mapping[str, str]] = {
    "app": "App name, encoded.",
    "user": "User id, encoded.",
    "session": "Session id, encoded. Nothing can be saved under the session `user`.",
    "filename": "Filename, encoded, without `user:`.",
    "sessionFilename": "Filename, encoded. A literal `user:` before it names the user's artifact, not the session's.",
    "version": "A version number, or `latest`.",
    "upload": "The `uploadId` of an upload of this artifact, begun by the same caller.",
    "after": "The `nextPart` of the page before.",
    "job": "Id of a user's deletion.",
    "limit": "Items of a page at most. A page may have fewer, even none; only an absent `nextCursor` ends a list.",
    "cursor": "The `nextCursor` of the page before; good for the same list and the same caller only.",
    "If-None-Match": "Entity tags that the client has, or `*`; 304 when the version is one of them.",
    "Range": "One range of bytes, such as `bytes=0-1023`. Several, and what cannot be read, ask for the whole content. "
    "A redirected request takes it along to the bucket.",
    "If-Range": "The entity tag of the version that the range is meant for; the whole content when it is another.",
    "If-Match": "Entity tags, or `*` for any: the save counts only if the latest version has one of them. A save "
    "that is repeated with its Idempotency-Key was judged before.",
    "If-None-Match-Any": "The save counts only if there is no artifact.",
    "unchanged": "When the latest version has the same bytes, part and metadata, nothing is saved, and it is answered.",
    "Idempotency-Key": "A repeated request with the same key saves nothing again and gets the first answer, for a day. "
    "Without one the server makes a key and answers it.",
    "Content-Digest": "SHA-256 of the body (RFC 9530); the save is refused when the body has another.",
    "Artifact-Part": "What kind of part the body is: base64url of JSON (`PartInput`), or plain ASCII JSON.",
    "Artifact-Metadata": "Custom metadata: base64url of a JSON object, or plain ASCII JSON; nested at most 32 deep. "
    "Together with Artifact-Part at most 6 KB.",
    "Artifact-Ttl": "How long the artifact lives after this save unless it is saved again, in seconds; 0: for good. "
    "By default as the deployment says for its app.",
}

HEADERS: Final[Mapping[str, str]] = {
    "ETag": "The version's entity tag.",
    "Location": "Path of the version; of a redirect, the URL of its content.",
    "Idempotency-Key": "The request's key, or the one that the server made.",
    "Idempotency-Replayed": "An earlier request with this key had saved it already.",
    "Artifact-Unchanged": "Nothing was saved.",
    "Content-Digest": "SHA-256 of the content (RFC 9530), when it is known.",
    "Content-Disposition": "Always an attachment, with the decoded filename.",
    "Last-Modified": "When the version was saved.",
    "Accept-Ranges": "Ranges of bytes can be asked for.",
    "Content-Length": "Size of the content, unless a gateway drops it; Artifact-Size tells it too.",
    "Content-Range": "Which bytes of how many; `bytes */SIZE` when the content ends before the range.",
    "Artifact-Version": "The version's number.",
    "Artifact-Size": "Size of the whole content, in bytes.",
    "Artifact-Part": "What kind of part the content is: base64url of JSON (`Part`).",
    "Artifact-Metadata": "Custom metadata as base64url of JSON; absent when there is none or it takes over 6 KB, "
    "less in a redirect with a long URL. A description has all of it.",
    "Retry-After": "How long to wait before the same request is repeated, in seconds.",
}

SAVE_BODY: Final = {
    "required": True,
    "description": "The content: raw bytes, at most 3 MiB, with its MIME type as Content-Type. Gateways rewrite text/* "
    "that is not UTF-8: send such bytes as application/octet-stream, with the type in Artifact-Part.",
    "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
}

REDIRECT: Final = (
    "The content is too large for an answer (256 KiB unless configured otherwise): Location is a URL of the bucket, "
    "good for a minute, that needs no credentials. Send it Range and If-Range if wanted, and nothing that identifies "
    "you; its If-Range takes the bucket's entity tags. What is known of the version is in this answer's headers."
)

VERSION: Final = {
    "filename": "charts/q1.png",
    "scope": "session",
    "version": 3,
    "canonicalUri": "s3://artifacts/reports/ada@example.com/s-1/charts!2Fq1.png/3",
    "createTime": 1735689600.25,
    "mimeType": "image/png",
    "kind": "bytes",
    "displayName": None,
    "customMetadata": {"quarter": 1},
    "size": 48213,
    "sha256": "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862",
    "etag": ETAG,
}
_SUMMARY_MEMBERS: Final = ("filename", "scope", "version", "size", "mimeType", "sha256", "createTime", "etag")
_SUMMARY: Final = {name: VERSION[name] for name in _SUMMARY_MEMBERS}

NAME_CODES: Final = ("invalid_name", "key_too_long")
ALWAYS: Final = ("invalid_parameter", "unauthenticated", "forbidden", "internal_error")
STORAGE: Final = ("artifact_not_found", "storage_unavailable")
_CONTENT_HEADERS: Final = (
    "ETag",
    "Last-Modified",
    "Content-Digest",
    "Content-Disposition",
    "Artifact-Version",
    "Artifact-Size",
    "Artifact-Part",
    "Artifact-Metadata",
)

RETRIED: Final = frozenset({"contention", "storage_unavailable"})


@dataclass(frozen=True, kw_only=True)
class OperationText:
    """What the file says of an operation.

    Attributes:
        summary: In a few words.
        description: In sentences.
        status: Of the answer when all went well.
        answer: What that answer is.
        answer_headers: Its headers.
        schema: Of its JSON; None when it has none.
        octets: Whether it is bytes of any type.
        body: Schema of the request's JSON; None when it takes none.
        body_example: Of that JSON.
        body_optional: Whether the JSON may be left out.
        example: Of its JSON.
        codes: Of the problems it can end in.
    """

    summary: str
    description: str
    status: int
    answer: str
    codes: tuple[str, ...]
    answer_headers: tuple[str, ...] = ()
    schema: str | None = None
    octets: bool = False
    example: Any = None
    body: str | None = None
    body_example: Any = None
    body_optional: bool = False


OPERATIONS: Final[Mapping[Operation, OperationText]] = {
    "save_artifact": OperationText(
        summary="Save a new version",
        description="Saves the body as the artifact's next version: 0 for a new artifact, then one more each time.",
        status=201,
        answer="The version that was saved.",
        answer_headers=("ETag", "Location", "Idempotency-Key", "Idempotency-Replayed"),
        schema="VersionMetadata",
        example=VERSION,
        codes=(
            *NAME_CODES,
            "invalid_header",
            "invalid_part",
            "invalid_metadata",
            "metadata_too_large",
            "invalid_ttl",
            "invalid_content",
            "digest_mismatch",
            "content_too_large",
            "idempotency_key_reused",
            "precondition_failed",
            "contention",
            *STORAGE,
            *ALWAYS,
        ),
    ),
    "load_artifact": OperationText(
        summary="Load the content",
        description="The content of a version as raw bytes, the latest when the path names none; a redirect to the "
        "bucket when it is large.",
        status=200,
        answer="The content, as an attachment with its own MIME type.",
        answer_headers=_CONTENT_HEADERS,
        octets=True,
        codes=(
            *NAME_CODES,
            "invalid_version",
            "version_not_found",
            "range_not_satisfiable",
            *STORAGE,
            *ALWAYS,
        ),
    ),
    "describe_version": OperationText(
        summary="Describe a version",
        description="What is known of a version, all of its custom metadata included.",
        status=200,
        answer="The version.",
        schema="VersionMetadata",
        example=VERSION,
        codes=(*NAME_CODES, "invalid_version", "version_not_found", *STORAGE, *ALWAYS),
    ),
    "list_artifacts": OperationText(
        summary="List artifacts",
        description="Under a session: its artifacts, then the user's own as `user:NAME`. Under a user: the user's own.",
        status=200,
        answer="A page of artifacts.",
        schema="ArtifactList",
        example={"artifacts": [_SUMMARY], "nextCursor": "1AbC"},
        codes=(*NAME_CODES, "invalid_cursor", *STORAGE, *ALWAYS),
    ),
    "list_versions": OperationText(
        summary="List versions",
        description="The versions of an artifact with their metadata, oldest first.",
        status=200,
        answer="A page of versions.",
        schema="VersionList",
        example={"versions": [VERSION]},
        codes=(*NAME_CODES, "invalid_cursor", *STORAGE, *ALWAYS),
    ),
    "delete_artifact": OperationText(
        summary="Delete an artifact",
        description="Deletes the artifact with all its versions, for good. The next save starts at version 0 again.",
        status=204,
        answer="It is gone, or there was nothing.",
        codes=(*NAME_CODES, "contention", *STORAGE, *ALWAYS),
    ),
    "health": OperationText(
        summary="Ask whether the API runs",
        description="Answers without asking storage.",
        status=200,
        answer="It runs.",
        schema="Health",
        example={"status": "ok"},
        codes=ALWAYS,
    ),
}

PROBLEM_EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "invalid_name": {"detail": "filename is not an encoded name: write it as q1!20draft.png", "field": "filename"},
    "key_too_long": {
        "detail": "filename takes 1,012 bytes encoded; the limit is 900",
        "field": "filename",
        "limit": 900,
    },
    "invalid_version": {
        "detail": "version must be a number from 0 to 9999999999 without leading zeros",
        "field": "version",
        "limit": 9999999999,
    },
    "invalid_parameter": {"detail": "limit must be a number from 1 to 1000", "field": "limit", "limit": 1000},
    "invalid_header": {"detail": "Idempotency-Key must be printable ASCII", "field": "Idempotency-Key"},
    "invalid_body": {
        "detail": "items has 120 entries; it may have 100",
        "field": "items",
        "limit": 100,
    },
    "invalid_part": {"detail": "kind must be one of bytes, text, file", "field": "kind"},
    "invalid_metadata": {"detail": "Artifact-Metadata must be a JSON object", "field": "Artifact-Metadata"},
    "invalid_ttl": {
        "detail": "Artifact-Ttl must be a whole number of seconds up to 315,360,000, or 0 for good",
        "field": "Artifact-Ttl",
        "limit": 315360000,
    },
    "metadata_too_large": {
        "detail": "Artifact-Part and Artifact-Metadata have 7,340 bytes; together they may have 6,144",
        "field": "Artifact-Metadata",
        "limit": 6144,
    },
    "invalid_content": {"detail": "content of kind text must be UTF-8; byte 17 is not", "field": "content"},
    "digest_mismatch": {
        "detail": f"the body of 7 bytes has the digest {DIGEST}, not the one announced",
        "field": "Content-Digest",
    },
    "invalid_cursor": {"detail": "the cursor was not made for this list and this caller", "field": "cursor"},
    "unauthenticated": {"detail": "the request carries no identity that the gateway has confirmed"},
    "artifact_not_found": {"detail": "there is no such artifact"},
    "deletion_not_found": {"detail": "there is no such deletion of this user"},
    "version_not_found": {"detail": "artifact 'charts/q1.png' has no version 9"},
    "upload_not_found": {"detail": "there is no such upload: it was aborted, has expired, or is not yours"},
    "upload_incomplete": {"detail": "part 7 is missing"},
    "upload_finalized": {"detail": "the content is complete, so that it may be a version already"},
    "precondition_failed": {"detail": "the latest version is another one by now", "etag": ETAG},
    "content_too_large": {
        "detail": "content has 4,194,304 bytes; one inline save takes at most 3,145,728; save smaller parts, "
        "or store the content elsewhere and save a part of kind file that holds its URI",
        "field": "content",
        "limit": 3145728,
    },
    "answer_too_large": {
        "detail": "the answer to a batch has 4,194,304 bytes at most; ask for this one again, with fewer others",
        "field": "items",
        "limit": 4194304,
    },
    "range_not_satisfiable": {"detail": "the content has 48,213 bytes"},
    "idempotency_key_reused": {"detail": "this idempotency key was used before, for other content"},
    "contention": {"detail": "other savers were faster every time; repeat the request"},
    "storage_unavailable": {"detail": "storage did not answer in time; nothing is lost, repeat the request unchanged"},
    "internal_error": {"detail": "the request failed for a reason that is not yours; the log has it by its requestId"},
}
