"""GitHub's workflows do what a contributor can do, pinned and with few permissions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

pytestmark = pytest.mark.unit

ROOT: Final = Path(__file__).parents[2]
WORKFLOWS: Final = {path.stem: path for path in sorted((ROOT / ".github/workflows").glob("*.yml"))}
TARGETS: Final = {
    target
    for makefile in (ROOT / "Makefile", *ROOT.glob("make/*.mk"))
    for target in re.findall(r"^([a-z][a-z0-9-]*):.*## ", makefile.read_text(), re.MULTILINE)
}


def loaded(name: str) -> dict[str, Any]:
    # BaseLoader: `on` is a key here, not a truth.
    found: dict[str, Any] = yaml.load(WORKFLOWS[name].read_text(), Loader=yaml.BaseLoader)  # noqa: S506 - text alone
    return found


def jobs() -> list[Any]:
    return [
        pytest.param(job, id=f"{workflow} {name}")
        for workflow in WORKFLOWS
        for name, job in loaded(workflow)["jobs"].items()
    ]


def test_there_are_three() -> None:
    assert list(WORKFLOWS) == ["check", "docs", "release"]


@pytest.mark.parametrize("job", jobs())
def test_steps_are_what_a_contributor_runs(job: dict[str, Any]) -> None:
    for step in job["steps"]:
        if "run" in step:
            assert step["run"] == ".ci/run" or step["run"].removeprefix("make ") in TARGETS, step["run"]
        else:
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"]), step["uses"]


@pytest.mark.parametrize("job", jobs())
def test_jobs_end_and_say_what_they_may(job: dict[str, Any]) -> None:
    assert int(job["timeout-minutes"]) <= 90
    assert job["permissions"], "each job names its own"
    for step in job["steps"]:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] == "false"


@pytest.mark.parametrize("workflow", list(WORKFLOWS))
def test_nothing_is_permitted_to_all_jobs(workflow: str) -> None:
    assert loaded(workflow)["permissions"] == {}


def test_tests_run_on_every_python_that_the_package_names() -> None:
    about = (ROOT / "client/pyproject.toml").read_text()
    named = set(re.findall(r'"Programming Language :: Python :: (3\.\d+)"', about))
    check = loaded("check")["jobs"]
    given = [step.get("with", {}) for step in check["everything"]["steps"]]
    run = {inputs["python-version"] for inputs in given if "python-version" in inputs}
    assert run | set(check["tests"]["strategy"]["matrix"]["python"]) == named


def test_nothing_is_published_that_was_not_proven() -> None:
    release = loaded("release")["jobs"]
    runs = [step.get("run") for step in release["build"]["steps"]]
    assert runs.index("make release-check") < runs.index(".ci/run") < runs.index("make package")
    assert {name: job.get("needs") for name, job in release.items() if name != "build"} == {
        "pypi": "build",
        "page": "pypi",
        "stack": "build",
    }
