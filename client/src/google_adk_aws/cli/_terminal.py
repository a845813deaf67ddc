"""What goes where: data to standard output, everything else to standard error; and how a command ends."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import traceback
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, NoReturn

import typer
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from artifact_store.errors import InvalidInput
from google_adk_aws import _errors as errors
from google_adk_aws._model import progress
from google_adk_aws._model.wire import VersionMetadata
from google_adk_aws.cli._places import plain
from google_adk_aws.migration import MigrationError

__all__ = [
    "Exit",
    "as_json",
    "facts",
    "fail",
    "moment",
    "plain_console",
    "print_json",
    "print_table",
    "run",
    "say",
    "transfer",
]


class Exit(IntEnum):
    """What the exit status tells."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNAVAILABLE = 3
    NOT_FOUND = 4
    DENIED = 5
    INTERRUPTED = 130


def plain_console(*, stderr: bool = False) -> Console:
    """A terminal to write to. Names are names there: neither numbers to colour nor `:owl:` to draw."""
    return Console(stderr=stderr, highlight=False, emoji=False)


def say(text: str) -> None:
    """Tells people something; programs do not read it."""
    plain_console(stderr=True).print(plain(text), markup=False, soft_wrap=True)


def fail(text: str, status: Exit) -> NoReturn:
    """Ends the command."""
    plain_console(stderr=True).print(plain(text), style="red", markup=False, soft_wrap=True)
    raise typer.Exit(status)


def run(work: Coroutine[Any, Any, None], *, verbose: bool) -> None:
    """Runs a command's work to its end; an error becomes one line and an exit status."""
    try:
        interrupted = asyncio.run(_until_interrupted(work))
    except (typer.Exit, typer.BadParameter, typer.Abort):
        raise
    except KeyboardInterrupt:
        fail("interrupted", Exit.INTERRUPTED)
    except (errors.ArtifactError, InvalidInput, MigrationError, ImportError, OSError, ValueError) as error:
        if verbose:
            traceback.print_exc(file=sys.stderr)
        fail(_line(error), _status(error))
    if interrupted:
        fail("interrupted", Exit.INTERRUPTED)


async def _until_interrupted(work: Coroutine[Any, Any, None]) -> bool:
    """Does the work; tells whether Ctrl-C has ended it. A second Ctrl-C does not wait for what is cleaned up."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # noqa: S101 - a coroutine runs in one
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        interrupted = True
        loop.remove_signal_handler(signal.SIGINT)
        task.cancel()

    # asyncio's own handler wakes no loop that waits when another thread got the signal, or just before it waits.
    with suppress(NotImplementedError, RuntimeError, ValueError):  # not on Windows, and in the main thread alone
        loop.add_signal_handler(signal.SIGINT, interrupt)
    try:
        await work
    except asyncio.CancelledError:
        if not interrupted:
            raise
    finally:
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.remove_signal_handler(signal.SIGINT)
    return interrupted


def _line(error: Exception) -> str:
    text = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.strerror and error.filename:
        text = f"{error.filename}: {error.strerror}"
    request_id = getattr(error, "request_id", None)
    return f"{text} (request {request_id})" if request_id else text


def _status(error: Exception) -> Exit:
    statuses: Sequence[tuple[tuple[type[Exception], ...], Exit]] = (
        ((errors.ArtifactNotFoundError,), Exit.NOT_FOUND),
        ((errors.ArtifactPermissionError,), Exit.DENIED),
        ((errors.InvalidArtifactError, InvalidInput, ValueError), Exit.USAGE),
        (
            (errors.ArtifactUnavailableError, errors.S3BucketError, errors.UnexpectedResponseError, ImportError),
            Exit.UNAVAILABLE,
        ),
    )
    return next((status for kinds, status in statuses if isinstance(error, kinds)), Exit.FAILED)


def as_json(version: VersionMetadata) -> dict[str, Any]:
    """A version as the HTTP API describes it."""
    told = asdict(version)
    names = {name: _camel(name) for name in told}
    return {names[name]: value for name, value in told.items() if value is not None or name != "expires_at"}


def facts(version: VersionMetadata) -> Iterator[tuple[str, str]]:
    """The same for people, a line each."""
    yield "version", str(version.version)
    yield "saved", moment(version.create_time)
    yield "type", version.mime_type or "-"
    yield "kind", version.kind
    yield "size", "-" if version.size is None else f"{version.size:,} bytes"
    yield "SHA-256", version.sha256 or "-"
    yield "entity tag", version.etag or "-"
    yield "display name", version.display_name or "-"
    yield "expires", moment(version.expires_at) if version.expires_at is not None else "never"
    yield "encrypted", "yes" if version.encrypted else "no"
    yield "record", version.canonical_uri
    yield "custom metadata", json.dumps(dict(version.custom_metadata), ensure_ascii=False)


def moment(seconds: float) -> str:
    """A time for people."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def print_json(document: Mapping[str, Any]) -> None:
    """One JSON document."""
    typer.echo(json.dumps(document, indent=2, sort_keys=False))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal, else lines with tabs; names cannot command a terminal."""
    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(plain(cell) for cell in row))
        return
    table = [list(columns)] * any(columns) + [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    console = plain_console()
    for number, row in enumerate(table):
        cells = (set_cell_size(cell, width) for cell, width in zip(row, widths, strict=True))
        style = "bold" if number == 0 and any(columns) else None
        # Rich's own table leaves out what is wider than the terminal, names first.
        console.print("  ".join(cells).rstrip(), style=style, markup=False, soft_wrap=True)


@contextmanager
def transfer(what: str) -> Iterator[progress.ProgressCallback]:
    """A progress bar on a terminal, nothing elsewhere."""
    console = plain_console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        line = bar.add_task(plain(what), total=None)

        def tell(progress: progress.Progress) -> None:
            bar.update(line, completed=progress.done_bytes, total=progress.total_bytes)

        yield tell


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)
