"""Every storage call of every operation fails once; the answer says so, and the repeated request succeeds."""

from __future__ import annotations

import io
from typing import Any

import pytest

from artifact_api import wiring
from artifact_store import StorageDenied, StorageUnavailable
from tests.contract.calls import DOC, SESSION, USER, Answer, call, packed
from tests.faults.interposed import Counted, World

REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "save": ("POST", DOC, {"body": b"new"}),
    "save with much metadata": (
        "POST",
        DOC,
        {"body": b"new", "headers": {"Artifact-Metadata": packed({"text": "x" * 4000})}},
    ),
    "save under a user": ("POST", f"{USER}/doc", {"body": b"new"}),
    "load": ("GET", DOC, {}),
    "load a version": ("GET", f"{DOC}/versions/0", {}),
    "head": ("HEAD", DOC, {}),
    "describe": ("GET", f"{DOC}/versions/latest/metadata", {}),
    "list": ("GET", SESSION, {}),
    "list of a user": ("GET", USER, {}),
    "list versions": ("GET", f"{DOC}/versions", {}),
}


def asked(name: str) -> Answer:
    method, path, parts = REQUESTS[name]
    return call(method, path, **parts)


def prepare() -> World:
    world = World()
    wiring.use(store=world.store())
    for path in (DOC, f"{USER}/doc"):
        assert call("POST", path, body=b"old").status == 201
    return world


def calls_of(name: str) -> int:
    counted = Counted()
    wiring.use(store=prepare().store(counted))
    assert asked(name).status in {200, 201}
    return len(counted.calls)


@pytest.mark.parametrize("error", [StorageUnavailable("SECRET", retry_after=2), StorageDenied("SECRET")])
@pytest.mark.parametrize("name", REQUESTS)
def test_each_storage_call_fails(name: str, error: Exception, log: io.StringIO) -> None:
    total = calls_of(name)
    assert total >= 1
    for failing in range(total):
        world, made = prepare(), 0

        def hook(_call: str, phase: str, failing: int = failing) -> None:
            nonlocal made
            if phase == "before":
                made += 1
                if made == failing + 1:
                    raise error

        wiring.use(store=world.store(hook))
        answer = asked(name)
        if answer.status in {200, 201}:
            # The protocol copes with this failure by itself.
            assert name.startswith("save")
            continue
        expected = 503 if isinstance(error, StorageUnavailable) else 500
        assert answer.status == expected
        assert ("retry-after" in answer.headers) is (expected == 503)
        assert b"SECRET" not in answer.body
        if answer.body:
            assert answer.code == ("storage_unavailable" if expected == 503 else "internal_error")
        wiring.use(store=world.store())
        assert asked(name).status in {200, 201}
        assert type(error).__name__ in log.getvalue()
    assert "SECRET" not in log.getvalue()


def test_a_delete_that_fails_is_repeated() -> None:
    counted = Counted()
    world = prepare()
    wiring.use(store=world.store(counted))
    assert call("DELETE", DOC).status == 204
    for failing in range(len(counted.calls)):
        world, made = prepare(), 0

        def hook(_call: str, phase: str, failing: int = failing) -> None:
            nonlocal made
            if phase == "before":
                made += 1
                if made == failing + 1:
                    raise StorageUnavailable("injected")

        wiring.use(store=world.store(hook))
        assert call("DELETE", DOC).status in {204, 503}
        wiring.use(store=world.store())
        assert call("DELETE", DOC).status == 204
        assert call("GET", DOC).status == 404


def test_a_bug_is_told_to_nobody_but_the_log(world: World, log: io.StringIO) -> None:
    def bug(_name: str, _phase: str) -> None:
        raise ZeroDivisionError("SECRET")

    wiring.use(store=world.store(bug))
    answer = call("GET", DOC)
    assert (answer.status, answer.code) == (500, "internal_error")
    assert b"SECRET" not in answer.body
    assert b"ZeroDivisionError" not in answer.body
    assert "retry-after" not in answer.headers
    assert "ZeroDivisionError" in log.getvalue()
    assert "_reading.py" in log.getvalue()
    assert "SECRET" not in log.getvalue()


def test_health_asks_no_storage(world: World) -> None:
    def fail(name: str, _phase: str) -> None:
        raise AssertionError(name)

    wiring.use(store=world.store(fail))
    answer = call("GET", "/v1/health")
    assert (answer.status, answer.json) == (200, {"status": "ok"})
