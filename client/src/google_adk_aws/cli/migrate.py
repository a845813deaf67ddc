"""`adk-artifacts migrate`: artifacts from one store to another."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.filesize import decimal
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from artifact_store.errors import InvalidInput
from artifact_store.names import Scope, parse_scope
from google_adk_aws._errors import ArtifactError
from google_adk_aws._io.state_file import cache_folder
from google_adk_aws.cli._places import plain
from google_adk_aws.cli._terminal import plain_console
from google_adk_aws.migration import MigrationError, Report, verify
from google_adk_aws.migration import migrate as copy
from google_adk_aws.migration._addresses import Address, open_source, open_target

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["migrate"]

_FAILED: Final = 1
_STORE_FAILED: Final = 3
_INTERRUPTED: Final = 130
_SHOWN: Final = 20
"""Lines of a list that people read; `--json` has all."""


def migrate(
    source: Annotated[str, typer.Argument(metavar="FROM", help="Where artifacts are read; nothing is changed there.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Where they are saved.")],
    *,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="Only these: app/user/session, or app/user for what is in no session; each encoded as in object keys. "
            "Repeatable. Needed when FROM is the artifact API."
        ),
    ] = None,
    journal: Annotated[
        Path | None, typer.Option(dir_okay=False, help="What is done; by default a file in the user's cache.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List and count; save nothing.")] = False,
    verify_too: Annotated[
        bool, typer.Option("--verify", help="Then read both stores again and compare SHA-256.")
    ] = False,
    verify_only: Annotated[bool, typer.Option("--verify-only", help="Compare, and save nothing.")] = False,
    provenance: Annotated[
        bool,
        typer.Option(
            help="Save migrated-version and migrated-created, the number and the time at FROM, in custom metadata."
        ),
    ] = True,
    skip_failed: Annotated[
        bool,
        typer.Option("--skip-failed", help="Copy later versions of an artifact when one fails, and never that one."),
    ] = False,
    concurrency: Annotated[int, typer.Option(min=1, max=100, help="Artifacts at the same time.")] = 8,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    from_token: Annotated[
        str | None, typer.Option(envvar="ADK_ARTIFACTS_FROM_TOKEN", help="Bearer token of FROM.")
    ] = None,
    to_token: Annotated[str | None, typer.Option(envvar="ADK_ARTIFACTS_TO_TOKEN", help="Bearer token of TO.")] = None,
) -> None:
    """Copy artifacts with all versions from one store to another; run it again to go on.

    FROM and TO are file:///folder (ADK's files), gs://bucket (ADK on Google Cloud Storage),
    s3://bucket?layout=community (google-adk-community), s3://bucket or s3://bucket?table=name (this package), or the
    URL of the artifact API.

    Exit status: 0 all is there, 1 something is not, 2 wrong arguments, 3 a store cannot be opened, 130 interrupted.
    """
    if dry_run and (verify_too or verify_only):
        raise typer.BadParameter("a dry run copies nothing that could be verified", param_hint="--dry-run")
    try:
        places = Address.parse(source), Address.parse(target)
        places[0].refuse_same_as(places[1])
        scopes = [parse_scope(text) for text in scope] if scope else None
    except (ValueError, InvalidInput) as error:
        raise typer.BadParameter(str(error)) from error
    job = _Job(
        source=places[0],
        target=places[1],
        tokens=(from_token, to_token),
        scopes=scopes,
        journal=journal or _default_journal(*places),
        dry_run=dry_run,
        copies=not verify_only,
        verifies=verify_too or verify_only,
        provenance=provenance,
        skip_failed=skip_failed,
        concurrency=concurrency,
    )
    errors = plain_console(stderr=True)
    try:
        reports = asyncio.run(job.run(errors))
    except (ArtifactError, MigrationError, ImportError, OSError) as error:
        errors.print(plain(str(error)), style="red", markup=False)
        raise typer.Exit(_STORE_FAILED) from error
    except KeyboardInterrupt:
        errors.print("interrupted; the same command goes on")
        raise typer.Exit(_INTERRUPTED) from None
    if as_json:
        typer.echo(json.dumps({**_as_json(reports), "journal": str(job.journal)}, indent=2))
    else:
        for title, report in reports.items():
            _show(title, report)
    if not all(report.ok for report in reports.values()):
        raise typer.Exit(_FAILED)


@dataclass(frozen=True, kw_only=True)
class _Job:
    """What the arguments ask for."""

    source: Address
    target: Address
    tokens: tuple[str | None, str | None]
    scopes: Sequence[Scope] | None
    journal: Path
    dry_run: bool
    copies: bool
    verifies: bool
    provenance: bool
    skip_failed: bool
    concurrency: int

    async def run(self, console: Console) -> dict[str, Report]:
        """Does it; a report for each pass."""
        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        reports: dict[str, Report] = {}
        async with (
            open_source(self.source, self.scopes, token=self.tokens[0]) as source,
            open_target(self.target, token=self.tokens[1]) as target,
        ):
            with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
                line = bar.add_task("listing", total=None)

                def tell(report: Report) -> None:
                    bar.update(line, description=_counts(report))

                if self.copies:
                    reports["migration"] = await copy(
                        source,
                        target,
                        journal=self.journal,
                        dry_run=self.dry_run,
                        provenance=self.provenance,
                        skip_failed=self.skip_failed,
                        concurrency=self.concurrency,
                        progress=tell,
                    )
                if self.verifies:
                    reports["verification"] = await verify(
                        source,
                        target,
                        journal=self.journal,
                        provenance=self.provenance,
                        concurrency=self.concurrency,
                        progress=tell,
                    )
        return reports


def _default_journal(source: Address, target: Address) -> Path:
    name = hashlib.sha256(f"{source.text}\n{target.text}".encode()).hexdigest()
    return cache_folder() / "migrations" / f"{name[:32]}.jsonl"


def _counts(report: Report) -> str:
    return (
        f"{report.artifacts:,} artifacts: {report.copied:,} versions copied ({decimal(report.copied_bytes)}), "
        f"{report.present:,} there already, {report.verified:,} verified, {len(report.failures):,} failed"
    )


def _as_json(reports: dict[str, Report]) -> dict[str, Any]:
    shown = {title: reports[title].to_json() if title in reports else None for title in ("migration", "verification")}
    return {"ok": all(report.ok for report in reports.values()), **shown}


def _show(title: str, report: Report) -> None:
    table = Table(title="dry run" if report.dry_run else title, title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    rows: list[tuple[str, str]] = [("artifacts", f"{report.artifacts:,}")]
    if title == "migration":
        rows += [
            ("versions to copy" if report.dry_run else "versions copied", f"{report.copied:,}"),
            ("bytes of those", decimal(report.copied_bytes)),
            ("there already", f"{report.present:,}"),
            ("waiting for an earlier version", f"{report.waiting:,}"),
            ("artifacts with other numbers", f"{len(report.renumbered):,}"),
            ("references to a version", f"{len(report.references):,}"),
            ("no artifacts", f"{len(report.skipped):,}"),
        ]
    else:
        rows.append(("versions that are equal", f"{report.verified:,}"))
    rows.append(("failures", f"{len(report.failures):,}"))
    for row in rows:
        table.add_row(*row)
    console = plain_console()
    console.print(table)
    for failure in report.failures[:_SHOWN]:
        version = "" if failure.version is None else f"/{failure.version}"
        console.print(plain(f"{failure.what}{version}: {failure.reason}"), style="red", markup=False, soft_wrap=True)
    if len(report.failures) > _SHOWN:
        console.print(f"and {len(report.failures) - _SHOWN:,} more; --json has all")
