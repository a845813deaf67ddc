from __future__ import annotations

import inspect
import pickle
import re

import pytest
from google.adk.artifacts.base_artifact_service import BaseArtifactService
from google.adk.errors.input_validation_error import InputValidationError

import google_adk_aws
from google_adk_aws import ArtifactError, HttpArtifactService, RetryPolicy, S3PermissionError, _errors

pytestmark = pytest.mark.unit


def test_exported_names() -> None:
    assert google_adk_aws.__all__ == [
        "ArtifactCircuitOpenError",
        "ArtifactClient",
        "ArtifactConflictError",
        "ArtifactConnectionError",
        "ArtifactEncryptionError",
        "ArtifactError",
        "ArtifactForbiddenError",
        "ArtifactId",
        "ArtifactIntegrityError",
        "ArtifactNotFoundError",
        "ArtifactPermissionError",
        "ArtifactPreconditionError",
        "ArtifactServerError",
        "ArtifactSummary",
        "ArtifactThrottledError",
        "ArtifactTimeoutError",
        "ArtifactTooLargeError",
        "ArtifactUnauthenticatedError",
        "ArtifactUnavailableError",
        "ArtifactUploadNotFoundError",
        "ArtifactVersionNotFoundError",
        "BatchProgress",
        "BatchResult",
        "BearerAuth",
        "CircuitPolicy",
        "ContentInfo",
        "DownloadLink",
        "Encryption",
        "GoogleIdToken",
        "HttpArtifactService",
        "InvalidArtifactError",
        "NewArtifact",
        "OAuth2ClientCredentials",
        "PartHeader",
        "PoolSnapshot",
        "Progress",
        "ResiliencePolicy",
        "ResilienceSnapshot",
        "RetryBudget",
        "RetryConfig",
        "RetryPolicy",
        "S3ArtifactError",
        "S3ArtifactNotFoundError",
        "S3ArtifactService",
        "S3ArtifactVersionError",
        "S3BucketError",
        "S3ConnectionError",
        "S3ObjectError",
        "S3PermissionError",
        "S3ThrottleError",
        "Scope",
        "SigV4Auth",
        "StoredContent",
        "UnexpectedResponseError",
        "UploadHandle",
        "UploadLink",
        "UserDeletion",
        "VersionMetadata",
        "WrongServiceUrlError",
        "__version__",
    ]
    for name in google_adk_aws.__all__:
        assert getattr(google_adk_aws, name) is not None


def test_nothing_else_looks_public() -> None:
    # Packages are there once somebody has imported them.
    packages = {name for name, value in vars(google_adk_aws).items() if inspect.ismodule(value)}
    public = {name for name in vars(google_adk_aws).keys() - packages if not name.startswith("_")}
    assert public == set(google_adk_aws.__all__) - {"__version__"}


def test_the_constructor_of_the_service() -> None:
    assert str(inspect.signature(HttpArtifactService)) == (
        "(base_url: 'str | None' = None, *, uri: 'str | None' = None, auth: 'Auth' = 'auto', "
        "http_client: 'httpx.AsyncClient | None' = None, storage_client: 'httpx.AsyncClient | None' = None, "
        "timeout: 'float | httpx.Timeout | None' = None, retry: 'RetryPolicy | None' = None, "
        "cache_bytes: 'int' = 33554432, cache_max_age: 'float' = 0.0, encryption: 'Encryption | None' = None, "
        "permissions: 'Iterable[str] | None' = None, resilience: 'ResiliencePolicy | None' = None, "
        "ttl: 'Ttl | None' = None, **server_options: 'object') -> 'None'"
    )


def test_the_fields_of_the_retry_policy() -> None:
    assert repr(RetryPolicy()) == (
        "RetryPolicy(attempts=10, base_delay=0.2, max_delay=5.0, max_retry_after=20.0, deadline=90.0, "
        "exponential_base=2.0, jitter=True, codes=None)"
    )


def test_every_method_of_adk_is_implemented_with_its_parameters() -> None:
    assert len(BaseArtifactService.__abstractmethods__) == 7
    for name in BaseArtifactService.__abstractmethods__:
        ours = inspect.signature(getattr(HttpArtifactService, name)).parameters
        adk = inspect.signature(getattr(BaseArtifactService, name)).parameters
        assert {p: (v.kind, v.default) for p, v in ours.items()} == {p: (v.kind, v.default) for p, v in adk.items()}


def test_the_error_tree_is_the_one_in_the_docstring() -> None:
    tree = re.findall(r"^([ │├└─]+)(\w+Error)\b", inspect.getdoc(_errors) or "", flags=re.MULTILINE)
    documented = {name: len(branch) // 4 - 1 for branch, name in tree}
    errors = [
        error for error in vars(google_adk_aws).values() if inspect.isclass(error) and issubclass(error, ArtifactError)
    ]
    assert documented == {error.__name__: error.__mro__.index(ArtifactError) for error in errors}


def test_the_names_of_a_service_on_s3_are_classes_of_the_same_tree() -> None:
    pairs = re.findall(r"\| (S3\w+Error) +\| (\w+Error) +(?=\|)", inspect.getdoc(_errors) or "")
    assert len(pairs) == 8
    for name, meant in pairs:
        assert getattr(google_adk_aws, name) is getattr(google_adk_aws, meant)


def test_an_error_tells_its_code_and_what_else_is_known() -> None:
    error = S3PermissionError("no", "AccessDenied", status=403, operation="save")
    assert (str(error), error.error_code, error.code) == ("no", "AccessDenied", "AccessDenied")
    assert error.details == {"status": 403, "operation": "save"}
    assert google_adk_aws.ArtifactForbiddenError("no", code="forbidden").error_code == "forbidden"
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - made here
    assert (copy.code, copy.details) == (error.code, error.details)


def test_bad_input_is_adks_own_error_too() -> None:
    assert issubclass(google_adk_aws.InvalidArtifactError, InputValidationError)
    assert not issubclass(google_adk_aws.ArtifactServerError, ValueError)
