"""`adk-artifacts`: artifacts from a shell."""

from __future__ import annotations

import os
from typing import Annotated, Final, Literal

import typer

from google_adk_aws._version import __version__
from google_adk_aws.cli._stores import Options
from google_adk_aws.cli.copying import cp
from google_adk_aws.cli.doctor import doctor
from google_adk_aws.cli.links import url
from google_adk_aws.cli.migrate import migrate
from google_adk_aws.cli.reading import cat, get, info, ls, versions
from google_adk_aws.cli.rebuilding import rebuild
from google_adk_aws.cli.removing import rm
from google_adk_aws.cli.requesting import request
from google_adk_aws.cli.writing import put

__all__ = ["app"]

app: Final = typer.Typer(
    name="adk-artifacts",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 done; 1 failed, or something is wrong; 2 wrong arguments; 3 the store cannot be opened or "
    "does not answer; 4 not found; 5 not allowed; 130 interrupted.",
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - how Typer calls it
    if wanted:
        typer.echo(f"adk-artifacts {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    *,
    store: Annotated[
        str | None,
        typer.Option(
            "--store",
            "-s",
            envvar="ADK_ARTIFACTS_STORE",
            help="https://… (the artifact API), or s3://BUCKET, s3://BUCKET?table=NAME.",
        ),
    ] = None,
    auth: Annotated[
        Literal["auto", "iam", "google", "none"],
        typer.Option(
            help="How requests to the API prove who sends them: a bearer token (ADK_ARTIFACTS_TOKEN), AWS credentials "
            "(iam) or Google's (google). auto: the token if there is one, AWS credentials for API Gateway's own hosts."
        ),
    ] = "auto",
    audience: Annotated[
        str | None,
        typer.Option(envvar="ADK_ARTIFACTS_AUDIENCE", help="With --auth google: the stack's JwtAudience."),
    ] = None,
    profile: Annotated[str | None, typer.Option(help="AWS profile; by default AWS_PROFILE.")] = None,
    region: Annotated[str | None, typer.Option(help="AWS region; by default AWS_REGION or the profile's.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Tell where an error comes from.")] = False,
    version: Annotated[  # noqa: ARG001 - is eager
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Artifacts from a shell: of the artifact API, or straight from a bucket.

    An artifact is APP/USER/SESSION/FILENAME, or APP/USER/user:FILENAME for what is in no session. As in object keys, !
    and two hex digits stand for a byte: !2F is a slash in a name of app, user or session, !21 an exclamation mark.

    Credentials are found as the AWS tools find them: environment, profile, role.
    """
    # Both SDKs, and what they start, read them from there.
    if profile is not None:
        os.environ["AWS_PROFILE"] = profile
    if region is not None:
        os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = region
    context.obj = Options(store=store, auth=auth, audience=audience, verbose=verbose)


for command in (ls, put, get, cat, versions, info, rm, url, cp, migrate, doctor, rebuild, request):
    app.command()(command)
