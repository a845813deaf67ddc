"""Stores that fail: what can be done is done, and the rest is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from google.adk.artifacts.file_artifact_service import FileArtifactService
from google.adk.artifacts.in_memory_artifact_service import InMemoryArtifactService

from artifact_store import ArtifactId, Scope
from google_adk_aws import ArtifactServerError, S3ArtifactService
from google_adk_aws.migration import (
    ClientSource,
    ClientTarget,
    FileSource,
    Found,
    GcsSource,
    Report,
    ServiceSource,
    SourceArtifact,
    SourceVersion,
    TargetVersion,
    migrate,
    verify,
)
from tests.unit.client.migration.stores import SESSION, contents, fill, owner, png
from tests.unit.client.migration.test_sources import Blob, Bucket

pytestmark = pytest.mark.unit

LOOKS: list[Callable[..., Awaitable[Report]]] = [migrate, verify]


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    await fill(FileArtifactService(tmp_path / "old"))
    return tmp_path / "old"


class Unlisted(FileSource):
    """The list ends after the first artifact."""

    async def artifacts(self) -> AsyncIterator[Found]:
        async for found in super().artifacts():
            yield found
            raise ConnectionError("no more")


class Undescribed(FileSource):
    """One artifact has no list of versions."""

    async def versions(self, found: SourceArtifact) -> list[SourceVersion]:
        if found.artifact.filename == "notes":
            raise ConnectionError("no versions")
        return await super().versions(found)


async def test_a_list_that_breaks_off_is_an_error_and_what_was_listed_is_copied(
    folder: Path, target: ClientTarget
) -> None:
    report = await migrate(Unlisted(folder), target)
    (failure,) = report.failures
    assert (failure.what, failure.reason) == (folder.as_uri(), "the list ended early: no more")
    assert report.artifacts == 1
    assert report.copied > 0


async def test_an_artifact_that_cannot_be_looked_at_stops_no_other(folder: Path, target: ClientTarget) -> None:
    for report in (
        await migrate(Undescribed(folder), target, dry_run=True),
        await migrate(Undescribed(folder), target),
        await verify(Undescribed(folder), target),
    ):
        (failure,) = report.failures
        assert (failure.what, failure.version, failure.reason) == ("reports/ada/s1/notes", None, "no versions")
        assert report.copied + report.verified == 4


async def test_a_target_that_cannot_be_asked_fails_every_artifact_and_nothing_else(
    folder: Path, ours: S3ArtifactService
) -> None:
    class Mute(ClientTarget):
        async def present(self, artifact: ArtifactId) -> list[TargetVersion]:
            raise ConnectionError(artifact.filename)

    for look in LOOKS:
        report = await look(FileSource(folder), Mute(ours.client, address="s3://ours"))
        assert (report.artifacts, len(report.failures), report.ok) == (4, 4, False)


async def test_others_who_save_all_the_time_are_given_way_to_in_the_end(folder: Path, ours: S3ArtifactService) -> None:
    class Busy(ClientTarget):
        async def save(self, artifact: ArtifactId, *args: Any, **kwargs: Any) -> TargetVersion:
            if artifact.filename == "notes":
                await ours.save_artifact(**owner("notes"), artifact=png(b"theirs"))
            return await super().save(artifact, *args, **kwargs)

    report = await migrate(FileSource(folder), Busy(ours.client, address="s3://ours"))
    (failure,) = report.failures
    assert (failure.reason, report.copied) == ("5 times someone else saved a version meanwhile", 4)
    assert (await contents(ours))["notes"] == [png(b"theirs")] * 5


async def test_a_scope_that_cannot_be_listed_stops_no_other(ours: S3ArtifactService, target: ClientTarget) -> None:
    class Broken(InMemoryArtifactService):
        async def list_artifact_keys(self, *, app_name: str, **rest: Any) -> list[str]:
            if app_name == "broken":
                raise ConnectionError("no list")
            return await super().list_artifact_keys(app_name=app_name, **rest)

    await fill(service := Broken())
    broken = Scope("broken", "ada", "s1")
    report = await migrate(ServiceSource(service, [broken, SESSION], address="memory:"), target)
    (failure,) = report.failures
    assert (failure.what, failure.reason, report.copied) == ("broken/ada/s1", "ConnectionError: no list", 4)


async def test_the_same_for_a_service_of_ours(
    ours: S3ArtifactService, target: ClientTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(scope: Scope) -> AsyncIterator[Any]:
        if scope == SESSION:
            raise ArtifactServerError("no list", status_code=500)
        yield

    monkeypatch.setattr(ours.client, "filenames", broken)
    report = await migrate(ClientSource(ours.client, [SESSION], address="s3://old"), target)
    assert [failure.what for failure in report.failures] == ["reports/ada/s1"]


async def test_names_that_the_target_cannot_have_are_errors(target: ClientTarget) -> None:
    blobs = [Blob(f"a/b/c/{'x' * 901}/0", b""), Blob("a/../c/d/0", b""), Blob("a/b/c/d/0", b"1")]
    report = await migrate(GcsSource(Bucket(blobs)), target)
    assert (len(report.failures), report.skipped, report.copied) == (2, [], 1)


async def test_text_that_is_none_and_metadata_that_is_none(ours: S3ArtifactService, tmp_path: Path) -> None:
    files = FileArtifactService(tmp_path)
    for name in ("text", "picture"):
        await files.save_artifact(**owner(name), artifact={"text": "x"})
    versions = tmp_path / "apps/reports/users/ada/sessions/s1/artifacts"
    (versions / "text/versions/0/text").write_bytes(b"\xff")
    (versions / "picture/versions/0/metadata.json").write_text("[")
    report = await migrate(FileSource(tmp_path), ClientTarget(ours.client, address="s3://ours"))
    assert [failure.reason.endswith("should be text and is not UTF-8") for failure in report.failures] == [True]
    # As the service reads it without its metadata.
    assert await contents(ours) == {"picture": [await files.load_artifact(**owner("picture"))]}


@pytest.mark.parametrize("look", LOOKS)
async def test_concurrency_is_positive(
    look: Callable[..., Awaitable[Report]], folder: Path, target: ClientTarget
) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        await look(FileSource(folder), target, concurrency=0)
