"""What a failed AWS call means to the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.parsers import ResponseParserError

from artifact_store.errors import ArtifactStoreError, StorageDenied, StorageUnavailable

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse

__all__ = ["error_code", "refuse_torn_answers", "translated"]

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
    except (BotoCoreError, HTTPClientError, ResponseParserError) as error:
        raise StorageUnavailable(f"{service} did not answer: {type(error).__name__}") from error
    except KeyError as error:
        # Somebody else has answered, a proxy for example: what the service always says is missing.
        raise StorageUnavailable(f"{service}'s answer cannot be read") from error


def refuse_torn_answers(client: Any) -> None:
    """Makes calls of a boto3 client fail whose answers are no whole JSON object.

    For services that speak JSON: botocore reads torn JSON, or a proxy's page, as an answer without any member. An
    item that is there would count as absent.
    """
    client.meta.events.register("after-call", _refuse_torn, unique_id="artifact-store-torn-answers")


def _refuse_torn(http_response: AWSResponse, **_: object) -> None:
    if http_response.raw is None:
        return  # a stub's answer: none has come over a wire
    content = http_response.content.strip()
    promised = http_response.headers.get("content-length")
    torn = promised is not None and len(http_response.content) != int(promised)
    if torn or (content and not (content.startswith(b"{") and content.endswith(b"}"))):
        raise ResponseParserError("the answer is no JSON object")


def _meaning(service: str, error: ClientError) -> ArtifactStoreError:
    code = error_code(error)
    if code in _DENIED:
        return StorageDenied(f"{service} refused the call: {code}")
    return StorageUnavailable(f"{service} failed: {code}")
