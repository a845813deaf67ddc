"""The IAM policies that docs/authorization.md shows, and which calls each of them is meant to let through."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from artifact_api.routes import ROUTES, Operation

PAGE: Final = Path(__file__).parents[1] / "docs/authorization.md"

APP: Final = "reports"
USER: Final = "ada@example.com"
SESSION: Final = "s!2F1"
"""Encoded, as a policy names it."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request to a route of the template, with encoded names in its path."""

    method: str
    path: str
    operation: Operation
    names: Mapping[str, str]

    @property
    def is_users(self) -> bool:
        """Whether it is about the app and the user of the policies."""
        return (self.names.get("app"), self.names.get("user")) == (APP, USER)

    @property
    def is_sessions(self) -> bool:
        """Whether it is about the session of the policies."""
        return self.is_users and self.names.get("session") == SESSION

    @property
    def reads(self) -> bool:
        """Whether its method changes nothing."""
        return self.method in {"GET", "HEAD"}


MEANT: Final[Mapping[str, Callable[[Call], bool]]] = {
    "One app": lambda call: call.names.get("app") == APP,
    "One user": lambda call: call.is_users and call.operation != "delete_user",
    "One session": lambda call: call.is_sessions,
    "Reading": lambda call: call.names.get("app") == APP and call.reads,
    "Reading one user, in batches too": lambda call: (
        call.is_users
        and (
            call.reads
            or (call.operation in {"batch_load", "batch_describe"} and call.names.get("session") in {None, SESSION})
        )
    ),
    "Listing": lambda call: (
        call.is_users and call.operation == "list_artifacts" and call.names.get("session") in {None, SESSION}
    ),
}
"""By the policies' headings: whether a call is to be let through."""


def shown() -> dict[str, str]:
    """The policies by their headings, as text with placeholders."""
    found = re.findall(r"^### ([^\n]+)\n(?:(?!^#).)*?^```json\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    return {heading: text for heading, text in found if "execute-api:Invoke" in text}


def filled(text: str, **values: str) -> list[dict[str, Any]]:
    """The statements of a policy, with values in place of the placeholders (ACCOUNT_ID, API_ID, REGION)."""
    for name, value in {"APP": APP, "USER": USER, "SESSION": SESSION, **values}.items():
        text = re.sub(rf"\b{name}\b", value, text)
    statements: list[dict[str, Any]] = json.loads(text)["Statement"]
    return statements


def call_of(key: str, names: Mapping[str, str]) -> Call:
    """The call of the route with this key, such as `GET /v1/health`."""
    method, template = key.split()
    (operation,) = {route.operation for route in ROUTES if route.path == template and method in route.methods}
    in_path = {name: names[name] for name in re.findall(r"\{(\w+)\}", template)}
    return Call(method=method, path=template.format_map(in_path), operation=operation, names=in_path)
