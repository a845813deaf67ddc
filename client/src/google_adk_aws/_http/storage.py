"""The storage behind the API: requests that somebody else has signed.

Nothing that identifies the caller goes along. Requests are built here, not by a client, so that no default
header, cookie or authentication of a client can get into them.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from http import HTTPStatus
from typing import Final, TypeAlias

import httpx
from typing_extensions import override

from google_adk_aws._errors import (
    ArtifactConnectionError,
    ArtifactError,
    ArtifactForbiddenError,
    ArtifactIntegrityError,
    ArtifactServerError,
    ArtifactThrottledError,
    ArtifactUploadNotFoundError,
    UnexpectedResponseError,
)
from google_adk_aws._http.pool import ClientPool
from google_adk_aws._http.transfer_wire import SignedRequest
from google_adk_aws._http.transport import transport_errors

__all__ = ["URL_REFUSED", "Body", "Storage", "StorageAnswer"]

URL_REFUSED: Final = "url_refused"
"""The error code of a signed URL that the storage does not accept: it has expired, in most cases."""

Body = Callable[[], AsyncGenerator[bytes, None]]
"""The bytes of a request, from the start each time it is called."""

_DEFAULT_TIMEOUT: Final = httpx.Timeout(30.0, connect=5.0)
_LONGEST_REFUSAL: Final = 64 * 1024
_CODE: Final = re.compile(rb"<Code>([A-Za-z0-9.]{1,64})</Code>")

_Meaning: TypeAlias = tuple[type[ArtifactError], str]
_DAMAGED: Final[_Meaning] = (ArtifactIntegrityError, "digest_mismatch")
_REFUSED: Final[_Meaning] = (ArtifactForbiddenError, URL_REFUSED)
_BROKEN_OFF: Final[_Meaning] = (ArtifactConnectionError, "no_answer")
_THROTTLED: Final[_Meaning] = (ArtifactThrottledError, "storage_throttled")

_BY_CODE: Final[Mapping[str, _Meaning]] = {
    "BadDigest": _DAMAGED,
    "InvalidDigest": _DAMAGED,
    "XAmzContentSHA256Mismatch": _DAMAGED,
    "XAmzContentChecksumMismatch": _DAMAGED,
    "IncompleteBody": _BROKEN_OFF,
    "RequestTimeout": _BROKEN_OFF,
    # Of the credentials that signed, with a status of 400.
    "ExpiredToken": _REFUSED,
    "TokenRefreshRequired": _REFUSED,
    "SlowDown": _THROTTLED,
    "RequestLimitExceeded": _THROTTLED,
}


class _SecretUrl(httpx.URL):
    """A URL that keeps its query to itself: httpx logs requests' URLs, and tracers record them."""

    @override
    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc.decode('ascii')}{self.path}?[removed]"

    @override
    def __repr__(self) -> str:
        return f"URL({str(self)!r})"


class _Content(httpx.AsyncByteStream):
    def __init__(self, body: Body) -> None:
        self._body = body

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        async with contextlib.aclosing(self._body()) as chunks:
            async for chunk in chunks:
                yield chunk


