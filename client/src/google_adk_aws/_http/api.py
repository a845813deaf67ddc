"""The HTTP contract as typed calls: artifact ids in, wire shapes out. Knows nothing of ADK."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

from artifact_store.names import ArtifactId, Scope
from google_adk_aws._errors import UnexpectedResponseError
from google_adk_aws._http.answers import ask, json_of
from google_adk_aws._http.connection import Connection
from google_adk_aws._http.paths import artifact_path, artifacts_path, version_path
from google_adk_aws._http.problems import error_of
from google_adk_aws._http.transfer_wire import SignedRequest
from google_adk_aws._io.threads import off_loop
from google_adk_aws._model import members
from google_adk_aws._model.saving import Condition, Description
from google_adk_aws._model.wire import ArtifactSummary, ContentInfo, VersionMetadata, content_digest

if TYPE_CHECKING:
    import httpx

__all__ = ["ArtifactApi", "Located"]

_PAGE_SIZE: Final = 1000
_OK: Final = frozenset({HTTPStatus.OK})
_SAVED: Final = frozenset({HTTPStatus.CREATED, HTTPStatus.OK})
_NO_CONTENT: Final = frozenset({HTTPStatus.NO_CONTENT})
_LOCATED: Final = frozenset({HTTPStatus.OK, HTTPStatus.TEMPORARY_REDIRECT})

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A version's content, or where it is.

    Attributes:
        info: What is told of it.
        body: The bytes, if the API itself sent them.
        request: What loads them from the storage, if not.
    """

    info: ContentInfo
    body: bytes | None = None
    request: SignedRequest | None = None


class ArtifactApi:
    """The artifact API of one address, one request per call.

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
        description: Description,
        condition: Condition,
        idempotency_key: str | None = None,
    ) -> VersionMetadata:
        """Saves a new version.

        Args:
            artifact: Where.
            content: At most 3 MiB.
            description: At most 6 KB as headers.
            condition: On which condition.
            idempotency_key: Saves with one key and one content are one version. By default a new one,
                which covers the retries of this call.
        """
        digest = await off_loop(hashlib.sha256, content, size=len(content))
        response = await self.connection.send(
            "POST",
            artifact_path(artifact) + ("?unchanged=skip" if condition.skip_unchanged else ""),
            expect=_SAVED,
            headers={
                # Always octets: API Gateway takes text/* bodies for text and would change other bytes.
                "Content-Type": "application/octet-stream",
                "Content-Digest": content_digest(digest.digest()),
                "Idempotency-Key": idempotency_key or uuid.uuid4().hex,
                **description.headers(),
                **condition.headers(),
            },
            content=content,
            sha256=digest.hexdigest(),
        )
        return VersionMetadata.of(await json_of(response))

    async def locate(
        self, artifact: ArtifactId, version: int | None = None, *, unless: str | None = None
    ) -> Located | None:
        """Asks for the content of one version, or of the latest.

        Args:
            artifact: Which.
            version: None is the latest.
            unless: The entity tag of content that is there already.

        Returns:
            The content, or where it is; None when it has that entity tag.
        """
        response = await self.connection.send(
            "GET",
            artifact_path(artifact) if version is None else version_path(artifact, version),
            expect=_LOCATED if unless is None else _LOCATED | {HTTPStatus.NOT_MODIFIED},
            headers={} if unless is None else {"If-None-Match": unless},
        )
        if response.status_code == HTTPStatus.NOT_MODIFIED:
            return None
        if response.status_code == HTTPStatus.OK:
            return Located(info=ContentInfo.of(response), body=response.content)
        return _redirected(response)

    async def describe(self, artifact: ArtifactId, version: int | None = None) -> VersionMetadata:
        """The metadata of one version, or of the latest."""
        return VersionMetadata.of(await ask(self.connection, "GET", f"{version_path(artifact, version)}/metadata"))

    async def link(
        self, artifact: ArtifactId, version: int | None, *, expires_in: int
    ) -> tuple[SignedRequest, VersionMetadata]:
        """A request that loads one version, or the latest, for whoever has it."""
        path = f"{version_path(artifact, version)}/link"
        answer = await ask(self.connection, "POST", path, body={"expiresIn": expires_in})
        return SignedRequest.of(answer.get("request")), VersionMetadata.of(answer.get("version"))

    async def delete(self, artifact: ArtifactId) -> None:
        """Deletes all versions; also fine when there are none."""
        await self.connection.send("DELETE", artifact_path(artifact), expect=_NO_CONTENT)

    def artifacts(self, scope: Scope) -> AsyncIterator[ArtifactSummary]:
        """Every artifact of a scope; a session's list has the user's artifacts too, as `user:NAME`."""
        return self._pages(artifacts_path(scope), "artifacts", ArtifactSummary.of)

    def versions(self, artifact: ArtifactId) -> AsyncIterator[VersionMetadata]:
        """Every version of an artifact, in ascending order."""
        return self._pages(f"{artifact_path(artifact)}/versions", "versions", VersionMetadata.of)

    async def _pages(self, path: str, member: str, read: Callable[[object], Item]) -> AsyncIterator[Item]:
        """Pages until there is no cursor; an empty page is not the end."""
        cursor: str | None = None
        while True:
            query = f"limit={_PAGE_SIZE}" + (f"&cursor={quote(cursor, safe='')}" if cursor else "")
            page: Mapping[str, Any] = await ask(self.connection, "GET", f"{path}?{query}")
            for item in members.items(page, member):
                yield read(item)
            following = members.optional_text(page, "nextCursor")
            if not following:
                return
            if following == cursor:
                raise UnexpectedResponseError("the list does not advance", code="invalid_response")
            cursor = following


def _redirected(response: httpx.Response) -> Located:
    """Where the content is; a redirect of something else than the artifact API is a wrong URL."""
    location = response.headers.get("location")
    if location is None or "artifact-version" not in response.headers:
        raise error_of(response)
    info = ContentInfo.of(response)
    if info.size is None:
        raise members.unexpected("Artifact-Size")
    return Located(info=info, request=SignedRequest(method="GET", url=location, headers={}))
