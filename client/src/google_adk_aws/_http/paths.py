"""Paths of the artifact API."""

from __future__ import annotations

from urllib.parse import quote

from artifact_store.names import ArtifactId, Scope, encode

__all__ = ["artifact_path", "artifacts_path", "scope_path", "upload_path", "user_path", "version_path"]


def user_path(app: str, user: str) -> str:
    """`/v1/apps/{app}/users/{user}`."""
    return f"/v1/apps/{encode(app)}/users/{encode(user)}"


def scope_path(scope: Scope) -> str:
    """A user's path, or that of one of their sessions."""
    user = user_path(scope.app, scope.user)
    return user if scope.session is None else f"{user}/sessions/{encode(scope.session)}"


def artifacts_path(scope: Scope) -> str:
    """The list of a scope's artifacts."""
    return f"{scope_path(scope)}/artifacts"


def artifact_path(artifact: ArtifactId) -> str:
    """One artifact."""
    return f"{artifacts_path(artifact.scope)}/{artifact.encoded_filename}"


def version_path(artifact: ArtifactId, version: int | None) -> str:
    """One version of it; None is the latest."""
    return f"{artifact_path(artifact)}/versions/{'latest' if version is None else version}"


def upload_path(artifact: ArtifactId, upload_id: str) -> str:
    """One upload to it."""
    return f"{artifact_path(artifact)}/uploads/{quote(upload_id, safe='')}"
