"""Contents that are kept: asked for again with their entity tag, never stale, bounded, and free when off."""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st

from google_adk_aws import ArtifactId, ArtifactNotFoundError, ArtifactPreconditionError, PartHeader, StoredContent
from google_adk_aws._transfer.cache import ContentCache

from .fake_api import ARTIFACT, PATH, SCOPE, FakeApi
from .scripted import NAMED, ScriptedApi, digest_of, problem
from .scripted import content as answered

if TYPE_CHECKING:
    import httpx

pytestmark = pytest.mark.unit

WHERE: dict[str, Any] = {**NAMED, "filename": "a.bin"}
BIG = b"x" * 1000


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def api() -> FakeApi:
    api = FakeApi()
    api.put(BIG, kind="text")
    return api


async def test_a_second_load_costs_one_request_and_no_content(api: FakeApi) -> None:
    service = api.service()
    first = await service.load_artifact(**WHERE)
    assert first == types.Part(text=BIG.decode())
    assert await service.load_artifact(**WHERE) == first
    assert api.requests == [f"GET {PATH}"] * 2
    assert len(api.storage.ranges) == 1


async def test_the_latest_is_the_version_that_it_is(api: FakeApi) -> None:
    client = api.client(cache_bytes=10_000)
    await client.load(ARTIFACT)
    assert (await client.load(ARTIFACT, 0)).body == BIG
    assert len(api.storage.ranges) == 1


async def test_what_others_save_and_delete_is_seen_at_once(api: FakeApi) -> None:
    client = api.client(cache_bytes=10_000)
    await client.load(ARTIFACT)
    api.put(b"new" * 100)
    assert (await client.load(ARTIFACT)).body == b"new" * 100
    assert (await client.load(ARTIFACT, 0)).body == BIG
    del api.artifacts[PATH]
    for version in (None, 0, 1):
        with pytest.raises(ArtifactNotFoundError):
            await client.load(ARTIFACT, version)
    # Other bytes under a number that was there before.
    api.put(b"again" * 100)
    assert (await client.load(ARTIFACT, 0)).body == b"again" * 100


async def test_what_is_given_is_the_callers_own(api: FakeApi) -> None:
    service = api.service()
    first = await service.load_artifact(**WHERE)
    assert first is not None
    first.text = "changed"
    second = await service.load_artifact(**WHERE)
    assert second is not None
    assert second.text == BIG.decode()


async def test_off_it_asks_for_everything(api: FakeApi) -> None:
    for client in (api.client(), api.service(cache_bytes=0).client):
        assert client._cache is None
        api.storage.ranges.clear()
        await client.load(ARTIFACT)
        await client.load(ARTIFACT)
        assert len(api.storage.ranges) == 2


async def test_a_save_is_loaded_without_its_content(api: FakeApi) -> None:
    client = api.client(cache_bytes=10_000, cache_max_age=60)
    await client.load(ARTIFACT)
    saved = await client.save(ARTIFACT, b"mine" * 100, kind="text", display_name="d")
    api.requests.clear()
    loaded = await client.load(ARTIFACT)
    assert (loaded.body, loaded.version, loaded.part) == (
        b"mine" * 100,
        saved.version,
        PartHeader(kind="text", display_name="d"),
    )
    # Asked nevertheless: somebody else may have saved at the same moment.
    assert api.requests == [f"GET {PATH}"]
    assert len(api.storage.ranges) == 1


async def test_content_that_can_be_changed_is_not_kept(api: FakeApi) -> None:
    client = api.client(cache_bytes=10_000)
    data = bytearray(b"mine" * 100)
    await client.save(ARTIFACT, data)
    data[0] = 0
    assert (await client.load(ARTIFACT)).body == b"mine" * 100


async def test_max_age_gives_without_asking(api: FakeApi) -> None:
    client = api.client(cache_bytes=10_000, cache_max_age=60)
    cache, clock = client._cache, Clock()
    assert cache is not None
    cache._clock = clock
    first = await client.load(ARTIFACT)
    api.put(b"others" * 100)
    clock.now += 59
    assert await client.load(ARTIFACT) == first
    assert (await client.load(ARTIFACT, 0)).body == BIG
    assert api.requests == [f"GET {PATH}"]
    clock.now += 2
    assert (await client.load(ARTIFACT)).body == b"others" * 100
    assert (await client.load(ARTIFACT, 0)).body == BIG
    assert len(api.storage.ranges) == 2
    clock.now += 30
    # Confirmed by the 304.
    await client.load(ARTIFACT, 0)
    assert len(api.requests) == 3


async def test_own_saves_and_deletes_are_seen_at_once_whatever_the_age(api: FakeApi) -> None:
    client = api.client(cache_bytes=10_000, cache_max_age=1000)
    await client.load(ARTIFACT)
    await client.save(ARTIFACT, bytearray(b"mine" * 100))
    assert (await client.load(ARTIFACT)).body == b"mine" * 100
    await client.upload_file(ARTIFACT, b"parts" * 100, part_size=100)
    assert (await client.load(ARTIFACT)).body == b"parts" * 100
    link = await client.create_upload_url(ARTIFACT, size=1)
    api.uploads[link.upload.id].parts[1] = (1, hashlib.sha256(b"u").hexdigest(), b"u")
    await client.finalize_upload(link)
    assert (await client.load(ARTIFACT)).body == b"u"
    await client.delete(ARTIFACT)
    for version in (None, 0):
        with pytest.raises(ArtifactNotFoundError):
            await client.load(ARTIFACT, version)


