"""`rm`: artifacts, sessions and users are deleted."""

from __future__ import annotations

from typing import Annotated

import typer

from artifact_store.names import Scope
from google_adk_aws._batch.items import artifact_in
from google_adk_aws._client.artifact_client import ArtifactClient
from google_adk_aws._direct.client import DirectClient
from google_adk_aws._errors import InvalidArtifactError
from google_adk_aws.cli._places import ARTIFACT_HELP, artifact_of, scope_of
from google_adk_aws.cli._stores import Client, Options
from google_adk_aws.cli._terminal import run, say

__all__ = ["rm"]


def rm(
    context: typer.Context,
    places: Annotated[list[str], typer.Argument(metavar="ARTIFACT…", help=ARTIFACT_HELP)],
    *,
    whole_session: Annotated[
        bool, typer.Option("--session", help="The arguments are APP/USER/SESSION: everything in these sessions.")
    ] = False,
    whole_user: Annotated[
        bool, typer.Option("--user", help="The arguments are APP/USER: everything of these users, in all sessions.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, with --session and --user.")] = False,
) -> None:
    """Delete artifacts with all versions, sessions or users. Nothing brings them back."""
    options: Options = context.obj
    if whole_session and whole_user:
        raise typer.BadParameter("--session and --user exclude each other")

    scopes: list[Scope] = []

    async def artifacts() -> None:
        targets = [artifact_of(place) for place in places]
        async with options.open() as client:
            for target in targets:
                await client.delete(target)

    async def check() -> None:
        scopes.extend(_checked(place, whole_session=whole_session) for place in places)

    async def everything() -> None:
        async with options.open() as client:
            for scope in scopes:
                await (_delete_session(client, scope) if whole_session else _delete_user(client, scope))

    if not (whole_session or whole_user):
        run(artifacts(), verbose=options.verbose)
        return
    run(check(), verbose=options.verbose)
    if not yes:
        what = "session" if whole_session else "user, with all sessions"
        # Never inside an event loop: there Ctrl-C waits for the answer.
        typer.confirm(f"Delete everything of this {what}: {' '.join(map(repr, places))}?", abort=True, err=True)
    run(everything(), verbose=options.verbose)


def _checked(place: str, *, whole_session: bool) -> Scope:
    scope = scope_of(place)
    if (scope.session is not None) != whole_session:
        form = "--session takes APP/USER/SESSION" if whole_session else "--user takes APP/USER"
        raise InvalidArtifactError(f"{place!r}: {form}")
    return scope


async def _delete_session(client: Client, scope: Scope) -> None:
    if isinstance(client, ArtifactClient):
        say(f"{await client.delete_session(scope):,} artifacts deleted")
    else:
        say(f"{await _delete_listed(client, scope):,} artifacts deleted")


async def _delete_listed(client: DirectClient, scope: Scope) -> int:
    names = [name async for name in client.filenames(scope)]
    # A session's list has its user's artifacts too: they stay.
    own = [name for name in names if artifact_in(scope, name).scope == scope]
    for result in await client.delete_artifacts(scope, own):
        if result.error is not None:
            raise result.error
    return len(own)


async def _delete_user(client: Client, scope: Scope) -> None:
    if not isinstance(client, ArtifactClient):
        raise InvalidArtifactError("--user needs the artifact API: delete the sessions one by one")
    done = await client.delete_user(scope.app, scope.user)
    say(f"{done.artifacts:,} artifacts deleted, in {done.sessions:,} sessions")
