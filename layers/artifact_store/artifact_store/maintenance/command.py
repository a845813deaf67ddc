"""The command: heal, reconcile, rebuild, adopt and purge from a terminal or a script."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TextIO, TypeAlias

from botocore.exceptions import BotoCoreError

from artifact_store.errors import ArtifactStoreError, InvalidInput, Unavailable
from artifact_store.maintenance.aws import open_maintenance
from artifact_store.maintenance.findings import Finding
from artifact_store.maintenance.operations import Maintenance
from artifact_store.maintenance.rebuild import Misfit, Rebuilt
from artifact_store.maintenance.reconcile import Checkpoint, InvalidCheckpoint
from artifact_store.maintenance.work import Limits
from artifact_store.names import parse_scope
from artifact_store.store import ArtifactStore

__all__ = ["main"]

Open: TypeAlias = Callable[..., tuple[Maintenance, ArtifactStore]]
AddCommand: TypeAlias = Callable[[Any], None]

DONE: Final = 0
FOUND: Final = 1
USAGE: Final = 2
FAILED: Final = 3
STOPPED: Final = 4

_CODES: Final = """\
exit status:
  0  nothing was wrong
  1  something was: drift (repaired or not), objects that do not fit, work that is left
  2  wrong arguments
  3  S3 or DynamoDB failed; the same command may be repeated
  4  the time limit came first; the same command goes on
