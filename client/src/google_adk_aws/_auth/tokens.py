"""Tokens that are fetched, kept until shortly before they expire, and fetched anew when the API refuses them."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass, field
from typing import Final

import httpx

from google_adk_aws._auth.bearer import authorize, checked_token, is_refused
from google_adk_aws._errors import ArtifactUnauthenticatedError

__all__ = ["FetchedToken", "TokenAuth", "TokenKeeper", "expiry_in"]

logger = logging.getLogger(__name__)

_MARGIN_SECONDS: Final = 60.0
_MARGIN_SHARE: Final = 0.1
_PAUSE_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedToken:
    """A token, and how long it is good for.

    Attributes:
        text: The token.
        seconds: From when it was asked for; None when nobody knows.
    """

    text: str = field(repr=False)
    seconds: float | None


@dataclass(frozen=True, slots=True)
class _Kept:
    text: str
    renew_at: float
    expires_at: float


class TokenKeeper:
    """Keeps one token for any number of tasks, event loops and threads, and fetches it once for all of them.

    It is renewed a minute before it expires, or a tenth of its life if that is less. While it is still good, a fetch
    that fails does no harm.
    """

    def __init__(self, fetch: Callable[[], FetchedToken], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Prepares; fetches nothing.

        Args:
            fetch: Gets a new token; may block.
            monotonic: Seconds on a clock that never goes back.
        """
        self._fetch = fetch
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._kept: _Kept | None = None

    def at_hand(self) -> str | None:
        """The token, if no fetch is due; never blocks."""
        kept = self._kept
        return kept.text if kept is not None and self._monotonic() < kept.renew_at else None

    def get(self, *, refused: str | None = None) -> str:
        """The token; blocks while it is fetched, here or by someone else.

        Args:
            refused: A token that the API did not take; another one is fetched if this is the one that is kept.

        Raises:
            ArtifactUnauthenticatedError: There is none.
        """
        with self._lock:
            kept = self._kept
            if kept is not None and kept.text == refused:
                kept = self._kept = None
            now = self._monotonic()
            if kept is not None and now < kept.renew_at:
                return kept.text
            try:
                fetched = self._fetch()
                text = checked_token(fetched.text)
            except ArtifactUnauthenticatedError as error:
                if kept is None or now >= kept.expires_at:
                    raise
                logger.warning("the token could not be renewed yet: %s", error)
                self._kept = _Kept(kept.text, min(now + _PAUSE_SECONDS, kept.expires_at), kept.expires_at)
                return kept.text
            self._kept = _kept(text, now, fetched.seconds)
            return text


class TokenAuth(httpx.Auth):
    """Sends `Authorization: Bearer …` with a token that it keeps; a refused one (401) is replaced once."""

    def __init__(self, keeper: TokenKeeper) -> None:
        self._keeper = keeper

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Adds the header; blocks while a token is fetched."""
        token = self._keeper.get()
        response = yield authorize(request, token)
        if is_refused(request, response):
            fresh = self._keeper.get(refused=token)
            if fresh != token:
                yield authorize(request, fresh)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Adds the header without blocking the event loop."""
        kept = self._keeper.at_hand()
        token = await asyncio.to_thread(self._keeper.get) if kept is None else kept
        response = yield authorize(request, token)
        if is_refused(request, response):
            fresh = await asyncio.to_thread(self._keeper.get, refused=token)
            if fresh != token:
                yield authorize(request, fresh)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


def expiry_in(token: str) -> float | None:
    """When a JWT says that it expires, in seconds since 1970; None when it does not say. Nothing is verified."""
    parts = token.split(".")
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        return float(json.loads(payload)["exp"])
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        return None


def _kept(text: str, now: float, seconds: float | None) -> _Kept:
    if seconds is None:
        # Good until the API refuses it.
        return _Kept(text, float("inf"), float("inf"))
    return _Kept(text, now + seconds - min(_MARGIN_SECONDS, seconds * _MARGIN_SHARE), now + seconds)
