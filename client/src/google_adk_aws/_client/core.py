"""What every call of a client stands on: its connections, and how they are opened and closed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from google_adk_aws._auth import Auth
from google_adk_aws._encryption.keys import Encryption
from google_adk_aws._http.api import ArtifactApi
from google_adk_aws._http.connection import Connection
from google_adk_aws._http.storage import Storage
from google_adk_aws._http.upload_api import UploadApi
from google_adk_aws._model.permissions import Permissions
from google_adk_aws._resilience.policy import Resilience, ResiliencePolicy, ResilienceSnapshot, resilience_of
from google_adk_aws._resilience.retry import RetryPolicy
from google_adk_aws._transfer.cache import ContentCache
from google_adk_aws._transfer.decrypting import EncryptedLoading
from google_adk_aws._transfer.download import Downloader
from google_adk_aws._transfer.encrypting import EncryptedSaving
from google_adk_aws._transfer.loading import Loader
from google_adk_aws._transfer.upload import Uploader

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

    import httpx

__all__ = ["ClientCore"]


class ClientCore:
    """Connections to one API and the storage behind it. See `ArtifactClient` for the arguments."""

    def __init__(
        self,
        base_url: str,
        *,
        auth: Auth = "auto",
        http_client: httpx.AsyncClient | None = None,
        storage_client: httpx.AsyncClient | None = None,
        timeout: float | httpx.Timeout | None = None,
        retry: RetryPolicy | None = None,
        cache_bytes: int = 0,
        cache_max_age: float = 0.0,
        resume_dir: str | os.PathLike[str] | None = None,
        encryption: Encryption | None = None,
        permissions: Iterable[str] | None = None,
        resilience: ResiliencePolicy | None = None,
    ) -> None:
        self._permissions = Permissions(permissions)
        policy = resilience_of(resilience, retry)
        retry = policy.retry
        self._resilience = Resilience(policy)
        self._connection = Connection(
            base_url, auth=auth, http_client=http_client, timeout=timeout, resilience=self._resilience
        )
        tls_only = self._connection.base_url.scheme == "https"
        self._storage = Storage(http_client=storage_client, timeout=timeout, tls_only=tls_only)
        self._api = ArtifactApi(self._connection)
        self._uploads = UploadApi(self._connection)
        self._loader = Loader(self._api, self._storage, retry=retry, decrypting=EncryptedLoading(encryption))
        self._encrypting = None if encryption is None else EncryptedSaving(encryption)
        self._downloader = Downloader(self._api, self._loader)
        self._uploader = Uploader(
            self._api,
            self._uploads,
            self._storage,
            retry=retry,
            resume_folder=None if resume_dir is None else Path(resume_dir),
        )
        cache = ContentCache(cache_bytes, max_age=cache_max_age)
        self._cache = cache if cache_bytes else None

    @property
    def base_url(self) -> str:
        """The address of the API."""
        return str(self._connection.base_url).rstrip("/")

    def resilience_snapshot(self) -> ResilienceSnapshot:
        """How the calls of this client to the API fare: circuits, retries, hedges."""
        return self._resilience.snapshot()

    async def aclose(self) -> None:
        """Closes the connections made here; the client cannot be used after that."""
        await self._connection.aclose()
        await self._storage.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"
