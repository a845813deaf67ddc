"""Long runs: `python -m tests.endurance kill`, `python -m tests.endurance soak`. Results go into docs/endurance.md."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path
from typing import Final

from local import LocalApi
from tests.endurance.killing import kill_again_and_again
from tests.endurance.killing_direct import kill_direct
from tests.endurance.soaking import soak

_PAGE: Final = Path(__file__).parents[2] / "docs" / "endurance.md"


def main() -> int:
    """Runs what the command line asks for; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    kill = commands.add_parser("kill", help="kill the API again and again under load")
    kill.add_argument("--kills", type=int, default=200, help="how often (200)")
    kill.add_argument("--seed", type=int, default=1, help="of load and moments (1)")
    direct = commands.add_parser("kill-direct", help="kill processes that save straight on S3, in both modes")
    direct.add_argument("--kills", type=int, default=200, help="how often, in each mode (200)")
    direct.add_argument("--seed", type=int, default=1, help="of the moments (1)")
    soaking = commands.add_parser("soak", help="many callers for minutes, and one restart")
    soaking.add_argument("--seconds", type=float, default=600, help="how long (600)")
    soaking.add_argument("--callers", type=int, default=100, help="how many at once (100)")
    arguments = parser.parse_args()
    if arguments.command == "kill":
        killed = kill_again_and_again(kills=arguments.kills, seed=arguments.seed, on_progress=_say)
        failures = [*killed.broken, *([] if killed.in_flight["save"] else ["no kill caught a save under way"])]
        result = str(killed)
    elif arguments.command == "kill-direct":
        with LocalApi() as api:
            runs = [
                kill_direct(api, with_table=with_table, kills=arguments.kills, seed=arguments.seed, on_progress=_say)
                for with_table in (True, False)
            ]
        failures = [broken for run in runs for broken in run.broken]
        failures += [f"{run.mode}: no kill caught a save under way" for run in runs if not run.under_way]
        result = ". ".join(map(str, runs))
    else:
        soaked = soak(seconds=arguments.seconds, callers=arguments.callers, on_progress=_say)
        failures = [*soaked.errors, *soaked.broken, *([] if soaked.is_flat() else ["memory grows"])]
        failures += [f"drift: {kind}" for kind in soaked.drift]
        result = str(soaked)
    _say(result)
    for failure in failures[:20]:
        _say(f"FAILED: {failure}")
    if not failures:
        _record(arguments.command, result)
    return 1 if failures else 0


def _record(command: str, result: str) -> None:
    """Puts the result between its marks on the page."""
    begin, end = f"<!-- {command} -->\n", f"<!-- end of {command} -->"
    text = _PAGE.read_text()
    before, after = text.split(begin)[0], text.split(end)[1]
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    _PAGE.write_text(f"{before}{begin}{today}: {result}.\n{end}{after}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
