"""Writes docs/openapi.json from the table of routes and the wire's types. Runs at build time only.

    python -m artifact_api.openapi [--check] [FILE]

`--check` writes nothing and exits with 1 when the file is stale.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final, TypeAlias

from pydantic import ConfigDict, TypeAdapter

from artifact_api import batch_wire
from artifact_api import openapi_batch_texts as batch_texts
from artifact_api import openapi_texts as texts
from artifact_api import openapi_upload_texts as upload_texts
from artifact_api.batch_running import MAX_ITEMS
from artifact_api.content import MAX_IDEMPOTENCY_KEY_CHARACTERS, MAX_METADATA_HEADER_BYTES
from artifact_api.create_link import DEFAULT_LINK_SECONDS, MAX_LINK_SECONDS
from artifact_api.problems import CODES
from artifact_api.request import DEFAULT_LIMIT, MAX_LIMIT
from artifact_api.routes import ROUTES, Operation, Route
from artifact_api.sign_upload_parts import MAX_SIGNED_PARTS
from artifact_api.upload_ids import MAX_UPLOAD_ID_CHARACTERS
from artifact_api.upload_wire import (
    BeginUploadInput,
    FinalizeUploadInput,
    LinkInput,
    LinkJson,
    SignedPartJson,
    SignedParts,
    SignUploadPartsInput,
    UploadedPartJson,
    UploadJson,
    UploadPartInput,
    UploadState,
)
from artifact_api.wire import (
    ArtifactList,
    ArtifactSummaryJson,
    DeletionJson,
    Health,
    PartJson,
    ProblemJson,
    SessionDeleted,
    SignedRequestJson,
    VersionList,
    VersionMetadata,
)
from artifact_store.model import MAX_MIME_TYPE_CHARACTERS
from artifact_store.names import MAX_FILENAME_BYTES, MAX_KEY_BYTES, MAX_VERSION, USER_NAMESPACE
from artifact_store.transfers import MAX_PART_BYTES, MAX_PARTS, MAX_UPLOAD_BYTES, MIN_PART_BYTES

__all__ = ["build", "main", "render"]

Json: TypeAlias = dict[str, Any]

_FILE: Final = Path(__file__).parents[2] / "docs" / "openapi.json"
_PROBLEM: Final = "application/problem+json"
_MAX_CURSOR_CHARACTERS: Final = 4096
_COMPONENT: Final = "([A-Za-z0-9._@-]|![0-9A-F]{2})+"

_TYPES: Final = {
    "Part": PartJson,
    "VersionMetadata": VersionMetadata,
    "VersionList": VersionList,
    "ArtifactList": ArtifactList,
    "Health": Health,
    "Problem": ProblemJson,
    "SignedRequest": SignedRequestJson,
    "Upload": UploadJson,
    "UploadState": UploadState,
    "SignedParts": SignedParts,
    "Link": LinkJson,
    "LoadedBatch": batch_wire.LoadedBatch,
    "DescribedBatch": batch_wire.DescribedBatch,
    "SavedBatch": batch_wire.SavedBatch,
    "DeletedBatch": batch_wire.DeletedBatch,
    "SessionDeleted": SessionDeleted,
    "Deletion": DeletionJson,
}
_INPUTS: Final = {
    "BeginUpload": BeginUploadInput,
    "SignUploadParts": SignUploadPartsInput,
    "FinalizeUpload": FinalizeUploadInput,
    "CreateLink": LinkInput,
    "BatchToLoad": batch_wire.BatchToLoad,
    "BatchToSave": batch_wire.BatchToSave,
    "BatchToDelete": batch_wire.BatchToDelete,
}
_BATCH_INPUTS: Final = (batch_wire.ItemToLoad, batch_wire.ItemToSave, batch_wire.ItemToDelete)
_MEMBERS: Final = (
    ArtifactSummaryJson,
    SignedPartJson,
    UploadedPartJson,
    UploadPartInput,
    *_BATCH_INPUTS,
    batch_wire.LoadedItem,
    batch_wire.LinkedItem,
    batch_wire.UnchangedItem,
    batch_wire.RefusedItem,
    batch_wire.DescribedItem,
    batch_wire.SavedItem,
    batch_wire.DeletedItem,
)
"""Types that occur only inside of the others."""

_RENAMED: Final = {
    "PartJson": "Part",
    "ProblemJson": "Problem",
    "ArtifactSummaryJson": "ArtifactSummary",
    "SignedRequestJson": "SignedRequest",
    "UploadJson": "Upload",
    "SignedPartJson": "SignedPart",
    "UploadedPartJson": "UploadedPart",
    "BeginUploadInput": "BeginUpload",
    "SignUploadPartsInput": "SignUploadParts",
    "FinalizeUploadInput": "FinalizeUpload",
    "LinkJson": "Link",
    "LinkInput": "CreateLink",
    "DeletionJson": "Deletion",
}
_REFUSES_UNKNOWN: Final = frozenset({*_INPUTS, "UploadPartInput", *(one.__name__ for one in _BATCH_INPUTS)})

_OPERATIONS: Final = {**texts.OPERATIONS, **upload_texts.OPERATIONS, **batch_texts.OPERATIONS}
_OPERATION_PARAMETERS: Final[dict[Operation, tuple[str, ...]]] = {
    "save_artifact": (
        "Idempotency-Key",
        "Content-Digest",
        "Artifact-Part",
        "Artifact-Metadata",
        "If-Match",
        "If-None-Match-Any",
    ),
    "finalize_upload": ("If-Match", "If-None-Match-Any"),
    "load_artifact": ("If-None-Match", "Range", "If-Range"),
}
_QUERY: Final = ("limit", "cursor", "after", "unchanged")

_CONSTRAINTS: Final[dict[str, Json]] = {
    "version": {"minimum": 0, "maximum": MAX_VERSION},
    "size": {"minimum": 0},
    "canonicalUri": {"pattern": "^s3://[^/]+/.+$"},
    "createTime": {"minimum": 0},
    "sha256": {"pattern": "^[0-9a-f]{64}$"},
    "etag": {"pattern": '^"[!#-~]+"$'},
    "mimeType": {"minLength": 1, "maxLength": MAX_MIME_TYPE_CHARACTERS},
    "nextCursor": {"minLength": 1, "maxLength": _MAX_CURSOR_CHARACTERS},
    "code": {"enum": list(CODES)},
    "status": {"minimum": 400, "maximum": 599},
    "uploadId": {"minLength": 1, "maxLength": MAX_UPLOAD_ID_CHARACTERS, "pattern": "^[A-Za-z0-9_-]+$"},
    "partSize": {"minimum": 0, "maximum": MAX_PART_BYTES},
    "partCount": {"minimum": 1, "maximum": MAX_PARTS},
    "nextPart": {"minimum": 1, "maximum": MAX_PARTS},
    "number": {"minimum": 1, "maximum": MAX_PARTS},
    "expiresAt": {"minimum": 0},
    "expiresIn": {"minimum": 1, "maximum": MAX_LINK_SECONDS, "default": DEFAULT_LINK_SECONDS},
    "retryAfter": {"minimum": 1},
    "items": {"minItems": 1, "maxItems": MAX_ITEMS},
    "content": {"contentEncoding": "base64"},
    "idempotencyKey": {"minLength": 1, "maxLength": MAX_IDEMPOTENCY_KEY_CHARACTERS, "pattern": "^[ -~]+$"},
    "jobId": {"pattern": "^[0-9a-f]{32}$"},
}
"""What the wire's types cannot say, by member."""


