"""What a crash leaves in a bucket without a table is removed on request, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from artifact_store import ArtifactId
from artifact_store.adapters.memory import MemoryObjects, open_store
from artifact_store.errors import StorageUnavailable
from google_adk_aws import InvalidArtifactError, Scope
from tests.direct_services import in_memory, store_without_table

pytestmark = pytest.mark.unit

SESSION = Scope("app", "ada", "s")
USER = Scope("app", "ada")


async def test_a_delete_that_was_killed_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_without_table()
    objects = store.ports.objects
    assert isinstance(objects, MemoryObjects)
    async with in_memory(store) as service:
        for name in ("dead", "alive"):
            for number in range(3):
                await service.client.save(ArtifactId(SESSION, name), b"%d" % number)
        for _ in range(2):
            await service.client.save(ArtifactId(USER, "dead"), b"user's")
        before = len(objects.refs())

        for artifact in (ArtifactId(SESSION, "dead"), ArtifactId(USER, "dead")):
            with monkeypatch.context() as killed:
                killed.setattr(MemoryObjects, "delete", _dies_after_one(MemoryObjects.delete))
                await service.client.delete(artifact)
        left = {ref.key for ref in objects.refs()}
        assert before - len(objects.refs()) == 2

        assert await service.client.sweep(SESSION) == 3
        swept = left - {ref.key for ref in objects.refs()}
        assert swept
        assert all(key.startswith("app/ada/s/dead/") for key in swept)
        assert await service.client.sweep(SESSION) == 0
        assert [found.filename async for found in service.client.artifacts(SESSION)] == ["alive"]
        assert (await service.client.load(ArtifactId(SESSION, "alive"))).body == b"2"

        assert await service.client.sweep(USER) == 2
        assert (await service.client.save(ArtifactId(SESSION, "dead"), b"again")).version == 0


async def test_with_a_table_maintenance_does_it() -> None:
    async with in_memory(open_store()) as service:
        with pytest.raises(InvalidArtifactError, match="has a table") as caught:
            await service.client.sweep(SESSION)
    assert caught.value.code == "has_table"


def _dies_after_one(delete: Callable[..., None]) -> Callable[..., None]:
    """The first delete ends the artifact's life, the others remove what is left of it."""
    calls = 0

    def call(*args: object) -> None:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise StorageUnavailable("killed")
        delete(*args)

    return call
