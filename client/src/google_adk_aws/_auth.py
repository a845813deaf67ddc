"""How requests prove who sends them.

The default, `auth="auto"`, signs with the machine's AWS credentials when the host is API Gateway's own
(`….execute-api.REGION.amazonaws.com`), and sends nothing otherwise.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import os
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import httpx

from google_adk_aws._errors import ArtifactUnauthenticatedError

if TYPE_CHECKING:
    from botocore.credentials import Credentials, ReadOnlyCredentials

__all__ = ["Auth", "BearerAuth", "SigV4Auth", "TokenProvider", "resolve_auth"]

TokenProvider: TypeAlias = Callable[[], str | Awaitable[str]]
Auth: TypeAlias = str | TokenProvider | httpx.Auth | None

_EXECUTE_API: Final = re.compile(r"[a-z0-9-]+\.execute-api\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")
# Words that somebody types who expects a mode; as a bearer token they would only puzzle the API.
_NO_TOKENS: Final = frozenset({"", "none", "sigv4", "aws", "jwt", "bearer", "oidc", "token"})
_SIGNED_HEADERS: Final = ("content-type", "content-digest", "idempotency-key", "if-none-match")
_SIGNED_PREFIXES: Final = ("artifact-", "x-amz-")
_THREAD_THRESHOLD: Final = 256 * 1024


def resolve_auth(auth: Auth, url: httpx.URL) -> httpx.Auth | None:
    """Turns the `auth` argument of the service into what httpx takes."""
    if auth is None or isinstance(auth, httpx.Auth):
        return auth
    if isinstance(auth, str):
        mode = auth.casefold()
        if mode == "auto":
            return SigV4Auth(region=_gateway_region(url)) if url.scheme == "https" and _gateway_region(url) else None
        if mode == "iam":
            return SigV4Auth(region=_gateway_region(url))
        if mode in _NO_TOKENS:
            raise ValueError(f"auth={auth!r} is no bearer token; use None, 'auto', 'iam', a token or an httpx.Auth")
    return BearerAuth(auth)


def _gateway_region(url: httpx.URL) -> str | None:
    match = _EXECUTE_API.fullmatch(url.host)
    return match["region"] if match else None


class BearerAuth(httpx.Auth):
    """Sends `Authorization: Bearer …` with a token, or with what a callable returns for each request.

    A plain callable runs in a thread, since fetching a token usually blocks; an asynchronous one is awaited.
    Caching and refreshing are the callable's business.
    """

    def __init__(self, token: str | TokenProvider) -> None:
        self._token = _checked_token(token) if isinstance(token, str) else token
        if not isinstance(token, str) and not callable(token):
            raise TypeError(f"auth must be a string, a callable or an httpx.Auth, not {type(token).__name__}")

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Adds the header; a callable must be a plain one here."""
        token = self._token if isinstance(self._token, str) else _call(self._token)
        if not isinstance(token, str):
            raise TypeError("an asynchronous token callable needs an asynchronous client")
        request.headers["Authorization"] = f"Bearer {_checked_token(token)}"
        yield request

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Adds the header without blocking the event loop."""
        if isinstance(self._token, str):
            token = self._token
        elif inspect.iscoroutinefunction(self._token):
            token = await _awaited(self._token())
        else:
            result = await asyncio.to_thread(_call, self._token)
            token = result if isinstance(result, str) else await _awaited(result)
        request.headers["Authorization"] = f"Bearer {_checked_token(token)}"
        yield request

    def __repr__(self) -> str:
        return "BearerAuth(…)"


def _call(provider: TokenProvider) -> str | Awaitable[str]:
    try:
        return provider()
    except Exception as error:
        raise _no_token(error) from error


async def _awaited(token: Any) -> str:
    try:
        result: str = await token
    except Exception as error:
        raise _no_token(error) from error
    return result


def _no_token(error: Exception) -> ArtifactUnauthenticatedError:
    return ArtifactUnauthenticatedError(f"the token callable failed: {type(error).__name__}", code="no_credentials")


def _checked_token(token: object) -> str:
    # httpx and h11 quote a header they refuse in their exceptions, so a bad token must not get that far.
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise ArtifactUnauthenticatedError(
            "a bearer token must be printable ASCII without spaces or line breaks", code="no_credentials"
        )
    return token


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
        for name in ("Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-SHA256"):
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
