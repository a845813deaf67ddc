"""How many storage calls each operation makes: the figures that latency and costs rest on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from artifact_store import ArtifactId, ArtifactStore, Content
from tests.faults.interposed import Depth, World

ARTIFACT = ArtifactId.of(app="app", user="u", session="s", filename="report.pdf")
USERS = ArtifactId.of(app="app", user="u", session="s", filename="user:logo.png")
SMALL = Content(body=b"%PDF")
WORDY = Content(body=b"%PDF", custom_metadata={"text": "x" * 4000})

Operation = Callable[[ArtifactStore], object]

CASES: dict[str, tuple[Operation, list[str], int]] = {
    "save": (
        lambda store: store.save(ARTIFACT, SMALL, caller="c", idempotency_key="new"),
        ["get", "create", "transact"],
        3,
    ),
    "save with metadata over 2 KB": (
        lambda store: store.save(ARTIFACT, WORDY, caller="c", idempotency_key="new"),
        ["get", "create", "create", "transact"],
        4,
    ),
    "save again with the same key": (
        lambda store: store.save(ARTIFACT, SMALL, caller="c", idempotency_key="0"),
        ["get"],
        1,
    ),
    "load latest": (lambda store: store.load(ARTIFACT), ["get", "get"], 2),
    "load latest, known by its entity tag": (
        lambda store: store.load_unless(ARTIFACT, None, etags=frozenset({"*"})),
        ["get"],
        1,
    ),
    "describe latest that is too large to load": (
        lambda store: store.load_unless(ARTIFACT, None, etags=frozenset(), at_most=1),
        ["get", "get"],
        2,
    ),
    "describe version 0 that is too large to load": (
        lambda store: store.load_unless(ARTIFACT, 0, etags=frozenset(), at_most=1),
        ["get", "query"],
        1,
    ),
    "load version 0": (lambda store: store.load(ARTIFACT, 0), ["get", "query", "get"], 2),
    "describe version 0": (lambda store: store.describe(ARTIFACT, 0), ["get", "query"], 1),
    "describe latest": (lambda store: store.describe(ARTIFACT), ["get", "get"], 2),
    "list a session's names": (
        lambda store: store.list_artifacts(ARTIFACT.scope, limit=1000),
        ["query", "query"],
        1,
    ),
    "list a user's names": (
        lambda store: store.list_artifacts(USERS.scope, limit=1000),
        ["query"],
        1,
    ),
    "list versions with metadata": (
        lambda store: store.list_versions(ARTIFACT, limit=1000),
        ["get", "query"],
        1,
    ),
}


@pytest.mark.parametrize("versions", [1, 1000])
@pytest.mark.parametrize("case", CASES)
def test_calls_and_depth_are_the_same_at_any_number_of_versions(case: str, versions: int) -> None:
    operation, calls, depth = CASES[case]
    world = World()
    for number in range(versions):
        world.store().save(ARTIFACT, SMALL, caller="c", idempotency_key=str(number))
    world.store().save(USERS, SMALL, caller="c", idempotency_key="u")
    seen = Depth()
    operation(world.store(seen.hook, parallel=seen.parallel))
    assert seen.calls == calls
    assert seen.depth == depth


@pytest.mark.parametrize("versions", [1, 1000])
def test_delete_takes_one_read_and_one_transaction_to_vanish(versions: int) -> None:
    world = World()
    for number in range(versions):
        world.store().save(ARTIFACT, SMALL, caller="c", idempotency_key=str(number))
    seen = Depth()

    def hook(name: str, phase: str) -> None:
        seen.hook(name, phase)
        if name == "transact" and phase == "after":
            assert world.store().list_artifacts(ARTIFACT.scope).items == []

    world.store(hook, parallel=seen.parallel).delete(ARTIFACT)
    assert seen.calls[:2] == ["get", "transact"]
    pages = versions // 500 + 1
    assert seen.calls.count("query") == pages
    assert world.objects.refs() == []


def save_beside_a_rival(world: World, *, losses: int) -> list[str]:
    """Saves while another saver takes the number each time, and commits it; returns the calls."""
    calls: list[str] = []

    def hook(name: str, phase: str) -> None:
        if phase == "before":
            calls.append(name)
            if name == "create" and calls.count("create") <= losses:
                key = f"rival {calls.count('create')}"
                world.store().save(ARTIFACT, SMALL, caller="c", idempotency_key=key)

    saved = world.store(hook).save(ARTIFACT, SMALL, caller="c", idempotency_key="mine")
    assert saved.version.number == losses
    return calls


def test_a_saver_that_lost_a_number_goes_straight_on_to_the_next() -> None:
    world = World()
    before = world.clock.now
    assert save_beside_a_rival(world, losses=3) == ["get", *["create", "get"] * 3, "create", "transact"]
    assert world.clock.now == before, "nobody waits for who has committed already"


def test_a_saver_that_loses_and_loses_pauses_and_reads_again() -> None:
    world = World()
    before = world.clock.now
    calls = save_beside_a_rival(world, losses=9)
    assert calls == ["get", *["create", "get"] * 7, *["create", "get", "get"] * 2, "create", "transact"]
    assert world.clock.now > before
