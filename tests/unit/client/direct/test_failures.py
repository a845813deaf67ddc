"""Which error a failure is."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from artifact_store import errors as store
from artifact_store.adapters._faults import translated as below
from google_adk_aws import (
    ArtifactConflictError,
    ArtifactConnectionError,
    ArtifactError,
    ArtifactForbiddenError,
    ArtifactIntegrityError,
    ArtifactNotFoundError,
    ArtifactPreconditionError,
    ArtifactServerError,
    ArtifactThrottledError,
    ArtifactTimeoutError,
    ArtifactTooLargeError,
    ArtifactUnauthenticatedError,
    ArtifactVersionNotFoundError,
    InvalidArtifactError,
    S3BucketError,
)
from google_adk_aws._direct.failures import failure

pytestmark = pytest.mark.unit

SECRET = "arn:aws:iam::123456789012:user/alice"


def of_aws(error: Exception) -> ArtifactError:
    """As it comes through the store's adapters."""
    with pytest.raises(store.ArtifactStoreError) as caught, below("S3"):
        raise error
    return failure(caught.value, "save artifact")


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AccessDenied", 403, ArtifactForbiddenError),
        ("403", 403, ArtifactForbiddenError),
        ("ExpiredToken", 400, ArtifactUnauthenticatedError),
        ("InvalidAccessKeyId", 403, ArtifactUnauthenticatedError),
        ("NoSuchBucket", 404, S3BucketError),
        ("ResourceNotFoundException", 400, S3BucketError),
        ("Throttling", 400, ArtifactThrottledError),
        ("RequestLimitExceeded", 503, ArtifactThrottledError),
        ("TooManyRequests", 429, ArtifactThrottledError),
        ("SlowDown", 503, ArtifactThrottledError),
        ("InternalError", 500, ArtifactServerError),
        ("ServiceUnavailable", 503, ArtifactServerError),
        ("RequestTimeout", 400, ArtifactServerError),
        ("ConditionalRequestConflict", 409, ArtifactServerError),
        ("BadDigest", 400, ArtifactServerError),
        ("KMS.ThrottlingException", 400, ArtifactThrottledError),
        ("Unheard", 429, ArtifactThrottledError),
        ("Unheard", 403, ArtifactForbiddenError),
        ("Unheard", 401, ArtifactUnauthenticatedError),
        ("401", 401, ArtifactUnauthenticatedError),
        ("500", 500, ArtifactServerError),
        ("Unheard", 599, ArtifactServerError),
        ("Unheard", 418, S3BucketError),
        ("InvalidArgument", 400, S3BucketError),
        ("KMS.DisabledException", 400, S3BucketError),
        ("InvalidObjectState", 403, S3BucketError),
        ("NotImplemented", 501, S3BucketError),
        ("301", 301, S3BucketError),
    ],
)
def test_answers_of_aws(code: str, status: int, kind: type[ArtifactError]) -> None:
    answer: Any = {
        "Error": {"Code": code, "Message": SECRET},
        "ResponseMetadata": {"HTTPStatusCode": status, "RequestId": "R1"},
    }
    error = of_aws(ClientError(answer, "PutObject"))
    assert type(error) is kind
    assert (error.error_code, error.status, error.request_id) == (code, status, "R1")
    assert str(error).startswith("Failed to save artifact: ")
    assert SECRET not in str(error)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (EndpointConnectionError(endpoint_url=SECRET), ArtifactConnectionError),
        (ConnectTimeoutError(endpoint_url=SECRET), ArtifactTimeoutError),
        (ReadTimeoutError(endpoint_url=SECRET), ArtifactTimeoutError),
        (NoCredentialsError(), ArtifactUnauthenticatedError),
        (BotoCoreError(), ArtifactConnectionError),
        (KeyError("VersionId"), ArtifactServerError),
    ],
)
def test_no_answer_of_aws(given: Exception, kind: type[ArtifactError]) -> None:
    error = of_aws(given)
    assert type(error) is kind
    assert (error.error_code, error.status) == ("storage_unavailable", None)
    assert SECRET not in str(error)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (store.InvalidName("no", field="filename"), InvalidArtifactError),
        (store.InvalidMetadata("no", field="customMetadata"), InvalidArtifactError),
        (store.ContentTooLarge("no", field="content", limit=3), ArtifactTooLargeError),
        (store.MetadataTooLarge("no", field="customMetadata"), ArtifactTooLargeError),
        (store.DigestMismatch("no", field="content"), ArtifactIntegrityError),
        (store.ArtifactNotFound("no"), ArtifactNotFoundError),
        (store.VersionNotFound("no"), ArtifactVersionNotFoundError),
        (store.IdempotencyKeyReused("no"), ArtifactConflictError),
        (store.UploadIncomplete("no"), ArtifactConflictError),
        (store.Contention("no", retry_after=2), ArtifactServerError),
    ],
)
def test_refusals_of_the_store_are_what_the_api_would_answer(
    given: store.ArtifactStoreError, kind: type[ArtifactError]
) -> None:
    error = failure(given, "save artifact")
    assert type(error) is kind
    assert error.error_code == given.code
    assert error.field == getattr(given, "field", None)
    assert error.retry_after == getattr(given, "retry_after", None)


def test_a_failed_condition_tells_the_latest_version() -> None:
    error = failure(store.PreconditionFailed("no", etag='"e"'), "save artifact")
    assert isinstance(error, ArtifactPreconditionError)
    assert error.etag == '"e"'
