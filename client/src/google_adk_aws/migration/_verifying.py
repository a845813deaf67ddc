"""Verification: both stores are read again, and what they hold is compared."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

from google_adk_aws.migration._copying import stored_facts
from google_adk_aws.migration._journal import Journal
from google_adk_aws.migration._model import (
    Facts,
    MigrationError,
    Source,
    SourceArtifact,
    SourceVersion,
    Target,
    TargetVersion,
    told_version,
)
from google_adk_aws.migration._present import Present
from google_adk_aws.migration._report import ProgressCallback, Report
from google_adk_aws.migration._running import each_artifact
from google_adk_aws.migration._spool import digest_of, spool

__all__ = ["verify"]


async def verify(
    source: Source,
    target: Target,
    *,
    journal: Path | None = None,
    provenance: bool = True,
    concurrency: int = 8,
    progress: ProgressCallback | None = None,
) -> Report:
    """Compares every version at the source with its copy: SHA-256 of both contents as they are read now.

    Where the target keeps them exactly (`ClientTarget`), type, names and metadata are compared as well.

    Args:
        source: Where from.
        target: Where to.
        journal: The migration's, which tells the numbers. Without it, or for what is not in it, the copies do.
        provenance: As for `migrate`.
        concurrency: Artifacts at the same time.
        progress: Called with the report so far.

    Returns:
        `verified` counts what is equal; `failures` has the rest.

    Raises:
        MigrationError: The journal belongs to another migration or process.
        ValueError: The concurrency is below 1.
    """
    report = Report(source=source.address, target=target.address)
    exists = journal is not None and await asyncio.to_thread(journal.exists)
    notes = Journal.open(journal if exists else None, source=source.address, target=target.address)
    verifying = _Verifying(source, target, notes, report, provenance=provenance, progress=progress)
    try:
        await each_artifact(source, verifying.verify, report, concurrency=concurrency, progress=progress)
    finally:
        notes.close()
    return report


class _Verifying:
    def __init__(
        self,
        source: Source,
        target: Target,
        journal: Journal,
        report: Report,
        *,
        provenance: bool,
        progress: ProgressCallback | None,
    ) -> None:
        self._source = source
        self._target = target
        self._journal = journal
        self._report = report
        self._provenance = provenance
        self._progress = progress

    async def verify(self, found: SourceArtifact) -> None:
        """Compares every version of an artifact."""
        try:
            versions = await self._source.versions(found)
            there = await self._target.present(found.artifact)
        except Exception as error:  # noqa: BLE001 - stores raise what they like; the others go on
            self._report.failed(found.artifact, None, error)
            return
        present = Present(self._target, found.artifact, there, after=None, provenance=False)
        for version in versions:
            try:
                await self._verify_version(found, version, there, present)
            except Exception as error:  # noqa: BLE001 - the same
                self._report.failed(found.artifact, version.number, error)
            else:
                self._report.verified += 1
            if self._progress is not None:
                self._progress(self._report)

    async def _verify_version(
        self, found: SourceArtifact, version: SourceVersion, there: list[TargetVersion], present: Present
    ) -> None:
        with spool() as file:
            facts = await self._source.fetch(found, version, file)
            sha256, _ = await digest_of(file)
        number = self._journal.copied(found.artifact).get(version.number)
        if number is None and self._provenance:
            told = [one.number for one in there if told_version(one.custom_metadata) == version.number]
            number = told[-1] if told else None
        elif number is None:
            copy = await present.find(version.number, sha256)
            number = None if copy is None else copy.number
        if number is None:
            raise MigrationError("it is not at the target")
        with spool() as file:
            copied = await self._target.fetch(found.artifact, number, file)
            copied_sha256, _ = await digest_of(file)
        if copied_sha256 != sha256:
            raise MigrationError(f"version {number} of the target has SHA-256 {copied_sha256}, the source {sha256}")
        if copied is not None:
            _compare(stored_facts(facts, version.number, provenance=self._provenance), copied)


def _compare(expected: Facts, copied: Facts) -> None:
    if expected.kind != copied.kind:
        raise MigrationError(f"it is {copied.kind} at the target and {expected.kind} at the source")
    for name in ("mime_type", "display_name"):
        if getattr(expected, name) != getattr(copied, name):
            raise MigrationError(f"its {name} differs at the target")
    if _canonical(expected.custom_metadata) != _canonical(copied.custom_metadata):
        raise MigrationError("its custom metadata differs at the target")


def _canonical(metadata: Mapping[str, object]) -> str:
    return json.dumps(metadata, sort_keys=True)