async def test_a_save_that_failed_may_have_happened(api: FakeApi) -> None:
    client = api.client(cache_bytes=10_000, cache_max_age=1000)
    await client.load(ARTIFACT)
    with pytest.raises(ArtifactPreconditionError):
        await client.save(ARTIFACT, b"other", if_match='"none"')
    api.requests.clear()
    await client.load(ARTIFACT)
    assert api.requests == [f"GET {PATH}"]


async def test_a_load_that_a_save_overtakes_is_not_kept(api: FakeApi) -> None:
    client = api.client(cache_bytes=10_000, cache_max_age=1000)
    saving: list[asyncio.Task[Any]] = []
    overtaken = asyncio.Event()

    def overtake(request: httpx.Request) -> None:
        if request.method == "GET" and "signed" in request.url.params and not saving:
            saving.append(asyncio.create_task(client.save(ARTIFACT, bytearray(b"mine" * 100))))

    api.faults.append(overtake)
    original = client._loader.load

    async def slow(*arguments: Any, **options: Any) -> Any:
        loaded = await original(*arguments, **options)
        await saving[0]
        overtaken.set()
        return loaded

    client._loader.load = slow  # type: ignore[method-assign]
    assert (await client.load(ARTIFACT)).body == BIG
    assert overtaken.is_set()
    assert (await client.load(ARTIFACT)).body == b"mine" * 100


async def test_an_answer_without_an_entity_tag_is_not_kept() -> None:
    api = ScriptedApi(answered(b"a"), answered(b"b"))
    service = api.service()
    assert (await service.load_artifact(**NAMED), await service.load_artifact(**NAMED)) != (None, None)
    assert "if-none-match" not in api.requests[1].headers


async def test_damaged_content_is_not_kept() -> None:
    damaged = answered(b"hellp", digest=digest_of(b"hello"))
    damaged.headers["etag"] = '"1"'
    good = answered(b"hello")
    good.headers["etag"] = '"1"'
    api = ScriptedApi(damaged, good, problem(404, "artifact_not_found"))
    service = api.service()
    part = await service.load_artifact(**NAMED)
    assert part is not None
    assert part.inline_data is not None
    assert part.inline_data.data == b"hello"
    assert await service.load_artifact(**NAMED) is None


def stored(size: int, etag: str, version: int = 0) -> StoredContent:
    return StoredContent(body=bytes(size), part=PartHeader(), version=version, etag=etag)


def named(name: str) -> ArtifactId:
    return ArtifactId.of(app="a", user="u", session="s", filename=name)


def put(cache: ContentCache, name: str, size: int, version: int = 0) -> None:
    cache.put(named(name), None, stored(size, f"{name}{version}", version), mark=cache.mark)


def test_the_ones_used_last_are_kept() -> None:
    cache = ContentCache(100)
    for name in "abcd":
        put(cache, name, 30)
        cache.get(named("a"), None)
    assert [name for name in "abcd" if cache.get(named(name), None)] == ["a", "c", "d"]
    put(cache, "e", 101)
    assert cache.get(named("e"), None) is None
    put(cache, "f", 100)
    assert [name for name in "abcdef" if cache.get(named(name), None)] == ["f"]


def test_two_questions_with_one_answer_take_its_room_once() -> None:
    cache = ContentCache(100)
    put(cache, "a", 60)
    assert cache.get(named("a"), 0) is not None
    put(cache, "a", 60, version=1)
    assert cache._bytes == 60
    # Version 0 gave way, the latest is version 1.
    assert cache.get(named("a"), 0) is None


def test_nothing_is_given_for_nothing() -> None:
    with pytest.raises(ValueError, match="negative"):
        ContentCache(-1)
    with pytest.raises(ValueError, match="negative"):
        ContentCache(1, max_age=-1)


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["put", "get", "saved", "deleted", "clear"]),
        st.sampled_from("abc"),
        st.sampled_from([None, 0, 1]),
        st.integers(0, 60),
    ),
    max_size=60,
)


@given(operations=OPERATIONS)
def test_its_account_of_itself_is_right(operations: list[tuple[str, str, int | None, int]]) -> None:
    cache = ContentCache(100)
    sizes: dict[tuple[str, int], int] = {}
    for operation, name, version, size in operations:
        artifact = named(name)
        if operation == "put":
            number = version if version is not None else size % 2
            content = stored(sizes.setdefault((name, number), size), f"{name}{number}", number)
            cache.put(artifact, version, content, mark=cache.mark)
        elif operation == "get":
            cache.get(artifact, version)
        elif operation == "saved":
            cache.saved(artifact)
            assert cache.get(artifact, None) is None
        elif operation == "deleted":
            cache.deleted(artifact)
            assert all(cache.get(artifact, number) is None for number in (None, 0, 1))
        else:
            cache.clear()
        assert cache._bytes == sum(len(entry.content.body) for entry in cache._entries.values()) <= 100
        assert {key for key, _ in cache._answers.values()} == set(cache._entries)
        for asked, (key, _) in cache._answers.items():
            assert asked in cache._entries[key].asked


def test_threads_share_it() -> None:
    cache = ContentCache(1000)

    def use(seed: int) -> None:
        for step in range(300):
            name = "abcdefgh"[(seed * 7 + step) % 8]
            put(cache, name, 100 + step % 100, version=step % 3)
            known = cache.get(named(name), None)
            assert known is None or known[0].etag is not None
            if step % 17 == 0:
                cache.deleted(named(name))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(use, range(4)))
    assert cache._bytes == sum(len(entry.content.body) for entry in cache._entries.values()) <= 1000


def test_one_client_serves_several_loops(api: FakeApi) -> None:
    client = api.client(cache_bytes=10_000)
    for _ in range(3):
        assert asyncio.run(client.load(ARTIFACT)).body == BIG
    assert len(api.storage.ranges) == 1
    assert SCOPE in api.requests[0]
