"""What docs/authorization.md says of policies and scopes is what the routes and the code say."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Final

import pytest

from artifact_api.authorization import ACTIONS
from artifact_api.grants import read_apps, read_principals
from artifact_api.routes import ROUTES
from local.template import Template
from tests.policies import APP, MEANT, PAGE, SESSION, USER, call_of, filled, shown

KEYS: Final = tuple(route.key for route in Template.load().routes)

# Names that look like other parts of a path: `*` matches slashes, so they may complete what a policy wants.
NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "app": (APP, "v1", "other"),
    "user": (USER, "other", "artifacts", "batch", "sessions", "users"),
    "session": (SESSION, "other", "artifacts", "batch", "versions", "users"),
    "filename": ("doc", "artifacts", "batch", "load", "link", "versions"),
    "version": ("0", "artifacts", "load", "link"),
    "upload": ("u1", "artifacts", "load"),
    "job": ("0", "artifacts", "load"),
}


def named(key: str) -> Iterator[dict[str, str]]:
    variables = re.findall(r"\{(\w+)\}", key)
    for values in itertools.product(*(NAMES[variable] for variable in variables)):
        yield dict(zip(variables, values, strict=True))


def pattern_of(statements: list[dict[str, object]]) -> re.Pattern[str]:
    """Matches the resources that a policy allows, as IAM does: `*` is any characters, `?` is one."""
    resources = [resource for statement in statements for resource in _list(statement["Resource"])]
    ours = (re.escape(resource).replace(r"\*", ".*").replace(r"\?", ".") for resource in resources)
    return re.compile("|".join(ours), re.DOTALL)


def _list(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def test_every_policy_is_shown() -> None:
    assert shown().keys() == MEANT.keys()


@pytest.mark.parametrize("heading", MEANT)
def test_a_policy_lets_through_what_it_is_meant_to_whatever_things_are_called(heading: str) -> None:
    statements = filled(shown()[heading], REGION="r", ACCOUNT_ID="1", API_ID="api")
    allowed = pattern_of(statements)
    for key in KEYS:
        for names in named(key):
            call = call_of(key, names)
            arn = f"arn:aws:execute-api:r:1:api/$default/{call.method}{call.path}"
            assert bool(allowed.fullmatch(arn)) is MEANT[heading](call), (key, names)


@pytest.mark.parametrize("heading", MEANT)
def test_a_policy_keeps_the_pages_own_rules(heading: str) -> None:
    for statement in filled(shown()[heading]):
        assert (statement["Effect"], statement["Action"]) == ("Allow", "execute-api:Invoke")
        for resource in statement["Resource"]:
            assert "/$default/" in resource
            assert "*" not in resource.removesuffix("/*")


def test_the_scopes_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| `artifact:(list|read|write|delete)` \|(.*)\|$", PAGE.read_text(), re.MULTILINE)
    operations = {route.operation for route in ROUTES}
    told = {action: set(re.findall(r"`(\w+)`", text)) & operations for action, text in rows}
    assert told == {action: {operation for operation, needed in ACTIONS.items() if needed == action} for action in told}
    assert len(told) == 4


def test_the_examples_of_parameters_can_be_read() -> None:
    blocks = re.findall(r"^```json\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    (principals,) = [block for block in blocks if "execute-api" not in block]
    assert read_principals(principals).keys() == json.loads(principals).keys()
    assert read_apps('{"AUDIENCE": "APP"}') == {"AUDIENCE": "APP"}


def test_the_program_prints_what_is_shown() -> None:
    ((program, output),) = re.findall(
        r"^```python\n(.*?)^```\n+```text\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == output
