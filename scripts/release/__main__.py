"""Checks before a release; the Makefile's targets `release-check`, `release-notes` and `api-changes`.

python -m scripts.release check [--tag v1.2.3]
python -m scripts.release notes
python -m scripts.release changes --since v1.2.2

Exit status: 0 it may go out, 1 it may not, 2 wrong arguments.
"""

# ruff: noqa: T201 - a script that prints

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from scripts.release import http_changes, python_changes
from scripts.release.versions import Release, is_announced

ROOT: Final = Path(__file__).parents[2]
OPENAPI: Final = "docs/openapi.json"


def check(release: Release, tag: str | None) -> int:
    """Prints what keeps it from going out."""
    problems = release.problems(tag)
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"{release.version} may go out" + (f" as {tag}" if tag else ""))
    return bool(problems)


def notes(release: Release) -> int:
    """Prints what the changelog says of the version, or of what is not released yet."""
    print(release.section(release.version) or release.section("Unreleased") or "")
    return 0


def changes(release: Release, since: str) -> int:
    """Prints breaking changes; they need a version that tells of them."""
    if not since:
        print("Nothing was released yet, so nothing can break.")
        return 0
    show = ["git", "-C", str(release.root), "show", f"{since}:{OPENAPI}"]
    before = json.loads(subprocess.run(show, capture_output=True, check=True).stdout)  # noqa: S603 - git, our arguments
    now = json.loads((release.root / OPENAPI).read_text())
    found = [
        *(f"HTTP: {line}" for line in http_changes.breaking_changes(before, now)),
        *(f"Python: {line}" for line in python_changes.breaking_changes(release.root, since)),
    ]
    for line in found:
        print(line)
    if not found:
        print(f"Nothing that {since} promised is broken.")
        return 0
    if is_announced(since.removeprefix("v"), release.version):
        print(f"{len(found)} breaking changes since {since}; {release.version} tells of them.")
        return 0
    print(f"{len(found)} breaking changes since {since}, and {release.version} does not tell of them.", file=sys.stderr)
    return 1


def main() -> int:
    """Runs one of them."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.release", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    checking = commands.add_parser("check", help="whether the version can be released")
    checking.add_argument("--tag", help="under which tag")
    commands.add_parser("notes", help="the version's part of the changelog")
    comparing = commands.add_parser("changes", help="breaking changes of the Python and the HTTP API")
    comparing.add_argument("--since", required=True, help="a tag, or nothing where nothing was released")
    given = parser.parse_args()
    release = Release(ROOT)
    match given.command:
        case "check":
            return check(release, given.tag)
        case "notes":
            return notes(release)
        case _:
            return changes(release, given.since)


if __name__ == "__main__":
    sys.exit(main())
