"""The words and examples of batches and of deleting sessions and users in the OpenAPI file. Read at build time only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from artifact_api.openapi.texts import ALWAYS, ETAG, NAME_CODES, STORAGE, VERSION, OperationText
from artifact_api.routes import Operation

__all__ = ["JOB_ID", "OPERATIONS"]

JOB_ID: Final = "01a2058d73a93bc1823fd8f9e45db4bd"

_MISSING: Final = {
    "status": 404,
    "problem": {
        "type": "urn:artifact-api:problem:artifact_not_found",
        "title": "No such artifact",
        "status": 404,
        "detail": "there is no such artifact",
        "code": "artifact_not_found",
        "requestId": "Lq0hXi8tjoEEPJw=",
    },
}
_TEXT_VERSION: Final = {**VERSION, "filename": "notes.md", "mimeType": "text/markdown", "size": 7}
_LINK: Final = {
    "method": "GET",
    "url": "https://artifacts.s3.us-east-1.amazonaws.com/reports/ada@example.com/s-1/charts!2Fq1.png/3"
    "?versionId=3HL4kqtJlcpXroDTDmJ&X-Amz-Signature=fe5f80f7",
    "headers": {},
    "expiresAt": 1735689900.25,
}
_JOB: Final = {"jobId": JOB_ID, "status": "running", "sessions": 12, "artifacts": 340, "startedAt": 1735689600.25}

_EACH: Final = (
    "Each item succeeds or fails by itself, as a request of its own would: its status, and its problem, are in its "
    "result. Eight run at once. What time does not suffice for is 503 with `retryAfter`."
)
_BODY_CODES: Final = (*NAME_CODES, "invalid_body", "invalid_content")
_BATCH_CODES: Final = (*_BODY_CODES, *STORAGE, *ALWAYS)

OPERATIONS: Final[Mapping[Operation, OperationText]] = {
    "batch_load": OperationText(
        summary="Load many versions",
        description=f"Up to 100 versions with their content. {_EACH} Content over 256 KiB, and what the answer has no "
        "room for, is given as a request to the bucket.",
        status=200,
        answer="A result for each item, in their order.",
        schema="LoadedBatch",
        example={
            "results": [
                {"status": 200, "version": _TEXT_VERSION, "content": "Q29udGVudA=="},
                {"status": 200, "version": VERSION, "request": _LINK},
                {"status": 304, "etag": ETAG},
                _MISSING,
            ]
        },
        body="BatchToLoad",
        body_example={
            "items": [
                {"filename": "notes.md"},
                {"filename": "charts/q1.png", "version": 3},
                {"filename": "user:logo.png", "unless": ETAG},
                {"filename": "gone.txt"},
            ]
        },
        codes=_BATCH_CODES,
    ),
    "batch_describe": OperationText(
        summary="Describe many versions",
        description=f"Up to 100 versions, without their content. {_EACH}",
        status=200,
        answer="A result for each item, in their order.",
        schema="DescribedBatch",
        example={"results": [{"status": 200, "version": VERSION}, _MISSING]},
        body="BatchToLoad",
        body_example={"items": [{"filename": "charts/q1.png"}, {"filename": "gone.txt"}]},
        codes=_BATCH_CODES,
    ),
    "batch_save": OperationText(
        summary="Save many versions",
        description=f"Up to 100 contents in a body of 4 MiB at most, each as its artifact's next version. {_EACH} "
        "Items of one artifact are saved in their order; after one that is 503 the later ones are so too. "
        "Custom metadata of all items together has 2 MiB at most.",
        status=200,
        answer="A result for each item, in their order.",
        schema="SavedBatch",
        example={"results": [{"status": 201, "version": _TEXT_VERSION, "replayed": False}]},
        body="BatchToSave",
        body_example={
            "items": [
                {
                    "filename": "notes.md",
                    "content": "Q29udGVudA==",
                    "idempotencyKey": "2f1f7a3e-9c1b-4e0e-b6a5-0a4b8f1d7c55",
                    "part": {"kind": "text", "mimeType": "text/markdown"},
                }
            ]
        },
        codes=_BATCH_CODES,
    ),
    "batch_delete": OperationText(
        summary="Delete many artifacts",
        description=f"Up to 100 artifacts with all their versions, for good. {_EACH}",
        status=200,
        answer="A result for each item, in their order.",
        schema="DeletedBatch",
        example={"results": [{"status": 204, "existed": True}]},
        body="BatchToDelete",
        body_example={"items": [{"filename": "charts/q1.png"}]},
        codes=_BATCH_CODES,
    ),
    "delete_session": OperationText(
        summary="Delete a session's artifacts",
        description="Deletes every artifact of the session, for good; what belongs to the user across sessions stays. "
        "To be repeated while `complete` is false.",
        status=200,
        answer="How many were deleted, and whether that was all.",
        schema="SessionDeleted",
        example={"deleted": 12, "complete": True},
        codes=(*NAME_CODES, *STORAGE, *ALWAYS),
    ),
    "delete_user": OperationText(
        summary="Delete a user",
        description="Deletes everything that was saved for the user before: the artifacts of all sessions and the "
        "user's own. It is a job; while one runs, asking again gives the same. What is saved meanwhile may stay.",
        status=202,
        answer="The job.",
        answer_headers=("Location",),
        schema="Deletion",
        example={**_JOB, "sessions": 0, "artifacts": 0},
        codes=(*NAME_CODES, *STORAGE, *ALWAYS),
    ),
    "describe_deletion": OperationText(
        summary="Ask how far a user's deletion is",
        description="A job is known for 30 days after its end.",
        status=200,
        answer="The job.",
        schema="Deletion",
        example={**_JOB, "status": "done", "finishedAt": 1735689660.5},
        codes=(*NAME_CODES, "deletion_not_found", *STORAGE, *ALWAYS),
    ),
}
