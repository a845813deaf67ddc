"""`python -m artifact_store check`: the report for people or for programs, and an exit status for CI."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, Final, TextIO

from artifact_store.checkup.examine import check_bucket
from artifact_store.checkup.report import Check, NotCheckable, Report, State

__all__ = ["add_check"]

OK: Final = 0
OFF: Final = 1
USAGE: Final = 2
LEFT_OPEN: Final = 3

_STATUS: Final[Mapping[State, int]] = {State.OK: OK, State.OFF: OFF, State.COULD_NOT_CHECK: LEFT_OPEN}

_CODES: Final = """\
A check is required, recommended (access-logging, table-encryption) or optional (mfa-delete, which excludes lifecycle
rules and the store's own deletes). What is required decides the exit status, with --strict also what is recommended.

exit status:
  0  everything that counts is ok
  1  something that counts is off
  2  wrong arguments, no such bucket or table, or no credentials that AWS accepts
  3  nothing that counts is off, but something could not be checked
"""


def add_check(commands: Any) -> None:
    """Adds the command to others."""
    summary = "tell whether bucket and index table are set as the store needs them; writes nothing"
    command = commands.add_parser(
        "check",
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("--bucket", default=os.environ.get("BUCKET_NAME"), help="the bucket (default: $BUCKET_NAME)")
    command.add_argument(
        "--table",
        default=os.environ.get("INDEX_TABLE_NAME"),
        help="the index table (default: $INDEX_TABLE_NAME); without one, neither it nor drift is looked at",
    )
    command.add_argument("--json", action="store_true", help="print one JSON document")
    command.add_argument("--strict", action="store_true", help="let what is recommended count like what is required")
    command.set_defaults(alone=_check)


def _check(options: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    if not options.bucket:
        err.write("artifact_store: give --bucket, or set BUCKET_NAME\n")
        return USAGE
    try:
        report = check_bucket(options.bucket, index_table_name=options.table or None)
    except NotCheckable as error:
        err.write(f"artifact_store: {error}\n")
        return USAGE
    if options.json:
        out.write(f"{json.dumps(report.to_json(strict=options.strict), sort_keys=True)}\n")
    else:
        out.writelines(f"{line}\n" for line in _lines(report, strict=options.strict))
    return _STATUS[report.verdict(strict=options.strict)]


def _lines(report: Report, *, strict: bool) -> Iterator[str]:
    names = max(len(check.name) for check in report.checks)
    for check in report.checks:
        yield f"{check.state:15}  {check.severity:11}  {check.name:{names}}  {check.found}"
        if check.remedy is not None:
            yield f"    {check.remedy}"
    if report.index_table_name is None:
        yield "No index table was named: neither it nor drift was looked at."
    counts = ", ".join(f"{count} {state}" for state, count in report.counts.items())
    yield f"{counts}; {_meaning(report.checks, report.verdict(strict=strict), strict=strict)}"


def _meaning(checks: tuple[Check, ...], verdict: State, *, strict: bool) -> str:
    what = "required or recommended" if strict else "required"
    if verdict is State.OK:
        missing = " or open" if any(check.state is State.COULD_NOT_CHECK for check in checks) else ""
        return f"nothing that is {what} is off{missing}"
    return f"something that is {what} {'is off' if verdict is State.OFF else 'could not be checked'}"