"""

_PROGRESS_SECONDS: Final = 5.0


def main(
    arguments: Sequence[str] | None = None,
    *,
    out: TextIO | None = None,
    err: TextIO | None = None,
    opened: Open = open_maintenance,
    others: Sequence[AddCommand] = (),
) -> int:
    """Runs the command; returns its exit status.

    Args:
        arguments: Those after the program's name; None for the process's.
        out: Where results go; None for standard output.
        err: Where everything else goes; None for standard error.
        opened: Opens the maintenance of a bucket and a table.
        others: Add commands that do without it. Each sets `alone`, which runs it and returns its exit status.
    """
    parser = _parser(others)
    try:
        options = parser.parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    if "alone" in options:
        return int(options.alone(options, out or sys.stdout, err or sys.stderr))
    terminal = _Terminal(out or sys.stdout, err or sys.stderr, as_json=options.json)
    if not (options.bucket and options.table):
        terminal.complain("give --bucket and --table, or set BUCKET_NAME and INDEX_TABLE_NAME")
        return USAGE
    try:
        maintenance, store = opened(bucket_name=options.bucket, index_table_name=options.table)
        status: int = options.run(options, terminal, maintenance, store)
    except (InvalidInput, InvalidCheckpoint) as error:
        terminal.complain(str(error))
        return USAGE
    except (ArtifactStoreError, BotoCoreError) as error:
        again = "; repeat the command to go on" if isinstance(error, Unavailable) else ""
        terminal.complain(f"{error}{again}")
        return FAILED
    return status


class _Terminal:
    """Results on one stream, everything else on the other."""

    def __init__(self, out: TextIO, err: TextIO, *, as_json: bool) -> None:
        self._out = out
        self._err = err
        self._as_json = as_json
        self._told = -math.inf

    def result(self, text: str, value: object) -> None:
        """One line: for people, or a JSON document for programs."""
        self._out.write(f"{json.dumps(value, sort_keys=True) if self._as_json else text}\n")
        self._out.flush()

    def progress(self, text: str) -> None:
        """Tells now and then how far it is."""
        now = time.monotonic()
        if now - self._told >= _PROGRESS_SECONDS:
            self._told = now
            self._err.write(f"… {text}\n")
            self._err.flush()

    def complain(self, text: str) -> None:
        """Tells what went wrong."""
        self._err.write(f"artifact_store: {text}\n")


def _heal(options: argparse.Namespace, terminal: _Terminal, _: Maintenance, store: ArtifactStore) -> int:
    status = DONE
    for key in options.key:
        outcome = store.heal(key)
        terminal.result(f"{outcome:14} {key}", {"key": key, "outcome": outcome})
        if outcome.left:
            status = FOUND
    return status


def _reconcile(options: argparse.Namespace, terminal: _Terminal, maintenance: Maintenance, _: ArtifactStore) -> int:
    kept = options.checkpoint
    at = Checkpoint.begin(time.time_ns() // 1_000_000)
    if kept is not None and kept.exists():
        at = Checkpoint.parse(kept.read_text())

    def on_finding(finding: Finding) -> None:
        repaired = {True: "would be repaired" if options.dry_run else "repaired", False: "not repaired"}
        word = repaired[finding.repaired] if finding.is_drift else "left"
        terminal.result(
            f"{word:17} {finding.kind:16} {finding.what}",
            {"kind": finding.kind, "what": finding.what, "drift": finding.is_drift, "repaired": finding.repaired},
        )

    def on_progress(reached: Checkpoint) -> None:
        nonlocal at
        at = reached
        if kept is not None:
            _keep(kept, at)
        seen = ", ".join(f"{count:,} {what}" for what, count in sorted(at.findings.seen.items()))
        terminal.progress(f"{at.at}: {seen}; drift {at.findings.total}")

    try:
        result = maintenance.reconcile(
            at,
            timeout=options.time_limit,
            limits=Limits(dry_run=options.dry_run, lose_at_most=options.lose_at_most),
            on_finding=on_finding,
            on_progress=on_progress,
        )
    finally:
        if kept is not None:
            _keep(kept, at)
    if kept is not None and result.checkpoint is None:
        kept.unlink()
    findings = result.findings
    complete = result.checkpoint is None
    text = f"drift {findings.total}: {_counts(findings.drift)}" if findings.total else "drift 0"
    terminal.result(
        f"{text}{'' if complete else ' so far'}",
        {"drift": findings.total, "complete": complete, "dryRun": options.dry_run, **findings.to_json()},
    )
    if not complete:
        return STOPPED
    return FOUND if findings.total else DONE


def _keep(path: Path, checkpoint: Checkpoint) -> None:
    """Writes a whole file or none of it."""
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.write_text(str(checkpoint))
    unfinished.replace(path)


def _counts(counts: Any) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items()))


def _rebuild(options: argparse.Namespace, terminal: _Terminal, maintenance: Maintenance, _: ArtifactStore) -> int:
    scope = None if options.everything else parse_scope(options.scope)
    result = maintenance.rebuild(
        scope,
        timeout=options.time_limit,
        accept_gaps=options.accept_gaps,
        **_walking(options, terminal),
    )
    return _walked(options, terminal, result)


def _adopt(options: argparse.Namespace, terminal: _Terminal, maintenance: Maintenance, _: ArtifactStore) -> int:
    result = maintenance.adopt(options.prefix, timeout=options.time_limit, **_walking(options, terminal))
    return _walked(options, terminal, result)


def _walking(options: argparse.Namespace, terminal: _Terminal) -> dict[str, Any]:
    def on_misfit(misfit: Misfit) -> None:
        detail = f" ({misfit.detail})" if misfit.detail else ""
        terminal.result(
            f"does not fit: {misfit.reason:12} {misfit.key}{detail}",
            {"key": misfit.key, "reason": misfit.reason, "detail": misfit.detail},
        )

    def on_progress(so_far: Rebuilt) -> None:
        terminal.progress(f"{so_far.artifacts:,} artifacts, {so_far.versions:,} versions put into the index")

    return {
        "position": options.after,
        "dry_run": options.dry_run,
        "on_misfit": on_misfit,
        "on_progress": on_progress,
    }


def _walked(options: argparse.Namespace, terminal: _Terminal, result: Rebuilt) -> int:
    word = "would be put" if options.dry_run else "put"
    lost = f", {result.lost:,} marked as lost" if result.lost else ""
    misfits = sum(result.misfits.values())
    rest = "" if result.position is None else f"; go on with --after {result.position}"
    terminal.result(
        f"{result.artifacts:,} artifacts: {result.versions:,} versions {word} into the index, "
        f"{result.known:,} were in it{lost}, {misfits:,} objects do not fit{rest}",
        {
            "artifacts": result.artifacts,
            "versions": result.versions,
            "known": result.known,
            "lost": result.lost,
            "misfits": result.misfits,
            "position": result.position,
            "dryRun": options.dry_run,
        },
    )
    if result.position is not None:
        return STOPPED
    return FOUND if misfits else DONE


def _purge(options: argparse.Namespace, terminal: _Terminal, maintenance: Maintenance, _: ArtifactStore) -> int:
    scope = parse_scope(options.scope) if options.scope else None
    purged = maintenance.purge(scope, timeout=options.time_limit, dry_run=options.dry_run)
    word = "to be purged" if options.dry_run else "purged"
    terminal.result(
        f"{purged.ended:,} deleted artifacts {word}, {purged.left:,} left",
        {"purged": purged.ended, "left": purged.left, "dryRun": options.dry_run},
    )
    return FOUND if purged.left else DONE


def _parser(others: Sequence[AddCommand]) -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--bucket", default=os.environ.get("BUCKET_NAME"), help="the bucket (default: $BUCKET_NAME)")
    common.add_argument(
        "--table", default=os.environ.get("INDEX_TABLE_NAME"), help="the index table (default: $INDEX_TABLE_NAME)"
    )
    common.add_argument("--json", action="store_true", help="print JSON documents, one a line, the summary last")
    long = argparse.ArgumentParser(add_help=False)
    long.add_argument("--dry-run", action="store_true", help="only tell what would be done")
    long.add_argument(
        "--time-limit", type=float, default=math.inf, metavar="SECONDS", help="stop at the next good place after this"
    )
    walk = argparse.ArgumentParser(add_help=False)
    walk.add_argument("--after", default="", metavar="KEY", help="where a run that was stopped told to go on")

    parser = argparse.ArgumentParser(
        prog="python -m artifact_store",
        description="Keeps the bucket of artifacts and its index in agreement. Every command may be repeated, stopped "
        "at any point, and run while the API is in use.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[..., int], summary: str, *parents: argparse.ArgumentParser) -> Any:
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            parents=[common, *parents],
            epilog=_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.set_defaults(run=run)
        return command

    heal = add("heal", _heal, "settle single objects that a crashed save may have left")
    heal.add_argument("key", nargs="+", help="an object key, e.g. app/user/session/report.pdf/3")
    reconcile = add("reconcile", _reconcile, "find and repair every difference between bucket and index", long)
    reconcile.add_argument(
        "--checkpoint", type=Path, metavar="FILE", help="keep the place in this file, and go on from there if it exists"
    )
    reconcile.add_argument(
        "--lose-at-most",
        type=int,
        default=Limits().lose_at_most,
        metavar="N",
        help="mark at most so many versions as lost: more suggest a wrong bucket (default: %(default)s)",
    )
    rebuild = add("rebuild", _rebuild, "make a lost index again from the bucket", long, walk)
    what = rebuild.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--scope", help="app/user/session, or app/user for a user's own artifacts; as object keys have it"
    )
    what.add_argument("--all", action="store_true", dest="everything", help="the whole bucket")
    rebuild.add_argument(
        "--accept-gaps", action="store_true", help="mark versions that are missing between others as lost"
    )
    adopt = add("adopt", _adopt, "make versions of objects that another program put under canonical keys", long, walk)
    adopt.add_argument("--prefix", required=True, help="what their keys start with, e.g. app/ (may be empty)")
    purge = add("purge", _purge, "remove what deleted artifacts left", long)
    purge.add_argument("--scope", help="app/user/session or app/user (default: all)")
    for add_other in others:
        add_other(commands)
    return parser
