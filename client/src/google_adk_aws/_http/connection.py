"""Sends requests: authentication, retries, deadline, and transport failures as typed errors."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Final

import httpx

from google_adk_aws._auth import Auth, resolve_auth
from google_adk_aws._http.pool import ClientPool
from google_adk_aws._http.problems import error_of
from google_adk_aws._http.transport import transport_errors
from google_adk_aws._resilience.policy import Resilience
from google_adk_aws._resilience.retry import RetryPolicy
from google_adk_aws._version import __version__

__all__ = ["Connection", "base_url_of"]

_SCHEMES: Final = {"http": "http", "https": "https", "artifacts+http": "http", "artifacts+https": "https"}
_DEFAULT_TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)
_READS: Final = frozenset({"GET", "HEAD"})
_READING: Final = ("/batch/load", "/batch/describe", "/link")
"""What is asked for by POST."""

_USER_AGENT: Final = f"google-adk-aws/{__version__}"


def base_url_of(url: str) -> httpx.URL:
    """Reads the address of the API; `artifacts+http(s)://` is how `--artifact_service_uri` writes it.

    Raises:
        ValueError: Another scheme, no host, or parts that an address of the API does not have.
    """
    scheme, separator, rest = url.strip().partition("://")
    mapped = _SCHEMES.get(scheme.lower())
    if not separator or mapped is None:
        raise ValueError(f"the artifact API's URL must start with one of {', '.join(f'{s}://' for s in _SCHEMES)}")
    try:
        parsed = httpx.URL(f"{mapped}://{rest}")
    except httpx.InvalidURL:
        raise ValueError("the artifact API's URL cannot be read") from None
    if not parsed.host:
        raise ValueError("the artifact API's URL has no host")
    # The values stay out of these messages: they may be secrets.
    if parsed.userinfo:
        raise ValueError("the artifact API's URL must not hold a user or password; use auth=")
    if parsed.query or parsed.fragment:
        raise ValueError("the artifact API's URL must not have a query or a fragment")
    return parsed.copy_with(raw_path=parsed.raw_path.rstrip(b"/") or b"/")


class Connection:
    """The way to one API.

    Args:
        base_url: Address of the API, without a path of its own beyond a stage.
        auth: See `HttpArtifactService`.
        http_client: Used instead of own clients, and not closed.
        timeout: Timeouts of one request; by default 30 s, 5 s to connect, or what `http_client` has.
        resilience: What stands between a request and an API that fails.
    """

    def __init__(
        self,
        base_url: str,
        *,
        auth: Auth,
        http_client: httpx.AsyncClient | None,
        timeout: float | httpx.Timeout | None,
        resilience: Resilience,
    ) -> None:
        self.base_url = base_url_of(base_url)
        self.resilience = resilience
        self._auth = resolve_auth(auth, self.base_url)
        self._timeout = httpx.Timeout(timeout) if timeout is not None else None
        self._pool = ClientPool(http_client=http_client, timeout=self._timeout or _DEFAULT_TIMEOUT)
        self._prefix = self.base_url.raw_path.rstrip(b"/")

    @property
    def retry(self) -> RetryPolicy:
        """When a request is repeated."""
        return self.resilience.policy.retry

    async def aclose(self) -> None:
        """Closes the clients made here."""
        await self._pool.aclose()

    async def send(
        self,
        method: str,
        path: str,
        *,
        expect: Collection[int],
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        sha256: str | None = None,
        retry: RetryPolicy | None = None,
    ) -> httpx.Response:
        """Sends one request, again where that is worth it, and returns the expected answer.

        Args:
            method: The HTTP method.
            path: Path and query, already encoded: it is sent as it is.
            expect: Statuses that are an answer; every other one is an error.
            headers: Sent with every attempt, unchanged.
            content: The body.
            sha256: Hex digest of the body, if it is known: signing does not hash again.
            retry: When to repeat this one; by default as every other.

        Raises:
            ArtifactError: As `_errors` describes; the last attempt's, when all have failed.
        """
        return await self.resilience.call(
            partial(self._send_once, method, path, expect, headers, content, sha256),
            direction="read" if method in _READS or path.endswith(_READING) else "write",
            place=self._place,
            retry=retry,
        )

    async def _send_once(
        self,
        method: str,
        path: str,
        expect: Collection[int],
        headers: Mapping[str, str] | None,
        content: bytes | None,
        sha256: str | None,
    ) -> httpx.Response:
        client = await self._pool.client()
        request = client.build_request(
            method,
            self.base_url.copy_with(raw_path=self._prefix + path.encode("ascii")),
            # identity: Content-Digest is over the bytes as sent, which a compressing proxy would change.
            headers={"User-Agent": _USER_AGENT, "Accept-Encoding": "identity", **(headers or {})},
            content=content,
            timeout=self._timeout if self._timeout is not None else httpx.USE_CLIENT_DEFAULT,
            extensions={"sha256": sha256} if sha256 else None,
        )
        with transport_errors(self._place):
            # A redirect followed by httpx would carry the credentials to wherever it points.
            response = await client.send(
                request,
                auth=self._auth if self._auth is not None else httpx.USE_CLIENT_DEFAULT,
                follow_redirects=False,
            )
        if response.status_code in expect:
            return response
        raise error_of(response)

    @property
    def _place(self) -> str:
        return str(self.base_url).rstrip("/")
