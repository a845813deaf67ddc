"""A download that broke off is gone on with, and never mixed with another."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from google_adk_aws import ArtifactClient, Progress
from tests.unit.client.fake_api import ARTIFACT, FakeApi
from tests.unit.client.transfers import DATA, OTHER, RANGE, Killed, is_get, kill

pytestmark = pytest.mark.unit


async def test_a_download_that_was_killed_is_gone_on_with(api: FakeApi, client: ArtifactClient, target: Path) -> None:
    api.faults.append(lambda request: kill(request) if is_get(request) and len(api.storage.ranges) == 6 else None)
    with pytest.raises(Killed):
        await client.download_file(ARTIFACT, target, part_size=RANGE, workers=2)
    api.faults.clear()
    assert not target.exists()
    assert len(list(target.parent.iterdir())) == 2
    api.storage.ranges.clear()
    told: list[Progress] = []
    await client.download_file(ARTIFACT, target, part_size=RANGE, workers=2, progress=told.append)
    assert target.read_bytes() == DATA
    # At most the range of the other worker is read again.
    assert 5 <= len(api.storage.ranges) <= 6
    assert told[0].done_bytes >= 500
    assert [path.name for path in target.parent.iterdir()] == [target.name]


async def broken_off(api: FakeApi, client: ArtifactClient, target: Path) -> None:
    api.faults.append(lambda request: kill(request) if is_get(request) and len(api.storage.ranges) == 6 else None)
    with pytest.raises(Killed):
        await client.download_file(ARTIFACT, target, part_size=RANGE, workers=1)
    api.faults.clear()
    api.storage.ranges.clear()


async def test_another_content_is_another_download(api: FakeApi, client: ArtifactClient, target: Path) -> None:
    await broken_off(api, client, target)
    api.put(OTHER)
    await client.download_file(ARTIFACT, target, part_size=RANGE)
    assert target.read_bytes() == OTHER
    assert len(api.storage.ranges) == 11
    api.storage.ranges.clear()
    await client.download_file(ARTIFACT, target, 0, part_size=RANGE)
    assert target.read_bytes() == DATA
    assert len(api.storage.ranges) == 5
    assert [path.name for path in target.parent.iterdir()] == [target.name]


@pytest.mark.parametrize("change", ["other range", "no list", "torn list", "nonsense", "no file", "short file"])
async def test_what_does_not_fit_is_not_gone_on_with(
    api: FakeApi, client: ArtifactClient, target: Path, change: str
) -> None:
    await broken_off(api, client, target)
    (part,) = target.parent.glob("*.part")
    (ranges,) = target.parent.glob("*.ranges")
    if change == "no list":
        ranges.unlink()
    elif change == "torn list":
        ranges.write_text(ranges.read_text() + "7")
    elif change == "nonsense":
        ranges.write_bytes(b"\xff\n1\n")
    elif change == "no file":
        part.unlink()
    elif change == "short file":
        os.truncate(part, 10)
    await client.download_file(ARTIFACT, target, part_size=50 if change == "other range" else RANGE)
    assert target.read_bytes() == DATA
    assert len(api.storage.ranges) == {"other range": 21, "torn list": 5}.get(change, 11)


async def test_a_part_that_was_damaged_at_rest_is_not_published(
    api: FakeApi, client: ArtifactClient, target: Path
) -> None:
    await broken_off(api, client, target)
    (part,) = target.parent.glob("*.part")
    with part.open("r+b") as file:
        file.write(b"\xff")
    await client.download_file(ARTIFACT, target, part_size=RANGE)
    assert target.read_bytes() == DATA
    assert len(api.storage.ranges) == 5 + 11


async def test_without_resume_nothing_is_left(api: FakeApi, client: ArtifactClient, target: Path) -> None:
    api.faults.append(lambda request: kill(request) if is_get(request) and len(api.storage.ranges) == 6 else None)
    with pytest.raises(Killed):
        await client.download_file(ARTIFACT, target, part_size=RANGE, resume=False)
    assert list(target.parent.iterdir()) == []


async def test_two_downloads_to_one_path_do_not_meet(api: FakeApi, client: ArtifactClient, target: Path) -> None:
    await asyncio.gather(*[client.download_file(ARTIFACT, target, part_size=RANGE) for _ in range(3)])
    assert target.read_bytes() == DATA
    assert [path.name for path in target.parent.iterdir()] == [target.name]


async def test_content_without_a_digest_is_gone_on_with_by_its_tag(
    api: FakeApi, client: ArtifactClient, target: Path
) -> None:
    api.put(DATA, sha256=None)
    await broken_off(api, client, target)
    info = await client.download_file(ARTIFACT, target, part_size=RANGE)
    assert (info.sha256, target.read_bytes()) == (None, DATA)
    assert len(api.storage.ranges) == 5
