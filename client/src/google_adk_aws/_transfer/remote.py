"""One version's content at the storage, read through signed URLs that expire and connections that break."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from artifact_store.names import ArtifactId
from google_adk_aws._errors import (
    ArtifactConnectionError,
    ArtifactError,
    ArtifactIntegrityError,
    UnexpectedResponseError,
)
from google_adk_aws._http.api import ArtifactApi, Located
from google_adk_aws._http.storage import URL_REFUSED, Storage, StorageAnswer
from google_adk_aws._http.transfer_wire import SignedRequest
from google_adk_aws._model import members
from google_adk_aws._resilience.retry import RetryPolicy

if TYPE_CHECKING:
    from google_adk_aws._model.wire import ContentInfo

__all__ = ["RemoteContent"]

_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,20})-(\d{1,20})/(\d{1,20})", re.ASCII)


class RemoteContent:
    """The content of one version.

    Args:
        api: Signs anew when a URL has expired.
        storage: Is read from.
        retry: How often is tried without a byte arriving.
        artifact: Whose version it is.
        located: Where its content is.

    Attributes:
        info: What is told of the version.
        size: Bytes of the content.
    """

    def __init__(
        self, api: ArtifactApi, storage: Storage, retry: RetryPolicy, *, artifact: ArtifactId, located: Located
    ) -> None:
        if located.request is None or located.info.size is None:
            raise members.unexpected("location")
        self.info: ContentInfo = located.info
        self.size: int = located.info.size
        self._api = api
        self._storage = storage
        self._retry = retry
        self._artifact = artifact
        self._request: SignedRequest = located.request
        self._request_works = True
        self._stored_as: str | None = None
        self._signing = asyncio.Lock()

    async def read(self, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` to `stop`; to be closed when it is not read to its end.

        Goes on where it was when a connection breaks, with a new URL when the old one has expired.

        Raises:
            ArtifactIntegrityError: The version is another one by now.
            ArtifactError: The storage does not give it.
        """
        position, failures = start, 0
        while position < stop:
            request = self._request
            try:
                async with contextlib.aclosing(self._arriving(request, position, stop)) as chunks:
                    async for chunk in chunks:
                        position, failures = position + len(chunk), 0
                        yield chunk
                if position < stop:
                    raise ArtifactConnectionError("the storage sent less than it said", code="no_answer")
            except ArtifactError as error:
                if error.code == URL_REFUSED:
                    await self._sign_again(request, error)
                    continue
                failures += 1
                if failures >= self._retry.attempts or not self._retry.is_worth_repeating(error):
                    raise
                await asyncio.sleep(self._retry.delay(attempt=failures, error=error))

    async def _arriving(self, request: SignedRequest, position: int, stop: int) -> AsyncGenerator[bytes, None]:
        headers = {} if (position, stop) == (0, self.size) else {"Range": f"bytes={position}-{stop - 1}"}
        if headers and self._stored_as is not None:
            headers["If-Range"] = self._stored_as
        async with self._storage.get(request, headers) as answer:
            self._request_works = True
            ignored = self._check(answer, position, stop, is_range=bool(headers))
            before = position if ignored else 0
            async with contextlib.aclosing(answer.chunks()) as chunks:
                async for arrived in chunks:
                    chunk = arrived[before:]
                    before -= len(arrived) - len(chunk)
                    if ignored:
                        chunk = chunk[: stop - position]
                    position += len(chunk)
                    if position > stop:
                        raise UnexpectedResponseError("the storage sent more than was asked", code="invalid_response")
                    yield chunk
                    if ignored and position == stop:
                        return

    def _check(self, answer: StorageAnswer, position: int, stop: int, *, is_range: bool) -> bool:
        """Whether this is the range, and of the same object as everything before; True if it is all of the content.

        A storage may ignore a range, and answer everything.
        """
        etag = answer.headers.get("etag")
        whole = answer.status == HTTPStatus.OK and answer.headers.get("content-length") == str(self.size)
        ignored = is_range and whole
        if is_range and not ignored:
            match = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
            fits = match is not None and tuple(map(int, match.groups())) == (position, stop - 1, self.size)
            if answer.status != HTTPStatus.PARTIAL_CONTENT or not fits:
                raise _changed("the storage has another content by now")
        elif not whole:
            raise _changed("the storage has another content than the API told")
        if self._stored_as is not None and etag != self._stored_as:
            raise _changed("the storage has another content by now")
        self._stored_as = etag
        return ignored

    async def _sign_again(self, refused: SignedRequest, error: ArtifactError) -> None:
        """Asks for a new URL, once for all who read: of the same version, or it fails."""
        async with self._signing:
            if self._request is not refused:
                return
            if not self._request_works:
                raise error
            located = await self._api.locate(self._artifact, self.info.version)
            if located is None or located.request is None or located.info.etag != self.info.etag:
                raise _changed("the version was deleted, and saved again with another content")
            self._request, self._request_works = located.request, False


def _changed(message: str) -> ArtifactIntegrityError:
    return ArtifactIntegrityError(message, code="artifact_changed")
