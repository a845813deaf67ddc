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

from artifact_api.openapi import batch_texts, texts, upload_texts
from artifact_api.openapi.links import links, names_in
from artifact_api.openapi.parameters import headers, parameters
from artifact_api.openapi.schemas import schemas
from artifact_api.problems import CODES
from artifact_api.routes import ROUTES, Operation, Route

__all__ = ["build", "main", "render"]

Json: TypeAlias = dict[str, Any]

_FILE: Final = Path(__file__).parents[3] / "docs" / "openapi.json"
_PROBLEM: Final = "application/problem+json"

_OPERATIONS: Final = {**texts.OPERATIONS, **upload_texts.OPERATIONS, **batch_texts.OPERATIONS}
_OPERATION_PARAMETERS: Final[dict[Operation, tuple[str, ...]]] = {
    "save_artifact": (
        "Idempotency-Key",
        "Content-Digest",
        "Artifact-Part",
        "Artifact-Metadata",
        "Artifact-Ttl",
        "If-Match",
        "If-None-Match-Any",
    ),
    "finalize_upload": ("If-Match", "If-None-Match-Any"),
    "load_artifact": ("If-None-Match", "Range", "If-Range"),
}
_QUERY: Final = ("limit", "cursor", "after", "unchanged")


def build() -> Json:
    """The OpenAPI document."""
    paths: Json = {}
    for route in ROUTES:
        for method in route.methods:
            paths.setdefault(route.path, {})[method.lower()] = _operation(route, method)
    for path, item in paths.items():
        named = [{"$ref": f"#/components/parameters/{name}"} for name in _path_parameters(path)]
        paths[path] = {"parameters": named, **item} if named else item
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
            "schemas": schemas(),
            "parameters": parameters(),
            "headers": headers(),
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
    names = names_in(path)
    return ["sessionFilename" if name == "filename" and "session" in names else name for name in names]


def _other_parameters(route: Route, *, head: bool) -> list[str]:
    headers = _OPERATION_PARAMETERS.get(route.operation, ())
    asked = [name for name in headers if not (head and name in {"Range", "If-Range"})]
    return [*asked, *(name for name in _QUERY if name in route.query)]


def _answer(route: Route, *, head: bool) -> Json:
    """What is answered when all went well."""
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
    followed = links(route)
    if followed:
        answer["links"] = followed
    return answer


def _responses(route: Route, *, head: bool) -> Json:
    text = _OPERATIONS[route.operation]
    answer = _answer(route, head=head)
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
