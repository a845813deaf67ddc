"""Requests signed with AWS credentials (Signature Version 4)."""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any, Final, cast

import httpx

from google_adk_aws._errors import ArtifactUnauthenticatedError

if TYPE_CHECKING:
    from botocore.credentials import Credentials, ReadOnlyCredentials

__all__ = ["SigV4Auth"]

_SIGNED_HEADERS: Final = ("content-type", "content-digest", "idempotency-key", "if-match", "if-none-match")
_SIGNED_PREFIXES: Final = ("artifact-", "x-amz-")
_SIGNATURE: Final = ("Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-SHA256")
_THREAD_THRESHOLD: Final = 256 * 1024


class SigV4Auth(httpx.Auth):
    """Signs requests with AWS credentials (Signature Version 4).

    Credentials come from the usual chain (environment, profile, SSO, web identity, container, instance),
    from a profile, a role or keys that are named here, or from a session that is handed in. They are
    refreshed by botocore in a thread, before they expire.

    An API behind a domain of its own is signed for as any other: with its region, as `execute-api`.

    Args:
        region: Region of the API; by default the session's.
        service: Name of the signed service.
        session: A `boto3.Session` or `botocore.session.Session`; by default a new one.
        profile: A profile of the AWS configuration.
        role_arn: A role to take, with the credentials that are found otherwise.
        role_session_name: Names the session of that role in CloudTrail.
        external_id: What the role's trust policy asks for, if it does.
        access_key_id: An explicit key; nothing else is then looked at.
        secret_access_key: Its secret.
        session_token: Its token, if it is a temporary one.

    Raises:
        ImportError: botocore is not installed.
        ValueError: No region is given and the session knows none, or arguments exclude one another.
    """

    requires_request_body = True

    def __init__(
        self,
        *,
        region: str | None = None,
        service: str = "execute-api",
        session: Any | None = None,
        profile: str | None = None,
        role_arn: str | None = None,
        role_session_name: str = "google-adk-aws",
        external_id: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
        session_token: str | None = None,
    ) -> None:
        try:
            # Imported here and not in the first request: it takes some 100 ms, which would stall the event loop.
            import botocore.auth  # noqa: PLC0415
            import botocore.awsrequest  # noqa: PLC0415
            import botocore.session  # noqa: PLC0415
        except ImportError as error:
            raise ImportError(
                "signing with AWS credentials needs botocore: pip install 'google-adk-aws[sigv4]'"
            ) from error
        if session is not None and (profile is not None or access_key_id is not None):
            raise ValueError("a session has credentials of its own: give it, or a profile, or keys")
        if profile is not None and access_key_id is not None:
            raise ValueError("give a profile or keys, not both")
        if (access_key_id is None) != (secret_access_key is None):
            raise ValueError("access_key_id and secret_access_key go together")
        self._session = session if session is not None else botocore.session.Session(profile=profile)
        if access_key_id is not None and secret_access_key is not None:
            self._session.set_credentials(access_key_id, secret_access_key, session_token)
        known_region = region or _session_region(self._session)
        if not known_region:
            raise ValueError("the AWS region is not known: pass SigV4Auth(region=…) or set AWS_REGION")
        self._region: str = known_region
        self._service = service
        self._new_request = botocore.awsrequest.AWSRequest
        self._signer = botocore.auth.SigV4Auth
        self._role_arn = role_arn
        self._role_session = {"RoleSessionName": role_session_name}
        if external_id is not None:
            self._role_session["ExternalId"] = external_id
        self._credentials: Any = None
        self._finding = threading.Lock()

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
            credentials = self._found_credentials()
            if credentials is not None:
                return credentials.get_frozen_credentials()
        except Exception as error:
            raise ArtifactUnauthenticatedError(
                f"AWS credentials could not be loaded: {type(error).__name__}", code="no_credentials"
            ) from error
        raise ArtifactUnauthenticatedError("no AWS credentials were found", code="no_credentials")

    def _found_credentials(self) -> Credentials | None:
        if self._role_arn is None:
            own: Credentials | None = self._session.get_credentials()
            return own
        with self._finding:
            if self._credentials is None:
                self._credentials = self._credentials_of(self._role_arn)
            return cast("Credentials", self._credentials)

    def _credentials_of(self, role_arn: str) -> Any:
        from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials  # noqa: PLC0415

        session = getattr(self._session, "_session", self._session)
        fetcher = AssumeRoleCredentialFetcher(
            session.create_client, session.get_credentials(), role_arn, extra_args=dict(self._role_session)
        )
        return DeferredRefreshableCredentials(refresh_using=fetcher.fetch_credentials, method="assume-role")

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
