"""What a crash leaves in a bucket without a table is removed on request, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from artifact_store import ArtifactId
from artifact_store.adapters import bucket_sweeping
from artifact_store.adapters.memory import MemoryObjects, open_store
from artifact_store.errors import StorageUnavailable
from artifact_store.names import BLOB_PREFIX
from google_adk_aws import InvalidArtifactError, RetryConfig, S3PermissionError, Scope
from tests.direct_services import in_memory, store_without_table, without_table

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


async def test_content_that_no_version_names_is_removed_once_no_save_can_name_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = store_without_table()
    objects = store.ports.objects
    assert isinstance(objects, MemoryObjects)
    large = b"x" * (4 * 1024 * 1024)
    async with in_memory(store, retry_config=RetryConfig(max_attempts=1)) as service:
        for artifact in (ArtifactId(SESSION, "dead"), ArtifactId(SESSION, "alive"), ArtifactId(USER, "alive")):
            await service.client.save(artifact, large)
        await service.client.save(ArtifactId(SESSION, "alive"), b"words", custom_metadata={"long": "x" * 4000})
        # Killed between the artifact's end and its content's.
        with monkeypatch.context() as killed:
            killed.setattr(MemoryObjects, "delete", _dies_after_one(MemoryObjects.delete))
            await service.client.delete(ArtifactId(SESSION, "dead"))
        objects.put_foreign(BLOB_PREFIX + "another-programs", b"")

    # Another process, which remembers nothing.
    async with in_memory(without_table(objects)) as service:
        assert len(_blobs(objects)) == 5
        assert await service.client.sweep_blobs() == 0, "a save of today may name it yet"
        monkeypatch.setattr(bucket_sweeping, "_BLOB_AGE_MS", -1000)
        assert await service.client.sweep_blobs() == 1
        assert await service.client.sweep_blobs() == 0
        assert len(_blobs(objects)) == 4
        for artifact in (ArtifactId(SESSION, "alive"), ArtifactId(USER, "alive")):
            assert (await service.client.load(artifact, 0)).body == large
        assert (await service.client.load(ArtifactId(SESSION, "alive"))).body == b"words"


async def test_blobs_of_a_table_are_its_maintenances() -> None:
    async with in_memory(open_store()) as service:
        with pytest.raises(InvalidArtifactError, match="has a table"):
            await service.client.sweep_blobs()
    async with in_memory(store_without_table(), permissions=["artifact:delete:session"]) as service:
        with pytest.raises(S3PermissionError, match="artifact:delete:user"):
            await service.client.sweep_blobs()


def _blobs(objects: MemoryObjects) -> list[str]:
    return [ref.key for ref in objects.refs() if ref.key.startswith(BLOB_PREFIX)]


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
