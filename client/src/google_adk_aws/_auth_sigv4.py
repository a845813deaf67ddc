"""Requests signed with AWS credentials (Signature Version 4)."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any, Final

import httpx

from google_adk_aws._errors import ArtifactUnauthenticatedError

if TYPE_CHECKING:
    from botocore.credentials import Credentials, ReadOnlyCredentials

__all__ = ["SigV4Auth"]

_SIGNED_HEADERS: Final = ("content-type", "content-digest", "idempotency-key", "if-none-match")
_SIGNED_PREFIXES: Final = ("artifact-", "x-amz-")
_SIGNATURE: Final = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-SHA256")
_THREAD_THRESHOLD: Final = 256 * 1024


class SigV4Auth(httpx.Auth):
    """Signs requests with AWS credentials (Signature Version 4).

    Credentials come from the usual chain (environment, profile, SSO, web identity, container, instance)
    or from a session that is handed in, and are refreshed by botocore in a thread.

    Args:
        region: Region of the API; by default the session's.
        service: Name of the signed service.
        session: A `boto3.Session` or `botocore.session.Session`; by default a new one.

    Raises:
        ImportError: botocore is not installed.
        ValueError: No region is given and the session knows none.
    """

    requires_request_body = True

    def __init__(self, *, region: str | None = None, service: str = "execute-api", session: Any | None = None) -> None:
        try:
            # Imported here and not in the first request: it takes some 100 ms, which would stall the event loop.
            import botocore.auth  # noqa: PLC0415
            import botocore.awsrequest  # noqa: PLC0415
            import botocore.session  # noqa: PLC0415
        except ImportError as error:
            raise ImportError(
                "signing with AWS credentials needs botocore: pip install 'google-adk-aws[sigv4]'"
            ) from error
        self._session = session if session is not None else botocore.session.Session()
        known_region = region or _session_region(self._session)
        if not known_region:
            raise ValueError("the AWS region is not known: pass SigV4Auth(region=…) or set AWS_REGION")
        self._region: str = known_region
        self._service = service
        self._new_request = botocore.awsrequest.AWSRequest
        self._signer = botocore.auth.SigV4Auth

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Signs the request."""
        request.read()
        self._sign(request, self._frozen_credentials())
        yield request

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Signs the request; what may block (credentials, hashing much) happens in a thread."""
        body = await request.aread()
        credentials = await asyncio.to_thread(self._frozen_credentials)
        if len(body) > _THREAD_THRESHOLD and "sha256" not in request.extensions:
            await asyncio.to_thread(self._sign, request, credentials)
        else:
            self._sign(request, credentials)
        yield request

    def _frozen_credentials(self) -> ReadOnlyCredentials:
        try:
            credentials: Credentials | None = self._session.get_credentials()
            if credentials is not None:
                return credentials.get_frozen_credentials()
        except Exception as error:
            raise ArtifactUnauthenticatedError(
                f"AWS credentials could not be loaded: {type(error).__name__}", code="no_credentials"
            ) from error
        raise ArtifactUnauthenticatedError("no AWS credentials were found", code="no_credentials")

    def _sign(self, request: httpx.Request, credentials: ReadOnlyCredentials) -> None:
        # A request that is sent again has the last signature: with it, credentials of then would be signed now.
        for name in _SIGNATURE:
            request.headers.pop(name, None)
        # Only headers that nothing on the way rewrites; the host is signed from the URL.
        headers = {
            name: value
            for name, value in request.headers.items()
            if name in _SIGNED_HEADERS or name.startswith(_SIGNED_PREFIXES)
        }
        known = request.extensions.get("sha256")
        headers["X-Amz-Content-SHA256"] = known or hashlib.sha256(request.content).hexdigest()
        signed = self._new_request(method=request.method, url=str(request.url), headers=headers)
        self._signer(credentials, self._service, self._region).add_auth(signed)
        for name in _SIGNATURE:
            if name in signed.headers:
                request.headers[name] = signed.headers[name]

    def __repr__(self) -> str:
        return f"SigV4Auth(region={self._region!r}, service={self._service!r})"


def _session_region(session: Any) -> str | None:
    region = getattr(session, "region_name", None)
    if region is None and hasattr(session, "get_config_variable"):
        region = session.get_config_variable("region")
    # botocore itself reads AWS_DEFAULT_REGION only; Lambda and ECS set AWS_REGION.
    return region or os.environ.get("AWS_REGION")
