"""Who may do what: one table of operations, one decision, asked by every route before it parses anything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from artifact_api.caller import Caller
from artifact_api.routes import Operation
from artifact_api.settings import Settings
from artifact_store import ArtifactNotFound, Scope

__all__ = ["ACTIONS", "Action", "authorize"]

Action: TypeAlias = Literal["read", "write", "delete", "list", "none"]

ACTIONS: Final[Mapping[Operation, Action]] = {
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


def authorize(operation: Operation, caller: Caller, scope: Scope | None, *, settings: Settings) -> None:
    """Lets a caller do an operation on a scope, or not.

    Under IAM the gateway has decided by path. Under JWT the token's claims name the only app and user.

    Raises:
        ArtifactNotFound: It is someone else's; there is no telling whether it exists.
    """
    if ACTIONS[operation] == "none" or settings.auth_mode != "JWT":
        return
    if scope is None:
        raise ArtifactNotFound("a token is bound to an app and a user; this path names none")
    bound = [(settings.jwt_user_claim, scope.user)]
    if settings.jwt_app_claim is not None:
        bound.append((settings.jwt_app_claim, scope.app))
    if any(caller.claims.get(claim) != value for claim, value in bound):
        raise ArtifactNotFound("the token is bound to another app or user")
