"""The sample events are what the gateway would send for a route of the template."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from tests.infrastructure.template import DOCUMENT, ROOT, Stack

pytestmark = pytest.mark.unit

FILES = sorted((ROOT / "events").glob("*.json"))
EVENTS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FILES if path.stem != "env"}
ROUTE_KEYS = {route["RouteKey"] for route in Stack().of_type("AWS::ApiGatewayV2::Route").values()}


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_event_agrees_with_itself(event: dict[str, Any]) -> None:
    method, path = event["routeKey"].split()
    for name, value in event.get("pathParameters", {}).items():
        path = path.replace(f"{{{name}}}", value)
    http = event["requestContext"]["http"]

    assert event["version"] == "2.0"
    assert event["routeKey"] in ROUTE_KEYS
    assert event["routeKey"] == event["requestContext"]["routeKey"]
    assert event["rawPath"] == http["path"] == path
    assert http["method"] == method
    assert all(name == name.lower() for name in event["headers"])
    assert event["requestContext"]["authorizer"]["iam"]["userArn"].startswith("arn:")


@pytest.mark.parametrize("name", [name for name, event in EVENTS.items() if event["routeKey"].startswith("POST")])
def test_body_is_the_one_that_the_headers_describe(name: str) -> None:
    event = EVENTS[name]
    body = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"].encode()
    digest = hashlib.sha256(body)

    assert event["headers"]["content-length"] == str(len(body))
    assert event["headers"]["x-amz-content-sha256"] == digest.hexdigest()
    if event["headers"]["content-type"] != "application/json" or name.startswith("save"):
        assert event["headers"]["content-digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"


MAINTENANCE = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "events" / "maintenance").glob("*.json")
}


def test_every_maintenance_function_has_an_event() -> None:
    handlers = {
        function["Handler"].split(".")[1]
        for function in Stack().of_type("AWS::Serverless::Function").values()
        if function["Handler"].startswith("artifact_maintenance.")
    }

    assert MAINTENANCE.keys() == handlers


def test_every_operation_has_an_event() -> None:
    def operation(key: str) -> str:
        return re.sub(r"/sessions/\{session\}", "", key)

    assert {operation(event["routeKey"]) for event in EVENTS.values()} == {operation(key) for key in ROUTE_KEYS}


def test_environment_has_the_functions_variables() -> None:
    declared = set(DOCUMENT["Globals"]["Function"]["Environment"]["Variables"])
    for resource in DOCUMENT["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            declared |= set(resource["Properties"].get("Environment", {}).get("Variables", {}))
    environment = json.loads((ROOT / "events" / "env.json").read_text(encoding="utf-8"))

    assert environment["Parameters"].keys() == declared


def test_readme_lists_every_event() -> None:
    readme = (ROOT / "events" / "README.md").read_text(encoding="utf-8")

    assert set(re.findall(r"`(\w+)\.json`", readme)) - {"env"} == set(EVENTS)
    assert set(re.findall(r"`maintenance/(\w+)\.json`", readme)) == set(MAINTENANCE)
