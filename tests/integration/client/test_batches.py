"""Many artifacts in one call, each with a result of its own."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from google_adk_aws import (
    ArtifactClient,
    ArtifactId,
    ArtifactNotFoundError,
    ArtifactPreconditionError,
    BatchProgress,
    InvalidArtifactError,
    NewArtifact,
    RetryPolicy,
    Scope,
    UserDeletion,
)
from local import LocalApi

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def api() -> Iterator[LocalApi]:
    with LocalApi() as running:
        yield running


@pytest.fixture
def scope() -> Scope:
    return Scope("app", f"user {uuid.uuid4()}", "s/1")


def items(count: int) -> list[NewArtifact]:
    return [
        NewArtifact(
            filename=f"charts/{number}.png",
            content=b"%d" % number,
            mime_type="image/png",
            custom_metadata={"number": number},
        )
        for number in range(count)
    ]


async def test_many_are_saved_loaded_described_and_deleted(api: LocalApi, scope: Scope) -> None:
    told: list[BatchProgress] = []
    names = [item.filename for item in items(120)]
    async with ArtifactClient(api.url) as client:
        saved = await client.save_artifacts(scope, items(120), progress=told.append)
        assert [result.get().version for result in saved] == [0] * 120
        assert [progress.done_items for progress in told][-1] == told[-1].total_items == 120
        loaded = await client.load_artifacts(scope, [*names, "missing"])
        assert [result.get().body for result in loaded[:-1]] == [b"%d" % number for number in range(120)]
        assert isinstance(loaded[-1].error, ArtifactNotFoundError)
        with pytest.raises(ArtifactNotFoundError):
            loaded[-1].get()
        described = await client.describe_artifacts(scope, names)
        assert [result.get().custom_metadata for result in described] == [{"number": number} for number in range(120)]
        deleted = await client.delete_artifacts(scope, [*names[:3], "missing"])
        assert [result.get() for result in deleted] == [True, True, True, False]
        assert len([item async for item in client.artifacts(scope)]) == 117


async def test_large_ones_go_their_own_way(api: LocalApi, scope: Scope) -> None:
    bodies = [os.urandom(size) for size in (10, 300 * 1024, 2 * MIB, 4 * MIB, 20)]
    new = [NewArtifact(filename=f"file {number}", content=body) for number, body in enumerate(bodies)]
    async with ArtifactClient(api.url) as client:
        saved = await client.save_artifacts(scope, new)
        assert [result.get().size for result in saved] == [len(body) for body in bodies]
        loaded = await client.load_artifacts(scope, [item.filename for item in new])
        assert [result.get().body for result in loaded] == bodies


async def test_one_that_fails_leaves_the_others_alone(api: LocalApi, scope: Scope) -> None:
    good, other = items(2)
    wrong = [
        replace(good, filename="user:"),
        replace(good, filename="x" * 901),
        replace(good, filename="bad kind", kind="video"),
        replace(good, filename="bad text", content=b"\xff", kind="text"),
        replace(good, filename="bad metadata", custom_metadata={"x": float("nan")}),
    ]
    async with ArtifactClient(api.url) as client:
        results = await client.save_artifacts(scope, [good, *wrong, other])
        assert [result.filename for result in results] == [item.filename for item in (good, *wrong, other)]
        assert [results[0].get().version, results[-1].get().version] == [0, 0]
        for result in results[1:-1]:
            assert isinstance(result.error, InvalidArtifactError), result
        assert len([item async for item in client.artifacts(scope)]) == 2


async def test_versions_and_conditions_are_the_items_own(api: LocalApi, scope: Scope) -> None:
    async with ArtifactClient(api.url) as client:
        first = await client.save(ArtifactId(scope, "doc"), b"1")
        new = [NewArtifact(filename="doc", content=body, if_match=first.etag) for body in (b"2", b"3")]
        second, third = await client.save_artifacts(scope, [*new])
        assert second.get().version == 1
        assert isinstance(third.error, ArtifactPreconditionError)
        loaded = await client.load_artifacts(scope, [("doc", 0), ("doc", 1), "doc"])
        assert [result.get().body for result in loaded] == [b"1", b"2", b"2"]


async def test_every_size_comes_back_and_is_kept(api: LocalApi, scope: Scope) -> None:
    sizes = [0, 1, 256 * 1024, 256 * 1024 + 1, *[1000] * 120, 3 * MIB, 3 * MIB + 1, 6 * MIB]
    new = [NewArtifact(filename=f"ü/{n}", content=os.urandom(size)) for n, size in enumerate(sizes)]
    names = [item.filename for item in new]
    async with ArtifactClient(api.url, cache_bytes=64 * MIB) as client:
        saved = await client.save_artifacts(scope, new)
        first = await client.load_artifacts(scope, names)
        assert [result.get().body for result in first] == [item.content for item in new]
        assert await client.load_artifacts(scope, names) == first
        assert await client.describe_artifacts(scope, names) == saved


async def test_versions_of_one_name_keep_their_order(api: LocalApi, scope: Scope) -> None:
    new = [NewArtifact(filename="doc", content=b"%d" % number) for number in range(150)]
    async with ArtifactClient(api.url) as client:
        results = await client.save_artifacts(scope, new)
        assert [result.get().version for result in results] == list(range(150))
        again = await client.save_artifacts(scope, new)
        assert [result.get().version for result in again] == list(range(150)), "the same keys are the same saves"


async def test_nothing_is_a_batch_too(api: LocalApi, scope: Scope) -> None:
    async with ArtifactClient(api.url) as client:
        assert await client.save_artifacts(scope, []) == []
        assert await client.load_artifacts(scope, []) == []
        with pytest.raises(ValueError, match="concurrency"):
            await client.load_artifacts(scope, ["a"], concurrency=0)


async def test_an_api_that_is_away_fails_every_item(scope: Scope) -> None:
    async with ArtifactClient("http://127.0.0.1:9", retry=RetryPolicy(attempts=1)) as client:
        results = await client.load_artifacts(scope, ["a", "b"])
    assert all(result.error is not None for result in results)


async def test_a_session_and_a_user_are_deleted(api: LocalApi, scope: Scope) -> None:
    other = Scope(scope.app, scope.user, "s/2")
    mine = ArtifactId(scope.user_scope, "logo")
    seen: list[UserDeletion] = []
    async with ArtifactClient(api.url, cache_bytes=MIB) as client:
        await client.save_artifacts(scope, items(5))
        await client.save_artifacts(other, items(3))
        await client.save(mine, b"logo")
        assert await client.delete_session(scope) == 5
        assert [item.filename async for item in client.artifacts(scope)] == ["user:logo"]
        done = await client.delete_user(scope.app, scope.user, on_status=seen.append)
        assert done.status == "done"
        assert seen[-1] == done
        assert [item async for item in client.artifacts(other)] == []
        with pytest.raises(ArtifactNotFoundError):
            await client.load(mine)
        with pytest.raises(InvalidArtifactError):
            await client.delete_session(scope.user_scope)


async def test_a_batch_is_seen_by_the_cache(api: LocalApi, scope: Scope) -> None:
    artifact = ArtifactId(scope, "doc")
    async with ArtifactClient(api.url, cache_bytes=MIB, cache_max_age=60) as client:
        await client.save(artifact, b"first")
        assert (await client.load(artifact)).body == b"first"
        await client.save_artifacts(scope, [NewArtifact(filename="doc", content=b"second")])
        assert (await client.load(artifact)).body == b"second"
        await client.delete_artifacts(scope, ["doc"])
        with pytest.raises(ArtifactNotFoundError):
            await client.load(artifact)
