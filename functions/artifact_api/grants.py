"""What a token lets its bearer do: scopes and bindings from its claims, or from the deployment's list of principals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from artifact_store import Scope
from artifact_store.permissions import EVERYTHING, Action, Kind, Permission, permissions_in

__all__ = [
    "Grant",
    "InvalidNames",
    "JwtRules",
    "Principal",
    "grant_of",
    "read_apps",
    "read_principals",
]

_ADMIN: Final = "artifact:admin"
_ANY: Final = "*"


class InvalidNames(Exception):
    """A parameter that names principals or audiences cannot be read: a deployment fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a bearer may do, and with whose artifacts.

    Attributes:
        actions: Each with the kind of artifacts that it is good for: of a session, or of a user across sessions.
        apps: Apps that the bearer is bound to; None for every app.
        users: Users that the bearer is bound to; None for every user.
    """

    actions: frozenset[Permission]
    apps: frozenset[str] | None
    users: frozenset[str] | None

    def covers(self, scope: Scope) -> bool:
        """Whether the bearer is bound to this app and this user."""
        return (self.apps is None or scope.app in self.apps) and (self.users is None or scope.user in self.users)

    def allows(self, action: Action, *kinds: Kind) -> bool:
        """Whether the bearer may do this with artifacts of all these kinds."""
        return all((action, kind) in self.actions for kind in kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """One whom the deployment knows by name, since its tokens carry no scopes: a service account, say.

    Attributes:
        scopes: As a token would have them.
        apps: Apps that it is bound to; None for every app.
        users: Users that it is bound to; None for what its token says.
    """

    scopes: Sequence[str]
    apps: frozenset[str] | None
    users: frozenset[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtRules:
    """How a deployment reads tokens.

    Attributes:
        scope_claim: The claim with the scopes: words with spaces between, or a list.
        app_claim: The claim that names the app; None when the audience does, or principals are named.
        user_claim: The claim that names the user.
        apps_by_audience: Which app an audience stands for.
        principals: Those whom the deployment names, by `sub` or by verified e-mail address.
    """

    scope_claim: str = "scope"
    app_claim: str | None = None
    user_claim: str = "sub"
    apps_by_audience: Mapping[str, str] = field(default_factory=dict)
    principals: Mapping[str, Principal] = field(default_factory=dict)


def grant_of(claims: Mapping[str, Any], rules: JwtRules) -> Grant:
    """Reads what a token that the gateway has checked is good for."""
    user = claims.get(rules.user_claim)
    own_user = frozenset([user]) if isinstance(user, str) and user else frozenset[str]()
    principal = _named(claims, rules.principals)
    if principal is not None:
        words, apps = principal.scopes, principal.apps
        users = own_user if principal.users is None else principal.users
    else:
        words, users = _words(claims.get(rules.scope_claim)), own_user
        apps = _apps(claims, rules)
    if _ADMIN in words:
        # Every user of the app: whoever serves agents acts for all of them.
        return Grant(actions=EVERYTHING, apps=apps, users=None)
    everyone = principal is not None and _ANY in users
    return Grant(actions=permissions_in(words), apps=apps, users=None if everyone else users)


def _apps(claims: Mapping[str, Any], rules: JwtRules) -> frozenset[str]:
    by_audience = rules.apps_by_audience
    named = [by_audience[audience] for audience in _words(claims.get("aud")) if audience in by_audience]
    if by_audience:
        return frozenset(named)
    app = claims.get(rules.app_claim) if rules.app_claim is not None else None
    return frozenset([app]) if isinstance(app, str) and app else frozenset()


def _named(claims: Mapping[str, Any], principals: Mapping[str, Principal]) -> Principal | None:
    verified = str(claims.get("email_verified", "")).lower() == "true"
    for name in (claims.get("sub"), claims.get("email") if verified else None):
        if isinstance(name, str) and name in principals:
            return principals[name]
    return None


def _words(value: object) -> Sequence[str]:
    """A claim's words. The gateway writes a list as `[one two]`."""
    if isinstance(value, str):
        return value.removeprefix("[").removesuffix("]").replace(",", " ").split()
    if isinstance(value, list):
        return [word for word in value if isinstance(word, str)]
    return []


def read_principals(text: str) -> Mapping[str, Principal]:
    """Reads the parameter that names principals: `{"NAME": {"scope": "…", "app": "…", "user": "…"}}`.

    An app or user is one name, a list of names, or `*`. Without a user, the token's own counts.

    Raises:
        InvalidNames: It is something else.
    """
    try:
        named = json.loads(text or "{}")
        return {name: _principal(members) for name, members in named.items()}
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise InvalidNames(
            'principals must be like {"NAME": {"scope": "artifact:read", "app": "reports", "user": "ada"}}'
        ) from error


def read_apps(text: str) -> Mapping[str, str]:
    """Reads the parameter that says which app an audience stands for: `{"AUDIENCE": "APP"}`.

    Raises:
        InvalidNames: It is something else.
    """
    try:
        return {audience: min(_names([app])) for audience, app in json.loads(text or "{}").items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise InvalidNames('apps of audiences must be like {"AUDIENCE": "APP"}') from error


def _principal(members: Mapping[str, Any]) -> Principal:
    unknown = members.keys() - {"scope", "app", "user"}
    if unknown:
        raise KeyError(min(unknown))
    apps = _names(members["app"])
    users = _names(members["user"]) if "user" in members else None
    return Principal(scopes=_words(members["scope"]), apps=None if _ANY in apps else apps, users=users)


def _names(value: object) -> frozenset[str]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise TypeError("a name, or a list of names")
    return frozenset(names)
