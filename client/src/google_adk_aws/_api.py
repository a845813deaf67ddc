"""The HTTP contract as typed calls: artifact ids in, wire shapes out. Knows nothing of ADK."""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

from artifact_store.names import ArtifactId, Scope, encode
from google_adk_aws._connection import Connection
from google_adk_aws._errors import ArtifactIntegrityError, ArtifactTooLargeError, UnexpectedResponseError
from google_adk_aws._wire import (
    ArtifactSummary,
    PartHeader,
    StoredContent,
    VersionMetadata,
    content_digest,
    json_header,
    verify_digest,
)

if TYPE_CHECKING:
    import httpx

__all__ = ["MAX_CONTENT_BYTES", "MAX_HEADER_BYTES", "ArtifactApi"]

MAX_CONTENT_BYTES: Final = 3 * 1024 * 1024
"""Content of one save, in bytes."""

MAX_HEADER_BYTES: Final = 6 * 1024
"""Part description and custom metadata of one save together, in bytes as they are sent."""

_PAGE_SIZE: Final = 1000
_OFF_LOOP_BYTES: Final = 256 * 1024
_OK: Final = frozenset({HTTPStatus.OK})
_CREATED: Final = frozenset({HTTPStatus.CREATED})
_NO_CONTENT: Final = frozenset({HTTPStatus.NO_CONTENT})

Item = TypeVar("Item")
Result = TypeVar("Result")


class ArtifactApi:
    """The artifact API of one address.

    A missing artifact or version raises `ArtifactNotFoundError`; every method raises `ArtifactError`
    as described in `_errors`.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def save(
        self,
        artifact: ArtifactId,
        content: bytes,
        *,
        part: PartHeader,
        metadata: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> VersionMetadata:
        """Saves a new version.

        Args:
            artifact: Where.
            content: At most 3 MiB.
            part: What kind of part it is.
            metadata: A JSON object; checked by the caller.
            idempotency_key: Saves with one key and one content are one version. By default a new one,
                which covers the retries of this call.
        """
        if len(content) > MAX_CONTENT_BYTES:
            raise ArtifactTooLargeError(
                f"the content has {len(content):,} bytes; one save takes at most {MAX_CONTENT_BYTES:,} (3 MiB)",
                code="content_too_large",
                field="content",
            )
        described = {"Artifact-Part": part.to_header()}
        if metadata:
            described["Artifact-Metadata"] = json_header(metadata)
        header_bytes = sum(map(len, described.values()))
        if header_bytes > MAX_HEADER_BYTES:
            raise ArtifactTooLargeError(
                f"custom metadata and display name take {header_bytes:,} bytes as headers; "
                f"the limit is {MAX_HEADER_BYTES:,} (6 KB, about 4.5 KB of JSON)",
                code="metadata_too_large",
                field="customMetadata",
            )
        digest = await _off_loop(hashlib.sha256, content, size=len(content))
        response = await self.connection.send(
            "POST",
            _artifact_path(artifact),
            expect=_CREATED,
            headers={
                # Always octets: API Gateway takes text/* bodies for text and would change other bytes.
                "Content-Type": "application/octet-stream",
                "Content-Digest": content_digest(digest.digest()),
                "Idempotency-Key": idempotency_key or uuid.uuid4().hex,
                **described,
            },
            content=content,
            sha256=digest.hexdigest(),
        )
        return VersionMetadata.of(await _json(response))

    async def load(self, artifact: ArtifactId, version: int | None = None) -> StoredContent:
        """Loads one version, or the latest; the bytes are checked against their digest."""
        path = _artifact_path(artifact) if version is None else f"{_artifact_path(artifact)}/versions/{version}"
        try:
            return await self._load(path)
        except ArtifactIntegrityError:
            # Damaged on the way: a second request tells a bad connection from a bad object.
            return await self._load(path)

    async def _load(self, path: str) -> StoredContent:
        response = await self.connection.send("GET", path, expect=_OK)
        content = StoredContent.of(response)
        digest = response.headers.get("content-digest")
        await _off_loop(verify_digest, content.body, digest, size=len(content.body))
        return content

    async def describe(self, artifact: ArtifactId, version: int | None = None) -> VersionMetadata:
        """The metadata of one version, or of the latest."""
        number = "latest" if version is None else version
        response = await self.connection.send(
            "GET", f"{_artifact_path(artifact)}/versions/{number}/metadata", expect=_OK
        )
        return VersionMetadata.of(await _json(response))

    async def delete(self, artifact: ArtifactId) -> None:
        """Deletes all versions; also fine when there are none."""
        await self.connection.send("DELETE", _artifact_path(artifact), expect=_NO_CONTENT)

    def artifacts(self, scope: Scope) -> AsyncIterator[ArtifactSummary]:
        """Every artifact of a scope; a session's list has the user's artifacts too, as `user:NAME`."""
        return self._pages(_scope_path(scope), "artifacts", ArtifactSummary.of)

    def versions(self, artifact: ArtifactId) -> AsyncIterator[VersionMetadata]:
        """Every version of an artifact, in ascending order."""
        return self._pages(f"{_artifact_path(artifact)}/versions", "versions", VersionMetadata.of)

    async def _pages(self, path: str, member: str, read: Callable[[object], Item]) -> AsyncIterator[Item]:
        """Pages until there is no cursor; an empty page is not the end."""
        cursor: str | None = None
        while True:
            query = f"limit={_PAGE_SIZE}" + (f"&cursor={quote(cursor, safe='')}" if cursor else "")
            page = await _json(await self.connection.send("GET", f"{path}?{query}", expect=_OK))
            items = page.get(member)
            following = page.get("nextCursor")
            if not isinstance(items, list) or not (following is None or isinstance(following, str)):
                raise UnexpectedResponseError(
                    f"the answer has no list of {member}; is this the artifact API?", code="invalid_response"
                )
            for item in items:
                yield read(item)
            if not following:
                return
            if following == cursor:
                raise UnexpectedResponseError("the list does not advance", code="invalid_response")
            cursor = following


def _scope_path(scope: Scope) -> str:
    user = f"/v1/apps/{encode(scope.app)}/users/{encode(scope.user)}"
    return f"{user}/artifacts" if scope.session is None else f"{user}/sessions/{encode(scope.session)}/artifacts"


def _artifact_path(artifact: ArtifactId) -> str:
    return f"{_scope_path(artifact.scope)}/{artifact.encoded_filename}"


async def _off_loop(function: Callable[..., Result], /, *args: object, size: int) -> Result:
    """Calls a function over `size` bytes: in a thread when that would be felt on the event loop."""
    if size > _OFF_LOOP_BYTES:
        return await asyncio.to_thread(function, *args)
    return function(*args)


async def _json(response: httpx.Response) -> Mapping[str, Any]:
    try:
        value = await _off_loop(json.loads, response.content, size=len(response.content))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise UnexpectedResponseError(
            "the answer is not JSON of the artifact API; is the URL right?",
            code="invalid_response",
            status=response.status_code,
        )
    return value
