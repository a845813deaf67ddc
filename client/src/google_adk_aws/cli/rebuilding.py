"""`rebuild`: an index table that was lost or damaged, from the bucket, which is the record."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from google_adk_aws.cli._places import SCOPE_HELP, scope_of
from google_adk_aws.cli._stores import Options
from google_adk_aws.cli._terminal import Exit, fail, run

__all__ = ["rebuild"]


def rebuild(
    context: typer.Context,
    scope: Annotated[str | None, typer.Argument(metavar="[SCOPE]", help=SCOPE_HELP)] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every scope of the bucket.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell, and write nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make index entries again from the bucket; nothing is removed. The store is s3://BUCKET?table=NAME."""
    options: Options = context.obj
    if (scope is None) == (not everything):
        raise typer.BadParameter("give a SCOPE, or --all")

    async def work() -> None:
        address = options.address()
        table = address.options.get("table")
        if table is None:
            # Not an error of the package: those lose what looks like the query of a URL.
            fail("rebuild needs --store s3://BUCKET?table=NAME", Exit.USAGE)
        arguments = ["rebuild", "--bucket", address.place, "--table", table]
        arguments += ["--all"] if scope is None else ["--scope", scope_of(scope).key_prefix]
        arguments += [name for name, wanted in (("--dry-run", dry_run), ("--json", json)) if wanted]
        status = await asyncio.to_thread(_rebuild, options, arguments)
        if status:
            # As that command ends: 1 is for objects that do not fit, 3 for a storage that failed.
            raise typer.Exit(status)

    run(work(), verbose=options.verbose)


def _rebuild(options: Options, arguments: list[str]) -> int:
    s3, dynamodb = options.aws_clients()
    # Only here: users of the API need no boto3.
    from artifact_store.adapters.aws import open_ports  # noqa: PLC0415
    from artifact_store.adapters.time import ManyInThreads  # noqa: PLC0415
    from artifact_store.maintenance import Maintenance  # noqa: PLC0415
    from artifact_store.maintenance.command import main  # noqa: PLC0415
    from artifact_store.store import ArtifactStore  # noqa: PLC0415

    def opened(*, bucket_name: str, index_table_name: str) -> tuple[Maintenance, ArtifactStore]:
        ports, table = open_ports(bucket_name=bucket_name, index_table_name=index_table_name, s3=s3, dynamodb=dynamodb)
        return Maintenance(ports, table, each=ManyInThreads()), ArtifactStore(ports)

    return main(arguments, out=sys.stdout, err=sys.stderr, opened=opened)
