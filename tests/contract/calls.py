"""Calls the handlers with the events that API Gateway would make."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from artifact_api import delete, read, write
from artifact_api.routes import ROUTES, match

SESSION = "/v1/apps/app/users/u/sessions/s/artifacts"
USER = "/v1/apps/app/users/u/artifacts"
DOC = f"{SESSION}/doc"

ENVIRONMENT = {
    "AUTH_MODE": "NONE",
    "BUCKET_NAME": "bucket",
    "INDEX_TABLE_NAME": "index",
    "IDEMPOTENCY_TABLE_NAME": "idempotency",
    "CURSOR_SECRET_ARN": "cursors",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "POWERTOOLS_SERVICE_NAME": "artifact-api",
    "POWERTOOLS_METRICS_NAMESPACE": "ArtifactApi",
}


HANDLERS = {"read": read.handler, "write": write.handler, "delete": delete.handler}


class Context:
    """Lambda's context, as far as the functions read it."""

    function_name = "artifact-api"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:artifact-api"
    aws_request_id = "4f1e1c1c-6b1f-4c55-a6a3-5b1a4f0e9d4e"

    def __init__(self, *, milliseconds: int = 29_000) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


@dataclass(frozen=True)
class Answer:
    """A handler's answer as the gateway would hand it on; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        assert self.headers["content-type"] == "application/problem+json", self
        code = self.json["code"]
        assert isinstance(code, str)
        return code


def event_of(
    method: str,
    path: str,
    *,
    body: bytes | str | None = None,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    authorizer: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """An event in payload format 2.0; bytes are base64, as for every type that the gateway takes for binary."""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {name.lower(): value for name, value in (headers or {}).items()},
        "requestContext": {
            "accountId": "111122223333",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "requestId": "request-1",
            "stage": "$default",
        },
        "isBase64Encoded": isinstance(body, bytes),
    }
    if query is not None:
        event["queryStringParameters"] = dict(query)
    if authorizer is not None:
        event["requestContext"]["authorizer"] = dict(authorizer)
    if body is not None:
        event["body"] = base64.b64encode(body).decode() if isinstance(body, bytes) else body
    return event


def invoke(event: dict[str, Any], context: Any = None) -> Answer:
    """Hands an event to the function whose route it is."""
    http = event["requestContext"]["http"]
    known = [route.function for route in ROUTES if match(route.path, http["path"]) and http["method"] in route.methods]
    answer = HANDLERS[known[0] if known else "read"](event, context or Context())
    # What Lambda does with it.
    answer = json.loads(json.dumps(answer))
    assert isinstance(answer["statusCode"], int)
    raw = answer["body"]
    return Answer(
        status=answer["statusCode"],
        headers={name.lower(): value for name, value in answer["headers"].items()},
        body=base64.b64decode(raw, validate=True) if answer["isBase64Encoded"] else raw.encode(),
    )


def call(method: str, path: str, **parts: Any) -> Answer:
    """Makes a request; see `event_of`."""
    return invoke(event_of(method, path, **parts))


def save(path: str = DOC, body: bytes = b"content", **headers: str) -> Answer:
    """Saves content; headers by their names with `_` for `-`."""
    return call("POST", path, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def packed(value: Any) -> str:
    """A JSON value as the headers carry it."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unpacked(text: str) -> Any:
    """The JSON value of a header."""
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
