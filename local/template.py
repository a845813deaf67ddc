"""What `template.yaml` says about routes, functions and storage."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent

_SHARED_SECTIONS: Final[tuple[str, ...]] = ("Parameters", "Mappings", "Conditions")
_STORAGE_TYPES: Final = frozenset({"AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::SecretsManager::Secret"})


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, read into their long form."""


def _construct_tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    else:  # pragma: no cover - YAML has no fourth kind
        raise TypeError(type(node))
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


def _construct_text(loader: _Loader, node: yaml.Node) -> str:
    return str(loader.construct_scalar(node)) if isinstance(node, yaml.ScalarNode) else ""


_Loader.add_multi_constructor("!", _construct_tag)
# CloudFormation has no dates: `2010-09-09` is text.
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _construct_text)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Route:
    """One route of the API.

    Attributes:
        key: as in the template, for example `GET /v1/health`.
        function: logical id of the function that answers.
    """

    key: str
    function: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Function:
    """One Lambda function.

    Attributes:
        name: its logical id.
        handler: `module.attribute`.
        memory_mb: its memory in MB.
        timeout_seconds: when Lambda ends it.
        environment: variable → CloudFormation expression.
    """

    name: str
    handler: str
    memory_mb: int
    timeout_seconds: int
    environment: dict[str, Any]


class Template:
    """The stack's template, as far as one machine can play it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._resources: dict[str, dict[str, Any]] = document.get("Resources", {})

    @classmethod
    def load(cls, path: Path | None = None) -> Template:
        """Read a template file; the repository's own unless a path is given."""
        text = (path or ROOT / "template.yaml").read_text(encoding="utf-8")
        return cls(yaml.load(text, Loader=_Loader))  # noqa: S506 - a SafeLoader with tags added

    @property
    def functions(self) -> dict[str, Function]:
        """The functions by logical id, with the template's Globals applied."""
        shared: dict[str, Any] = self._document.get("Globals", {}).get("Function", {})
        functions = {}
        for name, properties in self._of_type("AWS::Serverless::Function"):
            merged = {**shared, **properties}
            functions[name] = Function(
                name=name,
                handler=merged["Handler"],
                memory_mb=int(merged.get("MemorySize", 128)),
                timeout_seconds=int(merged.get("Timeout", 3)),
                environment={
                    **shared.get("Environment", {}).get("Variables", {}),
                    **properties.get("Environment", {}).get("Variables", {}),
                },
            )
        return functions

    @property
    def routes(self) -> tuple[Route, ...]:
        """The API's routes, each with the function behind its integration."""
        functions = self.functions.keys()
        integrations = {
            name: _the_one(_names_in(properties["IntegrationUri"]) & functions, name)
            for name, properties in self._of_type("AWS::ApiGatewayV2::Integration")
            if _names_in(properties.get("IntegrationUri")) & functions
        }
        return tuple(
            Route(
                key=properties["RouteKey"],
                function=integrations[_the_one(_names_in(properties["Target"]) & integrations.keys(), name)],
            )
            for name, properties in self._of_type("AWS::ApiGatewayV2::Route")
        )

    @property
    def time_to_live_attributes(self) -> dict[str, str]:
        """Table's logical id → the attribute by which its items expire."""
        return {
            name: properties["TimeToLiveSpecification"]["AttributeName"]
            for name, properties in self._of_type("AWS::DynamoDB::Table")
            if "TimeToLiveSpecification" in properties
        }

    def storage_stack(self) -> tuple[dict[str, Any], dict[str, tuple[str, str]]]:
        """The part of the stack that keeps data, as a template of its own.

        Its outputs are the functions' environment variables, so that CloudFormation resolves them, not we.

        Returns:
            The template, and for each of its outputs the function's logical id and the variable's name.
        """
        kept = {
            name: {"Type": resource["Type"], "Properties": dict(resource.get("Properties", {}))}
            for name, resource in self._resources.items()
            if resource["Type"] in _STORAGE_TYPES
        }
        left_out = self._resources.keys() - kept.keys()
        for resource in kept.values():
            properties = resource["Properties"]
            for key in [key for key, value in properties.items() if _names_in(value) & left_out]:
                del properties[key]  # such as a notification to a queue that is not here
        outputs: dict[str, Any] = {}
        variables: dict[str, tuple[str, str]] = {}
        for function in self.functions.values():
            for number, (variable, expression) in enumerate(function.environment.items()):
                if not _names_in(expression) & left_out:
                    output = f"{function.name}Variable{number}"
                    outputs[output] = {"Value": expression}
                    variables[output] = (function.name, variable)
        for name in kept:
            outputs[name] = {"Value": {"Ref": name}}
        stack = {section: self._document[section] for section in _SHARED_SECTIONS if section in self._document}
        return stack | {"Resources": kept, "Outputs": outputs}, variables

    def _of_type(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, resource in self._resources.items():
            if resource["Type"] == kind:
                yield name, resource.get("Properties", {})


def _names_in(expression: Any) -> set[str]:
    """Every name that an expression could refer to: `Ref`, `Fn::GetAtt` and `${…}` of `Fn::Sub`."""
    names: set[str] = set()
    if isinstance(expression, dict):
        for key, value in expression.items():
            if key == "Ref":
                names.add(str(value))
            elif key == "Fn::GetAtt":
                names.add(value[0] if isinstance(value, list) else str(value).split(".")[0])
            elif key == "Fn::Sub":
                text = value[0] if isinstance(value, list) else value
                names |= {part.split("}")[0].split(".")[0] for part in str(text).split("${")[1:]}
                names |= _names_in(value[1:] if isinstance(value, list) else None)
            else:
                names |= _names_in(value)
    elif isinstance(expression, list):
        for value in expression:
            names |= _names_in(value)
    return names


def _the_one(found: set[str], name: str) -> str:
    if len(found) != 1:
        raise ValueError(f"{name} in the template must name exactly one target, not {json.dumps(sorted(found))}.")
    return next(iter(found))
