"""Real answers of every operation against docs/openapi.json, and the file against the code and the template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from artifact_api.openapi import document
from artifact_api.problems import CODES
from artifact_api.routes import ROUTES, Route, match
from tests.contract.calls import DOC, SESSION, USER, Answer, call, event_of, invoke, packed, save, unpacked
from tests.contract.samples import body_of, path_of, uploaded

ROOT = Path(__file__).parents[2]
DOCUMENT = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))


def test_the_file_is_not_stale() -> None:
    assert document.main(["--check"]) == 0


def test_a_stale_file_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "openapi.json"
    assert document.main(["--check", str(file)]) == 1
    assert document.main([str(file)]) == 0
    assert document.main(["--check", str(file)]) == 0
    file.write_text(file.read_text(encoding="utf-8").replace("sigv4", "sigv5"), encoding="utf-8")
    assert document.main(["--check", str(file)]) == 1
    assert "stale" in capsys.readouterr().err


def test_the_document_is_valid_openapi() -> None:
    from openapi_spec_validator import validate  # noqa: PLC0415 - slow, and needed only here

    validate(DOCUMENT)


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for _, operation in operations()]
    assert len(ids) == len(set(ids)) == 42


def operations() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    ]


def test_the_document_has_the_routes_of_the_table() -> None:
    assert {key for key, _ in operations()} == {
        f"{method} {route.path}" for route in ROUTES for method in route.methods
    }


def test_the_template_has_the_routes_of_the_table() -> None:
    class Loader(yaml.SafeLoader):
        """Reads CloudFormation's short functions as plain values."""

    def plain(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return node.value
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        assert isinstance(node, yaml.MappingNode)
        return loader.construct_mapping(node, deep=True)

    Loader.add_multi_constructor("!", plain)
    template = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Loader)  # noqa: S506 - a SafeLoader
    found = {
        resource["Properties"]["RouteKey"]: json.dumps(resource["Properties"]["Target"])
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::ApiGatewayV2::Route"
    }
    expected = {f"{method} {route.path}": route.function for route in ROUTES for method in route.methods}
    assert found.keys() == expected.keys()
    for key, function in expected.items():
        assert f"{function.capitalize()}Integration" in found[key], key


def test_every_code_of_an_operation_has_an_example() -> None:
    of_no_operation = {"forbidden", "route_not_found", "method_not_allowed"}
    assert DOCUMENT["components"]["examples"].keys() == CODES.keys() - of_no_operation
    assert DOCUMENT["components"]["schemas"]["Problem"]["properties"]["code"]["enum"] == list(CODES)


def test_examples_are_what_they_exemplify() -> None:
    for example in DOCUMENT["components"]["examples"].values():
        assert_schema(example["value"], {"$ref": "#/components/schemas/Problem"})
    for _, operation in operations():
        for answer in [operation.get("requestBody", {}), *operation["responses"].values()]:
            content = answer.get("content", {}).get("application/json", {})
            if "example" in content:
                assert_schema(content["example"], content["schema"])
    for parameter in DOCUMENT["components"]["parameters"].values():
        assert_schema(parameter["example"], parameter["schema"])


def assert_schema(value: Any, schema: dict[str, Any]) -> None:
    validator = Draft202012Validator({**schema, "components": DOCUMENT["components"]})
    problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
    assert not problems, problems


def refuse_unknown_members(value: Any, schema: dict[str, Any]) -> None:
    """The document lets clients expect more members to come; an answer of today has none."""
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        for item in value:
            refuse_unknown_members(item, schema["items"])
    elif isinstance(value, dict) and "properties" in schema:
        assert value.keys() <= schema["properties"].keys()
        for name, member in value.items():
            refuse_unknown_members(member, schema["properties"][name])


def assert_documented(method: str, path: str, answer: Answer) -> None:
    """Status, headers and body are what the document says of the operation."""
    (route,) = [route for route in ROUTES if method in route.methods and match(route.path, path) is not None]
    operation = DOCUMENT["paths"][route.path][method.lower()]
    assert str(answer.status) in operation["responses"], (method, path, answer)
    expected = operation["responses"][str(answer.status)]
    assert_headers(answer, expected)
    contents = expected.get("content", {})
    if method == "HEAD" or not contents:
        assert answer.body == b""
        return
    content_type = answer.headers["content-type"]
    content = contents.get(content_type) or contents.get("*/*")
    assert content is not None, content_type
    if content_type in contents:
        assert_schema(answer.json, content["schema"])
        refuse_unknown_members(answer.json, content["schema"])
        if content_type == "application/problem+json":
            assert answer.code in content["examples"], f"{answer.code} is not documented for {operation['operationId']}"


