"""`template.yaml` as data, with its parameters and conditions resolved for one choice of parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "template.yaml").read_text(encoding="utf-8")


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's tags, in their long form."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = str(value).split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tag)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}

DOCUMENT: dict[str, Any] = yaml.load(TEXT, Loader=_Loader)  # noqa: S506 - a SafeLoader with tags added
NO_VALUE = object()


class Stack:
    """The resources as CloudFormation would see them."""

    def __init__(self, **parameters: str) -> None:
        """Choose parameters; the others have their defaults."""
        unknown = parameters.keys() - DOCUMENT["Parameters"].keys()
        assert not unknown, f"no such parameters: {unknown}"
        self._parameters = {
            name: parameters.get(name, declared.get("Default")) for name, declared in DOCUMENT["Parameters"].items()
        }
        self.globals: dict[str, Any] = self._resolve(DOCUMENT["Globals"])
        self.resources: dict[str, dict[str, Any]] = {
            name: self._resolve(resource)
            for name, resource in DOCUMENT["Resources"].items()
            if "Condition" not in resource or self._is_true(resource["Condition"])
        }

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Logical id → properties of every resource of a type."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == kind
        }

    def _is_true(self, condition: str) -> bool:
        return self._holds(DOCUMENT["Conditions"][condition])

    def _holds(self, expression: Any) -> bool:
        if "Fn::Not" in expression:
            return not self._holds(expression["Fn::Not"][0])
        # CloudFormation compares texts: the number 0 is equal to "0".
        left, right = (str(self._resolve(side)) for side in expression["Fn::Equals"])
        return left == right

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, dict):
            if "Ref" in value and value["Ref"] == "AWS::NoValue":
                return NO_VALUE
            if "Ref" in value and value["Ref"] in self._parameters:
                return self._parameters[value["Ref"]]
            if "Fn::If" in value:
                condition, then, otherwise = value["Fn::If"]
                return self._resolve(then if self._is_true(condition) else otherwise)
            resolved = {key: self._resolve(member) for key, member in value.items()}
            return {key: member for key, member in resolved.items() if member is not NO_VALUE}
        if isinstance(value, list):
            return [member for member in map(self._resolve, value) if member is not NO_VALUE]
        return value
