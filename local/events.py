"""A request as the event of an API Gateway HTTP API (payload format 2.0), and a function's answer as a response."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from local.routes import Match

ACCOUNT_ID = "000000000000"
API_ID = "local"

_TEXT_TYPES = frozenset({"application/json", "application/xml", "application/javascript"})
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# The gateway writes these itself, whatever the function says; but of a HEAD only the function knows the length.
_GATEWAYS_OWN = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request as it came over the wire.

    Attributes:
        method: upper case.
        raw_path: percent-encoded, without the query.
        raw_query: percent-encoded, without the `?`.
        headers: in order, duplicates kept.
        body: the bytes.
        source_ip: the caller's address.
    """

    method: str
    raw_path: str
    raw_query: str = ""
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    source_ip: str = "127.0.0.1"

    @property
    def path(self) -> str:
        """The path as an HTTP API matches it and hands it on.

        The gateway decodes it once, `%2F` too, and drops what follows a decoded `?`.
        """
        return unquote(self.raw_path, errors="replace").split("?", 1)[0]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Response:
    """One HTTP response."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""


def message_response(status: int, message: str) -> Response:
    """An answer of the gateway itself, which is not the API's error shape."""
    return Response(
        status=status,
        headers=[("content-type", "application/json")],
        body=json.dumps({"message": message}, separators=(",", ":")).encode(),
    )


def build_event(
    request: Request,
    match: Match,
    *,
    request_id: str,
    now: dt.datetime,
    authorizer: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The event that the gateway invokes the function with.

    Args:
        request: what came over the wire.
        match: the route that answers it.
        request_id: the gateway's id of the request.
        now: when it came, with a time zone.
        authorizer: what the route's authorizer found out, for example `{"jwt": {"claims": {…}, "scopes": None}}`.
    """
    headers, cookies = _join_headers(request.headers)
    host = headers.get("host", "localhost")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": request.path,
        "rawQueryString": request.raw_query,
        "headers": {
            **headers,
            "content-length": str(len(request.body)),
            "x-amzn-trace-id": f"Root=1-{int(now.timestamp()):08x}-{request_id.replace('-', '')[:24]}",
            "x-forwarded-for": request.source_ip,
            "x-forwarded-port": host.rpartition(":")[2] if ":" in host else "80",
            "x-forwarded-proto": "http",
        },
        "requestContext": {
            "accountId": ACCOUNT_ID,
            "apiId": API_ID,
            "domainName": host.rpartition(":")[0] or host,
            "domainPrefix": host.split(".", 1)[0].split(":", 1)[0],
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.source_ip,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": request_id,
            "routeKey": match.route.key,
            "stage": "$default",
            "time": f"{now.day:02}/{_MONTHS[now.month - 1]}/{now:%Y:%H:%M:%S %z}",
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    # What is empty is left out, not null.
    if cookies:
        event["cookies"] = cookies
    if request.raw_query:
        event["queryStringParameters"] = _join_query(request.raw_query)
    if match.path_parameters:
        event["pathParameters"] = match.path_parameters
    if authorizer:
        event["requestContext"]["authorizer"] = dict(authorizer)
    if request.body:
        event["body"], event["isBase64Encoded"] = _encode_body(request.body, headers.get("content-type", ""))
    return event


def read_answer(answer: Any, *, method: str) -> Response:
    """The response that the gateway makes of a function's answer.

    Raises:
        ValueError: the answer is not one that the gateway understands.
    """
    if not isinstance(answer, dict) or "statusCode" not in answer:
        return Response(status=200, headers=[("content-type", "application/json")], body=json.dumps(answer).encode())
    own = _GATEWAYS_OWN - {"content-length"} if method == "HEAD" else _GATEWAYS_OWN
    try:
        status = int(answer["statusCode"])
        headers = [
            (str(name).lower(), _header_value(value))
            for name, value in (answer.get("headers") or {}).items()
            if str(name).lower() not in own
        ]
        headers += [("set-cookie", str(cookie)) for cookie in answer.get("cookies") or []]
        text = answer.get("body")
        if text is None:
            body = b""
        elif answer.get("isBase64Encoded"):
            body = base64.b64decode(text, validate=True)
        else:
            body = (text if isinstance(text, str) else json.dumps(text)).encode()
    except (TypeError, AttributeError) as error:
        raise ValueError(f"not an answer: {error}") from error
    if "content-type" not in dict(headers) and body:
        headers.append(("content-type", "text/plain;charset=utf-8"))
    return Response(status=status, headers=headers, body=b"" if method == "HEAD" else body)


def _join_headers(headers: Sequence[tuple[str, str]]) -> tuple[dict[str, str], list[str]]:
    joined: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in headers:
        lower = name.lower()
        if lower == "cookie":
            cookies += [cookie.strip() for cookie in value.split(";") if cookie.strip()]
        else:
            joined[lower] = f"{joined[lower]},{value}" if lower in joined else value
    return joined, cookies


def _join_query(raw_query: str) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in parse_qsl(raw_query, keep_blank_values=True, errors="replace"):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _encode_body(body: bytes, content_type: str) -> tuple[str, bool]:
    media_type = content_type.split(";", 1)[0].strip().lower()
    if media_type.startswith("text/") or media_type in _TEXT_TYPES:
        # Bytes that are not UTF-8 do not survive the gateway.
        return body.decode("utf-8", errors="replace"), False
    return base64.b64encode(body).decode("ascii"), True


def _header_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError(f"a header's value is a {type(value).__name__}")
