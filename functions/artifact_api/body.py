"""JSON bodies, read strictly: a body is what its operation knows, member by member, or it is refused.

    body = read_body(request.body, known={"items"})
    for item in body.objects("items", known={"filename", "version"}, most=100):
        filename = item.text("filename")
        version = item.optional_integer("version", least=0, most=MAX_VERSION)

An optional member may be left out or null; `has` tells whether it was given. A refusal names the
member by its path (`items[3].filename`), never its value.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from artifact_api.errors import InvalidBody

__all__ = ["MAX_BODY_BYTES", "MAX_BODY_DEPTH", "Members", "read_body"]

Choice = TypeVar("Choice", bound=str)

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
"""Of a JSON body, in bytes as sent."""

MAX_BODY_DEPTH: Final = 40
"""How deep a body may be nested: custom metadata, the deepest, may be 32 deep and stands inside of an item."""

MAX_TEXT_CHARACTERS: Final = 4096
"""Of a text, where its reader names no other limit."""

_SHOWN_CHARACTERS: Final = 100
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class _Doubled(dict[str, Any]):
    """An object in which a member occurs twice; refused with its path, by whoever reads it."""


def read_body(raw: bytes, *, known: Collection[str], limit: int = MAX_BODY_BYTES) -> Members:
    """Reads a body that must be a JSON object.

    Args:
        raw: The body as it was sent.
        known: The members it may have.
        limit: Its size in bytes, at most.

    Raises:
        InvalidBody: Too long, nested too deep, no JSON, no object, a member twice, or one that is not known.
    """
    if len(raw) > limit:
        raise InvalidBody(f"the body has {len(raw):,} bytes; it may have {limit:,}", field="body", limit=limit)
    try:
        value = json.loads(
            raw.decode(),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError as reason:
        raise InvalidBody(f"the body must be UTF-8; byte {reason.start} is not", field="body") from None
    except ValueError as reason:
        raise InvalidBody(f"the body must be a JSON object: {reason}", field="body") from None
    _refuse_depth(value)
    return Members(value, path="", known=known)


class Members:
    """The members of one JSON object of a body."""

    def __init__(self, value: object, *, path: str, known: Collection[str]) -> None:
        """Takes a parsed value.

        Args:
            value: What should be an object.
            path: Where in the body it is; empty for the body itself.
            known: The members it may have.

        Raises:
            InvalidBody: It is no object, or has a member twice, or one that is not known.
        """
        self.path = path
        if not isinstance(value, dict):
            raise InvalidBody(f"{path or 'the body'} must be a JSON object", field=path or "body")
        if isinstance(value, _Doubled):
            raise InvalidBody(f"{path or 'the body'} has a member twice", field=path or "body")
        unknown = sorted(value.keys() - set(known))
        if unknown:
            names = ", ".join(sorted(known)) or "none"
            raise InvalidBody(f"unknown member; known here: {names}", field=self.path_of(_shown(unknown[0])))
        self._value: Mapping[str, Any] = value

    def path_of(self, name: str) -> str:
        """The path of a member, as refusals name it."""
        return f"{self.path}.{name}" if self.path else name

    def refusal(self, name: str, must: str, *, limit: int | None = None) -> InvalidBody:
        """The error for a member that its operation cannot take, to be raised.

        Args:
            name: The member.
            must: What it must be: "must be …".
            limit: The limit that it exceeds.
        """
        return InvalidBody(f"{self.path_of(name)} {must}", field=self.path_of(name), limit=limit)

    def has(self, name: str) -> bool:
        """Whether a member was given; null counts as not given."""
        return self._value.get(name) is not None

    def require(self, *names: str) -> None:
        """Refuses when one of the members is left out; null will do."""
        for name in names:
            if name not in self._value:
                raise self.refusal(name, "is missing")

    def text(self, name: str, *, longest: int = MAX_TEXT_CHARACTERS) -> str:
        """A text, possibly empty, of so many characters at most."""
        return self._text(name, self._given(name), longest)

    def optional_text(self, name: str, *, longest: int = MAX_TEXT_CHARACTERS) -> str | None:
        """A text, or None when it is not given."""
        return self.text(name, longest=longest) if self.has(name) else None

    def choice(self, name: str, among: Sequence[Choice], *, default: Choice) -> Choice:
        """One of a few texts."""
        if not self.has(name):
            return default
        value = self._given(name)
        if value not in among:
            raise self.refusal(name, f"must be one of {', '.join(among)}")
        return cast("Choice", value)

    def integer(self, name: str, *, least: int, most: int) -> int:
        """A whole number in a range, both ends included."""
        value = self._given(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # JSON has one kind of number: 5.0 is 5
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.refusal(name, "must be a whole number")
        if value < least:
            raise self.refusal(name, f"must be at least {least:,}", limit=least)
        if value > most:
            raise self.refusal(name, f"must be at most {most:,}", limit=most)
        return value

    def optional_integer(self, name: str, *, least: int, most: int) -> int | None:
        """A whole number in a range, or None when it is not given."""
        return self.integer(name, least=least, most=most) if self.has(name) else None

    def optional_sha256(self, name: str) -> str | None:
        """A SHA-256 as 64 hex digits in lower case, or None when it is not given."""
        return self.sha256(name) if self.has(name) else None

    def sha256(self, name: str) -> str:
        """A SHA-256 as 64 hex digits in lower case."""
        value = self.text(name)
        if not _SHA256.fullmatch(value):
            raise self.refusal(name, "must be 64 hex digits in lower case")
        return value

    def octets(self, name: str) -> bytes:
        """Bytes, written as base64 with padding."""
        value = self._given(name)
        if not isinstance(value, str):
            raise self.refusal(name, "must be a string of base64")
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise self.refusal(name, "must be base64 with padding") from None

    def free_object(self, name: str) -> Mapping[str, Any]:
        """A JSON object with any members; an empty one when it is not given."""
        if not self.has(name):
            return {}
        value = self._value[name]
        if not isinstance(value, dict):
            raise self.refusal(name, "must be a JSON object")
        if _has_doubled(value):
            raise self.refusal(name, "has a member twice")
        return value

    def optional_object(self, name: str, *, known: Collection[str]) -> Members | None:
        """An object of known members, or None when it is not given."""
        return Members(self._value[name], path=self.path_of(name), known=known) if self.has(name) else None

    def objects(self, name: str, *, known: Collection[str], most: int, least: int = 1) -> list[Members]:
        """A list of objects of known members."""
        listed = self._listed(name, least=least, most=most)
        return [
            Members(value, path=f"{self.path_of(name)}[{number}]", known=known) for number, value in enumerate(listed)
        ]

    def optional_texts(self, name: str, *, most: int, longest: int = MAX_TEXT_CHARACTERS) -> list[str] | None:
        """A list of one or more texts, each one once; None when it is not given."""
        if not self.has(name):
            return None
        listed = self._listed(name, least=1, most=most)
        texts = [self._text(f"{name}[{number}]", value, longest) for number, value in enumerate(listed)]
        if len(set(texts)) != len(texts):
            raise self.refusal(name, "has an entry twice")
        return texts

    def _given(self, name: str) -> Any:
        if name not in self._value:
            raise self.refusal(name, "is missing")
        return self._value[name]

    def _text(self, name: str, value: object, longest: int) -> str:
        if not isinstance(value, str):
            raise self.refusal(name, "must be a string")
        if len(value) > longest:
            raise self.refusal(name, f"has {len(value):,} characters; it may have {longest:,}", limit=longest)
        try:
            value.encode()
        except UnicodeEncodeError:
            raise self.refusal(name, "has a lone surrogate, which is no Unicode text") from None
        return value

    def _listed(self, name: str, *, least: int, most: int) -> list[Any]:
        value = self._given(name)
        if not isinstance(value, list):
            raise self.refusal(name, "must be a list")
        if len(value) < least:
            raise self.refusal(name, f"must have at least {least} entries", limit=least)
        if len(value) > most:
            raise self.refusal(name, f"has {len(value):,} entries; it may have {most:,}", limit=most)
        return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else _Doubled(members)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _children(level: Sequence[object]) -> list[object]:
    """What stands one deeper, as far as it can hold more."""
    deeper: list[object] = []
    for value in level:
        inside = value.values() if isinstance(value, dict) else cast("list[object]", value)
        deeper += [one for one in inside if isinstance(one, (dict, list))]
    return deeper


def _refuse_depth(value: object) -> None:
    level: list[object] = [value] if isinstance(value, (dict, list)) else []
    for _ in range(MAX_BODY_DEPTH):
        if not level:
            return
        level = _children(level)
    if level:
        raise _too_deep()


def _too_deep() -> InvalidBody:
    return InvalidBody(f"the body must be nested at most {MAX_BODY_DEPTH} deep", field="body", limit=MAX_BODY_DEPTH)


def _has_doubled(value: Mapping[str, Any]) -> bool:
    level: list[object] = [value]
    while level:
        if any(isinstance(one, _Doubled) for one in level):
            return True
        level = _children(level)
    return False


def _shown(name: str) -> str:
    """An unknown member's name, as a field of a problem shows it."""
    return name[:_SHOWN_CHARACTERS].encode("ascii", "backslashreplace").decode()
