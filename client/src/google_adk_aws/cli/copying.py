"""`cp`: an artifact under another name, in another scope, or in another store."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated

import typer

from artifact_store.names import ArtifactId
from google_adk_aws._client.artifact_client import ArtifactClient
from google_adk_aws._model.wire import VersionMetadata
from google_adk_aws.cli._places import ARTIFACT_HELP, artifact_of, shown
from google_adk_aws.cli._stores import Client, Options
from google_adk_aws.cli._terminal import as_json, print_json, run, transfer

__all__ = ["cp"]


def cp(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FROM", help=ARTIFACT_HELP)],
    target: Annotated[str, typer.Argument(metavar="TO", help="Another artifact; a new version of it if it is there.")],
    *,
    version: Annotated[int | None, typer.Option("--version", "-v", min=0, help="By default the latest.")] = None,
    all_versions: Annotated[bool, typer.Option("--all-versions", "-a", help="One after the other, in order.")] = False,
    to_store: Annotated[
        str | None, typer.Option("--to-store", help="Another store than --store, with the same credentials.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the new versions as one JSON object.")] = False,
) -> None:
    """Copy an artifact: content, type, name and custom metadata. For many, with a journal: migrate."""
    options: Options = context.obj
    if all_versions and version is not None:
        raise typer.BadParameter("--version and --all-versions exclude each other")

    async def work() -> None:
        here, there = artifact_of(source), artifact_of(target)
        async with AsyncExitStack() as stack:
            reader = await stack.enter_async_context(options.open())
            writer = reader if to_store is None else await stack.enter_async_context(options.open(to_store))
            copied = [
                await _copy(reader, here, described, writer, there)
                async for described in _wanted(reader, here, version, all_versions=all_versions)
            ]
        if json:
            print_json({"artifact": shown(there), "versions": [as_json(one) for one in copied]})
            return
        for one in copied:
            typer.echo(f"{shown(there)} version {one.version}")

    run(work(), verbose=options.verbose)


async def _wanted(
    reader: Client, artifact: ArtifactId, version: int | None, *, all_versions: bool
) -> AsyncIterator[VersionMetadata]:
    if not all_versions:
        yield await reader.describe(artifact, version)
        return
    # Listed first: a copy into the same artifact would go on for ever.
    for described in [one async for one in reader.versions(artifact)]:
        yield described


async def _copy(
    reader: Client, here: ArtifactId, described: VersionMetadata, writer: Client, there: ArtifactId
) -> VersionMetadata:
    with tempfile.TemporaryFile() as file, transfer(f"{here.filename} version {described.version}") as progress:
        if isinstance(reader, ArtifactClient):
            await reader.download_file(here, file, described.version, progress=progress)
        else:
            file.write((await reader.load(here, described.version)).body)
        file.seek(0)
        return await writer.upload_file(
            there,
            file,
            mime_type=described.mime_type,
            display_name=described.display_name,
            kind=described.kind,
            custom_metadata=described.custom_metadata,
        )
