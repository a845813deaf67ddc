"""What `google_adk_aws.testing` gives to users' tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, get_args

import pytest
from google.genai import types

from artifact_store.names import Scope
from google_adk_aws import (
    ArtifactConnectionError,
    ArtifactError,
    ArtifactServerError,
    ArtifactTimeoutError,
    InvalidArtifactError,
    NewArtifact,
    S3PermissionError,
)
from google_adk_aws.testing import Faults, InMemoryArtifactService, Operation

pytestmark = pytest.mark.unit

OWNER: Final[dict[str, Any]] = {"app_name": "app", "user_id": "ada", "session_id": "s"}
DOC: Final[dict[str, Any]] = {**OWNER, "filename": "doc"}
USERS_DOC: Final[dict[str, Any]] = {**OWNER, "filename": "user:doc"}
HELLO: Final = types.Part.from_text(text="hello")

CALLS: Final[dict[str, Callable[[InMemoryArtifactService], Awaitable[Any]]]] = {
    "save": lambda service: service.save_artifact(**DOC, artifact=HELLO),
    "load": lambda service: service.load_artifact(**DOC),
    "describe": lambda service: service.get_artifact_version(**DOC),
    "list": lambda service: service.list_artifact_keys(**OWNER),
    "versions": lambda service: service.list_versions(**DOC),
    "delete": lambda service: service.delete_artifact(**DOC),
}


@pytest.fixture
async def service() -> InMemoryArtifactService:
    """With one artifact of one version."""
    service = InMemoryArtifactService()
    await service.save_artifact(**DOC, artifact=HELLO)
    return service


async def versions(service: InMemoryArtifactService) -> list[int]:
    return await service.list_versions(**DOC)


def test_every_operation_has_a_call() -> None:
    assert tuple(CALLS) == get_args(Operation)


@pytest.mark.parametrize("operation", CALLS)
async def test_fail_changes_nothing_and_happens_once(service: InMemoryArtifactService, operation: Any) -> None:
    fault = service.faults.fail(operation)
    assert service.faults.pending == [fault]

    with pytest.raises(ArtifactServerError) as caught:
        await CALLS[operation](service)

    assert (caught.value.code, caught.value.status) == ("storage_failed", 503)
    assert (fault.fired, service.faults.pending) == (1, [])
    assert await versions(service) == [0]
    await CALLS[operation](service)
    assert fault.fired == 1


@pytest.mark.parametrize(("operation", "left"), [("save", [0, 1]), ("delete", [])])
async def test_a_lost_answer_has_happened(service: InMemoryArtifactService, operation: Any, left: list[int]) -> None:
    service.faults.lose_answer(operation)
    with pytest.raises(ArtifactTimeoutError):
        await CALLS[operation](service)
    assert await versions(service) == left


async def test_any_error_a_service_raises(service: InMemoryArtifactService) -> None:
    service.faults.fail("save", S3PermissionError("not yours", "AccessDenied"))
    with pytest.raises(S3PermissionError, match="not yours"):
        await CALLS["save"](service)


async def test_only_one_artifact_by_adks_name(service: InMemoryArtifactService) -> None:
    fault = service.faults.fail("save", filename="user:doc", times=None)
    assert await service.save_artifact(**DOC, artifact=HELLO) == 1
    for _ in range(2):
        with pytest.raises(ArtifactError):
            await service.save_artifact(**USERS_DOC, artifact=HELLO)
    assert (fault.fired, service.faults.pending) == (2, [])


async def test_first_planned_first(service: InMemoryArtifactService) -> None:
    service.faults.fail("load", ArtifactConnectionError("first"), times=2)
    service.faults.fail("load", ArtifactTimeoutError("then"))
    told: list[object] = []
    for _ in range(4):
        try:
            told.append((await service.load_artifact(**DOC)) == HELLO)
        except ArtifactError as error:
            told.append(error.message)
    assert told == ["first", "first", "then", True]


async def test_slow_but_well(service: InMemoryArtifactService, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("google_adk_aws.testing._faults.asyncio.sleep", sleep)
    service.faults.slow_down("load", 2.5)
    assert await service.load_artifact(**DOC) == HELLO
    assert [seconds for seconds in slept if seconds] == [2.5]


async def test_an_outage_ends(service: InMemoryArtifactService) -> None:
    service.faults.break_down()
    for call in CALLS.values():
        with pytest.raises(ArtifactConnectionError):
            await call(service)
    assert service.faults.pending == []
    service.faults.clear()
    for call in CALLS.values():
        await call(service)


async def test_in_a_batch_one_item_fails(service: InMemoryArtifactService) -> None:
    service.faults.fail("save", filename="b")
    items = [NewArtifact(filename=name, content=b"x") for name in "abc"]
    saved = await service.client.save_artifacts(Scope("app", "ada", "s"), items)
    assert [result.error is None for result in saved] == [True, False, True]
    service.faults.fail("delete", filename="a")
    deleted = await service.client.delete_artifacts(Scope("app", "ada", "s"), ["a", "b", "c"])
    assert [result.error is None for result in deleted] == [False, True, True]


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (lambda faults: faults.fail("saev"), "operation must be one of save, load,"),
        (lambda faults: faults.fail("list", filename="doc"), "a list has no filename"),
        (lambda faults: faults.fail("save", times=0), "times must be at least 1"),
        (lambda faults: faults.slow_down("save", -1), "seconds must not be negative"),
    ],
)
def test_what_cannot_be_planned_is_said(plan: Callable[[Faults], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plan(Faults())


async def test_limits_are_the_real_ones() -> None:
    async with InMemoryArtifactService() as service:
        with pytest.raises(InvalidArtifactError, match="the limit is"):
            await service.save_artifact(**OWNER, filename="x" * 2000, artifact=HELLO)


async def test_content_of_many_parts() -> None:
    service = InMemoryArtifactService()
    video = types.Part.from_bytes(data=bytes(9 * 1024**2), mime_type="video/mp4")
    await service.save_artifact(**DOC, artifact=video)
    assert await service.load_artifact(**DOC) == video


def test_no_boto3_and_no_pytest_is_imported() -> None:
    script = "import sys, google_adk_aws.testing; print({'boto3', 'botocore', 'pytest'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"


ROOT: Final = Path(__file__).parents[4]


def pytest_of(folder: Path) -> list[str]:
    environment = {"PYTHONPATH": f"{ROOT / 'client/src'}:{ROOT / 'layers/artifact_store'}", "HOME": str(folder)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto"]
    done = subprocess.run(command, check=False, cwd=folder, env=environment, capture_output=True, text=True)
    return done.stdout.splitlines()


def test_the_fixture_fails_a_test_that_ran_into_nothing(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["google_adk_aws.testing.plugin"]\n')
    (tmp_path / "test_it.py").write_text(
        "def test_it(artifact_service):\n    artifact_service.faults.fail('save', filename='doc')\n"
    )
    told = pytest_of(tmp_path)
    assert "nothing ran into ArtifactServerError of save doc" in told
    assert told[-1].startswith("1 passed, 1 error in ")
