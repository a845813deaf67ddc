"""`put`: a file becomes a version."""

from __future__ import annotations

import json as json_module
import mimetypes
from pathlib import Path
from typing import Annotated, Any

import typer

from google_adk_aws._errors import InvalidArtifactError
from google_adk_aws.cli._places import ARTIFACT_HELP, artifact_of, shown
from google_adk_aws.cli._standard_input import standard_input
from google_adk_aws.cli._stores import Options
from google_adk_aws.cli._terminal import Exit, as_json, fail, print_json, run, transfer

__all__ = ["put"]

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def put(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="FILE", help="- is standard input.")],
    artifact: Annotated[
        str, typer.Argument(metavar="ARTIFACT", help=f"{ARTIFACT_HELP} With / at its end, the file's name is added.")
    ],
    *,
    mime_type: Annotated[
        str | None, typer.Option("--mime-type", "-t", help="By default guessed from the file's name.")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name to show to people.")] = None,
    metadata: Annotated[
        list[str] | None,
        typer.Option("--metadata", "-m", metavar="KEY=VALUE", help="Custom metadata; or one JSON object. Repeatable."),
    ] = None,
    ttl: Annotated[
        str | None, typer.Option(help="Gone so long after the latest save: 90s, 45m, 12h or 30d; 0 for good.")
    ] = None,
    if_match: Annotated[
        str | None, typer.Option(help="Save only if the latest version has this entity tag; *: if there is one.")
    ] = None,
    if_none_match: Annotated[bool, typer.Option("--new", help="Save only if there is no such artifact.")] = False,
    skip_unchanged: Annotated[
        bool, typer.Option("--skip-unchanged", help="Save nothing if the latest version is the same.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the version as one JSON object.")] = False,
) -> None:
    """Save a file as a new version. Large ones go in parts; run again after a break, it goes on."""
    options: Options = context.obj
    from_stdin = source == "-"
    if not from_stdin and Path(source).is_dir():
        fail(f"{source}: a folder; put takes one file", Exit.FAILED)

    async def work() -> None:
        if from_stdin and artifact.endswith("/"):
            raise InvalidArtifactError("standard input has no name: give the whole artifact")
        target = artifact_of(f"{artifact}{_escaped(Path(source).name)}" if artifact.endswith("/") else artifact)
        how: dict[str, Any] = {
            "mime_type": mime_type or (None if from_stdin else mimetypes.guess_type(source)[0]),
            "display_name": name,
            "custom_metadata": _metadata(metadata or []),
            "ttl": _ttl(ttl),
            "if_match": if_match,
            "if_none_match": if_none_match,
            "skip_unchanged": skip_unchanged,
        }
        async with options.open() as client:
            with transfer(target.filename) as progress:
                stream = standard_input() if from_stdin else Path(source)
                saved = await client.upload_file(target, stream, progress=progress, **how)
        if json:
            print_json({"artifact": shown(target), **as_json(saved)})
        else:
            typer.echo(f"{shown(target)} version {saved.version}")

    run(work(), verbose=options.verbose)


def _escaped(name: str) -> str:
    return name.replace("!", "!21")


def _ttl(text: str | None) -> int | None:
    if text is None:
        return None
    number, unit = (text[:-1], text[-1]) if text[-1:] in _SECONDS else (text, "s")
    if not (number.isascii() and number.isdecimal()):
        raise InvalidArtifactError(f"--ttl {text!r} is no time: write 90s, 45m, 12h, 30d, or 0 for good")
    return int(number) * _SECONDS[unit]


def _metadata(given: list[str]) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for text in given:
        if text.startswith("{"):
            try:
                found |= json_module.loads(text)
            except ValueError as error:
                raise InvalidArtifactError(f"--metadata is no JSON object: {error}") from None
            continue
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise InvalidArtifactError(f"--metadata {text!r} is neither KEY=VALUE nor a JSON object")
        found[key] = value
    return found or None
