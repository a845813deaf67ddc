"""The locks hold what pyproject.toml asks for, with hashes, and name no machine and no registry."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[3]
LOCKS = {
    **{
        group: Path(f"requirements/{group}.txt")
        for group in (
            "bootstrap",
            "dev",
            "emulator",
            "sam",
            "seaweedfs",
            "checkov",
            "workflows",
            "awscli",
            "bench",
            "awslambdaric",
            "cfn-lint-serverless",
        )
    },
    "functions": Path("layers/runtime/requirements.txt"),
}
GROUPS: dict[str, list[Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]


def asked_for(group: str) -> list[Requirement]:
    requirements: list[Requirement] = []
    for entry in GROUPS[group]:
        requirements += asked_for(entry["include-group"]) if isinstance(entry, dict) else [Requirement(entry)]
    return requirements


def locked(path: Path) -> dict[str, str]:
    pins = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)", (ROOT / path).read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pins}


@pytest.mark.parametrize("group", LOCKS)
def test_a_lock_has_what_its_group_asks_for(group: str) -> None:
    pins = locked(LOCKS[group])
    for requirement in asked_for(group):
        version = pins.get(canonicalize_name(requirement.name))
        assert version, f"{requirement.name} is not locked: make lock"
        assert requirement.specifier.contains(version), f"{requirement.name}=={version}: make lock"


@pytest.mark.parametrize("path", LOCKS.values(), ids=str)
def test_a_lock_names_no_registry_and_no_folder(path: Path) -> None:
    text = (ROOT / path).read_text()
    assert not re.search(r"://|--index|--extra-index|--find-links|--trusted-host|file:|(^|\s)/", text)


@pytest.mark.parametrize("path", LOCKS.values(), ids=str)
def test_everything_locked_has_a_hash(path: Path) -> None:
    blocks = re.split(r"^(?=[A-Za-z0-9])", (ROOT / path).read_text(), flags=re.MULTILINE)[1:]
    assert blocks
    assert [block for block in blocks if "--hash=sha256:" not in block] == []


def test_the_functions_run_on_the_versions_they_are_tested_with() -> None:
    dev = locked(LOCKS["dev"])
    assert {name: dev.get(name) for name in locked(LOCKS["functions"])} == locked(LOCKS["functions"])


def test_the_client_is_tested_with_what_it_asks_for() -> None:
    project = tomllib.loads((ROOT / "client" / "pyproject.toml").read_text())["project"]
    assert {str(Requirement(text)) for text in project["dependencies"]} == {
        str(requirement) for requirement in asked_for("client")
    }
    assert {str(Requirement(text)) for text in project["optional-dependencies"]["encryption"]} == {
        str(requirement) for requirement in asked_for("encryption")
    }
