"""`request`: one signed request to the API, as it is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import httpx
import typer

from google_adk_aws._auth import resolve_auth
from google_adk_aws._errors import ArtifactConnectionError, InvalidArtifactError
from google_adk_aws._http.connection import base_url_of
from google_adk_aws.cli._places import plain
from google_adk_aws.cli._stores import Options
from google_adk_aws.cli._terminal import Exit, run

__all__ = ["request"]


def request(
    context: typer.Context,
    method: Annotated[str, typer.Argument(metavar="METHOD", help="GET, HEAD, POST or DELETE.")],
    path: Annotated[str, typer.Argument(metavar="PATH", help="With the query, as /v1/health.")],
    *,
    data: Annotated[
        str | None, typer.Option("--data", "-d", help="The body; @FILE reads it, @- from standard input.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", metavar="NAME: VALUE", help="Repeatable.")
    ] = None,
    include: Annotated[bool, typer.Option("--include", "-i", help="Print status and headers too, to stderr.")] = False,
) -> None:
    """Send one request to the API, signed like every other, and print the answer's body. Redirects are not followed."""
    options: Options = context.obj

    async def work() -> None:
        base = base_url_of(str(options.api_url()))
        if not path.startswith("/"):
            raise InvalidArtifactError(f"{plain(path)!r} is no path: it begins with /")
        url = f"{str(base).rstrip('/')}{path}"
        auth = resolve_auth(options.credentials(), base)
        async with httpx.AsyncClient(auth=auth, timeout=httpx.Timeout(30, connect=5)) as client:
            try:
                answer = await client.request(method.upper(), url, content=_body(data), headers=_headers(header or []))
            except httpx.TransportError as error:
                raise ArtifactConnectionError(f"no answer from {base.host}: {type(error).__name__}") from error
        if include:
            typer.echo(f"HTTP {answer.status_code} {plain(answer.reason_phrase)}", err=True)
            for name, value in answer.headers.items():
                typer.echo(f"{name}: {plain(value)}", err=True)
        sys.stdout.buffer.write(answer.content)
        sys.stdout.buffer.flush()
        if answer.is_error:
            otherwise = Exit.FAILED if answer.is_client_error else Exit.UNAVAILABLE
            raise typer.Exit(_STATUS.get(answer.status_code, otherwise))

    run(work(), verbose=options.verbose)


_STATUS = {401: Exit.DENIED, 403: Exit.DENIED, 404: Exit.NOT_FOUND, 429: Exit.UNAVAILABLE}


def _body(data: str | None) -> bytes | None:
    if data is None:
        return None
    if data == "@-":
        return sys.stdin.buffer.read()
    return Path(data[1:]).read_bytes() if data.startswith("@") else data.encode()


def _headers(given: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        name, colon, value = text.partition(":")
        if not (name and colon):
            raise InvalidArtifactError(f"--header {text!r} is not NAME: VALUE")
        found[name.strip()] = value.strip()
    return found
