"""What is checked before a release: versions, the changelog, breaking changes of both APIs."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from scripts.release import __main__ as command
from scripts.release import http_changes, python_changes
from scripts.release.versions import Release, is_announced

pytestmark = pytest.mark.unit

ROOT: Final = Path(__file__).parents[3]
OPENAPI: Final[dict[str, Any]] = json.loads((ROOT / "docs/openapi.json").read_text())
ARTIFACT: Final = "/v1/apps/{app}/users/{user}/artifacts/{filename}"
BATCH: Final = "/v1/apps/{app}/users/{user}/batch/save"


def made(folder: Path, *, version: str = "0.2.0", stack: str = "0.2.0", changelog: str) -> Release:
    written = folder / "client/src/google_adk_aws/_version.py"
    written.parent.mkdir(parents=True, exist_ok=True)
    written.write_text(f'"""Where the version is."""\n\n__version__ = "{version}"\n')
    (folder / "template.yaml").write_text(f"Metadata:\n  Application:\n    SemanticVersion: {stack}\n")
    (folder / "CHANGELOG.md").write_text(changelog)
    return Release(folder)


RELEASED: Final = """# Changelog

## [Unreleased]

## [0.2.0] - 2026-01-31

- New.

## [0.1.0] - 2026-01-01

- Old.
"""


def test_this_repository_is_consistent() -> None:
    assert Release(ROOT).problems() == []


def test_a_release_that_is_ready(tmp_path: Path) -> None:
    release = made(tmp_path, changelog=RELEASED)
    assert release.problems("v0.2.0") == []
    assert release.section("0.2.0") == "- New."
    assert release.section("0.1.0") == "- Old."
    assert release.section("0.3.0") is None


@pytest.mark.parametrize(
    ("changes", "tag", "problem"),
    [
        ({"stack": "0.1.0"}, None, "template.yaml has SemanticVersion 0.1.0"),
        ({}, "v0.3.0", "the tag is v0.3.0"),
        ({"changelog": RELEASED.replace("## [0.2.0] - 2026-01-31", "## [0.2.0]")}, "v0.2.0", "does not date [0.2.0]"),
        ({"changelog": RELEASED.replace("[0.2.0]", "[0.1.9]")}, "v0.2.0", "says nothing of [0.2.0]"),
        (
            {"changelog": RELEASED.replace("[Unreleased]\n", "[Unreleased]\n\n- Left.\n")},
            "v0.2.0",
            "changes under",
        ),
        ({"changelog": RELEASED.replace("[Unreleased]", "[Soon]")}, None, "no section [Unreleased]"),
    ],
)
def test_what_keeps_it_back(tmp_path: Path, changes: dict[str, str], tag: str | None, problem: str) -> None:
    (found,) = made(tmp_path, **{"changelog": RELEASED, **changes}).problems(tag)
    assert problem in found


def test_a_version_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    release = made(tmp_path, changelog=RELEASED)
    (tmp_path / "template.yaml").write_text("Metadata: {}\n")
    with pytest.raises(ValueError, match=r"template\.yaml has 0 lines"):
        release.problems()


@pytest.mark.parametrize(
    ("since", "version", "announced"),
    [
        ("0.1.0", "0.1.1", False),
        ("0.1.0", "0.2.0", True),
        ("0.1.0", "1.0.0", True),
        ("1.2.0", "1.3.0", False),
        ("1.2.0", "2.0.0", True),
        ("2.0.0", "1.9.0", False),
    ],
)
def test_which_versions_tell_of_breaking_changes(since: str, version: str, announced: bool) -> None:  # noqa: FBT001
    assert is_announced(since, version) is announced


def test_what_is_no_version_is_an_error() -> None:
    with pytest.raises(ValueError, match="latest"):
        is_announced("latest", "1.0.0")


Change = Callable[[dict[str, Any]], Any]


def schema(document: dict[str, Any], name: str) -> Any:
    return document["components"]["schemas"][name]


BREAKING: Final[dict[str, Change]] = {
    "a route is gone": lambda api: api["paths"].pop(ARTIFACT),
    "a method is gone": lambda api: api["paths"][ARTIFACT].pop("delete"),
    "a parameter is gone": lambda api: api["paths"][ARTIFACT]["post"]["parameters"].pop(0),
    "a parameter is demanded": lambda api: (
        api["paths"][ARTIFACT]["get"]
        .setdefault("parameters", [])
        .append({"in": "query", "name": "why", "required": True, "schema": {"type": "string"}})
    ),
    "a body is gone": lambda api: api["paths"][BATCH]["post"].pop("requestBody"),
    "a kind of body is gone": lambda api: api["paths"][BATCH]["post"]["requestBody"]["content"].clear(),
    "an answer is gone": lambda api: api["paths"][ARTIFACT]["post"]["responses"].pop("201"),
    "a property of a body is demanded": lambda api: schema(api, "ItemToSave")["required"].append("sha256"),
    "a bound of a body is tighter": lambda api: schema(api, "BatchToSave")["properties"]["items"].update(maxItems=1),
    "a bound of a body is new": lambda api: schema(api, "ItemToSave")["properties"]["filename"].update(maxLength=3),
    "an answer may lack what it had": lambda api: schema(api, "VersionMetadata")["required"].remove("version"),
    "a property of an answer is another": lambda api: schema(api, "VersionMetadata")["properties"]["version"].update(
        type="string"
    ),
}
HARMLESS: Final[dict[str, Change]] = {
    "nothing": lambda _: None,
    "a route more": lambda api: api["paths"].update({"/v1/more": api["paths"][ARTIFACT]}),
    "words": lambda api: api["info"].update(description="Other words."),
    "an answer has more": lambda api: schema(api, "VersionMetadata")["properties"].update(more={"type": "string"}),
    "a bound of a body is wider": lambda api: schema(api, "BatchToSave")["properties"]["items"].update(maxItems=9999),
    "a property of a body may be left out": lambda api: schema(api, "ItemToSave")["required"].clear(),
    "a parameter more": lambda api: (
        api["paths"][ARTIFACT]["get"]
        .setdefault("parameters", [])
        .append({"in": "query", "name": "why", "schema": {"type": "string"}})
    ),
}


@pytest.mark.parametrize("change", BREAKING.values(), ids=list(BREAKING))
def test_breaking_changes_of_the_http_api(change: Change) -> None:
    now = copy.deepcopy(OPENAPI)
    change(now)
    assert http_changes.breaking_changes(OPENAPI, now)


@pytest.mark.parametrize("change", HARMLESS.values(), ids=list(HARMLESS))
def test_changes_of_the_http_api_that_break_nobody(change: Change) -> None:
    now = copy.deepcopy(OPENAPI)
    change(now)
    assert http_changes.breaking_changes(OPENAPI, now) == []


def schemas(before: dict[str, Any], now: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two files in which a body's schema is one and the other."""

    def file(body: dict[str, Any]) -> dict[str, Any]:
        content = {"application/json": {"schema": body}}
        return {"paths": {"/x": {"post": {"requestBody": {"content": content}, "responses": {}}}}}

    return file(before), file(now)


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ({}, {"type": "string"}, "type: anything became string"),
        ({"type": "number"}, {"type": "integer"}, "type: integer or number became integer"),
        ({"type": ["string", "null"]}, {"type": "string"}, "type: null or string became string"),
        ({"enum": ["a", "b"]}, {"const": "a"}, "values: 'a' or 'b' became 'a'"),
        ({"type": "string"}, {"type": "string", "pattern": "^a$"}, "pattern: none became ^a$"),
        ({"minimum": 0}, {"minimum": 1}, "minimum: 0 became 1"),
        ({"properties": {"a": {}}}, {"properties": {}, "additionalProperties": False}, "a: removed"),
        ({"items": {}}, {"items": {"type": "integer"}}, "items: type: anything became integer"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"anyOf": [{"type": "null"}]}, "alternative 1: changed"),
    ],
)
def test_what_a_body_no_longer_may_be(before: dict[str, Any], now: dict[str, Any], told: str) -> None:
    (line,) = http_changes.breaking_changes(*schemas(before, now))
    assert told in line
    assert http_changes.breaking_changes(*schemas(now, before)) == []


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A repository of both packages with a tag."""
    for package, folder in python_changes.PACKAGES.items():
        (tmp_path / folder / package).mkdir(parents=True)
        (tmp_path / folder / package / "__init__.py").write_text(
            f'"""{package}."""\nfrom {package}._inner import use\n__all__ = ["use"]\n'
        )
        (tmp_path / folder / package / "_inner.py").write_text("def use(one: int) -> int:\n    return one\n")
    made(tmp_path, changelog=RELEASED)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/openapi.json").write_text(json.dumps(OPENAPI))
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "--quiet", "-m", "released")
    git(tmp_path, "tag", "v0.2.0")
    return tmp_path


def test_breaking_changes_of_the_python_api(released: Path) -> None:
    assert python_changes.breaking_changes(released, "v0.2.0") == []
    inner = released / "client/src/google_adk_aws/_inner.py"
    inner.write_text("def use(one: int, two: int) -> int:\n    return one + two\n")
    (line,) = python_changes.breaking_changes(released, "v0.2.0")
    assert "two" in line


def test_breaking_changes_need_a_version_that_tells(released: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.changes(Release(released), "v0.2.0") == 0
    assert "Nothing that v0.2.0 promised is broken" in capsys.readouterr().out
    now = copy.deepcopy(OPENAPI)
    now["paths"].pop(ARTIFACT)
    (released / "docs/openapi.json").write_text(json.dumps(now))
    assert command.changes(Release(released), "v0.2.0") == 1
    shown = capsys.readouterr()
    assert f"HTTP: {ARTIFACT}: removed" in shown.out
    assert "0.2.0 does not tell of them" in shown.err
    version = released / "client/src/google_adk_aws/_version.py"
    version.write_text(version.read_text().replace("0.2.0", "0.3.0"))
    assert command.changes(Release(released), "v0.2.0") == 0
    assert "0.3.0 tells of them" in capsys.readouterr().out


def test_where_nothing_was_released_nothing_breaks(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.changes(Release(ROOT), "") == 0
    assert "Nothing was released yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["check"], 0, "may go out"),
        (["check", "--tag", "v999"], 1, "the tag is v999"),
        (["notes"], 0, "###"),
        ([], 2, "usage:"),
    ],
)
def test_the_command(arguments: list[str], status: int, told: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.release", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == status
    assert told in done.stdout + done.stderr
