"""ADK's artifact service over the artifact API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from typing_extensions import override

from google_adk_aws._adk.service import AdkArtifactService
from google_adk_aws._auth import Auth
from google_adk_aws._client.artifact_client import ArtifactClient
from google_adk_aws._encryption.keys import Encryption
from google_adk_aws._model.ttl import Ttl, ttl_seconds
from google_adk_aws._resilience.policy import ResiliencePolicy, ResilienceSnapshot
from google_adk_aws._resilience.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

    import httpx

__all__ = ["HttpArtifactService"]

_CACHE_BYTES: Final = 32 * 1024 * 1024
"""Agents load the same few artifacts for one request to a model after the other."""


class HttpArtifactService(AdkArtifactService):
    """Keeps artifacts in the artifact API: durable, versioned, shared by every process that uses the URL.

    One instance serves any number of tasks, event loops and threads. Use it as `async with
    HttpArtifactService(url) as service`, call `aclose()`, or keep it as long as the process lives.

    Args:
        base_url: Address of the API, e.g. the stack's output `ApiUrl`.
        uri: The same, as ADK's `services.yaml` factory names it. `artifacts+http://` and
            `artifacts+https://` are accepted in both.
        auth: How requests prove who sends them:
            `"auto"`: AWS credentials for hosts `*.execute-api.*.amazonaws.com`, nothing otherwise;
            `"iam"`: AWS credentials for any host; `SigV4Auth(region=…, session=…)`: chosen ones;
            another string: a bearer token; a callable, plain or asynchronous, that returns one;
            `OAuth2ClientCredentials(…)`, `GoogleIdToken(…)`: tokens that are fetched and kept fresh;
            any `httpx.Auth`; None: nothing.
        http_client: Use this client, with its timeouts, transport and limits, and do not close it.
        storage_client: The same for content that goes to and comes from the storage directly. Its headers, cookies
            and auth are never sent there.
        timeout: Seconds for connecting, sending, receiving and waiting for a connection, each, in one
            attempt; or an `httpx.Timeout`. By default 30, and 5 for connecting.
        retry: How often one call is tried, and for how long.
        cache_bytes: Contents that were loaded are kept in memory, at most so many bytes. Loading one again asks
            the API whether it still is the one, and a stale one is never given. 0 keeps none.
        cache_max_age: Seconds for which a cached content is given without asking. What other processes save or
            delete is then seen that much later.
        encryption: Encrypts what is saved and decrypts what is loaded: `Encryption.with_key(…)`, `.with_kms(…)`.
            By default nothing is encrypted here, and loading what is raises.
        permissions: What this service may do, e.g. `{"artifact:read", "artifact:write:session"}`; anything else raises
            `S3PermissionError` and asks nobody. None allows everything. For agents that are handed less than their
            process may do: what the API allows is another matter.
        resilience: What happens when the API fails: retries, circuits, hedged reads. In place of `retry`.
        ttl: How long an artifact lives after a save unless it is saved again: seconds or a `timedelta`, 0 for good. By
            default as the API's deployment says for the app. See `docs/retention.md`.
        **server_options: What ADK's server passes beside `uri` (`agents_dir`); ignored. Without `uri`
            an unknown argument is an error.

    Raises:
        ValueError: The URL is not one of the API, or `auth` is not usable.
        ImportError: Signing is asked for and botocore is not installed (extra `sigv4`).
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        uri: str | None = None,
        auth: Auth = "auto",
        http_client: httpx.AsyncClient | None = None,
        storage_client: httpx.AsyncClient | None = None,
        timeout: float | httpx.Timeout | None = None,
        retry: RetryPolicy | None = None,
        cache_bytes: int = _CACHE_BYTES,
        cache_max_age: float = 0.0,
        encryption: Encryption | None = None,
        permissions: Iterable[str] | None = None,
        resilience: ResiliencePolicy | None = None,
        ttl: Ttl | None = None,
        **server_options: object,
    ) -> None:
        if (base_url is None) == (uri is None):
            raise TypeError("HttpArtifactService needs its URL once: as first argument, or as uri=")
        if server_options and uri is None:
            raise TypeError(f"unknown arguments: {', '.join(sorted(server_options))}")
        ttl_seconds(ttl)
        self._ttl = ttl
        self._client = ArtifactClient(
            base_url or uri or "",
            auth=auth,
            http_client=http_client,
            storage_client=storage_client,
            timeout=timeout,
            retry=retry,
            cache_bytes=cache_bytes,
            cache_max_age=cache_max_age,
            encryption=encryption,
            permissions=permissions,
            resilience=resilience,
        )

    @property
    def base_url(self) -> str:
        """The address of the API."""
        return self._client.base_url

    @property
    @override
    def client(self) -> ArtifactClient:
        """What this service calls; it has what ADK has no call for (files, links, batches). Closed with the service."""
        return self._client

    def resilience_snapshot(self) -> ResilienceSnapshot:
        """How the calls to the API fare: circuits, retries, hedges."""
        return self._client.resilience_snapshot()

    async def aclose(self) -> None:
        """Closes the connections made here; the service cannot be used after that."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"
