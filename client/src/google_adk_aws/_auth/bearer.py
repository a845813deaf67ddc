"""Bearer tokens that the caller has, or gets."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import httpx

from google_adk_aws._errors import ArtifactUnauthenticatedError

__all__ = ["BearerAuth", "TokenProvider", "authorize", "checked_token", "is_refused"]

TokenProvider: TypeAlias = Callable[[], str | Awaitable[str]]

_TOKEN: Final = re.compile(r"[\x21-\x7e]+")


class BearerAuth(httpx.Auth):
    """Sends `Authorization: Bearer …` with a token, or with what a callable returns for each request.

    A plain callable runs in a thread, since fetching a token usually blocks; an asynchronous one is awaited.
    Caching and refreshing are the callable's business; it is asked again once when the API refuses its token
    (401), and what it then returns is sent if it is another token.
    """

    def __init__(self, token: str | TokenProvider) -> None:
        self._token = checked_token(token) if isinstance(token, str) else token
        if not isinstance(token, str) and not callable(token):
            raise TypeError(f"auth must be a string, a callable or an httpx.Auth, not {type(token).__name__}")

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Adds the header; a callable must be a plain one here."""
        token = self._token_now()
        response = yield authorize(request, token)
        if not isinstance(self._token, str) and is_refused(request, response):
            fresh = self._token_now()
            if fresh != token:
                yield authorize(request, fresh)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Adds the header without blocking the event loop."""
        token = await self._token_soon()
        response = yield authorize(request, token)
        if not isinstance(self._token, str) and is_refused(request, response):
            fresh = await self._token_soon()
            if fresh != token:
                yield authorize(request, fresh)

    def _token_now(self) -> str:
        token = self._token if isinstance(self._token, str) else _call(self._token)
        if inspect.isawaitable(token):
            if inspect.iscoroutine(token):
                token.close()
            raise TypeError("an asynchronous token callable needs an asynchronous client")
        return checked_token(token)

    async def _token_soon(self) -> str:
        if isinstance(self._token, str):
            return self._token
        if inspect.iscoroutinefunction(self._token):
            return checked_token(await _awaited(self._token()))
        token = await asyncio.to_thread(_call, self._token)
        return checked_token(await _awaited(token) if inspect.isawaitable(token) else token)

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


def checked_token(token: object) -> str:
    # httpx and h11 quote a header they refuse in their exceptions, so a bad token must not get that far.
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise ArtifactUnauthenticatedError(
            "a bearer token must be printable ASCII without spaces or line breaks", code="no_credentials"
        )
    return token


def authorize(request: httpx.Request, token: str) -> httpx.Request:
    """Puts the token into the request."""
    request.headers["Authorization"] = f"Bearer {token}"
    return request


def is_refused(request: httpx.Request, response: httpx.Response) -> bool:
    """Whether the token is what the API does not take, and the request can be sent again with another one."""
    if response.status_code != HTTPStatus.UNAUTHORIZED:
        return False
    try:
        request.content  # noqa: B018 - a stream that has been sent is gone, and httpx says so here
    except httpx.RequestNotRead:
        return False
    return True
