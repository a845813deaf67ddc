"""One request's worth of artifacts to load: answered with their content, or with where it is."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from artifact_store.names import ArtifactId, Scope
from google_adk_aws._batch.exchange import Outcomes, exchange, run_groups
from google_adk_aws._batch.items import Wanted
from google_adk_aws._errors import ArtifactError, ArtifactIntegrityError
from google_adk_aws._http.api import Located
from google_adk_aws._http.connection import Connection
from google_adk_aws._http.paths import scope_path
from google_adk_aws._http.transfer_wire import SignedRequest
from google_adk_aws._io.threads import off_loop
from google_adk_aws._model import members
from google_adk_aws._model.wire import ContentInfo, StoredContent, VersionMetadata
from google_adk_aws._transfer.cache import ContentCache
from google_adk_aws._transfer.loading import Loader

__all__ = ["NO_ROOM", "LoadGroup"]

NO_ROOM: Final = "answer_too_large"
"""The error code of an item for which a batch's answer had no room; it is asked for by itself then."""


class LoadGroup:
    """Loads the artifacts of one request.

    Args:
        connection: Where they are asked for.
        loader: Reads what the answer does not contain.
        cache: What is there already.
        load_one: Loads an artifact by itself.
        scope: Under which they are named.
        outcomes: Where results go.
        group: At most 100.
        concurrency: Contents that are read from the storage at the same time, at most.
    """

    def __init__(
        self,
        connection: Connection,
        loader: Loader,
        cache: ContentCache | None,
        load_one: Callable[[ArtifactId, int | None], Awaitable[StoredContent]],
        *,
        scope: Scope,
        outcomes: Outcomes[StoredContent],
        group: Sequence[Wanted],
        concurrency: int,
    ) -> None:
        self._connection = connection
        self._loader = loader
        self._cache = cache
        self._load_one = load_one
        self._scope = scope
        self._outcomes = outcomes
        self._wanted = {wanted.index: wanted for wanted in group}
        self._known: dict[int, StoredContent] = {}
        self._mark = 0 if cache is None else cache.mark
        self._concurrency = concurrency
        self._elsewhere: list[tuple[int, Located]] = []

    async def run(self) -> None:
        """Every one of them has its result then."""
        items = []
        for index, wanted in self._wanted.items():
            kept = None if self._cache is None else self._cache.get(wanted.artifact, wanted.version)
            if kept is not None and kept[1]:
                await self._outcomes.put(index, kept[0])
                continue
            if kept is not None:
                self._known[index] = kept[0]
            unless = None if kept is None else kept[0].etag
            items.append((index, partial(wanted.to_json, self._scope, unless=unless)))
        await exchange(self._connection, f"{scope_path(self._scope)}/batch/load", items, self._take, self._refuse)
        await run_groups(self._elsewhere, self._fetch, at_once=self._concurrency)

    async def _take(self, index: int, result: Mapping[str, Any]) -> None:
        if members.number(result, "status") == HTTPStatus.NOT_MODIFIED and index in self._known:
            await self._arrived(index, self._known[index])
            return
        info = ContentInfo.of_version(VersionMetadata.of(result.get("version")))
        if result.get("content") is None:
            self._elsewhere.append((index, Located(info=info, request=SignedRequest.of(result.get("request")))))
            return
        text = members.text(result, "content")
        body = await off_loop(_decoded, text, size=len(text))
        located = Located(info=info, body=body)
        await self._arrived(index, await self._loader.fetch(self._wanted[index].artifact, located))

    async def _refuse(self, index: int, error: ArtifactError) -> None:
        if error.code != NO_ROOM:
            await self._outcomes.refuse(index, error)
            return
        wanted = self._wanted[index]
        await self._outcomes.put_each(index, self._load_one(wanted.artifact, wanted.version))

    async def _fetch(self, elsewhere: tuple[int, Located]) -> None:
        index, located = elsewhere
        try:
            content = await self._loader.fetch(self._wanted[index].artifact, located)
        except ArtifactIntegrityError:
            # Lost, damaged, or deleted meanwhile: by itself it is asked for once more, which tells.
            wanted = self._wanted[index]
            await self._outcomes.put_each(index, self._load_one(wanted.artifact, wanted.version))
        except ArtifactError as error:
            await self._outcomes.refuse(index, error)
        else:
            await self._arrived(index, content)

    async def _arrived(self, index: int, content: StoredContent) -> None:
        wanted = self._wanted[index]
        if self._cache is not None:
            self._cache.put(wanted.artifact, wanted.version, content, mark=self._mark)
        await self._outcomes.put(index, content)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise members.unexpected("content") from None
