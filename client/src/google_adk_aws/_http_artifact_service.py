"""ADK's artifact service over the artifact API."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from google.adk.artifacts.base_artifact_service import ArtifactVersion, BaseArtifactService
from typing_extensions import override

from artifact_store.errors import InvalidInput
from artifact_store.names import MAX_VERSION, ArtifactId, Scope
from google_adk_aws._auth import Auth
from google_adk_aws._client import ArtifactClient
from google_adk_aws._errors import ArtifactNotFoundError, InvalidArtifactError
from google_adk_aws._parts import REFERENCE_PREFIX, from_content, to_content, to_part
from google_adk_aws._references import MAX_HOPS, Caller, resolve
from google_adk_aws._retry import RetryPolicy
from google_adk_aws._wire import VersionMetadata

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    import httpx
    from google.genai import types

__all__ = ["HttpArtifactService"]

_USER_PREFIX: Final = "user:"
_CACHE_BYTES: Final = 32 * 1024 * 1024
"""Agents load the same few artifacts for one request to a model after the other."""


class HttpArtifactService(BaseArtifactService):
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
        **server_options: object,
    ) -> None:
        if (base_url is None) == (uri is None):
            raise TypeError("HttpArtifactService needs its URL once: as first argument, or as uri=")
        if server_options and uri is None:
            raise TypeError(f"unknown arguments: {', '.join(sorted(server_options))}")
        self._client = ArtifactClient(
            base_url or uri or "",
            auth=auth,
            http_client=http_client,
            storage_client=storage_client,
            timeout=timeout,
            retry=retry,
            cache_bytes=cache_bytes,
            cache_max_age=cache_max_age,
        )

    @property
    def base_url(self) -> str:
        """The address of the API."""
        return self._client.base_url

    @property
    def client(self) -> ArtifactClient:
        """What this service calls, for what ADK has no call for: files, links, batches. Closed with the service."""
        return self._client

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

    @override
    async def save_artifact(
        self,
        *,
        app_name: str,
        user_id: str,
        filename: str,
        artifact: types.Part | dict[str, Any],
        session_id: str | None = None,
        custom_metadata: dict[str, Any] | None = None,
    ) -> int:
        """Saves a new version, exactly once however often the request has to be repeated.

        Args:
            app_name: The app.
            user_id: The user.
            filename: Any text up to 900 bytes encoded; `user:` in front means the user's scope.
            artifact: A part with `inline_data`, `text` or `file_data` of any size, or such a dict.
            session_id: The session; None means the user's scope.
            custom_metadata: JSON of any type, at most 64 KB.

        Returns:
            The version: 0, 1, 2, …

        Raises:
            InvalidArtifactError: An argument cannot be accepted; ADK's InputValidationError too.
            ArtifactError: Another one of this package's errors.
        """
        target = _artifact_id(app_name, user_id, session_id, filename)
        _refuse_reserved_session(target.scope)
        # A dict may hold megabytes of base64.
        part = await asyncio.to_thread(to_part, artifact) if isinstance(artifact, dict) else to_part(artifact)
        content, header = to_content(part)
        if header.kind == "file":
            uri = content.decode()
            if uri.startswith(REFERENCE_PREFIX):
                resolve(uri, caller=Caller(app=app_name, user=user_id, session=session_id))
        saved = await self._client.save(
            target,
            content,
            kind=header.kind,
            mime_type=header.mime_type,
            display_name=header.display_name,
            custom_metadata=custom_metadata,
        )
        return saved.version

    @override
    async def load_artifact(
        self,
        *,
        app_name: str,
        user_id: str,
        filename: str,
        session_id: str | None = None,
        version: int | None = None,
    ) -> types.Part | None:
        """Loads one version, or the latest, and follows up to five references.

        Returns:
            The part; None when there is no such artifact or version, when a reference leads nowhere, and
            for the marker that a session rewind leaves.

        Raises:
            InvalidArtifactError: An id cannot be one, or a reference leads elsewhere or too far.
            ArtifactIntegrityError: The bytes are not those that were saved.
            ArtifactError: Another one of this package's errors.
        """
        target = _artifact_id(app_name, user_id, session_id, filename)
        if not _can_exist(version):
            return None
        caller = Caller(app=app_name, user=user_id, session=session_id)
        for _ in range(MAX_HOPS + 1):
            try:
                content = await self._client.load(target, version)
            except ArtifactNotFoundError:
                return None
            part = from_content(content)
            if part is None or part.file_data is None:
                return part
            uri = part.file_data.file_uri or ""
            if not uri.startswith(REFERENCE_PREFIX):
                return part
            reference = resolve(uri, caller=caller)
            if reference.version is None:
                return None
            target, version, caller = reference.artifact, reference.version, reference.caller
        raise InvalidArtifactError(
            f"Exceeded maximum recursion depth resolving artifact reference: {filename}",
            code="invalid_reference",
            field="filename",
        )

    @override
    async def list_artifact_keys(self, *, app_name: str, user_id: str, session_id: str | None = None) -> list[str]:
        """Lists every filename of a session and its user, or of the user alone.

        Returns:
            Sorted names; a user-scoped one starts with `user:` and loads by that name from anywhere.

        Raises:
            ArtifactError: As described in this package's errors.
        """
        scope = _scope(app_name, user_id, session_id)
        names = [summary.filename async for summary in self._client.artifacts(scope)]
        if scope.session is None:
            # A user's own list has bare names; with the prefix they mean the same in any session.
            names = [_USER_PREFIX + name for name in names]
        return sorted(names)

    @override
    async def delete_artifact(
        self,
        *,
        app_name: str,
        user_id: str,
        filename: str,
        session_id: str | None = None,
    ) -> None:
        """Deletes all versions; the next save starts at 0 again. Nothing to delete is no error."""
        await self._client.delete(_artifact_id(app_name, user_id, session_id, filename))

    @override
    async def list_versions(
        self,
        *,
        app_name: str,
        user_id: str,
        filename: str,
        session_id: str | None = None,
    ) -> list[int]:
        """Lists the version numbers in ascending order; empty when there is no such artifact."""
        target = _artifact_id(app_name, user_id, session_id, filename)
        return [version.version for version in await self._versions(target)]

    @override
    async def list_artifact_versions(
        self,
        *,
        app_name: str,
        user_id: str,
        filename: str,
        session_id: str | None = None,
    ) -> list[ArtifactVersion]:
        """Lists the versions with their metadata in ascending order; empty when there is no such artifact."""
        target = _artifact_id(app_name, user_id, session_id, filename)
        return [_artifact_version(version) for version in await self._versions(target)]

    @override
    async def get_artifact_version(
        self,
        *,
        app_name: str,
        user_id: str,
        filename: str,
        session_id: str | None = None,
        version: int | None = None,
    ) -> ArtifactVersion | None:
        """The metadata of one version, or of the latest; None when there is none."""
        target = _artifact_id(app_name, user_id, session_id, filename)
        if not _can_exist(version):
            return None
        try:
            return _artifact_version(await self._client.describe(target, version))
        except ArtifactNotFoundError:
            return None

    async def _versions(self, target: ArtifactId) -> list[VersionMetadata]:
        try:
            versions = [version async for version in self._client.versions(target)]
        except ArtifactNotFoundError:
            return []
        return sorted(versions, key=lambda version: version.version)


def _scope(app_name: str, user_id: str, session_id: str | None) -> Scope:
    try:
        return Scope(app_name, user_id, session_id)
    except InvalidInput as error:
        raise _invalid_name(error) from None


def _artifact_id(app_name: str, user_id: str, session_id: str | None, filename: str) -> ArtifactId:
    try:
        return ArtifactId.of(app=app_name, user=user_id, session=session_id, filename=filename)
    except InvalidInput as error:
        raise _invalid_name(error) from None


def _refuse_reserved_session(scope: Scope) -> None:
    try:
        scope.refuse_reserved_session()
    except InvalidInput as error:
        raise _invalid_name(error) from None


def _invalid_name(error: InvalidInput) -> InvalidArtifactError:
    return InvalidArtifactError(str(error), code=error.code, field=error.field)


def _can_exist(version: object) -> bool:
    """Whether a version may exist at all; -1, 10**30 or "abc" need no request to be missing."""
    return version is None or (isinstance(version, int) and 0 <= version <= MAX_VERSION)


def _artifact_version(metadata: VersionMetadata) -> ArtifactVersion:
    mime_type = metadata.mime_type
    if mime_type is None and metadata.kind == "text":
        mime_type = "text/plain"
    return ArtifactVersion(
        version=metadata.version,
        canonical_uri=metadata.canonical_uri,
        custom_metadata=dict(metadata.custom_metadata),
        create_time=metadata.create_time,
        mime_type=mime_type,
    )
