"""Who calls: read from what the gateway's authorizer found out, never from the request itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from artifact_api.errors import Unauthenticated
from artifact_api.settings import AuthMode

__all__ = ["Caller", "caller_of"]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A principal.

    Attributes:
        id: Stable and unique over accounts and issuers; idempotency keys and cursors are bound to it.
        claims: The token's claims, under JWT.
    """

    id: str
    claims: Mapping[str, Any] = field(default_factory=dict)


def caller_of(event: Mapping[str, Any], *, auth_mode: AuthMode) -> Caller:
    """Reads the caller of an API Gateway event (payload format 2.0).

    Raises:
        Unauthenticated: The event names nobody, which a route with an authorizer never lets through.
    """
    if auth_mode == "NONE":
        return Caller(id="local")
    authorizer: Mapping[str, Any] = event["requestContext"].get("authorizer") or {}
    if auth_mode == "IAM":
        iam: Mapping[str, Any] = authorizer.get("iam") or {}
        # A role's userId is `AROA…:session`; the session changes with every sign-in, the caller does not.
        principal = str(iam.get("userId") or "").partition(":")[0]
        if principal and iam.get("accountId"):
            return Caller(id=f"iam:{iam['accountId']}:{principal}")
    else:
        claims: Mapping[str, Any] = (authorizer.get("jwt") or {}).get("claims") or {}
        if claims.get("iss") and claims.get("sub"):
            # A space parts them: it occurs in no issuer, so that no subject can complete another's.
            return Caller(id=f"jwt:{claims['iss']} {claims['sub']}", claims=claims)
    raise Unauthenticated("the request carries no identity that the gateway has confirmed")
