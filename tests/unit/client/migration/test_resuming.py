"""Migrations that are killed, or that others disturb."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from google.adk.artifacts.file_artifact_service import FileArtifactService
from google.adk.artifacts.in_memory_artifact_service import InMemoryArtifactService

from google_adk_aws import S3ArtifactService
from google_adk_aws.migration import ClientTarget, FileSource, MigrationError, ServiceSource, TargetVersion, migrate
from tests.unit.client.migration.stores import SESSION, USER, contents, fill, owner, png

if TYPE_CHECKING:
    from artifact_store import ArtifactId

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[4]


class Killed(BaseException):
    """What no handler of errors handles."""


class Dying(ClientTarget):
    """Dies with one of its saves: before it, or when it has happened and nobody knows yet."""

    def __init__(self, service: S3ArtifactService, *, at: int, after: bool) -> None:
        super().__init__(service.client, address="s3://ours")
        self.left, self.after = at, after

    async def save(self, *args: Any, **kwargs: Any) -> TargetVersion:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise Killed
        saved = await super().save(*args, **kwargs)
        if self.left == 0:
            raise Killed
        return saved


@pytest.mark.parametrize("keep_journal", [True, False])
@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
async def test_killed_at_any_save_and_run_again_every_version_is_there_once(
    ours: S3ArtifactService, target: ClientTarget, tmp_path: Path, *, at: int, after: bool, keep_journal: bool
) -> None:
    service = InMemoryArtifactService()
    await fill(service)
    source = ServiceSource(service, [SESSION, USER], address="memory:")
    journal = tmp_path / "journal"
    with pytest.raises(Killed):
        await migrate(source, Dying(ours, at=at, after=after), journal=journal, concurrency=1)
    if not keep_journal:
        journal.unlink()
    report = await migrate(source, target, journal=journal)
    assert (report.ok, report.copied, report.present) == (True, 5 - at + (not after), at - (not after))
    assert await contents(ours) == await contents(service)


DIE = """
import asyncio, os, pathlib, sys
from google.adk.artifacts.file_artifact_service import FileArtifactService
from google_adk_aws.migration import FileSource, ServiceTarget, migrate

class Dying(ServiceTarget):
    left = int(sys.argv[4])
    async def save(self, *args, **kwargs):
        saved = await super().save(*args, **kwargs)
        Dying.left -= 1
        if Dying.left == 0:
            os.kill(os.getpid(), 9)
        return saved

