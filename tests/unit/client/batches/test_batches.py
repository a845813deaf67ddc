"""Many artifacts at once: cut into requests, a result for each, nobody's error is anybody else's."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from google_adk_aws import (
    ArtifactClient,
    ArtifactId,
    ArtifactIntegrityError,
    ArtifactNotFoundError,
    ArtifactPreconditionError,
    ArtifactServerError,
    ArtifactVersionNotFoundError,
    BatchProgress,
    BatchResult,
    InvalidArtifactError,
    NewArtifact,
    Scope,
    StoredContent,
    UnexpectedResponseError,
    VersionMetadata,
)
from tests.unit.client.fake_api import SCOPE, FakeApi
from tests.unit.client.fake_storage import refusal
from tests.unit.client.scripted import gateway, problem

pytestmark = pytest.mark.unit

SESSION = Scope("app", "alice", "s1")
USER = Scope("app", "alice")
MIB = 1024 * 1024


def items(count: int, **arguments: Any) -> list[NewArtifact]:
    return [NewArtifact(filename=f"f{number}", content=b"c%d" % number, **arguments) for number in range(count)]


def versions(results: Sequence[BatchResult[VersionMetadata]]) -> list[int]:
    return [result.get().version for result in results]


def bodies(results: Sequence[BatchResult[StoredContent]]) -> list[bytes]:
    return [result.get().body for result in results]


def kinds(results: Sequence[BatchResult[Any]]) -> list[type]:
    """The type of each value or error."""
    assert all((result.value is None) != (result.error is None) for result in results)
    return [type(result.error if result.error is not None else result.value) for result in results]


async def test_what_is_saved_is_loaded(api: FakeApi, client: ArtifactClient) -> None:
    large = os.urandom(5000)
    given = [
        NewArtifact(filename="a/b", content=b"\xff\x00", mime_type="image/png", display_name="ü"),
        NewArtifact(filename="user:mine", content=bytearray(b"text"), kind="text", custom_metadata={"a": [None]}),
        NewArtifact(filename="large", content=memoryview(large)),
        NewArtifact(filename="empty", content=b""),
    ]
    told: list[BatchProgress] = []
    saved = await client.save_artifacts(SESSION, given, progress=told.append)
    assert versions(saved) == [0, 0, 0, 0]
    assert told == [BatchProgress(done_items=n, total_items=4) for n in range(1, 5)]
    names = ["empty", "large", "user:mine", "a/b"]
    loaded = await client.load_artifacts(SESSION, names, progress=told.append)
    assert bodies(loaded) == [b"", large, b"text", b"\xff\x00"]
    assert told[4:] == told[:4]
    described = await client.describe_artifacts(SESSION, names)
    found = [result.get() for result in described]
    assert [(version.kind, version.display_name, version.custom_metadata) for version in found] == [
        ("bytes", None, {}),
        ("bytes", None, {}),
        ("text", None, {"a": [None]}),
        ("bytes", "ü", {}),
    ]
    assert bodies(await client.load_artifacts(USER, ["mine"])) == [b"text"]
    deleted = await client.delete_artifacts(SESSION, ["large", "none", "user:mine"])
    assert [(result.filename, result.get()) for result in deleted] == [
        ("large", True),
        ("none", False),
        ("user:mine", True),
    ]
    assert kinds(await client.load_artifacts(SESSION, names)) == [
        StoredContent,
        ArtifactNotFoundError,
        ArtifactNotFoundError,
        StoredContent,
    ]
    assert {path.partition(SCOPE)[1] for path in api.requests} == {SCOPE, ""}


async def test_nothing_is_no_request(api: FakeApi, client: ArtifactClient) -> None:
    assert await client.save_artifacts(SESSION, []) == []
    assert await client.load_artifacts(SESSION, []) == []
    assert await client.describe_artifacts(SESSION, iter(())) == []
    assert await client.delete_artifacts(SESSION, []) == []
    assert api.requests == []


@pytest.mark.parametrize(("count", "sizes"), [(1, [1]), (100, [100]), (101, [1, 100]), (250, [50, 100, 100])])
async def test_a_hundred_items_a_request(api: FakeApi, client: ArtifactClient, count: int, sizes: list[int]) -> None:
    given = items(count)
    names = [item.filename for item in given]
    assert versions(await client.save_artifacts(SESSION, given)) == [0] * count
    assert bodies(await client.load_artifacts(SESSION, names)) == [item.content for item in given]
    assert versions(await client.describe_artifacts(SESSION, names)) == [0] * count
    assert [result.get() for result in await client.delete_artifacts(SESSION, names)] == [True] * count
    assert {operation: sorted(cut) for operation, cut in api.batches.sizes.items()} == dict.fromkeys(
        ("save", "load", "describe", "delete"), sizes
    )


async def test_four_mib_a_request_and_more_by_itself(api: FakeApi, client: ArtifactClient) -> None:
    api.min_part = MIB
    sizes = [MIB, MIB, MIB - 2000, 3 * MIB - 2000, 3 * MIB, 3 * MIB + 1, 10]
    given = [NewArtifact(filename=f"f{n}", content=os.urandom(size)) for n, size in enumerate(sizes)]
    assert versions(await client.save_artifacts(SESSION, given)) == [0] * len(sizes)
    # The fake refuses longer bodies. 3 MiB are 4 MiB of base64, which leaves no room for a name.
    assert sorted(api.batches.sizes["save"]) == [1, 1, 3]
    assert f"POST {SCOPE}/artifacts/f4" in api.requests
    assert f"POST {SCOPE}/artifacts/f5/uploads" in api.requests
    api.inline_bytes = 100
    names = [item.filename for item in given]
    assert bodies(await client.load_artifacts(SESSION, names)) == [item.content for item in given]


async def test_metadata_takes_room_too(api: FakeApi, client: ArtifactClient) -> None:
    given = items(40, custom_metadata={"text": "x" * 64_000})
    assert versions(await client.save_artifacts(SESSION, given)) == [0] * 40
    assert sorted(api.batches.sizes["save"]) == [8, 32]


async def test_items_of_one_artifact_are_saved_in_their_order(api: FakeApi, client: ArtifactClient) -> None:
    given = [NewArtifact(filename=f"f{n % 3}", content=b"%d" % n) for n in range(250)]
    results = await client.save_artifacts(SESSION, given)
    assert versions(results) == [n // 3 for n in range(250)]
    for name in range(3):
        kept = api.artifacts[f"{SCOPE}/artifacts/f{name}"]
        assert [version.body for version in kept] == [b"%d" % n for n in range(name, 250, 3)]


async def test_a_request_does_not_overtake_another_one_of_its_artifact(
    api: FakeApi, client: ArtifactClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: list[int] = []

    async def at_once(function: Any) -> Any:
        return function()

    # No threads: then a few turns of the loop are more than the other request needs.
    monkeypatch.setattr("google_adk_aws._batch.exchange.asyncio.to_thread", at_once)

    async def slow_at_first(request: httpx.Request) -> httpx.Response:
        began.append(len(began))
        for _ in range(50 if len(began) == 1 else 0):
            await asyncio.sleep(0)
        return await FakeApi.handle_async_request(api, request)

    api.handle_async_request = slow_at_first  # type: ignore[method-assign]
    given = [NewArtifact(filename="f" if n in {0, 149} else f"f{n}", content=b"%d" % n) for n in range(150)]
    results = await client.save_artifacts(SESSION, given)
    assert (results[0].get().version, results[149].get().version) == (0, 1)
    assert [version.body for version in api.artifacts[f"{SCOPE}/artifacts/f"]] == [b"0", b"149"]


async def test_an_items_error_is_its_own(api: FakeApi, client: ArtifactClient) -> None:
    first = (await client.save_artifacts(SESSION, items(2)))[1].get()
    given = [
        NewArtifact(filename="f0", content=b"1", if_match='"other"'),
        NewArtifact(filename="f1", content=b"1", if_match=first.etag),
        NewArtifact(filename="", content=b"1"),
        NewArtifact(filename="x" * 1000, content=b"1"),
        NewArtifact(filename="a", content=b"1", custom_metadata={"a": float("nan")}),
        NewArtifact(filename="a", content=b"1", kind="video"),
        NewArtifact(filename="a", content=b"1"),
    ]
    told: list[int] = []
    results = await client.save_artifacts(SESSION, given, progress=lambda now: told.append(now.done_items))
    assert kinds(results) == [ArtifactPreconditionError, VersionMetadata, *[InvalidArtifactError] * 4, VersionMetadata]
    assert told == [1, 2, 3, 4, 5, 6, 7]
    loaded = await client.load_artifacts(SESSION, ["f0", ("f1", 1), ("f1", 7), ("f1", -1), "", "none"])
    assert kinds(loaded) == [
        StoredContent,
        StoredContent,
        ArtifactVersionNotFoundError,
        InvalidArtifactError,
        InvalidArtifactError,
        ArtifactNotFoundError,
    ]


async def test_an_item_that_may_work_later_is_repeated_and_no_other(api: FakeApi, client: ArtifactClient) -> None:
    busy = problem(503, "contention", retryAfter=0)
    api.batches.failing = {"f1": [busy, busy], "f3": [problem(500, "internal_error")]}
    results = await client.save_artifacts(SESSION, items(5))
    assert versions(results) == [0] * 5
    assert api.batches.sizes["save"] == [5, 2, 1]


async def test_an_item_that_stays_busy_is_given_up(api: FakeApi, client: ArtifactClient) -> None:
    api.batches.failing = {"f1": [problem(503, "contention")] * 10, "f2": [problem(403, "forbidden")]}
    results = await client.save_artifacts(SESSION, items(3))
    codes = [None if result.error is None else result.error.code for result in results]
    assert codes == [None, "contention", "forbidden"]
    assert api.batches.sizes["save"] == [3, 1, 1]
    with pytest.raises(ArtifactServerError):
        results[1].get()


async def test_a_retry_after_that_is_too_long_is_left_to_the_caller(api: FakeApi, client: ArtifactClient) -> None:
    api.batches.failing = {"f1": [problem(503, "storage_unavailable", retryAfter=3600)]}
    (result,) = await client.load_artifacts(SESSION, ["f1"])
    assert isinstance(result.error, ArtifactServerError)
    assert result.error.retry_after == 3600
    assert api.batches.sizes["load"] == [1]


async def test_an_item_does_not_overtake_one_that_is_repeated(api: FakeApi, client: ArtifactClient) -> None:
    api.batches.failing = {"f": [problem(503, "contention")]}
    given = [NewArtifact(filename="f", content=b"%d" % n) for n in range(3)]
    assert versions(await client.save_artifacts(SESSION, given)) == [0, 1, 2]
    assert [version.body for version in api.artifacts[f"{SCOPE}/artifacts/f"]] == [b"0", b"1", b"2"]


async def test_an_answer_that_got_lost_saves_nothing_twice(api: FakeApi, client: ArtifactClient) -> None:
    original, lost = api.batches._batch, [1]

    def lose(*arguments: Any) -> httpx.Response:
        answer = original(*arguments)
        if lost:
            lost.pop()
            raise httpx.ReadError("reset")
        return answer

    api.batches._batch = lose  # type: ignore[method-assign, assignment]
    assert versions(await client.save_artifacts(SESSION, items(3))) == [0, 0, 0]
    assert api.batches.sizes["save"] == [3, 3]


async def test_a_request_that_fails_is_the_error_of_its_items(api: FakeApi, client: ArtifactClient) -> None:
    left = [1]
    api.faults.append(lambda request: gateway(403, "Forbidden") if left and left.pop() else None)
    results = await client.describe_artifacts(SESSION, [f"f{n}" for n in range(150)])
    assert len(results) == 150
    assert {kind.__name__ for kind in kinds(results)} == {"ArtifactForbiddenError", "ArtifactNotFoundError"}


@pytest.mark.parametrize(
    "answer",
    [
        {"results": []},
        {"results": [1]},
        {"results": [{}]},
        {"results": [{"status": 200}]},
        {"results": [{"status": 200, "version": {}}]},
        {"results": [{"status": 304}]},
        {"results": [{"status": 500}]},
        {"results": {}},
        {},
    ],
    ids=str,
)
async def test_answers_that_are_not_the_apis(api: FakeApi, client: ArtifactClient, answer: Any) -> None:
    api.faults.append(lambda _: httpx.Response(200, json=answer))
    assert kinds(await client.save_artifacts(SESSION, items(1))) == [UnexpectedResponseError]
    assert kinds(await client.load_artifacts(SESSION, ["f"])) == [UnexpectedResponseError]
    assert kinds(await client.describe_artifacts(SESSION, ["f"])) == [UnexpectedResponseError]
    assert kinds(await client.delete_artifacts(SESSION, ["f"])) == [UnexpectedResponseError]


async def test_what_has_no_room_is_asked_for_by_itself(api: FakeApi, client: ArtifactClient) -> None:
    await client.save_artifacts(SESSION, items(3))
    api.batches.no_room = {"f1"}
    assert bodies(await client.load_artifacts(SESSION, ["f0", "f1", "f2"])) == [b"c0", b"c1", b"c2"]
    assert versions(await client.describe_artifacts(SESSION, ["f0", "f1"])) == [0, 0]
    assert f"GET {SCOPE}/artifacts/f1" in api.requests
    assert f"GET {SCOPE}/artifacts/f1/versions/latest/metadata" in api.requests


async def test_content_elsewhere_is_checked_and_its_url_renewed(api: FakeApi, client: ArtifactClient) -> None:
    large = [os.urandom(500) for _ in range(6)]
    await client.save_artifacts(SESSION, [NewArtifact(filename=f"f{n}", content=data) for n, data in enumerate(large)])
    left = [1]

    def expire(request: httpx.Request) -> Any:
        if "signed" in request.url.params and left:
            left.pop()
            api.storage.expire()

    api.faults.append(expire)
    assert bodies(await client.load_artifacts(SESSION, [f"f{n}" for n in range(6)])) == large
    seen: list[str | None] = []

    def spoil(request: httpx.Request) -> Any:
        """The first content is lost, the second one damaged."""
        if "signed" not in request.url.params:
            return None
        key = api.storage.signed[int(request.url.params["signed"])].key
        if key not in seen:
            seen.append(key)
        answers = [refusal(404, "NoSuchVersion"), httpx.Response(200, content=bytes(500))]
        return dict(zip(seen, answers, strict=False)).get(key)

    api.faults[:] = [spoil]
    results = await client.load_artifacts(SESSION, [f"f{n}" for n in range(6)])
    assert kinds(results).count(StoredContent) == 4
    assert set(kinds(results)) == {StoredContent, ArtifactIntegrityError}


async def test_the_cache_serves_batches_too(api: FakeApi) -> None:
    client = api.client(cache_bytes=100_000)
    await client.save_artifacts(SESSION, [NewArtifact(filename=f"f{n}", content=bytes([n]) * 500) for n in range(3)])
    names: list[Any] = ["f0", ("f1", 0), "f2"]
    first = await client.load_artifacts(SESSION, names)
    assert len(api.storage.ranges) == 3
    assert await client.load_artifacts(SESSION, names) == first
    assert (await client.load(ArtifactId(SESSION, "f0"))).body == bytes(500)
    assert len(api.storage.ranges) == 3
    await client.save_artifacts(SESSION, [NewArtifact(filename="f0", content=b"new" * 200)])
    assert bodies(await client.load_artifacts(SESSION, ["f0", "f2"])) == [b"new" * 200, bytes([2]) * 500]
    await client.delete_artifacts(SESSION, ["f2"])
    assert kinds(await client.load_artifacts(SESSION, ["f2"])) == [ArtifactNotFoundError]


async def test_a_young_cache_needs_no_request(api: FakeApi) -> None:
    client = api.client(cache_bytes=100_000, cache_max_age=60)
    await client.save_artifacts(SESSION, items(3))
    names = ["f0", "f1", "f2"]
    await client.load_artifacts(SESSION, names)
    api.requests.clear()
    assert bodies(await client.load_artifacts(SESSION, names)) == [b"c0", b"c1", b"c2"]
    assert api.requests == []


async def test_cancelling_a_batch_leaves_no_task(api: FakeApi, client: ArtifactClient) -> None:
    batch: asyncio.Task[Any] | None = None
    seen: list[str] = []

    def cancel(request: httpx.Request) -> None:
        seen.append(request.url.path)
        if len(seen) == 2 and batch is not None:
            batch.cancel()

    api.faults.append(cancel)
    before = asyncio.all_tasks()
    batch = asyncio.create_task(client.save_artifacts(SESSION, items(300)))
    with pytest.raises(asyncio.CancelledError):
        await batch
    assert asyncio.all_tasks() == before


async def test_concurrency_is_bounded(api: FakeApi, client: ArtifactClient) -> None:
    running, most = 0, 0

    async def watched(request: httpx.Request) -> httpx.Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        running -= 1
        return await FakeApi.handle_async_request(api, request)

    api.handle_async_request = watched  # type: ignore[method-assign]
    names = [f"f{number}" for number in range(1000)]
    await client.describe_artifacts(SESSION, names, concurrency=3)
    assert most == 3
    with pytest.raises(ValueError, match="concurrency"):
        await client.describe_artifacts(SESSION, names, concurrency=0)
