"""Which route of an HTTP API answers a request."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from local.template import Route


@dataclasses.dataclass(frozen=True, kw_only=True)
class Match:
    """A route and what its path variables are."""

    route: Route
    path_parameters: dict[str, str]


class RouteTable:
    """Picks the most specific route, as API Gateway does.

    A path that matches literally comes before one with variables, that before a greedy one (`{proxy+}`), and at the
    same path a method before `ANY`; `$default` is last.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._default: Route | None = None
        patterns: list[tuple[tuple[int, ...], str, list[str], Route]] = []
        for route in routes:
            if route.key == "$default":
                self._default = route
                continue
            method, path = route.key.split(" ", 1)
            segments = path.split("/")
            rank = (*(_rank(segment) for segment in segments), 3 if method == "ANY" else 0)
            patterns.append((rank, method, segments, route))
        self._patterns = sorted(patterns, key=lambda pattern: pattern[0])

    def match(self, *, method: str, path: str) -> Match | None:
        """The route of a request, or `None`; `path` is the decoded one."""
        segments = path.split("/")
        for _, wanted, pattern, route in self._patterns:
            if wanted in {method, "ANY"}:
                parameters = _match_segments(pattern, segments)
                if parameters is not None:
                    return Match(route=route, path_parameters=parameters)
        return Match(route=self._default, path_parameters={}) if self._default else None


def _rank(segment: str) -> int:
    if segment.endswith("+}"):
        return 2
    return 1 if segment.startswith("{") else 0


def _match_segments(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    parameters: dict[str, str] = {}
    for number, wanted in enumerate(pattern):
        if wanted.endswith("+}"):
            rest = "/".join(segments[number:])
            return {**parameters, wanted[1:-2]: rest} if rest else None
        if number >= len(segments):
            return None
        if wanted.startswith("{"):
            if not segments[number]:
                return None
            parameters[wanted[1:-1]] = segments[number]
        elif wanted != segments[number]:
            return None
    return parameters if len(pattern) == len(segments) else None
