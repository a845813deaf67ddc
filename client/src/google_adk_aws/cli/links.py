"""`url`: a link for people and programs that cannot sign in."""

from __future__ import annotations

from typing import Annotated

import typer

from google_adk_aws.cli._places import ARTIFACT_HELP, artifact_of, shown
from google_adk_aws.cli._stores import Options
from google_adk_aws.cli._terminal import moment, print_json, run, say

__all__ = ["url"]


def url(
    context: typer.Context,
    artifact: Annotated[str, typer.Argument(metavar="ARTIFACT", help=ARTIFACT_HELP)],
    *,
    version: Annotated[int | None, typer.Option("--version", "-v", min=0, help="By default the latest.")] = None,
    expires_in: Annotated[
        int, typer.Option(min=1, max=604_800, help="Seconds; credentials of a role may end earlier.")
    ] = 3600,
    encrypted: Annotated[bool, typer.Option("--encrypted", help="Also of encrypted content: the ciphertext.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print a link that downloads one version, for whoever has it."""
    options: Options = context.obj

    async def work() -> None:
        target = artifact_of(artifact)
        async with options.open() as client:
            link = await client.create_download_url(target, version, expires_in=expires_in, encrypted=encrypted)
        if json:
            print_json(
                {
                    "artifact": shown(target),
                    "version": link.version.version,
                    "url": link.url,
                    "headers": dict(link.headers),
                    "expiresAt": link.expires_at,
                }
            )
            return
        typer.echo(link.url)
        say(f"good until {moment(link.expires_at)}; whoever has it can download version {link.version.version}")

    run(work(), verbose=options.verbose)