class StorageAnswer:
    """Content that is arriving.

    Attributes:
        status: 200, or 206 for a range.
        headers: The answer's.
    """

    def __init__(self, response: httpx.Response, place: str) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self._response = response
        self._place = place

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The bytes as they are sent, whatever encoding the storage claims they have."""
        if self._response.is_stream_consumed:
            # A hook of a client that was handed in has read it.
            yield self._response.content
            return
        with transport_errors(self._place):
            async for chunk in self._response.aiter_raw():
                yield chunk


class Storage:
    """Sends signed requests, each one once.

    Args:
        http_client: Its transports are used, and it is not closed; its headers, cookies and auth are not used.
        timeout: Of connecting, sending and receiving.
        tls_only: Whether a URL without TLS is refused, as it is when the API itself is asked over TLS.
    """

    def __init__(
        self, *, http_client: httpx.AsyncClient | None, timeout: float | httpx.Timeout | None, tls_only: bool
    ) -> None:
        self._timeout = httpx.Timeout(timeout) if timeout is not None else None
        self._pool = ClientPool(http_client=http_client, timeout=self._timeout or _DEFAULT_TIMEOUT)
        self._schemes = frozenset({"https"}) if tls_only else frozenset({"https", "http"})

    async def aclose(self) -> None:
        """Closes the clients made here."""
        await self._pool.aclose()

    async def put(self, signed: SignedRequest, body: Body, *, size: int) -> None:
        """Sends content.

        Args:
            signed: The request.
            body: Its content.
            size: Bytes of it.

        Raises:
            ArtifactError: It was not stored. `code` is `URL_REFUSED` when a newly signed request may help,
                `digest_mismatch` when these are not the bytes that were signed.
        """
        async with self._answered(signed, {"Content-Length": str(size)}, _Content(body)) as (response, place):
            if response.status_code != HTTPStatus.OK:
                raise await _error_of(response, place)
            if "etag" not in response.headers:
                raise UnexpectedResponseError(
                    f"{place} answers a part like something that is no storage", code="invalid_response"
                )

    @contextlib.asynccontextmanager
    async def get(self, signed: SignedRequest, headers: Mapping[str, str]) -> AsyncIterator[StorageAnswer]:
        """Asks for content, or for a range of it.

        Args:
            signed: The request.
            headers: `Range` and `If-Range`, if wanted.

        Raises:
            ArtifactError: It is not to be had. `code` is `URL_REFUSED` when a newly signed request may help.
        """
        async with self._answered(signed, headers, None) as (response, place):
            if response.status_code not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
                raise await _error_of(response, place)
            yield StorageAnswer(response, place)

    @contextlib.asynccontextmanager
    async def _answered(
        self, signed: SignedRequest, headers: Mapping[str, str], content: _Content | None
    ) -> AsyncIterator[tuple[httpx.Response, str]]:
        url = self._checked(signed.url)
        place = f"the storage at {url.scheme}://{url.netloc.decode('ascii')}"
        client = await self._pool.client()
        timeout = self._timeout or client.timeout
        # httpx names the host by itself only where it is given no stream.
        ours = {"Host": url.netloc.decode("ascii"), **headers}
        known = {name.lower() for name in ours}
        sent = {name: value for name, value in signed.headers.items() if name.lower() not in known}
        request = httpx.Request(
            signed.method,
            url,
            headers={**ours, **sent},
            stream=content,
            extensions={"timeout": timeout.as_dict()},
        )
        request.url = url
        with transport_errors(place):
            response = await client.send(request, stream=True, auth=None, follow_redirects=False)
        try:
            yield response, place
        finally:
            await response.aclose()

    def _checked(self, url: str) -> _SecretUrl:
        try:
            parsed = _SecretUrl(url)
        except (httpx.InvalidURL, TypeError):
            raise UnexpectedResponseError("the API names a URL that cannot be read", code="invalid_url") from None
        if parsed.scheme not in self._schemes or not parsed.host or parsed.userinfo:
            raise UnexpectedResponseError(
                f"the API names a URL that is not followed: one of scheme {parsed.scheme!r}, "
                f"where only {' or '.join(sorted(self._schemes))} is",
                code="invalid_url",
            )
        return parsed


async def _error_of(response: httpx.Response, place: str) -> ArtifactError:
    """Which error a refusal is. Its text is not repeated: the storage quotes the request that it refuses."""
    status, code = response.status_code, await _code_of(response)
    said = f"{place} answered {status}" + (f" {code}" if code else "")
    request_id = response.headers.get("x-amz-request-id")
    kind, known_as = _BY_CODE.get(code) or _by_status(status, is_put=response.request.method == "PUT")
    if request_id:
        said += f" (request id {request_id})"
    return kind(said, code=known_as, status=status, request_id=request_id)


def _by_status(status: int, *, is_put: bool) -> _Meaning:
    if status == HTTPStatus.FORBIDDEN:
        return _REFUSED
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _THROTTLED
    if status == HTTPStatus.NOT_FOUND:
        # The API has just said that it is there: it was deleted meanwhile, or is lost. Asking again tells.
        return (ArtifactUploadNotFoundError, "upload_not_found") if is_put else (ArtifactIntegrityError, "content_gone")
    kind = ArtifactServerError if status >= HTTPStatus.INTERNAL_SERVER_ERROR else UnexpectedResponseError
    return kind, f"http_{status}"


async def _code_of(response: httpx.Response) -> str:
    body = bytearray()
    with contextlib.suppress(httpx.HTTPError):
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _LONGEST_REFUSAL:
                break
    match = _CODE.search(body)
    return match[1].decode() if match else ""
