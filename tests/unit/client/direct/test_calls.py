"""What calls do when the store gives them something unexpected."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from artifact_store import ArtifactId, ArtifactStore, Content, Loaded, StorageUnavailable
from artifact_store.adapters.memory import MemoryObjects, open_store
from google_adk_aws import ArtifactIntegrityError
from tests.direct_services import in_memory, store_without_table

pytestmark = pytest.mark.unit

DOC = ArtifactId.of(app="app", user="u", session="s", filename="doc")


@pytest.fixture
def store() -> ArtifactStore:
    store = open_store()
    store.save(DOC, Content(body=b"as it was saved"), caller="c", idempotency_key="k")
    return store


@pytest.mark.parametrize("times", [1, 2])
async def test_damaged_bytes_are_never_given(store: ArtifactStore, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    damaged = [True] * times
    load = store.load

    def load_damaged(*given: Any) -> Loaded:
        loaded = load(*given)
        return replace(loaded, body=b"AS IT WAS SAVED") if damaged and damaged.pop() else loaded

    monkeypatch.setattr(store, "load", load_damaged)
    async with in_memory(store) as service:
        if times == 1:
            assert (await service.client.load(DOC)).body == b"as it was saved"
        else:
            with pytest.raises(ArtifactIntegrityError, match="SHA-256"):
                await service.client.load(DOC)


async def test_what_a_delete_has_no_time_for_is_purged(store: ArtifactStore, monkeypatch: pytest.MonkeyPatch) -> None:
    purged: list[str] = []

    def purge(_: ArtifactId, gen: str) -> bool:
        purged.append(gen)
        return len(purged) == 3

    def unfinished(artifact: ArtifactId, **given: Any) -> bool:
        given["on_unfinished"](artifact, "the generation")
        return True

    monkeypatch.setattr(store, "delete", unfinished)
    monkeypatch.setattr(store, "purge", purge)
    async with in_memory(store) as service:
        await service.client.delete(DOC)
    assert purged == ["the generation"] * 3


async def test_a_purge_that_fails_is_logged_since_the_artifact_is_deleted(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unfinished(artifact: ArtifactId, **given: Any) -> bool:
        given["on_unfinished"](artifact, "the generation")
        return True

    def fail(*_: Any) -> bool:
        raise StorageUnavailable("S3 failed: InternalError")

    monkeypatch.setattr(store, "delete", unfinished)
    monkeypatch.setattr(store, "purge", fail)
    with caplog.at_level(logging.WARNING, "google_adk_aws"):
        async with in_memory(store) as service:
            await service.client.delete(DOC)
    assert "Failed to delete content: S3 failed: InternalError; the artifact is deleted" in caplog.text


async def test_a_list_of_several_pages(store: ArtifactStore) -> None:
    for number in range(1001):
        name = ArtifactId.of(app="app", user="u", session="s", filename=f"n{number}")
        store.save(name, Content(body=b""), caller="c", idempotency_key=str(number))
    async with in_memory(store) as service:
        found = [summary.filename async for summary in service.client.artifacts(DOC.scope)]
        names = [name async for name in service.client.filenames(DOC.scope)]
    assert sorted(found) == sorted(names) == sorted(["doc", *(f"n{number}" for number in range(1001))])


async def test_names_without_a_table_are_lists_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_without_table()
    for number in range(3):
        name = ArtifactId.of(app="app", user="u", session="s", filename=f"n{number}")
        store.save(name, Content(body=b""), caller="c", idempotency_key=str(number))
    lists, list_versions = [], MemoryObjects.list_versions

    def counted(objects: MemoryObjects, *given: Any, **how: Any) -> Any:
        lists.append(given)
        return list_versions(objects, *given, **how)

    def refused(*_: Any) -> None:
        raise AssertionError("an object was looked at")

    monkeypatch.setattr(MemoryObjects, "list_versions", counted)
    for method in ("head", "head_version", "get"):
        monkeypatch.setattr(MemoryObjects, method, refused)
    async with in_memory(store) as service:
        names = await service.list_artifact_keys(app_name="app", user_id="u", session_id="s")
    assert (names, len(lists)) == (["n0", "n1", "n2"], 2)  # the session's, and its user's
