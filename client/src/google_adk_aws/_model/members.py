"""Members of a JSON answer, each of the type it must have. Members that are not asked for do not matter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google_adk_aws._errors import UnexpectedResponseError

__all__ = [
    "flag",
    "items",
    "mapping",
    "number",
    "optional_number",
    "optional_seconds",
    "optional_text",
    "seconds",
    "text",
    "unexpected",
]


def unexpected(name: str) -> UnexpectedResponseError:
    """The error of a member that is missing or of another type."""
    return UnexpectedResponseError(
        f"the answer has no valid {name}; is this the artifact API, and of this version?", code="invalid_response"
    )


def mapping(value: object, name: str) -> Mapping[str, Any]:
    """A value that is a JSON object."""
    if not isinstance(value, dict):
        raise unexpected(name)
    return value


def items(facts: Mapping[str, Any], name: str) -> list[Any]:
    """A list."""
    value = facts.get(name)
    if not isinstance(value, list):
        raise unexpected(name)
    return value


def text(facts: Mapping[str, Any], name: str, *, default: str | None = None) -> str:
    """A string."""
    value = facts.get(name, default)
    if not isinstance(value, str):
        raise unexpected(name)
    return value


def optional_text(facts: Mapping[str, Any], name: str) -> str | None:
    """A string, null or nothing."""
    return None if facts.get(name) is None else text(facts, name)


def number(facts: Mapping[str, Any], name: str) -> int:
    """An integer from 0."""
    value = facts.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise unexpected(name)
    return value


def optional_number(facts: Mapping[str, Any], name: str) -> int | None:
    """An integer from 0, null or nothing."""
    return None if facts.get(name) is None else number(facts, name)


def seconds(facts: Mapping[str, Any], name: str) -> float:
    """A number, usually a time since 1970 UTC."""
    value = facts.get(name)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise unexpected(name)
    return float(value)


def optional_seconds(facts: Mapping[str, Any], name: str) -> float | None:
    """A number, null or nothing."""
    return None if facts.get(name) is None else seconds(facts, name)


def flag(facts: Mapping[str, Any], name: str) -> bool:
    """True or false."""
    value = facts.get(name)
    if not isinstance(value, bool):
        raise unexpected(name)
    return value
