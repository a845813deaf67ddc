"""Callers whose identity the gateway has confirmed, and the two ways to deploy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from artifact_api import wiring

__all__ = ["deployed", "iam", "token"]


def token(user: str = "u", *, app: str = "app", scope: str = "artifact:*") -> dict[str, Any]:
    """What the gateway's JWT authorizer hands on of a good token."""
    claims = {"iss": "https://issuer.example", "sub": user, "app": app, "scope": scope}
    return {"jwt": {"claims": claims, "scopes": None}}


def iam(role: str = "AROAONE", *, account: str = "111122223333") -> dict[str, Any]:
    """What the gateway hands on of a good signature."""
    return {"iam": {"accountId": account, "userId": f"{role}:session", "accessKey": "ASIAONE"}}


@contextmanager
def deployed(auth_mode: str, **variables: str) -> Iterator[None]:
    """Runs what is inside on the functions of a deployment with this AuthMode, over what is stored already."""
    kept: Mapping[str, Any] = {"store": wiring.store(), "erasures": wiring.erasures(), "eraser": wiring._eraser()}
    try:
        with pytest.MonkeyPatch.context() as environment:
            for name, value in {"AUTH_MODE": auth_mode, "JWT_APP_CLAIM": "app", **variables}.items():
                environment.setenv(name, value)
            wiring.reset()
            wiring.use(**kept)
            yield
    finally:
        wiring.reset()
        wiring.use(**kept)
