"""Every error of this package.

    ArtifactError                          code, field, status, request_id, retry_after
    ├── InvalidArtifactError               the caller's input (400); also ADK's InputValidationError
    │   └── ArtifactTooLargeError          content or metadata over a limit (413, or before any request)
    ├── ArtifactNotFoundError              no artifact of that name (ADK methods return None or [] instead)
    │   ├── ArtifactVersionNotFoundError   the artifact exists, that version does not
    │   └── ArtifactUploadNotFoundError    the upload was aborted, has expired, or is not this caller's
    ├── ArtifactPermissionError            not allowed
    │   ├── ArtifactUnauthenticatedError   the API does not know the caller (401)
    │   └── ArtifactForbiddenError         the API knows the caller and refuses (403)
    ├── ArtifactConflictError              the request contradicts an earlier one (409, 422); final
    │   └── ArtifactPreconditionError      the latest version is not the one that if_match names (412); etag
    ├── ArtifactUnavailableError           worth repeating later; every automatic retry has failed
    │   ├── ArtifactThrottledError         too many requests (429)
    │   ├── ArtifactServerError            the API or its storage failed, or an equal request is in progress
    │   └── ArtifactConnectionError        no answer at all
    │       └── ArtifactTimeoutError       no answer in time; a save may or may not have happened
    ├── ArtifactIntegrityError             the bytes are not what they were: damaged, or changed meanwhile
    └── UnexpectedResponseError            the answer is not one of the artifact API
        └── WrongServiceUrlError           something answers at that URL, but not the artifact API

The class is chosen from the stable `code` on the wire, then from the status, never from text.
Messages reach ADK's HTTP clients and logs: they hold no token, no signature and no URL query.
"""

from __future__ import annotations

from google.adk.errors.input_validation_error import InputValidationError

from google_adk_aws._redaction import redact

__all__ = [
    "ArtifactConflictError",
    "ArtifactConnectionError",
    "ArtifactError",
    "ArtifactForbiddenError",
    "ArtifactIntegrityError",
    "ArtifactNotFoundError",
    "ArtifactPermissionError",
    "ArtifactPreconditionError",
    "ArtifactServerError",
    "ArtifactThrottledError",
    "ArtifactTimeoutError",
    "ArtifactTooLargeError",
    "ArtifactUnauthenticatedError",
    "ArtifactUnavailableError",
    "ArtifactUploadNotFoundError",
    "ArtifactVersionNotFoundError",
    "InvalidArtifactError",
    "UnexpectedResponseError",
    "WrongServiceUrlError",
]


class ArtifactError(Exception):
    """Root of every error of this package.

    Attributes:
        message: What went wrong, redacted; the same as `str(error)`.
        code: The stable reason, e.g. `invalid_name`; the API's own where there is one.
        field: The argument or header at fault, if one is.
        status: HTTP status of the answer; None when the request was not sent or not answered.
        request_id: What to look for in the API's logs.
        retry_after: Seconds to wait before trying again, if the API named them.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "artifact_error",
        field: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.message = redact(message)
        super().__init__(self.message)
        self.code = code
        self.field = field
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after


class InvalidArtifactError(ArtifactError, InputValidationError):
    """The input cannot be accepted; nothing was stored. ADK's server answers 400 with this text."""


class ArtifactTooLargeError(InvalidArtifactError):
    """Content or metadata is over a limit, which the message names."""


class ArtifactNotFoundError(ArtifactError):
    """There is no artifact of that name."""


class ArtifactVersionNotFoundError(ArtifactNotFoundError):
    """The artifact exists, that version does not."""


class ArtifactUploadNotFoundError(ArtifactNotFoundError):
    """The upload was aborted, has expired, or is not this caller's; nothing of it was saved."""


class ArtifactPermissionError(ArtifactError):
    """The caller may not do this."""


class ArtifactUnauthenticatedError(ArtifactPermissionError):
    """Credentials are missing, wrong or expired."""


class ArtifactForbiddenError(ArtifactPermissionError):
    """The credentials are good, but not for this."""


class ArtifactConflictError(ArtifactError):
    """The request contradicts an earlier one, e.g. an idempotency key reused for other content."""


class ArtifactPreconditionError(ArtifactConflictError):
    """The latest version is not the one the save was bound to; nothing was saved.

    Attributes:
        etag: The latest version's; None when there is no artifact, or when it is not known.
    """

    etag: str | None = None


class ArtifactUnavailableError(ArtifactError):
    """The same call may work later."""


class ArtifactThrottledError(ArtifactUnavailableError):
    """Too many requests."""


class ArtifactServerError(ArtifactUnavailableError):
    """The API or its storage failed, or is still busy with an equal request."""


class ArtifactConnectionError(ArtifactUnavailableError):
    """The API could not be reached, or the connection broke."""


class ArtifactTimeoutError(ArtifactConnectionError):
    """No answer within the timeout or the deadline; a save may or may not have happened."""


class ArtifactIntegrityError(ArtifactError):
    """The bytes are not what they were.

    `code` tells: `digest_mismatch`, damaged on the way or at rest; `source_changed`, a file changed while
    it was sent; `artifact_changed`, another content took the version's place while it was downloaded.
    """


class UnexpectedResponseError(ArtifactError):
    """The answer is not what the artifact API promises."""


class WrongServiceUrlError(UnexpectedResponseError):
    """Something answers at the URL, but it is not the artifact API: check host, stage and path."""
