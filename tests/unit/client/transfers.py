"""What tests of transfers have in common."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

from google_adk_aws import ArtifactClient

from .fake_api import ARTIFACT, PATH, FakeApi
from .fake_storage import STORAGE_URL

if TYPE_CHECKING:
    import httpx

DATA = bytes(range(256)) * 4 + b"the end"
OTHER = DATA[::-1]
PART = RANGE = 100


async def asynchronous(data: bytes = DATA, size: int = 33) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        await asyncio.sleep(0)
        yield data[start : start + size]


def plain(data: bytes = DATA, size: int = 33) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def saved_bytes(api: FakeApi, number: int = -1) -> bytes:
    version = api.artifacts[PATH][number]
    assert version.facts["sha256"] == hashlib.sha256(version.body).hexdigest()
    return version.body


def is_part(api: FakeApi, request: httpx.Request, part: int) -> bool:
    signed = request.url.params.get("signed")
    return request.method == "PUT" and signed is not None and api.storage.signed[int(signed)].number == part


def is_get(request: httpx.Request) -> bool:
    return request.method == "GET" and str(request.url).startswith(STORAGE_URL)


def everything_said(error: BaseException | None) -> str:
    said = ""
    while error is not None:
        said += f"{error} {error!r} {vars(error)} "
        error = error.__cause__ or error.__context__
    return said


def resent(api: FakeApi) -> int:
    return sum(size for _, size in api.storage.sent)


async def iterate(client: ArtifactClient) -> Any:
    async for chunk in client.iter_content(ARTIFACT):
        yield chunk


class Killed(BaseException):
    """As far as the state goes, the process ends here."""


def kill(_: object) -> httpx.Response:
    raise Killed
