"""Requests whose body and answer are JSON."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from google_adk_aws._errors import UnexpectedResponseError
from google_adk_aws._http.connection import Connection
from google_adk_aws._io.threads import off_loop
from google_adk_aws._resilience.retry import RetryPolicy

if TYPE_CHECKING:
    import httpx

__all__ = ["ask", "json_bytes", "json_of"]


async def ask(
    connection: Connection,
    method: str,
    path: str,
    *,
    body: Mapping[str, Any] | bytes | None = None,
    headers: Mapping[str, str] | None = None,
    expect: Collection[int] = frozenset({HTTPStatus.OK}),
    retry: RetryPolicy | None = None,
) -> Mapping[str, Any]:
    """Sends one request and reads its answer.

    Args:
        connection: Where to.
        method: The HTTP method.
        path: Path and query, encoded.
        body: A JSON object, or one that is written already.
        headers: Beside the content type.
        expect: Statuses that are an answer.
        retry: When to repeat, if not as usual.
    """
    content = body if body is None or isinstance(body, bytes) else json_bytes(body)
    response = await connection.send(
        method,
        path,
        expect=expect,
        headers={**({} if content is None else {"Content-Type": "application/json"}), **(headers or {})},
        content=content,
        retry=retry,
    )
    return await json_of(response)


def json_bytes(value: object) -> bytes:
    """A value as the API reads it."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


async def json_of(response: httpx.Response) -> Mapping[str, Any]:
    """The JSON object of an answer.

    Raises:
        UnexpectedResponseError: It is something else.
    """
    try:
        value = await off_loop(json.loads, response.content, size=len(response.content))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise UnexpectedResponseError(
            "the answer is not JSON of the artifact API; is the URL right?",
            code="invalid_response",
            status=response.status_code,
        )
    return value
