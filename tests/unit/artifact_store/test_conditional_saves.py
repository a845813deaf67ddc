"""Saves that depend on the latest version, and saves that would only repeat it."""

from __future__ import annotations

from typing import Any

import pytest

from artifact_store import ArtifactId, Content, Part, Precondition, PreconditionFailed, Saved, Scope, StorageUnavailable
from tests.faults.interposed import Counted, Crash, World

DOC = ArtifactId(Scope("app", "u", "s"), "doc")
ABSENT = Precondition(absent=True)
ANY = Precondition(etags=frozenset(["*"]))


def save(world: World, body: bytes, hook: Counted | None = None, **options: Any) -> Saved:
    content = Content(body=body, part=Part(mime_type="a/b"), custom_metadata=options.pop("metadata", {}))
    key = options.pop("key", body.decode())
    return world.store(hook).save(DOC, content, caller="c", idempotency_key=key, **options)


def only(*etags: str) -> Precondition:
    return Precondition(etags=frozenset(etags))


def test_a_save_counts_only_if_the_latest_is_the_one_that_was_seen() -> None:
    world = World()
    first = save(world, b"first", only_if=ABSENT).version
    second = save(world, b"second", only_if=only('"x"', first.etag)).version
    for stale in (only(first.etag), only(), ABSENT):
        with pytest.raises(PreconditionFailed) as refused:
            save(world, b"third", only_if=stale)
        assert refused.value.etag == second.etag
    assert save(world, b"third", only_if=ANY).version.number == 2


def test_without_an_artifact_nothing_matches() -> None:
    world = World()
    for condition in (ANY, only('"x"')):
        with pytest.raises(PreconditionFailed) as refused:
            save(world, b"first", only_if=condition)
        assert refused.value.etag is None
    save(world, b"first")
    world.store().delete(DOC)
    with pytest.raises(PreconditionFailed):
        save(world, b"second", only_if=ANY)
    assert save(world, b"second", only_if=ABSENT).version.number == 0


def test_the_same_bytes_after_a_delete_are_another_version() -> None:
    world = World()
    seen = save(world, b"first", key="1").version.etag
    world.store().delete(DOC)
    save(world, b"first", key="2")
    with pytest.raises(PreconditionFailed):
        save(world, b"third", only_if=only(seen))


def test_a_repeated_save_was_judged_before() -> None:
    world = World()
    first = save(world, b"first", only_if=ABSENT)
    save(world, b"second")
    again = save(world, b"first", only_if=ABSENT)
    assert again.replayed
    assert again.version == first.version


@pytest.mark.parametrize("phase", ["before", "after"])
@pytest.mark.parametrize("act", [Crash, StorageUnavailable])
def test_a_save_between_is_seen_whatever_fails(phase: str, act: type[BaseException]) -> None:
    """Of two that depend on the same version, one counts; whoever fails at any call may try again."""
    at = 0
    while True:
        at += 1
        world = World()
        seen = only(save(world, b"seen").version.etag)

        def fail() -> None:
            raise act("injected")

        hook = Counted(at, phase, fail)
        try:
            save(world, b"mine", hook, only_if=seen)
        except (Crash, StorageUnavailable):
            pass
        else:
            assert at > 3
            return
        outcomes = []
        for body in (b"other", b"mine"):
            try:
                save(world, body, only_if=seen)
                outcomes.append(body)
            except PreconditionFailed:
                pass
        assert len(outcomes) == 1, (at, phase)
        store = world.store()
        assert [store.load(DOC, version.number).body for version in store.list_versions(DOC).items] == [
            b"seen",
            *outcomes,
        ]


def test_what_is_unchanged_is_not_saved_when_asked_so() -> None:
    world = World()
    first = save(world, b"same", key="1", skip_unchanged=True)
    assert not first.unchanged
    again = save(world, b"same", key="2", skip_unchanged=True)
    assert (again.unchanged, again.replayed, again.version) == (True, False, first.version)
    assert save(world, b"same", key="3").version.number == 1
    assert save(world, b"same", key="4", metadata={"n": 1}, skip_unchanged=True).version.number == 2
    assert save(world, b"other", key="5", skip_unchanged=True).version.number == 3
    assert save(world, b"same", key="6", skip_unchanged=True).version.number == 4, "only the latest counts"
