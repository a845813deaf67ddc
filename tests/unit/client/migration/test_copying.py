"""What arrives, and what a run after another one does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.adk.artifacts.in_memory_artifact_service import InMemoryArtifactService

from google_adk_aws import S3ArtifactService
from google_adk_aws.migration import ClientSource, ClientTarget, ServiceSource, ServiceTarget, migrate
from tests.unit.client.migration.stores import SESSION, USER, contents, fill, owner, png

pytestmark = pytest.mark.unit


@pytest.fixture
async def filled() -> InMemoryArtifactService:
    service = InMemoryArtifactService()
    await fill(service)
    return service


@pytest.fixture
def source(filled: InMemoryArtifactService) -> ServiceSource:
    return ServiceSource(filled, [SESSION, USER], address="memory:")


async def test_every_version_arrives_with_all_that_is_told_of_it(
    filled: InMemoryArtifactService, source: ServiceSource, ours: S3ArtifactService, target: ClientTarget
) -> None:
    report = await migrate(source, target)
    assert (report.ok, report.artifacts, report.copied, report.copied_bytes) == (True, 4, 5, 23)
    assert (report.present, report.skipped, report.renumbered) == (0, [], {})
    assert await contents(ours) == await contents(filled)
    old = await filled.list_artifact_versions(**owner("q1.png"))
    new = await ours.list_artifact_versions(**owner("q1.png"))
    for version in (0, 1):
        assert new[version].mime_type == old[version].mime_type == "image/png"
        assert new[version].custom_metadata == {
            **old[version].custom_metadata,
            "migrated-created": old[version].create_time,
            "migrated-version": version,
        }


async def test_a_second_run_saves_nothing(
    source: ServiceSource, ours: S3ArtifactService, target: ClientTarget, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    await migrate(source, target, journal=journal)
    before = await contents(ours)
    for path in (journal, None, tmp_path / "another"):
        report = await migrate(source, target, journal=path)
        assert (report.copied, report.present, report.ok) == (0, 5, True)
    assert await contents(ours) == before


async def test_without_provenance_metadata_is_the_same_and_a_second_run_compares_bytes(
    filled: InMemoryArtifactService, source: ServiceSource, ours: S3ArtifactService, target: ClientTarget
) -> None:
    await filled.save_artifact(**owner("q1.png"), artifact=png(b"one"))
    for _ in range(2):
        await migrate(source, target, provenance=False)
    (first, *others) = await ours.list_artifact_versions(**owner("q1.png"))
    assert (first.custom_metadata, len(others)) == ({"quarter": 1, "by": "ä"}, 2)
    assert await contents(ours) == await contents(filled)


async def test_what_is_saved_at_the_source_later_is_copied_by_the_next_run(
    filled: InMemoryArtifactService,
    source: ServiceSource,
    ours: S3ArtifactService,
    target: ClientTarget,
    tmp_path: Path,
) -> None:
    await migrate(source, target, journal=tmp_path / "journal")
    await filled.save_artifact(**owner("q1.png"), artifact=png(b"three"))
    report = await migrate(source, target, journal=tmp_path / "journal")
    assert (report.copied, report.present) == (1, 5)
    assert await contents(ours) == await contents(filled)


async def test_a_dry_run_counts_and_saves_nothing(
    source: ServiceSource, ours: S3ArtifactService, target: ClientTarget, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    report = await migrate(source, target, journal=journal, dry_run=True)
    assert (report.dry_run, report.copied, journal.exists()) == (True, 5, False)
    assert await contents(ours) == {}
    await migrate(source, target, journal=journal)
    assert (await migrate(source, target, journal=journal, dry_run=True)).present == 5


async def test_what_is_at_the_target_stays_and_copies_come_after_it(
    source: ServiceSource, ours: S3ArtifactService, target: ClientTarget
) -> None:
    await ours.save_artifact(**owner("q1.png"), artifact=png(b"one"))
    report = await migrate(source, target)
    assert report.renumbered == {"reports/ada/s1/q1.png": {0: 1, 1: 2}}
    assert [part and part.inline_data and part.inline_data.data for part in (await contents(ours))["q1.png"]] == [
        b"one",
        b"one",
        b"two",
    ]


async def test_back_into_a_service_of_adk(
    filled: InMemoryArtifactService, source: ServiceSource, ours: S3ArtifactService, target: ClientTarget
) -> None:
    await migrate(source, target)
    back = InMemoryArtifactService()
    home = ServiceTarget(back, address="memory:back")
    for copied in (5, 0):
        report = await migrate(ClientSource(ours.client, [SESSION, USER], address="s3://ours"), home)
        assert (report.copied, report.failures) == (copied, [])
    assert await contents(back) == await contents(filled)
    (first, _) = await back.list_artifact_versions(**owner("q1.png"))
    (original, _) = await filled.list_artifact_versions(**owner("q1.png"))
    assert first.custom_metadata["migrated-created"] == original.create_time


async def test_a_rewound_artifact_stays_rewound(ours: S3ArtifactService, target: ClientTarget) -> None:
    service = InMemoryArtifactService()
    await service.save_artifact(**owner("a"), artifact=png(b"taken back"))
    tombstone: dict[str, Any] = {"inlineData": {"mimeType": "application/octet-stream", "data": ""}}
    await service.save_artifact(**owner("a"), artifact=tombstone)
    report = await migrate(ServiceSource(service, [SESSION], address="memory:"), target)
    assert (report.copied, await ours.load_artifact(**owner("a"))) == (2, None)


async def test_large_content_goes_in_parts(ours: S3ArtifactService, target: ClientTarget) -> None:
    service = InMemoryArtifactService()
    large = png(bytes(range(256)) * 40_000)
    await service.save_artifact(**owner("large"), artifact=large)
    report = await migrate(ServiceSource(service, [SESSION], address="memory:"), target)
    assert (report.failures, report.copied_bytes) == ([], 10_240_000)
    assert await ours.load_artifact(**owner("large")) == large
