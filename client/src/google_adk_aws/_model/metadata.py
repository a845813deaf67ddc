"""Custom metadata: what comes back exactly as it was saved, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from google_adk_aws._errors import InvalidArtifactError

__all__ = ["check_metadata"]

_MAX_DEPTH: Final = 32


def check_metadata(metadata: Mapping[str, Any]) -> None:
    """Refuses what JSON does not know, naming where it is.

    Raises:
        InvalidArtifactError: A key that is no string, a value that is no JSON, or nesting deeper than 32.
    """
    if not isinstance(metadata, Mapping):
        raise _invalid("custom_metadata", "must be a dict")
    level: list[tuple[str, object]] = [("custom_metadata", metadata)]
    # Level by level, not recursively: the input decides how deep it is.
    for _ in range(_MAX_DEPTH):
        level = [child for path, value in level for child in _children(path, value)]
        if not level:
            return
    raise _invalid("custom_metadata", f"must be nested at most {_MAX_DEPTH} deep")


def _children(path: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, child in value.items():
            if not isinstance(key, str):
                raise _invalid(path, f"has the key {key!r}, which is no string")
            _check_text(path, key)
            yield f"{path}[{key!r}]", child
    elif isinstance(value, (list, tuple)):
        for index, child in enumerate(value):
            yield f"{path}[{index}]", child
    elif isinstance(value, str):
        _check_text(path, value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise _invalid(path, f"is {value}, which JSON does not know")
    elif not (value is None or isinstance(value, int)):
        raise _invalid(path, f"is of type {type(value).__name__}, which JSON does not know")


def _check_text(path: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _invalid(path, "has a lone surrogate, which is no Unicode text") from None


def _invalid(path: str, problem: str) -> InvalidArtifactError:
    return InvalidArtifactError(f"{path} {problem}", code="invalid_metadata", field="customMetadata")
