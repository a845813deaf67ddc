"""Savers in many processes on a bucket that has no table; then the index that is made from it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from artifact_store import ArtifactId
from artifact_store.model import Version
from artifact_store.names import Scope
from artifact_store.store import ArtifactStore
from google_adk_aws import S3ArtifactService
from local import LocalApi
from tests.endurance.killing_direct import new_bucket, new_table, service_on
from tests.endurance.storage import Storage
from tests.tally import Tally

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
SCOPE = Scope("app", "u", "s")
PROCESSES = 4
EACH = 25


@pytest.fixture(scope="module")
def api() -> Iterator[LocalApi]:
    with LocalApi() as running:
        yield running


@pytest.fixture
def service(api: LocalApi) -> Iterator[S3ArtifactService]:
    with service_on(api, new_bucket(api)) as service:
        yield service


def race(api: LocalApi, bucket_name: str, names: list[str]) -> dict[str, dict[int, bytes]]:
    """What the savers were told: name → version → body."""
    command = [sys.executable, "-m", "tests.integration.tableless_saver_process", api.aws_endpoint_url, bucket_name]
    savers = [
        subprocess.Popen(
            [*command, ",".join(names), str(saver * EACH), str(EACH)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for saver in range(PROCESSES)
    ]
    try:
        for saver in savers:
            assert saver.stdout is not None
            assert saver.stdout.readline() == "ready\n"
        for saver in savers:
            assert saver.stdin is not None
            saver.stdin.write("go\n")
            saver.stdin.flush()
        told: dict[str, dict[int, bytes]] = {}
        for saver in savers:
            out, _ = saver.communicate(timeout=200)
            assert saver.returncode == 0
            for line in out.splitlines():
                name, version, body = line.split()
                assert int(version) not in told.setdefault(name, {}), "a version was given twice"
                told[name][int(version)] = body.encode()
        return told
    finally:
        for saver in savers:
            saver.kill()


async def what_is_there(service: S3ArtifactService, name: str) -> dict[int, bytes]:
    artifact = ArtifactId(SCOPE, name)
    numbers = [version.version async for version in service.client.versions(artifact)]
    return {number: (await service.client.load(artifact, number)).body for number in numbers}


@pytest.mark.parametrize("names", [["one"], ["one", "two", "three", "four", "five"]], ids=["one name", "new names"])
async def test_no_process_loses_or_overwrites_anothers_version(
    api: LocalApi, service: S3ArtifactService, names: list[str], tally: Tally
) -> None:
    told = race(api, service.bucket_name, names)
    assert sum(map(len, told.values())) == PROCESSES * EACH
    tally.races(PROCESSES * EACH, double_winners=0)
    for name in names:
        assert sorted(told[name]) == list(range(len(told[name]))), "without gaps"
        assert await what_is_there(service, name) == told[name]

    found = {artifact: _versions(service_store(service), artifact) for artifact in _artifacts(service_store(service))}
    rebuilt = Storage(api, bucket_name=service.bucket_name, table_name=new_table(api))
    rebuilt.rebuild()
    assert {artifact: _versions(rebuilt.store, artifact) for artifact in _artifacts(rebuilt.store)} == found
    assert rebuilt.reconcile().drift == {}


async def test_deletes_beside_savers_of_other_processes(api: LocalApi, service: S3ArtifactService) -> None:
    artifact = ArtifactId(SCOPE, "one")
    await service.client.save(artifact, b"before")
    told = race(api, service.bucket_name, ["one"])["one"]
    await service.client.delete(artifact)
    assert [line async for line in service.client.artifacts(SCOPE)] == []
    assert len(told) == PROCESSES * EACH
    assert race(api, service.bucket_name, ["one"])["one"].keys() == set(range(PROCESSES * EACH)), "another life"


def service_store(service: S3ArtifactService) -> ArtifactStore:
    return service._opened.get().store


def _artifacts(store: ArtifactStore) -> list[ArtifactId]:
    return sorted((summary.artifact for summary in store.list_artifacts(SCOPE, limit=1000).items), key=str)


def _versions(store: ArtifactStore, artifact: ArtifactId) -> list[Version]:
    return list(store.list_versions(artifact, limit=1000).items)
