"""How requests prove who sends them.

The default, `auth="auto"`, signs with the machine's AWS credentials when the host is API Gateway's own
(`….execute-api.REGION.amazonaws.com`), and sends nothing otherwise.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

import httpx

from google_adk_aws._auth.bearer import BearerAuth, TokenProvider
from google_adk_aws._auth.google import GoogleIdToken
from google_adk_aws._auth.oauth2 import OAuth2ClientCredentials
from google_adk_aws._auth.sigv4 import SigV4Auth

__all__ = [
    "Auth",
    "BearerAuth",
    "GoogleIdToken",
    "OAuth2ClientCredentials",
    "SigV4Auth",
    "TokenProvider",
    "resolve_auth",
]

Auth: TypeAlias = str | TokenProvider | httpx.Auth | None

_EXECUTE_API: Final = re.compile(r"[a-z0-9-]+\.execute-api\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
# Words that somebody types who expects a mode; as a bearer token they would only puzzle the API.
_NO_TOKENS: Final = frozenset({"", "none", "sigv4", "aws", "jwt", "bearer", "oidc", "token"})


def resolve_auth(auth: Auth, url: httpx.URL) -> httpx.Auth | None:
    """Turns the `auth` argument of the service into what httpx takes."""
    if auth is None or isinstance(auth, httpx.Auth):
        return auth
    if isinstance(auth, str):
        mode = auth.casefold()
        if mode == "auto":
            return SigV4Auth(region=_gateway_region(url)) if url.scheme == "https" and _gateway_region(url) else None
        if mode == "iam":
            return SigV4Auth(region=_gateway_region(url))
        if mode in _NO_TOKENS:
            raise ValueError(f"auth={auth!r} is no bearer token; use None, 'auto', 'iam', a token or an httpx.Auth")
    return BearerAuth(auth)


def _gateway_region(url: httpx.URL) -> str | None:
    match = _EXECUTE_API.fullmatch(url.host)
    return match["region"] if match else None
