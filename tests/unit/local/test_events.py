"""The event is what an HTTP API sends; the answer is read as an HTTP API reads it."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Any

import pytest

from local.events import Request, build_event, read_answer
from local.routes import Match
from local.template import Route

NOW = dt.datetime(2026, 2, 3, 4, 5, 6, tzinfo=dt.UTC)
MATCH = Match(route=Route(key="GET /v1/things/{name}", function="F"), path_parameters={"name": "a"})


def event_of(request: Request, **kwargs: Any) -> dict[str, Any]:
    return build_event(request, MATCH, request_id="1f0c0000-0000-4000-8000-000000000000", now=NOW, **kwargs)


def get(**kwargs: Any) -> Request:
    return Request(**{"method": "GET", "raw_path": "/v1/things/a", **kwargs})


def test_the_whole_event() -> None:
    event = event_of(
        get(
            raw_query="a=1", headers=[("Host", "api.example.com:8080"), ("User-Agent", "curl/8")], source_ip="127.0.0.9"
        )
    )
    assert event == {
        "version": "2.0",
        "routeKey": "GET /v1/things/{name}",
        "rawPath": "/v1/things/a",
        "rawQueryString": "a=1",
        "headers": {
            "host": "api.example.com:8080",
            "user-agent": "curl/8",
            "content-length": "0",
            "x-amzn-trace-id": "Root=1-698173f2-1f0c00000000400080000000",
            "x-forwarded-for": "127.0.0.9",
            "x-forwarded-port": "8080",
            "x-forwarded-proto": "http",
        },
        "queryStringParameters": {"a": "1"},
        "pathParameters": {"name": "a"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": "api.example.com",
            "domainPrefix": "api",
            "http": {
                "method": "GET",
                "path": "/v1/things/a",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.9",
                "userAgent": "curl/8",
            },
            "requestId": "1f0c0000-0000-4000-8000-000000000000",
            "routeKey": "GET /v1/things/{name}",
            "stage": "$default",
            "time": "03/Feb/2026:04:05:06 +0000",
            "timeEpoch": 1770091506000,
        },
        "isBase64Encoded": False,
    }


def test_what_is_empty_is_left_out() -> None:
    match = Match(route=Route(key="$default", function="F"), path_parameters={})
    event = build_event(get(), match, request_id="r", now=NOW)
    assert event.keys() & {"body", "cookies", "pathParameters", "queryStringParameters"} == set()
    assert "authorizer" not in event["requestContext"]


@pytest.mark.parametrize(
    ("raw_path", "path"),
    [
        ("/a!2Fb", "/a!2Fb"),
        ("/a%40b%21%3A", "/a@b!:"),
        ("/a%2Fb", "/a/b"),
        ("/a%252Fb", "/a%2Fb"),
        ("/a+b", "/a+b"),
        ("/%E2%82%AC", "/€"),
        ("/%FF", "/\ufffd"),
        ("/a%3Fb", "/a"),
        ("/a%", "/a%"),
    ],
)
def test_the_path_is_decoded_once(raw_path: str, path: str) -> None:
    event = event_of(get(raw_path=raw_path))
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == path


def test_header_names_are_lower_case_and_duplicates_joined() -> None:
    event = event_of(get(headers=[("X-Two", "1"), ("x-two", "2"), ("Accept", "a, b")]))
    assert event["headers"]["x-two"] == "1,2"
    assert event["headers"]["accept"] == "a, b"


def test_cookies_are_a_list_and_no_header() -> None:
    event = event_of(get(headers=[("Cookie", "a=1; b=2"), ("cookie", "c=3")]))
    assert event["cookies"] == ["a=1", "b=2", "c=3"]
    assert "cookie" not in event["headers"]


@pytest.mark.parametrize(
    ("raw_query", "parameters"),
    [
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=1&a=2", {"a": "1,2"}),
        ("a=", {"a": ""}),
        ("a=%2F+%26", {"a": "/ &"}),
        ("a=%FF", {"a": "\ufffd"}),
    ],
)
def test_the_query_is_decoded_and_duplicates_joined(raw_query: str, parameters: dict[str, str]) -> None:
    event = event_of(get(raw_query=raw_query))
    assert event["rawQueryString"] == raw_query
    assert event["queryStringParameters"] == parameters


@pytest.mark.parametrize(
    "content_type", ["text/plain", "Text/HTML; charset=utf-8", "application/json", "application/xml"]
)
def test_text_stays_text(content_type: str) -> None:
    event = event_of(get(body="grün".encode(), headers=[("Content-Type", content_type)]))
    assert (event["body"], event["isBase64Encoded"]) == ("grün", False)
    assert event["headers"]["content-length"] == "5"


def test_text_that_is_not_utf8_is_mangled() -> None:
    event = event_of(get(body=b"\xff", headers=[("Content-Type", "text/plain")]))
    assert event["body"] == "\ufffd"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Content-Type", "application/octet-stream")],
        [("Content-Type", "image/png")],
        [("Content-Type", "application/x-www-form-urlencoded")],
        [("Content-Type", "application/problem+json")],
    ],
)
def test_everything_else_is_base64(headers: list[tuple[str, str]]) -> None:
    event = event_of(get(body=b"\x00\xff", headers=headers))
    assert (event["body"], event["isBase64Encoded"]) == ("AP8=", True)


def test_the_authorizer_is_in_the_request_context() -> None:
    authorizer = {"jwt": {"claims": {"sub": "ann"}, "scopes": None}}
    assert event_of(get(), authorizer=authorizer)["requestContext"]["authorizer"] == authorizer


def test_an_answer_becomes_a_response() -> None:
    answer = {
        "statusCode": "201",
        "headers": {
            "Content-Type": "image/png",
            "X-Number": 7,
            "X-Flag": True,
            "Content-Length": "99",
            "Server": "mine",
        },
        "cookies": ["a=1", "b=2"],
        "body": base64.b64encode(b"\x89PNG").decode(),
        "isBase64Encoded": True,
    }
    response = read_answer(answer, method="GET")
    assert response.status == 201
    assert response.body == b"\x89PNG"
    assert list(response.headers) == [
        ("content-type", "image/png"),
        ("x-number", "7"),
        ("x-flag", "true"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
    ]


def test_a_body_without_a_type_is_plain_text() -> None:
    assert read_answer({"statusCode": 200, "body": "x"}, method="GET").headers == [
        ("content-type", "text/plain;charset=utf-8")
    ]
    assert read_answer({"statusCode": 204}, method="GET").headers == []


def test_an_answer_without_status_is_json() -> None:
    response = read_answer({"ok": True}, method="GET")
    assert (response.status, response.body) == (200, b'{"ok": true}')


def test_a_head_has_no_body() -> None:
    assert read_answer({"statusCode": 200, "body": "x"}, method="HEAD").body == b""


@pytest.mark.parametrize(
    "answer",
    [
        {"statusCode": "soon"},
        {"statusCode": None},
        {"statusCode": 200, "headers": {"a": ["b"]}},
        {"statusCode": 200, "headers": "a: b"},
        {"statusCode": 200, "body": "%%%", "isBase64Encoded": True},
    ],
)
def test_what_the_gateway_does_not_understand(answer: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_answer(answer, method="GET")
