"""Every route, once: the resolver, the OpenAPI file and the template's test read this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

__all__ = ["ROUTES", "FunctionName", "Operation", "Route", "methods_of", "routes_of"]

Operation: TypeAlias = Literal[
    "save_artifact",
    "load_artifact",
    "list_artifacts",
    "list_versions",
    "describe_version",
    "delete_artifact",
    "batch_load",
    "batch_describe",
    "batch_save",
    "batch_delete",
    "delete_session",
    "delete_user",
    "describe_deletion",
    "health",
    "begin_upload",
    "sign_upload_parts",
    "describe_upload",
    "finalize_upload",
    "abort_upload",
    "create_link",
]
FunctionName: TypeAlias = Literal["read", "write", "delete"]

SESSION: Final = "/v1/apps/{app}/users/{user}/sessions/{session}"
USER: Final = "/v1/apps/{app}/users/{user}"

_GET: Final = ("GET",)
_GET_HEAD: Final = ("GET", "HEAD")
_POST: Final = ("POST",)
_DELETE: Final = ("DELETE",)

_PAGING: Final = frozenset({"limit", "cursor"})


@dataclass(frozen=True)
class Route:
    """One path with the methods that one operation answers.

    Attributes:
        function: The Lambda function that has the permissions for it.
        methods: HTTP methods.
        path: Path template as API Gateway and OpenAPI write it.
        operation: The operation's name, which is its module's too.
        name: The OpenAPI operationId.
        query: The query parameters it knows; others are refused.
    """

    function: FunctionName
    methods: tuple[str, ...]
    path: str
    operation: Operation
    name: str
    query: frozenset[str] = frozenset()


def _of_scope(scope: str, kind: str) -> tuple[Route, ...]:
    """What a session has, and a user beside its sessions."""
    artifacts, batch = f"{scope}/artifacts", f"{scope}/batch"
    artifact = f"{artifacts}/{{filename}}"
    versions = f"{artifact}/versions"
    version = f"{versions}/{{version}}"
    uploads = f"{artifact}/uploads"
    upload = f"{uploads}/{{upload}}"
    return (
        Route("read", _GET, artifacts, "list_artifacts", f"list{kind}Artifacts", _PAGING),
        Route("write", _POST, artifact, "save_artifact", f"save{kind}Artifact", frozenset({"unchanged"})),
        Route("read", _GET_HEAD, artifact, "load_artifact", f"load{kind}Artifact"),
        Route("delete", _DELETE, artifact, "delete_artifact", f"delete{kind}Artifact"),
        Route("read", _GET, versions, "list_versions", f"list{kind}ArtifactVersions", _PAGING),
        Route("read", _GET_HEAD, version, "load_artifact", f"load{kind}ArtifactVersion"),
        Route("read", _GET, f"{version}/metadata", "describe_version", f"describe{kind}ArtifactVersion"),
        Route("read", _POST, f"{version}/link", "create_link", f"link{kind}ArtifactVersion"),
        # Uploads are their caller's alone, so the write function does all to them.
        Route("write", _POST, uploads, "begin_upload", f"begin{kind}ArtifactUpload"),
        Route("write", _POST, f"{upload}/parts", "sign_upload_parts", f"sign{kind}ArtifactUploadParts"),
        Route("write", _GET, upload, "describe_upload", f"describe{kind}ArtifactUpload", frozenset({"after"})),
        Route("write", _POST, f"{upload}/finalize", "finalize_upload", f"finalize{kind}ArtifactUpload"),
        Route("write", _DELETE, upload, "abort_upload", f"abort{kind}ArtifactUpload"),
        Route("read", _POST, f"{batch}/load", "batch_load", f"batchLoad{kind}Artifacts"),
        Route("read", _POST, f"{batch}/describe", "batch_describe", f"batchDescribe{kind}Artifacts"),
        Route("write", _POST, f"{batch}/save", "batch_save", f"batchSave{kind}Artifacts"),
        Route("delete", _POST, f"{batch}/delete", "batch_delete", f"batchDelete{kind}Artifacts"),
    )


ROUTES: Final = (
    *_of_scope(SESSION, "Session"),
    *_of_scope(USER, "User"),
    Route("delete", _DELETE, f"{SESSION}/artifacts", "delete_session", "deleteSession"),
    Route("delete", _DELETE, USER, "delete_user", "deleteUser"),
    Route("read", _GET, f"{USER}/deletions/{{job}}", "describe_deletion", "describeUserDeletion"),
    Route("read", _GET, "/v1/health", "health", "health"),
)


def routes_of(function: FunctionName) -> tuple[Route, ...]:
    """The routes that one Lambda function answers."""
    return tuple(route for route in ROUTES if route.function == function)


def methods_of(path: str) -> frozenset[str]:
    """The methods that a request path is known with, by any function; none for an unknown path."""
    return frozenset(method for route in ROUTES if match(route.path, path) is not None for method in route.methods)


def match(template: str, path: str) -> dict[str, str] | None:
    """Reads a request path's segments by a template; None when it is another path.

    A segment may hold any character but a slash: what is wrong with it is told by whoever parses it.
    """
    expected, found = template.split("/"), path.split("/")
    if len(expected) != len(found):
        return None
    segments: dict[str, str] = {}
    for name, value in zip(expected, found, strict=True):
        if name.startswith("{"):
            segments[name[1:-1]] = value
        elif name != value:
            return None
    return segments
