"""The API and the service straight on S3, with one bucket and one table, at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from artifact_store import ArtifactId, Scope
from google_adk_aws import HttpArtifactService
from google_adk_aws._adk.service import ArtifactCalls
from local import LocalApi
from tests.direct_services import on_bucket_of
from tests.endurance.storage import Storage
from tests.tally import Tally

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

SCOPE = Scope("app", "u", "s")
WRITERS = 8
SAVES = 200


@pytest.fixture(scope="module")
def api() -> Iterator[LocalApi]:
    with LocalApi() as running:
        yield running


async def _writers(api: LocalApi, stack: AsyncExitStack) -> list[ArtifactCalls]:
    """Each with connections of its own: eight through the API, eight straight on S3."""
    over_http = [await stack.enter_async_context(HttpArtifactService(api.url)) for _ in range(WRITERS)]
    direct = [await stack.enter_async_context(on_bucket_of(api, workers=4)) for _ in range(WRITERS)]
    return [*(service.client for service in over_http), *(service.client for service in direct)]


def _whole(api: LocalApi, artifact: ArtifactId) -> dict[int, bytes]:
    return dict(Storage(api).versions({"it": artifact})["it"])


async def test_every_save_has_a_version_of_its_own(api: LocalApi, tally: Tally) -> None:
    artifact = ArtifactId(SCOPE, "wanted by all")
    todo = iter(range(SAVES))
    answers: list[tuple[int, bytes]] = []

    async def write(client: ArtifactCalls) -> None:
        for number in todo:
            body = b"body %d" % number
            saved = await client.save(artifact, body, custom_metadata={"long": "x" * 3000} if number % 7 == 0 else None)
            answers.append((saved.version, body))

    async with AsyncExitStack() as stack:
        await asyncio.gather(*(write(client) for client in await _writers(api, stack)))
    tally.races(len(answers), double_winners=len(answers) - len(set(answers)))

    assert sorted(version for version, _ in answers) == list(range(SAVES))
    assert _whole(api, artifact) == dict(answers)
    storage = Storage(api)
    storage.reconcile()
    assert storage.reconcile().drift == {}
    assert _whole(api, artifact) == dict(answers)


async def test_deletes_in_between_lose_nothing_that_came_after_them(api: LocalApi) -> None:
    artifact = ArtifactId(SCOPE, "wanted and unwanted")
    answers: list[tuple[int, bytes]] = []

    async def write(client: ArtifactCalls, writer: int) -> None:
        for number in range(SAVES // (2 * WRITERS)):
            if writer % WRITERS == 0 and number % 5 == 4:
                await client.delete(artifact)
            body = b"body %d of %d" % (number, writer)
            answers.append(((await client.save(artifact, body)).version, body))

    async with AsyncExitStack() as stack:
        clients = await _writers(api, stack)
        await asyncio.gather(*(write(client, writer) for writer, client in enumerate(clients)))
        storage = Storage(api)
        storage.reconcile()
        assert storage.reconcile().drift == {}
        there = _whole(api, artifact)
        assert sorted(there) == list(range(len(there)))
        assert len(set(there.values())) == len(there), "no save is there twice"
        assert set(there.items()) <= set(answers), "every version is what its saver was told"
        for client in (clients[0], clients[-1]):
            last = await client.save(artifact, b"the last")
            assert (await client.load(artifact)).version == last.version
        for client in clients:
            assert (await client.load(artifact)).body == b"the last", "all see the same"