def build() -> Json:
    """The OpenAPI document."""
    paths: Json = {}
    for route in ROUTES:
        for method in route.methods:
            paths.setdefault(route.path, {})[method.lower()] = _operation(route, method)
    for path, item in paths.items():
        parameters = [{"$ref": f"#/components/parameters/{name}"} for name in _path_parameters(path)]
        paths[path] = {"parameters": parameters, **item} if parameters else item
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Artifact API",
            "version": "1.0.0",
            "summary": texts.SUMMARY,
            "description": texts.DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": texts.SERVERS,
        "security": [{"sigv4": []}, {"jwt": []}],
        "tags": texts.TAGS,
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "parameters": _parameters(),
            "headers": _headers(),
            "examples": {code: {"value": _example(code)} for code in texts.PROBLEM_EXAMPLES},
            "securitySchemes": texts.SECURITY_SCHEMES,
        },
    }


def render() -> str:
    """The document as it is committed."""
    return json.dumps(build(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Writes or checks the file; the exit code is 1 when a check finds it stale."""
    parser = argparse.ArgumentParser(prog="python -m artifact_api.openapi", description="The API's OpenAPI file.")
    parser.add_argument("file", nargs="?", type=Path, default=_FILE, help="default: docs/openapi.json")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when the file is stale")
    options = parser.parse_args(arguments)
    file, text = options.file, render()
    if not options.check:
        file.write_text(text, encoding="utf-8")
        return 0
    if file.is_file() and file.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write(f"{file.name} is stale: run `make openapi`\n")
    return 1


def _operation(route: Route, method: str) -> Json:
    text = _OPERATIONS[route.operation]
    head = method == "HEAD"
    operation: Json = {
        "operationId": f"head{route.name.removeprefix('load')}" if head else route.name,
        "tags": [_tag(route)],
        "summary": f"{text.summary}, without it" if head else text.summary,
        "description": text.description,
    }
    parameters = [{"$ref": f"#/components/parameters/{name}"} for name in _other_parameters(route, head=head)]
    if parameters:
        operation["parameters"] = parameters
    if route.operation == "save_artifact":
        operation["requestBody"] = texts.SAVE_BODY
    elif text.body is not None:
        content = {"schema": {"$ref": f"#/components/schemas/{text.body}"}, "example": text.body_example}
        operation["requestBody"] = {"required": not text.body_optional, "content": {"application/json": content}}
    operation["responses"] = _responses(route, head=head)
    return operation


def _tag(route: Route) -> str:
    if "{app}" not in route.path:
        return "service"
    return "session artifacts" if "{session}" in route.path else "user artifacts"


def _path_parameters(path: str) -> list[str]:
    names = [segment[1:-1] for segment in path.split("/") if segment.startswith("{")]
    return ["sessionFilename" if name == "filename" and "session" in names else name for name in names]


def _other_parameters(route: Route, *, head: bool) -> list[str]:
    headers = _OPERATION_PARAMETERS.get(route.operation, ())
    asked = [name for name in headers if not (head and name in {"Range", "If-Range"})]
    return [*asked, *(name for name in _QUERY if name in route.query)]


def _responses(route: Route, *, head: bool) -> Json:
    text = _OPERATIONS[route.operation]
    answer: Json = {"description": text.answer}
    if text.answer_headers:
        answer["headers"] = _header_refs(*text.answer_headers)
    if text.schema is not None:
        answer["content"] = {
            "application/json": {"schema": {"$ref": f"#/components/schemas/{text.schema}"}, "example": text.example}
        }
    elif text.octets and not head:
        answer["content"] = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    responses: Json = {str(text.status): answer}
    codes = text.codes
    if "unchanged" in route.query:
        headers = answer["headers"] | _header_refs("Artifact-Unchanged")
        responses["200"] = {**answer, "description": "The latest version, which is the same.", "headers": headers}
    if route.operation == "load_artifact":
        responses |= _load_responses(answer, head=head)
        codes = tuple(code for code in codes if not (head and code == "range_not_satisfiable"))
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(CODES[code].status, []).append(code)
    for status in sorted(by_status):
        responses[str(status)] = _problem(by_status[status], head=head)
    for status, description in texts.GATEWAY_ANSWERS.items():
        gateway = responses.setdefault(str(status), {"description": description})
        if not head:
            message = {"schema": {"$ref": "#/components/schemas/GatewayMessage"}}
            gateway.setdefault("content", {})["application/json"] = message
    return responses


def _load_responses(answer: Json, *, head: bool) -> Json:
    """What a load answers beside 200, whose answer is amended, and problems."""
    known = answer["headers"]
    not_modified = {"description": "The client has this version already.", "headers": _header_refs("ETag")}
    if head:
        answer["headers"] = known | _header_refs("Accept-Ranges", "Content-Length")
        return {"304": not_modified}
    answer["headers"] = known | _header_refs("Accept-Ranges")
    return {
        "206": {
            "description": "The range of the content that was asked for; Content-Digest is that of the range.",
            "headers": known | _header_refs("Accept-Ranges", "Content-Range"),
            "content": answer["content"],
        },
        "304": not_modified,
        "307": {"description": texts.REDIRECT, "headers": known | _header_refs("Location")},
    }


def _header_refs(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _problem(codes: list[str], *, head: bool) -> Json:
    means = "; ".join(f"`{code}`: {CODES[code].title}" for code in codes)
    problem: Json = {"description": f"{means}."}
    headers = ["Retry-After"] if any(code in texts.RETRIED for code in codes) else []
    if "range_not_satisfiable" in codes:
        headers.append("Content-Range")
    if headers:
        problem["headers"] = _header_refs(*headers)
    if not head:
        examples = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
        problem["content"] = {_PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}}
    return problem


def _example(code: str) -> Json:
    status, title = CODES[code]
    return {
        "type": f"urn:artifact-api:problem:{code}",
        "title": title,
        "status": status.value,
        **texts.PROBLEM_EXAMPLES[code],
        "code": code,
        "requestId": "Lq0hXi8tjoEEPJw=",
    }


def _schemas() -> Json:
    types = _TYPES | _INPUTS
    _read_docstrings(*types.values(), *_MEMBERS)
    inputs: Any = [(name, "serialization", TypeAdapter(type_)) for name, type_ in types.items()]
    _, definitions = TypeAdapter.json_schemas(inputs, ref_template="#/components/schemas/{model}")
    schemas: Json = {}
    for name, schema in definitions["$defs"].items():
        schemas[_RENAMED.get(name, name)] = _tidy(schema)
    schemas["GatewayMessage"] = texts.GATEWAY_MESSAGE
    schemas["PartInput"] = _part_input(schemas["Part"])
    for name in _REFUSES_UNKNOWN:
        schemas[name]["additionalProperties"] = False
    _refine_bodies(schemas)
    return dict(sorted(schemas.items()))


def _read_docstrings(*types: Any) -> None:
    """Lets pydantic take the descriptions of members from the docstrings below them."""
    for each in types:
        each.__pydantic_config__ = ConfigDict(use_attribute_docstrings=True)


def _tidy(schema: Json) -> Json:
    """Drops pydantic's titles, renames references, adds what types cannot say."""
    tidy: Json = {name: value for name, value in schema.items() if name != "title"}
    for name, member in tidy.get("properties", {}).items():
        member.pop("title", None)
        constraints = _CONSTRAINTS.get(name)
        if constraints and not {"$ref", "const", "enum"} & member.keys():
            target = next((one for one in member.get("anyOf", ()) if one.get("type") == "string"), member)
            target.update(constraints)
        listed = member.get("items", {})
        for holder in (member, listed, *member.get("anyOf", ()), *listed.get("anyOf", ())):
            if "$ref" in holder:
                reference = holder["$ref"].rpartition("/")[2]
                holder["$ref"] = f"#/components/schemas/{_RENAMED.get(reference, reference)}"
    return tidy


def _part_input(part: Json) -> Json:
    return {
        **part,
        "description": "What a save says of its part. Absent members: kind `bytes`, mimeType = Content-Type, no name.",
        "required": [],
        "additionalProperties": False,
    }


def _refine_bodies(schemas: Json) -> None:
    """What is so of some bodies only."""
    begin = schemas["BeginUpload"]["properties"]
    begin["size"]["maximum"] = MAX_UPLOAD_BYTES
    begin["partSize"]["minimum"] = MIN_PART_BYTES
    schemas["SignUploadParts"]["properties"]["parts"] |= {"minItems": 1, "maxItems": MAX_SIGNED_PARTS}
    for name in ("FinalizeUpload", "ItemToSave"):
        part = schemas[name]["properties"]["part"]
        part["anyOf"] = [{"$ref": "#/components/schemas/PartInput"}, {"type": "null"}]


def _parameters() -> Json:
    def in_path(name: str, pattern: str, longest: int, example: str) -> Json:
        return {
            "name": name,
            "in": "path",
            "required": True,
            "description": texts.PARAMETERS[name],
            "schema": {"type": "string", "pattern": f"^{pattern}$", "maxLength": longest},
            "example": example,
        }

    def optional(name: str, place: str, schema: Json, example: Any) -> Json:
        return {
            "name": name,
            "in": place,
            "description": texts.PARAMETERS[name],
            "schema": schema,
            "example": example,
        }

    packed = {"type": "string", "maxLength": MAX_METADATA_HEADER_BYTES, "contentEncoding": "base64url"}
    limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    key = {"type": "string", "minLength": 1, "maxLength": MAX_IDEMPOTENCY_KEY_CHARACTERS, "pattern": "^[ -~]+$"}
    digest = {"type": "string", "pattern": "sha-256=:[A-Za-z0-9+/]{43}=:"}
    user_file = f"({USER_NAMESPACE})?{_COMPONENT}"
    return {
        "app": in_path("app", _COMPONENT, MAX_KEY_BYTES, "reports"),
        "user": in_path("user", _COMPONENT, MAX_KEY_BYTES, "ada@example.com"),
        "session": in_path("session", _COMPONENT, MAX_KEY_BYTES, "s-1"),
        "filename": in_path("filename", _COMPONENT, MAX_FILENAME_BYTES, "charts!2Fq1.png"),
        "sessionFilename": {
            **in_path("filename", user_file, MAX_FILENAME_BYTES + len(USER_NAMESPACE), "charts!2Fq1.png"),
            "description": texts.PARAMETERS["sessionFilename"],
        },
        "version": in_path("version", "(latest|0|[1-9][0-9]{0,9})", len(str(MAX_VERSION)), "latest"),
        "upload": in_path("upload", "[A-Za-z0-9_-]+", MAX_UPLOAD_ID_CHARACTERS, upload_texts.UPLOAD_ID),
        "job": in_path("job", "[0-9a-f]{32}", len(batch_texts.JOB_ID), batch_texts.JOB_ID),
        "after": optional(
            "after", "query", {"type": "integer", "minimum": 0, "maximum": MAX_PARTS, "default": 0}, 1000
        ),
        "limit": optional("limit", "query", limit, DEFAULT_LIMIT),
        "cursor": optional("cursor", "query", {"type": "string", "maxLength": _MAX_CURSOR_CHARACTERS}, "1AbC"),
        "If-None-Match": optional("If-None-Match", "header", {"type": "string"}, texts.ETAG),
        "If-Match": optional("If-Match", "header", {"type": "string"}, texts.ETAG),
        "If-None-Match-Any": {
            **optional("If-None-Match", "header", {"type": "string", "const": "*"}, "*"),
            "description": texts.PARAMETERS["If-None-Match-Any"],
        },
        "unchanged": optional("unchanged", "query", {"type": "string", "const": "skip"}, "skip"),
        "Range": optional("Range", "header", {"type": "string"}, "bytes=0-1023"),
        "If-Range": optional("If-Range", "header", {"type": "string"}, texts.ETAG),
        "Idempotency-Key": optional("Idempotency-Key", "header", key, "2f1f7a3e-9c1b-4e0e-b6a5-0a4b8f1d7c55"),
        "Content-Digest": optional("Content-Digest", "header", digest, texts.DIGEST),
        "Artifact-Part": optional("Artifact-Part", "header", {**packed, **_json("PartInput")}, texts.PART),
        "Artifact-Metadata": optional(
            "Artifact-Metadata",
            "header",
            {**packed, "contentMediaType": "application/json", "contentSchema": {"type": "object"}},
            texts.METADATA,
        ),
    }


def _headers() -> Json:
    schemas: dict[str, Json] = {
        "ETag": {"type": "string", "pattern": '^"[!#-~]+"$'},
        "Location": {"type": "string", "format": "uri-reference"},
        "Idempotency-Key": {"type": "string"},
        "Idempotency-Replayed": {"type": "string", "const": "true"},
        "Artifact-Unchanged": {"type": "string", "const": "true"},
        "Content-Digest": {"type": "string"},
        "Content-Disposition": {"type": "string", "pattern": "^attachment; filename\\*=UTF-8''"},
        "Last-Modified": {"type": "string"},
        "Accept-Ranges": {"type": "string", "const": "bytes"},
        "Content-Length": {"type": "integer", "minimum": 0},
        "Content-Range": {"type": "string", "pattern": "^bytes ([0-9]+-[0-9]+|[*])/[0-9]+$"},
        "Artifact-Version": {"type": "integer", "minimum": 0, "maximum": MAX_VERSION},
        "Artifact-Size": {"type": "integer", "minimum": 0},
        "Artifact-Part": {"type": "string", "contentEncoding": "base64url", **_json("Part")},
        "Artifact-Metadata": {"type": "string", "contentEncoding": "base64url", "contentMediaType": "application/json"},
        "Retry-After": {"type": "integer", "minimum": 1},
    }
    return {name: {"description": texts.HEADERS[name], "schema": schema} for name, schema in schemas.items()}


def _json(schema: str) -> Json:
    return {"contentMediaType": "application/json", "contentSchema": {"$ref": f"#/components/schemas/{schema}"}}


if __name__ == "__main__":
    sys.exit(main())
