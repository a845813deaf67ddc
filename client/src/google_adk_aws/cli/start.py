"""The console script's start: says what is missing when the command line is not installed."""

from __future__ import annotations

import sys

__all__ = ["main"]

_USAGE = 2


def main() -> None:
    """Runs `adk-artifacts`."""
    try:
        from google_adk_aws.cli.app import app  # noqa: PLC0415 - Typer and Rich come with an extra
    except ModuleNotFoundError as error:
        if error.name not in {"typer", "rich"}:
            raise
        sys.stderr.write("adk-artifacts needs more packages: pip install 'google-adk-aws[cli]'\n")
        sys.exit(_USAGE)
    app(prog_name="adk-artifacts")