new = Dying(FileArtifactService(sys.argv[2]), address="new")
report = asyncio.run(migrate(FileSource(sys.argv[1]), new, journal=pathlib.Path(sys.argv[3]), concurrency=1))
print(report.copied, report.present, report.ok)
"""


async def test_a_process_that_is_killed_leaves_a_journal_for_the_next(tmp_path: Path) -> None:
    old, new = FileArtifactService(tmp_path / "old"), FileArtifactService(tmp_path / "new")
    await fill(old)

    def run(left: int) -> subprocess.CompletedProcess[str]:
        paths = [str(tmp_path / name) for name in ("old", "new", "journal")]
        return subprocess.run(
            [sys.executable, "-c", DIE, *paths, str(left)],
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'client/src'}:{ROOT / 'layers/artifact_store'}"},
            capture_output=True,
            text=True,
            check=False,
        )

    assert run(left=3).returncode == -9
    done = run(left=0)
    assert (done.returncode, done.stdout) == (0, "2 3 True\n"), done.stderr
    assert await contents(new) == await contents(old)


async def test_a_line_that_was_cut_off_is_ignored(
    ours: S3ArtifactService, target: ClientTarget, tmp_path: Path
) -> None:
    await fill(files := FileArtifactService(tmp_path / "old"))
    source, journal = FileSource(tmp_path / "old"), tmp_path / "journal"
    await migrate(source, target, journal=journal)
    journal.write_text(journal.read_text()[:-9])
    for copied_again in (1, 0):
        report = await migrate(source, target, journal=journal)
        assert (report.copied, report.present, report.ok) == (0, 5, True)
        lines = journal.read_text().splitlines()
        assert len(lines) == 7
        assert sum(not line.endswith("}") for line in lines) == 1, copied_again
    assert await contents(ours) == await contents(files)


async def test_a_journal_of_another_migration_is_refused(target: ClientTarget, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    journal = tmp_path / "journal"
    await migrate(FileSource(tmp_path / "one"), target, journal=journal)
    with pytest.raises(MigrationError, match="of the migration from file:"):
        await migrate(FileSource(tmp_path / "two"), target, journal=journal)
    journal.write_text("{}\n")
    with pytest.raises(MigrationError, match="not one of a migration"):
        await migrate(FileSource(tmp_path / "one"), target, journal=journal)


async def test_a_journal_is_one_process_s(ours: S3ArtifactService, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    await fill(FileArtifactService(tmp_path / "old"))
    source, journal = FileSource(tmp_path / "old"), tmp_path / "journal"

    class Meeting(ClientTarget):
        async def save(self, *args: Any, **kwargs: Any) -> TargetVersion:
            with pytest.raises(MigrationError, match="another process is using the journal"):
                await migrate(source, self, journal=journal)
            return await super().save(*args, **kwargs)

    assert (await migrate(source, Meeting(ours.client, address="s3://ours"), journal=journal)).copied == 5


async def test_two_migrations_at_the_same_time_save_each_version_once(
    ours: S3ArtifactService, target: ClientTarget, tmp_path: Path
) -> None:
    files = FileArtifactService(tmp_path)
    for number in range(6):
        await files.save_artifact(**owner("log"), artifact=png(b"%d" % number))
    reports = await asyncio.gather(*(migrate(FileSource(tmp_path), target) for _ in range(3)))
    assert [report.failures for report in reports] == [[], [], []]
    assert sum(report.copied for report in reports) == 6
    assert await contents(ours) == await contents(files)


async def test_another_migration_that_overtakes_a_save_has_done_it(
    ours: S3ArtifactService, target: ClientTarget, tmp_path: Path
) -> None:
    await fill(files := FileArtifactService(tmp_path))

    class Overtaken(ClientTarget):
        async def save(self, *args: Any, **kwargs: Any) -> TargetVersion:
            await migrate(FileSource(tmp_path), target)
            return await super().save(*args, **kwargs)

    report = await migrate(FileSource(tmp_path), Overtaken(ours.client, address="s3://ours"), concurrency=1)
    assert (report.ok, report.copied, report.present) == (True, 0, 5)
    assert await contents(ours) == await contents(files)


async def test_equal_versions_are_not_taken_for_one_another(
    ours: S3ArtifactService, target: ClientTarget, tmp_path: Path
) -> None:
    files = FileArtifactService(tmp_path)
    for data in (b"a", b"a", b"b", b"a"):
        await files.save_artifact(**owner("log"), artifact=png(data))
    with pytest.raises(Killed):
        await migrate(FileSource(tmp_path), Dying(ours, at=1, after=True), provenance=False)
    for copied in (3, 0):
        assert (await migrate(FileSource(tmp_path), target, provenance=False)).copied == copied
    assert await contents(ours) == await contents(files)


async def test_who_saves_meanwhile_keeps_what_they_saved(ours: S3ArtifactService, tmp_path: Path) -> None:
    files = FileArtifactService(tmp_path)
    for number in range(2):
        await files.save_artifact(**owner("log"), artifact=png(b"%d" % number))

    class Disturbed(ClientTarget):
        done = False

        async def save(self, artifact: ArtifactId, *args: Any, **kwargs: Any) -> TargetVersion:
            if not self.done:
                self.done = True
                await ours.save_artifact(**owner("log"), artifact=png(b"theirs"))
            return await super().save(artifact, *args, **kwargs)

    report = await migrate(FileSource(tmp_path), Disturbed(ours.client, address="s3://ours"))
    assert (report.ok, report.renumbered) == (True, {"reports/ada/s1/log": {0: 1, 1: 2}})
    assert await contents(ours) == {"log": [png(b"theirs"), png(b"0"), png(b"1")]}


async def test_what_was_deleted_at_the_target_is_copied_again_with_another_journal(
    ours: S3ArtifactService, target: ClientTarget, tmp_path: Path
) -> None:
    await FileArtifactService(tmp_path / "old").save_artifact(**owner("log"), artifact=png(b"0"))
    source = FileSource(tmp_path / "old")
    for name in ("one", "two"):
        report = await migrate(source, target, journal=tmp_path / name)
        assert (report.copied, await contents(ours)) == (1, {"log": [png(b"0")]})
        assert json.loads((tmp_path / name).read_text().splitlines()[1])["to"] == 0
        await ours.delete_artifact(**owner("log"))
