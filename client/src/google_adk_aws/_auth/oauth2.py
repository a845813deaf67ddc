"""OAuth 2.0 client credentials: a service with an id and a secret at an issuer of tokens (RFC 6749, section 4.4)."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, Literal
from urllib.parse import quote_plus

import httpx

from google_adk_aws._auth.tokens import FetchedToken, TokenAuth, TokenKeeper, expiry_in
from google_adk_aws._errors import ArtifactUnauthenticatedError

__all__ = ["OAuth2ClientCredentials"]

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_CODES: Final = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
)


class OAuth2ClientCredentials(TokenAuth):
    """Gets tokens for a client's id and secret (Cognito, Auth0, Okta, Entra ID, Keycloak, …) and keeps them fresh.

    A token is fetched with the first request, a minute before the old one expires, and once when the API refuses the
    one it was sent. One object serves any number of clients, tasks and threads.

    Args:
        token_url: The issuer's token endpoint; https, or http on this machine.
        client_id: Id at the issuer.
        client_secret: Secret at the issuer.
        scope: Scopes to ask for, with spaces between: `"artifact:read artifact:write"`.
        audience: Which API the token is for, where the issuer wants to know that.
        client_auth: `basic` puts id and secret into the Authorization header, `post` into the form.
        extra: More fields of the form.
        timeout: Seconds for connecting, sending and receiving, each.
        transport: Sends the requests in place of a connection of its own.

    Raises:
        ValueError: The URL is not one that a secret may be sent to.
    """

    def __init__(
        self,
        token_url: str,
        client_id: str,
        client_secret: str,
        *,
        scope: str | None = None,
        audience: str | None = None,
        client_auth: Literal["basic", "post"] = "basic",
        extra: Mapping[str, str] | None = None,
        timeout: float = 10.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._url = _checked(token_url)
        self._headers = {"Accept": "application/json"}
        self._form = {"grant_type": "client_credentials", **(extra or {})}
        self._form |= {name: value for name, value in (("scope", scope), ("audience", audience)) if value is not None}
        if client_auth == "basic":
            # Written as a form's fields first (RFC 6749, section 2.3.1).
            pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
            self._headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            self._form |= {"client_id": client_id, "client_secret": client_secret}
        self._timeout = timeout
        self._transport = transport
        super().__init__(TokenKeeper(self._fetch))

    def _fetch(self) -> FetchedToken:
        try:
            # A connection for each: an hour may lie between two.
            with httpx.Client(
                transport=self._transport, timeout=self._timeout, trust_env=self._transport is None
            ) as client:
                response = client.post(self._url, data=self._form, headers=self._headers)
        except httpx.HTTPError as error:
            raise _failed(f"{type(error).__name__} at {self._url.host}") from None
        if response.status_code != HTTPStatus.OK:
            raise _failed(f"{self._url.host} answered {response.status_code}{_reason(response)}")
        try:
            answer = response.json()
            token = answer["access_token"]
            seconds = float(answer["expires_in"]) if answer.get("expires_in") is not None else None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise _failed(f"{self._url.host} answered without an access_token") from None
        if seconds is None and isinstance(token, str):
            expiry = expiry_in(token)
            seconds = None if expiry is None else expiry - time.time()
        return FetchedToken(text=token, seconds=seconds)


def _checked(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        raise ValueError("token_url cannot be read") from None
    if not parsed.host or parsed.scheme not in {"http", "https"}:
        raise ValueError("token_url must be an https URL")
    if parsed.scheme == "http" and parsed.host not in _LOOPBACK:
        raise ValueError("token_url must be https: the secret would be sent in the clear")
    if parsed.userinfo or parsed.fragment:
        raise ValueError("token_url must not have a user, password or fragment")
    return parsed


def _reason(response: httpx.Response) -> str:
    """The error's code, if it is one of the standard's: other text may quote what was sent."""
    try:
        code = response.json()["error"]
    except (ValueError, TypeError, KeyError):
        return ""
    return f" ({code})" if isinstance(code, str) and code in _CODES else ""


def _failed(why: str) -> ArtifactUnauthenticatedError:
    return ArtifactUnauthenticatedError(f"no access token: {why}", code="no_credentials")
