"""Failures on the way as typed errors, without what must not be read by others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import httpx

from google_adk_aws._errors import (
    ArtifactConnectionError,
    ArtifactError,
    ArtifactTimeoutError,
    UnexpectedResponseError,
)
from google_adk_aws._redaction import redact

__all__ = ["transport_errors"]


@contextlib.contextmanager
def transport_errors(place: str) -> Iterator[None]:
    """Turns httpx's errors into this package's.

    Args:
        place: Where the request goes, as messages name it: nothing secret.

    Raises:
        ArtifactTimeoutError: No answer in time.
        ArtifactConnectionError: No answer, or one that broke off.
        UnexpectedResponseError: An answer that redirects to what is no URL.
    """
    try:
        yield
    except httpx.LocalProtocolError:
        # Its text quotes the header it refuses, which may be a credential.
        raise ArtifactError(f"the request to {place} breaks the HTTP protocol", code="bad_request") from None
    except httpx.InvalidURL:
        # httpx reads the address of a redirect even when it is told not to follow any.
        raise UnexpectedResponseError(f"{place} redirects to what is no URL", code="invalid_url") from None
    except httpx.TimeoutException as error:
        raise ArtifactTimeoutError(
            f"no answer from {place} in time ({type(error).__name__})", code="timeout"
        ) from error
    except httpx.RequestError as error:
        text = redact(str(error)) or type(error).__name__
        raise ArtifactConnectionError(f"no answer from {place}: {text}", code="no_answer") from error
