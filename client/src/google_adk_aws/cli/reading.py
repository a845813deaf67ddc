"""`ls`, `get`, `cat`, `versions` and `info`: what is there, and its content."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path, PurePosixPath
from typing import Annotated, BinaryIO

import typer

from artifact_store.names import USER_NAMESPACE, ArtifactId, Scope
from google_adk_aws._batch.items import artifact_in
from google_adk_aws._client.artifact_client import ArtifactClient
from google_adk_aws._model.wire import VersionMetadata
from google_adk_aws.cli._places import ARTIFACT_HELP, SCOPE_HELP, artifact_of, scope_of, shown
from google_adk_aws.cli._stores import Client, Options
from google_adk_aws.cli._terminal import (
    Exit,
    as_json,
    facts,
    fail,
    moment,
    print_json,
    print_table,
    run,
    say,
    transfer,
)

__all__ = ["cat", "get", "info", "ls", "versions"]

_Artifact = Annotated[str, typer.Argument(metavar="ARTIFACT", help=ARTIFACT_HELP)]
_Version = Annotated[int | None, typer.Option("--version", "-v", min=0, help="By default the latest.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def ls(
    context: typer.Context,
    scope: Annotated[str, typer.Argument(metavar="SCOPE", help=SCOPE_HELP)],
    *,
    long: Annotated[bool, typer.Option("--long", "-l", help="Version, size, time and type too.")] = False,
    json: _Json = False,
) -> None:
    """List artifacts: a session's and its user's, or a user's own."""
    options: Options = context.obj

    async def work() -> None:
        where = scope_of(scope)
        async with options.open() as client:
            found = [artifact_in(where, name) async for name in client.filenames(where)]
            described = await _described(client, where, found) if long or json else {}
        if json:
            told = [{"artifact": shown(one), **as_json(described[one])} for one in found if one in described]
            print_json({"artifacts": told})
        elif long:
            rows = [_row(one, described[one]) for one in found if one in described]
            print_table(("version", "size", "saved", "type", "artifact"), rows)
        else:
            print_table(("artifact",), [(shown(one),) for one in found])

    run(work(), verbose=options.verbose)


async def _described(client: Client, scope: Scope, found: list[ArtifactId]) -> dict[ArtifactId, VersionMetadata]:
    results = await client.describe_artifacts(scope, [_name_in(scope, one) for one in found])
    # What was deleted meanwhile is not there any more.
    return {one: result.value for one, result in zip(found, results, strict=True) if result.value is not None}


def _name_in(scope: Scope, artifact: ArtifactId) -> str:
    of_user = artifact.scope.session is None and scope.session is not None
    return f"{USER_NAMESPACE}{artifact.filename}" if of_user else artifact.filename


def _row(artifact: ArtifactId, version: VersionMetadata) -> tuple[str, ...]:
    size = "-" if version.size is None else f"{version.size:,}"
    return str(version.version), size, moment(version.create_time), version.mime_type or "-", shown(artifact)


def versions(context: typer.Context, artifact: _Artifact, *, json: _Json = False) -> None:
    """List an artifact's versions, oldest first."""
    options: Options = context.obj

    async def work() -> None:
        target = artifact_of(artifact)
        async with options.open() as client:
            found = [version async for version in client.versions(target)]
        if json:
            print_json({"artifact": shown(target), "versions": [as_json(version) for version in found]})
            return
        print_table(
            ("version", "size", "saved", "type", "SHA-256"),
            [(*_row(target, version)[:4], version.sha256 or "-") for version in found],
        )

    run(work(), verbose=options.verbose)


def info(context: typer.Context, artifact: _Artifact, *, version: _Version = None, json: _Json = False) -> None:
    """Tell everything about one version."""
    options: Options = context.obj

    async def work() -> None:
        target = artifact_of(artifact)
        async with options.open() as client:
            described = await client.describe(target, version)
        if json:
            print_json({"artifact": shown(target), **as_json(described)})
        else:
            print_table(("", ""), [("artifact", shown(target)), *facts(described)])

    run(work(), verbose=options.verbose)


def cat(context: typer.Context, artifact: _Artifact, *, version: _Version = None) -> None:
    """Write an artifact's content to standard output, once its digest was checked."""
    options: Options = context.obj

    async def work() -> None:
        async with options.open() as client:
            await _load_to(sys.stdout.buffer, client, artifact_of(artifact), version)

    run(work(), verbose=options.verbose)


def get(
    context: typer.Context,
    artifact: _Artifact,
    target: Annotated[
        str, typer.Argument(metavar="[FILE]", help="A file or a folder, - for standard output; by default here.")
    ] = ".",
    *,
    version: _Version = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Overwrite a file that is there.")] = False,
) -> None:
    """Load an artifact into a file, which is there whole or not at all; run again, it goes on where it stopped."""
    options: Options = context.obj

    async def work() -> None:
        source = artifact_of(artifact)
        async with options.open() as client:
            if target == "-":
                await _load_to(sys.stdout.buffer, client, source, version)
                return
            path = _path(source, Path(target))
            if path.exists() and not force:
                fail(f"{path} is there already; --force overwrites it", Exit.FAILED)
            await _load_into(path, client, source, version)
            say(f"{shown(source)} is in {path}")

    run(work(), verbose=options.verbose)


def _path(artifact: ArtifactId, target: Path) -> Path:
    if not target.is_dir():
        return target
    # Only the last part: a name cannot lead out of the folder.
    name = PurePosixPath(artifact.filename).name.replace("\\", "_").replace("\0", "_")
    if name in {"", ".", ".."}:
        fail(f"{shown(artifact)} has no name that a file can have; give one", Exit.USAGE)
    return target / name


async def _load_into(path: Path, client: Client, artifact: ArtifactId, version: int | None) -> None:
    with transfer(path.name) as progress:
        if isinstance(client, ArtifactClient):
            await client.download_file(artifact, path, version, progress=progress)
            return
        content = await client.load(artifact, version)
    _write(path, content.body)


def _write(path: Path, body: bytes) -> None:
    """Writes beside the place and renames: the file is there whole, or as it was."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False) as file:
        part = Path(file.name)
        try:
            file.write(body)
            file.flush()
            # Temporary files are for their owner alone; this one is to be as any other.
            part.chmod(0o666 & ~_umask())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


async def _load_to(out: BinaryIO, client: Client, artifact: ArtifactId, version: int | None) -> None:
    """Writes content that was checked: who reads a pipe cannot give it back."""
    if not isinstance(client, ArtifactClient):
        out.write((await client.load(artifact, version)).body)
        out.flush()
        return
    with tempfile.TemporaryFile() as file, transfer(artifact.filename) as progress:
        await client.download_file(artifact, file, version, progress=progress)
        file.seek(0)
        while piece := file.read(1024 * 1024):
            out.write(piece)
        out.flush()
