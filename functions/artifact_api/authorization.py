"""Who may do what: one table of operations, one decision, asked by every route before it parses anything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from artifact_api.caller import Caller
from artifact_api.errors import Forbidden
from artifact_api.grants import Grant, grant_of
from artifact_api.routes import Operation
from artifact_api.settings import Settings
from artifact_store import ArtifactNotFound, Scope
from artifact_store.permissions import Action, Kind

__all__ = ["ACTIONS", "KINDS", "authorize", "may_list_users"]

ACTIONS: Final[Mapping[Operation, Action | Literal["none"]]] = {
    "save_artifact": "write",
    "load_artifact": "read",
    "list_artifacts": "list",
    "list_versions": "list",
    "describe_version": "read",
    "delete_artifact": "delete",
    "batch_load": "read",
    "batch_describe": "read",
    "batch_save": "write",
    "batch_delete": "delete",
    "delete_session": "delete",
    "delete_user": "delete",
    "describe_deletion": "read",
    "health": "none",
    "begin_upload": "write",
    "sign_upload_parts": "write",
    "describe_upload": "write",
    "finalize_upload": "write",
    "abort_upload": "write",
    "create_link": "read",
}
"""What each operation does to artifacts. An operation that is not here is never run."""

KINDS: Final[Mapping[Operation, tuple[Kind, ...]]] = {
    # Each item is asked for by itself, as the operation that it is, with its own scope.
    "batch_load": (),
    "batch_describe": (),
    "batch_save": (),
    "batch_delete": (),
    "delete_user": ("session", "user"),
    "describe_deletion": ("session", "user"),
}
"""Operations that touch artifacts of kinds which their path does not tell."""


def authorize(operation: Operation, caller: Caller, scope: Scope | None, *, settings: Settings) -> None:
    """Lets a caller do an operation on a scope, or not.

    Under IAM the gateway has decided by path. Under JWT the token says whose artifacts, and what.

    Args:
        operation: What is asked for.
        caller: Who asks.
        scope: Whose artifacts: the artifact's own scope where there is an artifact.
        settings: How tokens are read.

    Raises:
        ArtifactNotFound: It is someone else's; there is no telling whether it exists.
        Forbidden: It is the caller's own, but the token is not good for this.
    """
    action = ACTIONS[operation]
    if action == "none" or settings.auth_mode != "JWT":
        return
    grant = _grant(caller, settings)
    if scope is None or not grant.covers(scope):
        raise ArtifactNotFound("the token is bound to another app or user")
    kinds = KINDS.get(operation, (scope.kind,))
    if not grant.allows(action, *kinds):
        raise Forbidden(f"the token lacks the scope artifact:{action}")


def may_list_users(caller: Caller, *, settings: Settings) -> bool:
    """Whether a caller that lists a session may see the user's artifacts in that list."""
    return settings.auth_mode != "JWT" or _grant(caller, settings).allows("list", "user")


def _grant(caller: Caller, settings: Settings) -> Grant:
    return grant_of(caller.claims, settings.jwt)
