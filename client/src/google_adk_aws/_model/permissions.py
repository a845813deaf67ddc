"""What a service may do for the agent that it is handed to: asked before anything leaves the process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from artifact_store.names import USER_NAMESPACE, ArtifactId, Scope
from artifact_store.permissions import EVERYTHING, Action, Kind, Permission, permissions_in
from google_adk_aws._errors import ArtifactForbiddenError

__all__ = ["Permissions"]

_KNOWN: Final = "artifact:read, :write, :delete, :list or :*, each also with :session or :user behind it"


class Permissions:
    """Which operations go on.

    Args:
        words: `artifact:read`, `artifact:write:session`, …, as in `docs/authorization.md`; None allows everything.

    Raises:
        ValueError: One of the words is none.
    """

    def __init__(self, words: Iterable[str] | None) -> None:
        self._allowed: frozenset[Permission] = EVERYTHING
        if words is None:
            return
        # A text is a mistake that would otherwise be read letter by letter.
        given: list[Any] = words.split() if isinstance(words, str) else list(words)
        for word in given:
            if not isinstance(word, str) or not permissions_in([word]):
                raise ValueError(f"permissions: {word!r} is none; there are {_KNOWN}")
        self._allowed = permissions_in(given)

    @property
    def changes(self) -> bool:
        """Whether anything may be saved or deleted."""
        return any(action in {"write", "delete"} for action, _ in self._allowed)

    def check(self, action: Action, of: ArtifactId | Scope) -> None:
        """Refuses what is not allowed with an artifact, or with a scope's own artifacts.

        Raises:
            ArtifactForbiddenError: It is not allowed. `details["permission"]` is the one that is missing.
        """
        scope = of.scope if isinstance(of, ArtifactId) else of
        kind: Kind = "user" if scope.session is None else "session"
        if (action, kind) not in self._allowed:
            permission = f"artifact:{action}:{kind}"
            raise ArtifactForbiddenError(
                f"this service may not {action} artifacts of a {kind}: it lacks the permission {permission}",
                code="permission_missing",
                permission=permission,
            )

    def shows(self, filename: str, scope: Scope) -> bool:
        """Whether a name of a scope's list may be told: a session's has the user's own, too."""
        is_users = scope.session is not None and filename.startswith(USER_NAMESPACE)
        return not is_users or ("list", "user") in self._allowed
