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

SESSION_ARTIFACTS: Final = "/v1/apps/{app}/users/{user}/sessions/{session}/artifacts"
USER: Final = "/v1/apps/{app}/users/{user}"
USER_ARTIFACTS: Final = f"{USER}/artifacts"

_PAGING: Final = frozenset({"limit", "cursor"})


@dataclass(frozen=True, kw_only=True)
class Route:
    """One path with the methods that one operation answers.

    Attributes:
        operation: The operation's name, which is its module's too.
        name: The OpenAPI operationId.
        function: The Lambda function that has the permissions for it.
        methods: HTTP methods.
        path: Path template as API Gateway and OpenAPI write it.
        query: The query parameters it knows; others are refused.
    """

    operation: Operation
    name: str
    function: FunctionName
    methods: tuple[str, ...]
    path: str
    query: frozenset[str] = frozenset()


def _under(base: str, scope: str) -> tuple[Route, ...]:
    one = base + "/{filename}"
    version = one + "/versions/{version}"
    return (
        Route(
            operation="save_artifact",
            name=f"save{scope}Artifact",
            function="write",
            methods=("POST",),
            path=one,
            query=frozenset({"unchanged"}),
        ),
        Route(
            operation="load_artifact", name=f"load{scope}Artifact", function="read", methods=("GET", "HEAD"), path=one
        ),
        Route(
            operation="delete_artifact", name=f"delete{scope}Artifact", function="delete", methods=("DELETE",), path=one
        ),
        Route(
            operation="list_artifacts",
            name=f"list{scope}Artifacts",
            function="read",
            methods=("GET",),
            path=base,
            query=_PAGING,
        ),
        Route(
            operation="list_versions",
            name=f"list{scope}ArtifactVersions",
            function="read",
            methods=("GET",),
            path=one + "/versions",
            query=_PAGING,
        ),
        Route(
            operation="load_artifact",
            name=f"load{scope}ArtifactVersion",
            function="read",
            methods=("GET", "HEAD"),
            path=version,
        ),
        Route(
            operation="describe_version",
            name=f"describe{scope}ArtifactVersion",
            function="read",
            methods=("GET",),
            path=version + "/metadata",
        ),
    )


def _transfers_under(base: str, scope: str) -> tuple[Route, ...]:
    """What goes between caller and bucket. Uploads are their caller's alone, so the write function does all to them."""
    uploads = base + "/{filename}/uploads"
    one = uploads + "/{upload}"
    return (
        Route(
            operation="begin_upload",
            name=f"begin{scope}ArtifactUpload",
            function="write",
            methods=("POST",),
            path=uploads,
        ),
        Route(
            operation="sign_upload_parts",
            name=f"sign{scope}ArtifactUploadParts",
            function="write",
            methods=("POST",),
            path=one + "/parts",
        ),
        Route(
            operation="describe_upload",
            name=f"describe{scope}ArtifactUpload",
            function="write",
            methods=("GET",),
            path=one,
            query=frozenset({"after"}),
        ),
        Route(
            operation="finalize_upload",
            name=f"finalize{scope}ArtifactUpload",
            function="write",
            methods=("POST",),
            path=one + "/finalize",
        ),
        Route(
            operation="abort_upload",
            name=f"abort{scope}ArtifactUpload",
            function="write",
            methods=("DELETE",),
            path=one,
        ),
        Route(
            operation="create_link",
            name=f"link{scope}ArtifactVersion",
            function="read",
            methods=("POST",),
            path=base + "/{filename}/versions/{version}/link",
        ),
    )


def _batches_under(base: str, scope: str) -> tuple[Route, ...]:
    batch = base.removesuffix("artifacts") + "batch/"
    return (
        Route(
            operation="batch_load",
            name=f"batchLoad{scope}Artifacts",
            function="read",
            methods=("POST",),
            path=batch + "load",
        ),
        Route(
            operation="batch_describe",
            name=f"batchDescribe{scope}Artifacts",
            function="read",
            methods=("POST",),
            path=batch + "describe",
        ),
        Route(
            operation="batch_save",
            name=f"batchSave{scope}Artifacts",
            function="write",
            methods=("POST",),
            path=batch + "save",
        ),
        Route(
            operation="batch_delete",
            name=f"batchDelete{scope}Artifacts",
            function="delete",
            methods=("POST",),
            path=batch + "delete",
        ),
    )


ROUTES: Final[tuple[Route, ...]] = (
    *_under(SESSION_ARTIFACTS, "Session"),
    *_under(USER_ARTIFACTS, "User"),
    *_transfers_under(SESSION_ARTIFACTS, "Session"),
    *_transfers_under(USER_ARTIFACTS, "User"),
    *_batches_under(SESSION_ARTIFACTS, "Session"),
    *_batches_under(USER_ARTIFACTS, "User"),
    Route(
        operation="delete_session",
        name="deleteSession",
        function="delete",
        methods=("DELETE",),
        path=SESSION_ARTIFACTS,
    ),
    Route(operation="delete_user", name="deleteUser", function="delete", methods=("DELETE",), path=USER),
    Route(
        operation="describe_deletion",
        name="describeUserDeletion",
        function="read",
        methods=("GET",),
        path=f"{USER}/deletions/{{job}}",
    ),
    Route(operation="health", name="health", function="read", methods=("GET",), path="/v1/health"),
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
