"""Copying: each version of each artifact, in order, once."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Final

from google_adk_aws._model.references import REFERENCE_PREFIX
from google_adk_aws.migration._journal import Journal
from google_adk_aws.migration._model import (
    CREATED_KEY,
    VERSION_KEY,
    Facts,
    MigrationError,
    OvertakenError,
    Source,
    SourceArtifact,
    SourceVersion,
    Target,
    TargetVersion,
)
from google_adk_aws.migration._present import Present
from google_adk_aws.migration._report import ProgressCallback, Report
from google_adk_aws.migration._running import each_artifact
from google_adk_aws.migration._spool import digest_of, spool

__all__ = ["migrate", "stored_facts"]

_TRIES: Final = 5
"""How often a version is tried that others save into the middle of."""


async def migrate(
    source: Source,
    target: Target,
    *,
    journal: Path | None = None,
    dry_run: bool = False,
    provenance: bool = True,
    skip_failed: bool = False,
    concurrency: int = 8,
    progress: ProgressCallback | None = None,
) -> Report:
    """Copies every version of every artifact that the source lists. Nothing is changed there.

    It may be stopped at any moment and run again: what is at the target already is not saved a second time. An error
    of a version is noted, and the later versions of that artifact wait for the next run, so that they keep their
    order; all others go on.

    Args:
        source: Where from.
        target: Where to.
        journal: A file of what is done. Without it a second run reads all contents of the source again to compare
            them. It belongs to one source and one target; two processes cannot use it at the same time.
        dry_run: List, count and save nothing.
        provenance: Save `migrated-version` and `migrated-created` among the custom metadata of each copy.
        skip_failed: Go on with an artifact's later versions when one cannot be copied; that one never will be then.
        concurrency: Artifacts that are worked on at the same time; the versions of one go one after the other.
        progress: Called with the report so far after each version and each artifact.

    Returns:
        What was done; errors are in it.

    Raises:
        MigrationError: The journal belongs to another migration or process.
        OSError: The journal cannot be written.
        ValueError: The concurrency is below 1.
    """
    report = Report(source=source.address, target=target.address, dry_run=dry_run)
    # A dry run writes no file, but what is done already is not counted.
    absent = journal is not None and dry_run and not await asyncio.to_thread(journal.exists)
    notes = Journal.open(None if absent else journal, source=source.address, target=target.address)
    copying = _Copying(source, target, notes, report, provenance=provenance, skip_failed=skip_failed, progress=progress)
    try:
        await each_artifact(
            source, copying.plan if dry_run else copying.copy, report, concurrency=concurrency, progress=progress
        )
    finally:
        notes.close()
    return report


def stored_facts(facts: Facts, number: int, *, provenance: bool) -> Facts:
    """What is told of a copy: that of the version, and where it came from."""
    if not provenance:
        return facts
    metadata = {**facts.custom_metadata, VERSION_KEY: number}
    if facts.created is not None:
        # What was copied before keeps the time at which it was first saved.
        metadata.setdefault(CREATED_KEY, facts.created)
    return replace(facts, custom_metadata=metadata)


class _Copying:
    def __init__(
        self,
        source: Source,
        target: Target,
        journal: Journal,
        report: Report,
        *,
        provenance: bool,
        skip_failed: bool,
        progress: ProgressCallback | None,
    ) -> None:
        self._source = source
        self._target = target
        self._journal = journal
        self._report = report
        self._provenance = provenance
        self._skip_failed = skip_failed
        self._progress = progress

    async def plan(self, found: SourceArtifact) -> None:
        """Counts what would be copied."""
        done = self._journal.copied(found.artifact)
        try:
            versions = await self._source.versions(found)
        except Exception as error:  # noqa: BLE001 - stores raise what they like; the others go on
            self._report.failed(found.artifact, None, error)
            return
        for version in versions:
            if version.number in done:
                self._report.present += 1
            else:
                self._report.copied += 1
                self._report.copied_bytes += version.size or 0

    async def copy(self, found: SourceArtifact) -> None:
        """Copies what is not at the target."""
        artifact, report = found.artifact, self._report
        done = dict(self._journal.copied(artifact))
        try:
            versions = await self._source.versions(found)
            todo = [version for version in versions if version.number not in done]
            report.present += len(versions) - len(todo)
            present = await self._present(found, done) if todo else None
        except Exception as error:  # noqa: BLE001 - stores raise what they like; the others go on
            report.failed(artifact, None, error)
            return
        for index, version in enumerate(todo):
            assert present is not None  # noqa: S101 - there is something to do
            try:
                present = await self._copy_version(found, version, present, done)
            except Exception as error:  # noqa: BLE001 - the same
                report.failed(artifact, version.number, error)
                if not self._skip_failed:
                    report.waiting += len(todo) - index - 1
                    break
            if self._progress is not None:
                self._progress(report)
        self._note_numbers(found, done)

    async def _copy_version(
        self, found: SourceArtifact, version: SourceVersion, present: Present, done: dict[int, int]
    ) -> Present:
        """Copies one version if it is not there.

        Returns:
            What is at the target now.
        """
        artifact, number = found.artifact, version.number
        with spool() as file:
            facts = await self._source.fetch(found, version, file)
            sha256, size = await digest_of(file)
            for _ in range(_TRIES):
                copy = await present.find(number, sha256)
                if copy is not None:
                    self._report.present += 1
                    break
                if number < max([*done, present.highest_copied]):
                    raise MigrationError("later versions are at the target already; saved now, it would be the latest")
                try:
                    copy = await self._save(found, number, file, size, sha256, facts, present.latest)
                except OvertakenError:
                    file.seek(0)
                    present = await self._present(found, done)
                    continue
                present.add(copy)
                self._report.copied += 1
                self._report.copied_bytes += size
                break
            else:
                raise OvertakenError(f"{_TRIES} times someone else saved a version meanwhile")
        self._journal.add(artifact, number, copy.number, sha256=sha256, size=size)
        done[number] = copy.number
        return present

    async def _save(
        self,
        found: SourceArtifact,
        number: int,
        file: BinaryIO,
        size: int,
        sha256: str,
        facts: Facts,
        latest: TargetVersion | None,
    ) -> TargetVersion:
        facts = stored_facts(facts, number, provenance=self._provenance)
        place = [self._journal.ident, self._source.address, found.artifact.key_prefix, number]
        key = _key([*place, sha256, _told(facts), latest and latest.etag])
        copy = await self._target.save(found.artifact, file, size, facts, key=key, latest=latest)
        if facts.kind == "file":
            file.seek(0)
            if file.read(len(REFERENCE_PREFIX)) == REFERENCE_PREFIX.encode():
                self._report.references.append(found.artifact.object_key(number))
        return copy

    async def _present(self, found: SourceArtifact, done: Mapping[int, int]) -> Present:
        return Present(
            self._target,
            found.artifact,
            await self._target.present(found.artifact),
            after=max(done.values(), default=None),
            provenance=self._provenance,
        )

    def _note_numbers(self, found: SourceArtifact, done: Mapping[int, int]) -> None:
        if any(number != got for number, got in done.items()):
            self._report.renumbered[found.artifact.key_prefix] = dict(sorted(done.items()))


def _told(facts: Facts) -> list[Any]:
    return [facts.kind, facts.mime_type, facts.display_name, facts.custom_metadata]


def _key(of: list[Any]) -> str:
    """An idempotency key: the same for the same save, another one for any other."""
    return hashlib.sha256(json.dumps(of, sort_keys=True, default=str).encode()).hexdigest()
