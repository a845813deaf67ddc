"""What a second look at both stores finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.adk.artifacts.file_artifact_service import FileArtifactService
from google.adk.artifacts.in_memory_artifact_service import InMemoryArtifactService

from google_adk_aws import S3ArtifactService
from google_adk_aws.migration import ClientTarget, FileSource, ServiceSource, ServiceTarget, migrate, verify
from tests.unit.client.migration.stores import SESSION, USER, fill, owner, png

pytestmark = pytest.mark.unit

COPY = "apps/reports/users/ada/sessions/s1/artifacts/q1.png/versions/1/q1.png"


@pytest.fixture
async def source() -> ServiceSource:
    await fill(service := InMemoryArtifactService())
    return ServiceSource(service, [SESSION, USER], address="memory:")


@pytest.mark.parametrize("provenance", [True, False])
@pytest.mark.parametrize("with_journal", [True, False])
async def test_copies_are_equal(
    source: ServiceSource, target: ClientTarget, tmp_path: Path, *, with_journal: bool, provenance: bool
) -> None:
    journal = tmp_path / "journal" if with_journal else None
    report = await verify(source, target, journal=journal, provenance=provenance)
    assert (report.verified, {failure.reason for failure in report.failures}) == (0, {"it is not at the target"})
    await migrate(source, target, journal=journal, provenance=provenance)
    report = await verify(source, target, journal=journal, provenance=provenance)
    assert (report.verified, report.failures, report.copied) == (5, [], 0)


@pytest.mark.parametrize("with_journal", [True, False])
async def test_a_damaged_copy_is_found(source: ServiceSource, tmp_path: Path, *, with_journal: bool) -> None:
    journal = tmp_path / "journal" if with_journal else None
    copies = ServiceTarget(FileArtifactService(tmp_path / "new"), address="new")
    await migrate(source, copies, journal=journal)
    (tmp_path / "new" / COPY).write_bytes(b"twO")
    report = await verify(source, copies, journal=journal)
    (failure,) = report.failures
    assert (failure.what, failure.version, report.verified, report.ok) == ("reports/ada/s1/q1.png", 1, 4, False)
    assert failure.reason.startswith("version 1 of the target has SHA-256 ")


async def test_metadata_that_differs_is_found(ours: S3ArtifactService, target: ClientTarget, tmp_path: Path) -> None:
    await ours.save_artifact(**owner("x"), artifact=png(b"1"), custom_metadata={"migrated-version": 0})
    files = FileArtifactService(tmp_path)
    await files.save_artifact(**owner("x"), artifact=png(b"1"), custom_metadata={"more": 1})
    (failure,) = (await verify(FileSource(tmp_path), target)).failures
    assert failure.reason == "its custom metadata differs at the target"
    await files.save_artifact(**owner("y"), artifact=png(b"1", "name"))
    await ours.save_artifact(**owner("y"), artifact=png(b"1"), custom_metadata={"migrated-version": 0})
    assert "its display_name differs at the target" in {
        failure.reason for failure in (await verify(FileSource(tmp_path), target)).failures
    }
