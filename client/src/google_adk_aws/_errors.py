"""Every error of this package.

    ArtifactError                          code, error_code, details, field, status, request_id, retry_after
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
    │       ├── ArtifactTimeoutError       no answer in time; a save may or may not have happened
    │       └── ArtifactCircuitOpenError   not even asked: calls before this one got no answer
    ├── ArtifactIntegrityError             the bytes are not what they were: damaged, or changed meanwhile
    ├── ArtifactEncryptionError            content cannot be encrypted, or what is stored cannot be decrypted
    ├── S3BucketError                      the bucket or its index table is missing, or not fit for artifacts
    └── UnexpectedResponseError            the answer is not one of the artifact API
        └── WrongServiceUrlError           something answers at that URL, but not the artifact API

Both services raise from this one tree, so handlers do not change with the service. Programs written for a
service on S3 find it by these names, each of which is the class right of it:

    | S3ArtifactError   | ArtifactError           | S3PermissionError       | ArtifactPermissionError      |
    | S3ConnectionError | ArtifactConnectionError | S3ArtifactNotFoundError | ArtifactNotFoundError        |
    | S3ThrottleError   | ArtifactThrottledError  | S3ArtifactVersionError  | ArtifactVersionNotFoundError |
    | S3ObjectError     | ArtifactServerError     | S3BucketError           | S3BucketError                |

The class is chosen from the stable `code` on the wire (or from AWS's error code), then from the status, never from
text. Messages reach ADK's HTTP clients and logs: they hold no token, no signature and no URL query.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.adk.errors.input_validation_error import InputValidationError

from google_adk_aws._redaction import redact

__all__ = [
    "ArtifactCircuitOpenError",
    "ArtifactConflictError",
    "ArtifactConnectionError",
    "ArtifactEncryptionError",
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
    "S3ArtifactError",
    "S3ArtifactNotFoundError",
    "S3ArtifactVersionError",
    "S3BucketError",
    "S3ConnectionError",
    "S3ObjectError",
    "S3PermissionError",
    "S3ThrottleError",
    "UnexpectedResponseError",
    "WrongServiceUrlError",
]


class ArtifactError(Exception):
    """Root of every error of this package.

    Args:
        message: What went wrong.
        error_code: The stable reason; `code=` is the same argument by its shorter name.
        field: See the attributes, also for what follows.
        status: …
        request_id: …
        retry_after: …
        **details: What else is known, e.g. `operation="save"`; never shown in the message.

    Attributes:
        message: What went wrong, redacted; the same as `str(error)`.
        code: The stable reason, e.g. `invalid_name`; the API's own, or AWS's (`AccessDenied`), where there is one.
        field: The argument or header at fault, if one is.
        status: HTTP status of the answer; None when the request was not sent or not answered.
        request_id: What to look for in the logs of the API, or of S3.
        retry_after: Seconds to wait before trying again, if the API named them.
    """

    def __init__(
        self,
        message: str,
        error_code: str = "artifact_error",
        *,
        code: str | None = None,
        field: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        **details: object,
    ) -> None:
        self.message = redact(message)
        super().__init__(self.message)
        self.code = error_code if code is None else code
        self.field = field
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        self._details = details

    @property
    def error_code(self) -> str:
        """The same as `code`."""
        return self.code

    @property
    def details(self) -> Mapping[str, Any]:
        """Everything that is known beside message and code, by name; nothing that is not."""
        known = {
            "field": self.field,
            "status": self.status,
            "request_id": self.request_id,
            "retry_after": self.retry_after,
        }
        return {**{name: value for name, value in known.items() if value is not None}, **self._details}


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


class ArtifactCircuitOpenError(ArtifactConnectionError):
    """Nothing was sent: calls before this one got no answer. `retry_after` says when the next one may go through."""


class ArtifactIntegrityError(ArtifactError):
    """The bytes are not what they were.

    `code` tells: `digest_mismatch`, damaged on the way or at rest; `source_changed`, a file changed while
    it was sent; `artifact_changed`, another content took the version's place while it was downloaded.
    """


class ArtifactEncryptionError(ArtifactError):
    """Content cannot be encrypted, or what is stored cannot be decrypted. No message has anything of a key.

    `code` tells: `encrypted`, what is stored is encrypted and the client was given no key; `not_encrypted`, it is
    not, and the client was told to expect it; `other_artifact`, it was encrypted for another name or description;
    `wrong_key`, no key of the client decrypts it; `key_unavailable`, the key service refuses or is not reached;
    `damaged`, it is not what was encrypted; `encryption_failed`, it could not be encrypted.
    """


class S3BucketError(ArtifactError):
    """The bucket, or its index table, is missing or cannot keep artifacts: nothing that a retry would mend."""


class UnexpectedResponseError(ArtifactError):
    """The answer is not what the artifact API promises."""


class WrongServiceUrlError(UnexpectedResponseError):
    """Something answers at the URL, but it is not the artifact API: check host, stage and path."""


S3ArtifactError: Final = ArtifactError
S3ArtifactNotFoundError: Final = ArtifactNotFoundError
S3ArtifactVersionError: Final = ArtifactVersionNotFoundError
S3ConnectionError: Final = ArtifactConnectionError
S3ObjectError: Final = ArtifactServerError
S3PermissionError: Final = ArtifactPermissionError
S3ThrottleError: Final = ArtifactThrottledError
