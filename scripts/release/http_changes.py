"""Breaking changes between two OpenAPI files: what a client of the first could do that the second does not promise.

Looked at are routes, parameters, bodies, answers' headers, and of schemas their types, values, bounds, patterns,
properties, items and alternatives. A request may be accepted that was refused before; an answer may have more than it
had. Descriptions, examples and new values in answers break nobody who follows docs/http-api.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["breaking_changes"]

_METHODS: Final = ("get", "head", "put", "post", "delete", "patch")
_AT_MOST: Final = ("maxLength", "maximum", "maxItems")
_AT_LEAST: Final = ("minLength", "minimum", "minItems")

_Json = Mapping[str, Any]


def breaking_changes(before: _Json, now: _Json) -> list[str]:
    """One line for each."""
    return list(_Comparison(before, now).routes())


@dataclass(frozen=True, slots=True)
class _Comparison:
    before: _Json
    now: _Json

    def routes(self) -> Iterator[str]:
        for path, old in self.before["paths"].items():
            new = self.now["paths"].get(path)
            if new is None:
                yield f"{path}: removed"
                continue
            for method in _METHODS:
                if method in old:
                    where = f"{method.upper()} {path}"
                    if method not in new:
                        yield f"{where}: removed"
                    else:
                        yield from self._operation(where, old, new, method)

    def _operation(self, where: str, old_path: _Json, new_path: _Json, method: str) -> Iterator[str]:
        old, new = old_path[method], new_path[method]
        old_given = self._parameters(self.before, old_path, old)
        new_given = self._parameters(self.now, new_path, new)
        for key, parameter in old_given.items():
            what = f"{where}: {key[0]} parameter {key[1]}"
            if key not in new_given:
                yield f"{what}: removed"
            else:
                yield from self._tightened(what, parameter["schema"], new_given[key]["schema"])
        for key, parameter in new_given.items():
            was_required = old_given.get(key, {}).get("required", False)
            if parameter.get("required", False) and not was_required:
                yield f"{where}: {key[0]} parameter {key[1]}: required"
        yield from self._request(f"{where}: body", old.get("requestBody"), new.get("requestBody"))
        yield from self._answers(where, old["responses"], new["responses"])

    def _parameters(self, document: _Json, path: _Json, operation: _Json) -> dict[tuple[str, str], _Json]:
        given = [_resolved(document, one) for one in (*path.get("parameters", ()), *operation.get("parameters", ()))]
        return {(one["in"], one["name"]): one for one in given}

    def _request(self, where: str, old: _Json | None, new: _Json | None) -> Iterator[str]:
        if old is None:
            if new is not None and new.get("required", False):
                yield f"{where}: required"
            return
        if new is None:
            yield f"{where}: removed"
            return
        if new.get("required", False) and not old.get("required", False):
            yield f"{where}: required"
        for kind, media in old["content"].items():
            if kind not in new["content"]:
                yield f"{where}: {kind}: removed"
            else:
                yield from self._tightened(where, media.get("schema", {}), new["content"][kind].get("schema", {}))

    def _answers(self, where: str, old: _Json, new: _Json) -> Iterator[str]:
        for status, answer in old.items():
            what = f"{where}: answer {status}"
            if status not in new:
                if status[0] in "23":
                    yield f"{what}: removed"
                continue
            mine, its = _resolved(self.before, answer), _resolved(self.now, new[status])
            for header in mine.get("headers", {}):
                if header not in its.get("headers", {}):
                    yield f"{what}: header {header}: removed"
            for kind, media in mine.get("content", {}).items():
                if kind not in its.get("content", {}):
                    yield f"{what}: {kind}: removed"
                else:
                    # Turned round: what the first promised must hold for all that the second answers.
                    turned = _Comparison(self.now, self.before)
                    schemas = its["content"][kind].get("schema", {}), media.get("schema", {})
                    yield from (f"{line} (promised before)" for line in turned._tightened(what, *schemas, answer=True))

    def _tightened(self, where: str, old: _Json, new: _Json, *, answer: bool = False) -> Iterator[str]:
        """What the first schema accepts and the second does not."""
        old, new = _resolved(self.before, old), _resolved(self.now, new)
        yield from _values(where, old, new, answer=answer)
        for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
            yield f"{where}: {name}: required"
        mine, its = old.get("properties", {}), new.get("properties", {})
        for name, schema in mine.items():
            if name in its:
                yield from self._tightened(f"{where}: {name}", schema, its[name], answer=answer)
            elif not answer and new.get("additionalProperties", True) is False:
                yield f"{where}: {name}: removed"
        if "items" in old and "items" in new:
            yield from self._tightened(f"{where}: items", old["items"], new["items"], answer=answer)
        yield from self._alternatives(where, old, new, answer=answer)

    def _alternatives(self, where: str, old: _Json, new: _Json, *, answer: bool) -> Iterator[str]:
        if "anyOf" not in new:
            return
        for number, one in enumerate(old.get("anyOf", [{k: v for k, v in old.items() if k != "anyOf"}])):
            if all(list(self._tightened(where, one, other, answer=answer)) for other in new["anyOf"]):
                yield f"{where}: alternative {number + 1}: changed or removed"


def _values(where: str, old: _Json, new: _Json, *, answer: bool) -> Iterator[str]:
    kinds, accepted = _types(old), _types(new)
    if accepted is not None and (kinds is None or not kinds <= accepted):
        yield f"{where}: type: {_told(kinds)} became {_told(accepted)}"
    values, allowed = _enumerated(old), _enumerated(new)
    # Answers may come to have values that were not there; whoever reads them has to expect that.
    if allowed is not None and not answer and (values is None or not values <= allowed):
        yield f"{where}: values: {_told(values)} became {_told(allowed)}"
    for bound in _AT_MOST:
        if bound in new and (bound not in old or new[bound] < old[bound]) and not answer:
            yield f"{where}: {bound}: {old.get(bound, 'none')} became {new[bound]}"
    for bound in _AT_LEAST:
        if bound in new and (bound not in old or new[bound] > old[bound]) and not answer:
            yield f"{where}: {bound}: {old.get(bound, 'none')} became {new[bound]}"
    if "pattern" in new and new["pattern"] != old.get("pattern") and not answer:
        yield f"{where}: pattern: {old.get('pattern', 'none')} became {new['pattern']}"


def _types(schema: _Json) -> set[str] | None:
    kinds = schema.get("type")
    if kinds is None:
        return None
    found = {kinds} if isinstance(kinds, str) else set(kinds)
    return found | {"integer"} if "number" in found else found


def _enumerated(schema: _Json) -> set[str] | None:
    if "const" in schema:
        return {repr(schema["const"])}
    return {repr(value) for value in schema["enum"]} if "enum" in schema else None


def _told(values: set[str] | None) -> str:
    return "anything" if values is None else " or ".join(sorted(values))


def _resolved(document: _Json, part: _Json) -> _Json:
    while "$ref" in part:
        found: Any = document
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name.replace("~1", "/").replace("~0", "~")]
        part = found
    return part
