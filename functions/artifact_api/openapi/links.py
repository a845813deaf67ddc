"""The links of docs/openapi.json: which operation goes on with what another one answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from artifact_api.routes import ROUTES, Operation, Route

__all__ = ["links", "names_in"]

Json: TypeAlias = dict[str, Any]

_VERSION: Final = {"version": "$response.body#/version"}
_UPLOAD: Final = {"upload": "$response.body#/uploadId"}
_NEXT_PAGE: Final = {"cursor": "$response.body#/nextCursor"}

_LINKS: Final[Mapping[Operation, Mapping[Operation, Mapping[str, str]]]] = {
    "save_artifact": {
        "load_artifact": _VERSION,
        "describe_version": _VERSION,
        "create_link": _VERSION,
        "list_versions": {},
        "delete_artifact": {},
    },
    "list_artifacts": {"list_artifacts": _NEXT_PAGE},
    "list_versions": {"list_versions": _NEXT_PAGE},
    "begin_upload": {
        "sign_upload_parts": _UPLOAD,
        "describe_upload": _UPLOAD,
        "finalize_upload": _UPLOAD,
        "abort_upload": _UPLOAD,
    },
    "finalize_upload": {"load_artifact": _VERSION, "describe_version": _VERSION},
    "delete_user": {"describe_deletion": {"job": "$response.body#/jobId"}},
}
"""Operation → the operations that follow it → the parameters that its answer has for them."""


def links(route: Route) -> Json:
    """The links of a route's answer when all went well; they stay in its scope."""
    return {
        target.name: {
            "operationId": target.name,
            "parameters": {
                name: f"$request.path.{name}" for name in names_in(route.path) if name in names_in(target.path)
            }
            | dict(given),
        }
        for operation, given in _LINKS.get(route.operation, {}).items()
        for target in ROUTES
        if target.operation == operation
        and ("{session}" in target.path) == ("{session}" in route.path)
        and {*names_in(target.path)} <= {*names_in(route.path), *given}
        and given.keys() <= {*names_in(target.path), *target.query}
    }


def names_in(path: str) -> list[str]:
    """The names of a path's parameters."""
    return [segment[1:-1] for segment in path.split("/") if segment.startswith("{")]
