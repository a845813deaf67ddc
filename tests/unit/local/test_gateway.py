"""Limits, failures and the loopback transport, with a handler made up here."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from typing import Any

import httpx
import pytest

from local.events import Request
from local.gateway import Gateway, LambdaContext, load_handler
from local.loopback import LoopbackTransport
from local.template import Template

TEMPLATE = Template(
    {
        "Resources": {
            "F": {
                "Type": "AWS::Serverless::Function",
                "Properties": {"Handler": f"{__name__}.echo", "MemorySize": 256, "Timeout": 5},
            },
            "I": {
                "Type": "AWS::ApiGatewayV2::Integration",
                "Properties": {"IntegrationUri": {"Fn::GetAtt": ["F", "Arn"]}},
            },
            "Get": {
                "Type": "AWS::ApiGatewayV2::Route",
                "Properties": {"RouteKey": "ANY /echo/{name}", "Target": {"Fn::Sub": "integrations/${I}"}},
            },
        }
    }
)


def echo(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    seen = {"event": event, "variable": os.environ.get("LOOPBACK_TEST"), "thread": threading.get_ident()}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(seen)}


def gateway(handler: Any) -> Gateway:
    return Gateway(TEMPLATE, load=lambda _: handler)


def post(**kwargs: Any) -> Request:
    return Request(**{"method": "POST", "raw_path": "/echo/a", **kwargs})


def message(body: bytes) -> str:
    text: str = json.loads(body)["message"]
    return text


def test_no_route_is_the_gateways_404() -> None:
    response = gateway(echo).handle(post(raw_path="/other"))
    assert (response.status, response.body) == (404, b'{"message":"Not Found"}')


def test_an_encoded_slash_makes_another_path() -> None:
    assert gateway(echo).handle(post(raw_path="/echo/a%2Fb")).status == 404
    assert gateway(echo).handle(post(raw_path="/echo/a!2Fb")).status == 200


@pytest.mark.parametrize(
    "answer",
    [
        {"statusCode": 200, "body": b"bytes"},
        {"statusCode": "nonsense"},
        {"statusCode": 200, "body": "x" * (6 * 1024 * 1024 + 101)},
    ],
    ids=["not JSON", "no status", "over 6 MB"],
)
def test_a_bad_answer_is_the_gateways_500(answer: Any) -> None:
    response = gateway(lambda *_: answer).handle(post())
    assert (response.status, message(response.body)) == (500, "Internal Server Error")


def test_a_handler_that_raises_is_the_gateways_500(caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: Any) -> Any:
        raise KeyError("secret")

    response = gateway(broken).handle(post())
    assert (response.status, response.body) == (500, b'{"message":"Internal Server Error"}')
    assert "F failed" in caplog.text


@pytest.mark.parametrize(
    ("size", "status"),
    [(4 * 1024 * 1024, 200), (4_720_000, 413), (10 * 1024 * 1024, 413), (10 * 1024 * 1024 + 1, 413)],
)
def test_body_limits(size: int, status: int) -> None:
    # 6 MB of event are about 4.7 MB of bytes.
    handler = gateway(lambda *_: {"statusCode": 200})
    assert handler.handle(post(body=bytes(size))).status == status


def test_header_limit() -> None:
    handler = gateway(lambda *_: {"statusCode": 200})
    assert handler.handle(post(headers=[("x", "y" * 10_000)])).status == 200
    assert handler.handle(post(headers=[("x", "y" * 10_240)])).status == 431


def test_every_answer_of_a_function_has_the_gateways_request_id() -> None:
    seen: list[dict[str, Any]] = []

    def handler(event: dict[str, Any], _: Any) -> dict[str, Any]:
        seen.append(event)
        return {"statusCode": 204}

    response = gateway(handler).handle(post())
    assert dict(response.headers)["apigw-requestid"] == seen[0]["requestContext"]["requestId"]


def test_the_context_is_lambdas() -> None:
    contexts: list[LambdaContext] = []

    def handler(_: Any, context: LambdaContext) -> dict[str, Any]:
        contexts.append(context)
        return {"statusCode": 204}

    gateway(handler).handle(post())
    gateway(handler).handle(post())
    first, second = contexts
    assert first.aws_request_id != second.aws_request_id
    assert (first.function_name, first.memory_limit_in_mb) == ("F", "256")
    assert first.invoked_function_arn == "arn:aws:lambda:us-east-1:000000000000:function:F"
    assert first.log_group_name == "/aws/lambda/F"
    assert first.log_stream_name
    assert 4_000 < first.get_remaining_time_in_millis() <= 5_000


def test_a_handler_is_found_by_the_templates_path() -> None:
    found: Any = load_handler("json.dumps")
    assert found is json.dumps


def test_a_missing_handler_is_seen_at_the_start() -> None:
    with pytest.raises(ModuleNotFoundError):
        Gateway(TEMPLATE, load=lambda _: load_handler("no_such_package.handler")).load_handlers()


@pytest.fixture
def looped(monkeypatch: pytest.MonkeyPatch) -> LoopbackTransport:
    monkeypatch.setattr("local.gateway.load_handler", lambda _: echo)
    return LoopbackTransport({"LOOPBACK_TEST": "on"}, template=TEMPLATE, authorizer={"jwt": {"claims": {"sub": "ann"}}})


def test_loopback_calls_the_handler(looped: LoopbackTransport) -> None:
    with httpx.Client(transport=looped, base_url="http://loopback") as client:
        response = client.post("/echo/a!2Fb?x=%2F", content=b"\xff", headers={"X-Test": "1"})
    event = response.json()["event"]
    assert event["pathParameters"] == {"name": "a!2Fb"}
    assert event["rawQueryString"] == "x=%2F"
    assert event["headers"]["x-test"] == "1"
    assert (event["body"], event["isBase64Encoded"]) == ("/w==", True)
    assert event["requestContext"]["authorizer"]["jwt"]["claims"] == {"sub": "ann"}
    assert response.json()["variable"] == "on"


def test_loopback_puts_the_environment_back(looped: LoopbackTransport) -> None:
    assert os.environ["LOOPBACK_TEST"] == "on"
    looped.close()
    assert "LOOPBACK_TEST" not in os.environ


async def test_loopback_does_not_block_the_event_loop(looped: LoopbackTransport) -> None:
    async with httpx.AsyncClient(transport=looped, base_url="http://loopback") as client:
        answers = await asyncio.gather(*(client.get(f"/echo/{number}") for number in range(5)))
    assert [answer.json()["event"]["pathParameters"]["name"] for answer in answers] == list("01234")
    assert threading.get_ident() not in {answer.json()["thread"] for answer in answers}
