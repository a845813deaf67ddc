"""What a failed AWS call means to the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from artifact_store.errors import ArtifactStoreError, StorageDenied, StorageUnavailable

__all__ = ["error_code", "translated"]

_DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AllAccessDisabled",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "MissingAuthenticationTokenException",
        "NoSuchBucket",
        "ResourceNotFoundException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
        "ValidationException",
        "403",
    }
)


def error_code(error: ClientError) -> str:
    """The error code of an AWS answer."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def translated(service: str) -> Iterator[None]:
    """Turns failures of AWS calls inside into the store's errors.

    The message names the service and the error code alone: AWS messages hold ARNs and keys.
    """
    try:
        yield
    except ClientError as error:
        raise _meaning(service, error) from error
    except (BotoCoreError, HTTPClientError) as error:
        raise StorageUnavailable(f"{service} did not answer: {type(error).__name__}") from error


def _meaning(service: str, error: ClientError) -> ArtifactStoreError:
    code = error_code(error)
    if code in _DENIED:
        return StorageDenied(f"{service} refused the call: {code}")
    return StorageUnavailable(f"{service} failed: {code}")
