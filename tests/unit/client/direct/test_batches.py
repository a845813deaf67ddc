"""Many artifacts in one call: the names and results of the service over HTTP."""

from __future__ import annotations

import inspect
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from artifact_store import ArtifactId, Saved
from google_adk_aws import (
    ArtifactClient,
    ArtifactNotFoundError,
    ArtifactPreconditionError,
    ArtifactSummary,
    ArtifactVersionNotFoundError,
    BatchProgress,
    InvalidArtifactError,
    NewArtifact,
    S3ArtifactService,
    Scope,
)
from tests.direct_services import in_memory, store_without_table

pytestmark = pytest.mark.unit

SESSION = Scope("app", "alice", "s/1")


@pytest.fixture
async def service() -> AsyncIterator[S3ArtifactService]:
    async with in_memory(store_without_table()) as service:
        yield service


async def test_an_item_that_is_none_spoils_no_other_one(service: S3ArtifactService) -> None:
    client, given = service.client, list[Any](["a", None, 5, ("a", "x"), ("a", -1), ("a",), (None, 0), "b"])
    items = [NewArtifact(filename=name, content=b"1") for name in ("a", given[1], "b")]
    strange: Any = 7
    saved = await client.save_artifacts(SESSION, [*items, NewArtifact(filename="c", content=b"", mime_type=strange)])
    assert [result.error and result.error.field for result in saved] == [None, "filename", None, "mime_type"]
    loaded = await client.load_artifacts(SESSION, given)
    assert [result.filename for result in loaded] == ["a", "None", "5", "a", "a", "a", "None", "b"]
    fields = [None, "filename", "filename", "version", "version", "filename", "filename", None]
    assert [result.error and result.error.field for result in loaded] == fields
    described = await client.describe_artifacts(SESSION, given)
    assert [result.error and result.error.field for result in described] == fields
    deleted = await client.delete_artifacts(SESSION, ["a", given[1], "b", "c"])
    assert [result.error or result.get() for result in deleted if result.filename != "None"] == [True, True, False]


async def test_each_has_its_own_result_in_order(service: S3ArtifactService) -> None:
    told: list[BatchProgress] = []
    items = [
        NewArtifact(filename="a", content=b"1", mime_type="image/png", custom_metadata={"n": 1}),
        NewArtifact(filename="", content=b"no name"),
        NewArtifact(filename="user:mine", content=b"2"),
        NewArtifact(filename="b", content=b"3", if_match='"another"'),
        NewArtifact(filename="c", content=b"x" * (4 * 1024 * 1024)),
    ]
    saved = await service.client.save_artifacts(SESSION, items, progress=told.append)
    assert [type(result.error) for result in saved] == [
        type(None),
        InvalidArtifactError,
        type(None),
        ArtifactPreconditionError,
        type(None),
    ]
    assert [progress.done_items for progress in told] == [1, 2, 3, 4, 5]
    assert {progress.total_items for progress in told} == {5}
    assert [(result.filename, result.get().filename) for result in saved if result.error is None] == [
        ("a", "a"),
        ("user:mine", "user:mine"),
        ("c", "c"),
    ]
    loaded = await service.client.load_artifacts(SESSION, ["a", "user:mine", ("a", 0), ("a", 1), ("a", -1), "b"])
    assert [result.value and result.value.body for result in loaded] == [b"1", b"2", b"1", None, None, None]
    assert [type(result.error) for result in loaded[3:]] == [
        ArtifactVersionNotFoundError,
        InvalidArtifactError,
        ArtifactNotFoundError,
    ]
    described = await service.client.describe_artifacts(SESSION, ["a", "user:mine"])
    assert [result.get().custom_metadata for result in described] == [{"n": 1}, {}]
    assert [result.get().filename for result in described] == ["a", "user:mine"]
    deleted = await service.client.delete_artifacts(SESSION, ["a", "never", "a/../"])
    assert [result.value for result in deleted] == [True, False, False]


async def test_those_of_one_name_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    items = [NewArtifact(filename=name, content=b"%d" % number) for number in range(20) for name in ("a", "b")]
    store, busy, overlaps, late = store_without_table(), set[str](), list[str](), threading.Event()
    save = store.save

    def watched(artifact: ArtifactId, *given: Any, **named: Any) -> Saved:
        if artifact.filename in busy:
            overlaps.append(artifact.filename)
        busy.add(artifact.filename)
        late.wait(0.002)  # room for one that does not wait its turn
        busy.discard(artifact.filename)
        return save(artifact, *given, **named)

    monkeypatch.setattr(store, "save", watched)
    async with in_memory(store) as service:
        saved = await service.client.save_artifacts(SESSION, items)
    assert overlaps == []
    assert [result.get().version for result in saved] == [number for number in range(20) for _ in range(2)]


async def test_any_number_is_deleted(service: S3ArtifactService) -> None:
    names = [f"n{number}" for number in range(1100)]
    await service.client.save_artifacts(SESSION, [NewArtifact(filename=name, content=b"x") for name in names])
    deleted = await service.client.delete_artifacts(SESSION, names)
    assert [result.get() for result in deleted] == [True] * 1100
    assert [found async for found in service.client.artifacts(SESSION)] == []


async def test_several_scopes_are_listed(service: S3ArtifactService) -> None:
    other, users = Scope("app", "alice", "s2"), Scope("app", "alice")
    for scope, filename in ((SESSION, "a"), (other, "b"), (users, "mine")):
        await service.client.save_artifacts(scope, [NewArtifact(filename=filename, content=b"x")])
    listed = await service.client.list_artifacts([SESSION, other, users, Scope("app", "bob")])
    mine = ArtifactSummary(filename="user:mine", version=0)
    assert [(result.filename, result.get()) for result in listed] == [
        ("app/alice/s!2F1", [ArtifactSummary(filename="a", version=0), mine]),
        ("app/alice/s2", [ArtifactSummary(filename="b", version=0), mine]),
        ("app/alice/user", [ArtifactSummary(filename="mine", version=0)]),
        ("app/bob/user", []),
    ]


async def test_what_a_callback_raises_ends_the_batch(service: S3ArtifactService) -> None:
    def fail(_: BatchProgress) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        await service.client.delete_artifacts(SESSION, ["a", "b"], progress=fail)
    with pytest.raises(ValueError, match="concurrency"):
        await service.client.delete_artifacts(SESSION, ["a"], concurrency=0)


@pytest.mark.parametrize(
    "call",
    [
        "save",
        "load",
        "describe",
        "delete",
        "artifacts",
        "versions",
        "save_artifacts",
        "load_artifacts",
        "describe_artifacts",
        "delete_artifacts",
    ],
)
def test_calls_are_those_of_the_client_over_http(service: S3ArtifactService, call: str) -> None:
    ours = inspect.signature(getattr(service.client, call))
    theirs = inspect.signature(getattr(ArtifactClient, call))
    names = [name for name in theirs.parameters if name != "self"]
    assert list(ours.parameters) == names
    assert ours.return_annotation == theirs.return_annotation
