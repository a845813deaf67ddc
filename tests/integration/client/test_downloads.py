"""A download that goes on after a `kill -9`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from google_adk_aws import ArtifactClient, Progress
from local import LocalApi
from tests.integration.client.downloading_process import ARTIFACT, RANGE_BYTES, WORKERS

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

SIZE = 24 * RANGE_BYTES + 7


@pytest.fixture(scope="module")
def api() -> Iterator[LocalApi]:
    with LocalApi() as running:
        yield running


async def test_a_download_that_was_killed_goes_on(api: LocalApi, tmp_path: Path) -> None:
    data, target = os.urandom(SIZE), tmp_path / "copy"
    script = Path(__file__).with_name("downloading_process.py")
    told: list[Progress] = []
    async with ArtifactClient(api.url) as client:
        await client.save(ARTIFACT, data)
        with subprocess.Popen(
            [sys.executable, script, api.url, target], stdout=subprocess.PIPE, text=True
        ) as downloading:
            assert downloading.stdout is not None
            done = 0
            while done < SIZE // 3:
                done = int(downloading.stdout.readline())
            downloading.kill()
        assert not target.exists()
        await client.download_file(ARTIFACT, target, part_size=RANGE_BYTES, progress=told.append)
    assert target.read_bytes() == data
    assert told[0].done_bytes >= done - WORKERS * RANGE_BYTES
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]