_ALWAYS = {
    *("cache-control", "content-type", "x-content-type-options", "content-security-policy"),
    *("cross-origin-resource-policy", "referrer-policy", "strict-transport-security"),
}


def assert_headers(answer: Answer, expected: dict[str, Any]) -> None:
    documented = {name.lower(): header for name, header in expected.get("headers", {}).items()}
    assert answer.headers.keys() - _ALWAYS <= documented.keys()
    for name, header in documented.items():
        if name not in answer.headers:
            continue
        schema = DOCUMENT["components"]["headers"][header["$ref"].rpartition("/")[2]]["schema"]
        text = answer.headers[name]
        assert_schema(int(text) if schema["type"] == "integer" else text, schema)
        if "contentSchema" in schema:
            assert_schema(unpacked(text), schema["contentSchema"])


CASES: list[dict[str, Any]] = [
    {},
    {"query": {"unchanged": "skip"}},
    {"query": {"unchanged": "no"}},
    {"headers": {"If-None-Match": "*"}},
    {"headers": {"If-Match": '"x"'}},
    {"headers": {"If-Match": "x"}},
    {"headers": {"Content-Digest": "nonsense"}},
    {"headers": {"Artifact-Part": packed({"kind": "text", "displayName": "d"}), "Idempotency-Key": "k"}},
    {"headers": {"Idempotency-Key": "k", "Content-Type": "other/content"}},
    {"headers": {"Artifact-Part": "nonsense"}},
    {"headers": {"Artifact-Metadata": packed({"a": [1, {"b": "ü"}]})}},
    {"headers": {"Artifact-Metadata": "[]"}},
    {"headers": {"Artifact-Metadata": "x" * 7000}},
    {"headers": {"Range": "bytes=0-2"}},
    {"headers": {"Range": "bytes=99-"}},
    {"query": {"limit": "1"}},
    {"query": {"after": "1"}},
    {"query": {"after": "x"}},
    {"body": b"{}"},
    {"query": {"cursor": "forged"}},
    {"query": {"unknown": "1"}},
    {"body": bytes(3 * 1024 * 1024 + 1)},
    {"body": b"other", "headers": {"Idempotency-Key": "k"}},
]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("stored", [False, True], ids=["nothing stored", "stored"])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_answer_is_documented(
    route: Route,
    stored: bool,  # noqa: FBT001 - a parameter
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if stored:
        # Version 0 is redirected, the latest is not.
        monkeypatch.setenv("INLINE_BYTES", str(len(b"content") - 1))
        for path in (DOC, DOC, f"{USER}/doc", f"{USER}/doc"):
            save(path, Idempotency_Key="k", Content_Type="text/plain", Artifact_Metadata=packed({"a": 1}))
        save(f"{SESSION}/more")
        save(f"{USER}/more")
        save(DOC, b"2")
        save(f"{USER}/doc", b"2")
    statuses = set()
    names: list[dict[str, str]] = [
        {"version": "0"},
        {"version": "latest"},
        {"version": "9"},
        {"version": "x"},
        {"version": "0", "filename": "a%20b", "user": "!"},
        {"version": "0", "filename": "a" * 1000, "user": "u" * 1020},
    ]
    if "{upload}" in route.path:
        upload = uploaded(DOC if "{session}" in route.path else f"{USER}/doc")
        names = [{**segments, "upload": upload} for segments in names] + [{"upload": f"{upload}x"}]
    for method in route.methods:
        for case in CASES:
            for segments in names:
                path = path_of(route, segments)
                body = {"body": body_of(route)} if method == "POST" else {}
                answer = call(method, path, **{**body, **case})
                assert_documented(method, path, answer)
                statuses.add(answer.status)
    assert statuses & {200, 201, 202, 204} or not stored
    if stored and route.operation == "save_artifact":
        assert {200, 201, 400, 412, 422} <= statuses
    if stored and route.operation == "load_artifact" and "{version}" in route.path:
        assert {200, 206, 307, 304, 416} <= statuses
    assert 400 in statuses


def test_a_refused_caller_is_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_MODE", "IAM")
    from artifact_api import wiring  # noqa: PLC0415 - the environment first

    wiring.reset()
    for route in ROUTES:
        path = path_of(route, {"upload": "none"})
        assert_documented(route.methods[0], path, invoke(event_of(route.methods[0], path)))
