"""A batch reads its items one after the other: what is written in between is seen in part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from artifact_store import ArtifactId, ArtifactStore, Content, Precondition, PreconditionFailed
from artifact_store.adapters.memory import MemoryTable
from artifact_store.index import TableIndex
from artifact_store.ports import Item, Key, Ports
from tests.faults.interposed import World

DOC = ArtifactId.of(app="app", user="u", session="s", filename="doc")
CONTENT = Content(body=b"mine")
ABSENT = Precondition(absent=True)


class TornTable:
    """Reads a batch from its last item to its first; something happens once before the first."""

    def __init__(self, table: MemoryTable, between: Callable[[], object]) -> None:
        self._table = table
        self._between: list[Callable[[], object]] = [between]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)

    def get(self, keys: Sequence[Key]) -> Sequence[Item | None]:
        *earlier, last = keys
        found = self._table.get([last])
        while earlier and self._between:
            self._between.pop()()
        return [*(self._table.get(earlier) if earlier else []), *found]


def torn(world: World, between: Callable[[], object]) -> ArtifactStore:
    store = world.store()
    ports: Ports = store._ports
    table: Any = TornTable(world.table, between)
    return ArtifactStore(
        Ports(
            objects=ports.objects,
            transfers=ports.transfers,
            index=TableIndex(table, world.clock),
            clock=ports.clock,
            parallel=ports.parallel,
            new_id=ports.new_id,
        )
    )


def save(store: ArtifactStore, key: str, **options: Any) -> tuple[int, bool]:
    saved = store.save(DOC, CONTENT, caller="c", idempotency_key=key, **options)
    return saved.version.number, saved.replayed


def test_a_repeated_save_does_not_take_its_own_version_for_another_ones() -> None:
    world = World()
    store = torn(world, lambda: save(world.store(), "mine", only_if=ABSENT))
    assert save(store, "mine", only_if=ABSENT) == (0, True)


def test_anothers_version_is_in_the_way() -> None:
    world = World()
    store = torn(world, lambda: save(world.store(), "others", only_if=ABSENT))
    with pytest.raises(PreconditionFailed):
        save(store, "mine", only_if=ABSENT)


def test_a_repeated_save_that_sees_the_head_without_its_token_saves_nothing_again() -> None:
    world = World()
    store = torn(world, lambda: save(world.store(), "mine"))
    assert save(store, "mine") == (0, True)
    assert len(world.objects.refs()) == 1
