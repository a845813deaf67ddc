"""Starts SeaweedFS and DynamoDB Local, runs the storage tests on them, and writes what came of it.

    python -m tests.second_opinion [pytest's arguments]

With arguments it runs only what they name, and writes nothing.
"""

from __future__ import annotations

import datetime as dt
import os
import sys

import pytest

from tests.second_opinion import enclosure, results
from tests.second_opinion.servers import DynamoDbLocal, SeaweedFs, ServerError
from tests.stand_ins import DYNAMODB_URL, S3_URL

TESTS = [
    *("tests/ports/test_objects.py", "tests/ports/test_table.py", "tests/ports/test_contention.py"),
    *("tests/integration/test_store.py", "tests/integration/test_races.py", "tests/integration/maintenance"),
]


def main(arguments: list[str]) -> int:
    """Returns pytest's exit code."""
    found = results.Results()
    say("Starting SeaweedFS and DynamoDB Local in a network of their own…")
    with SeaweedFs() as seaweedfs, DynamoDbLocal() as dynamodb_local:
        os.environ |= {S3_URL: seaweedfs.url, DYNAMODB_URL: dynamodb_local.url}
        status = int(pytest.main(arguments or [*TESTS, "--quiet", "--no-cov"], plugins=[found]))
        record, index = seaweedfs.version(), dynamodb_local.version()
    if arguments:
        return status
    if forgotten := found.forgotten():
        say(f"There is no test of these names, which the list of differences has: {', '.join(forgotten)}")
        return int(pytest.ExitCode.USAGE_ERROR)
    versions = {results.RECORD: record, results.INDEX: index, results.STORE: f"{record} and {index}"}
    text = results.table(found, versions, dt.datetime.now(dt.UTC).date())
    results.write(text)
    say(f"{text}\n\nWritten into docs/{results.PAGE.name}.")
    return status


def say(text: str) -> None:
    """Tell whoever ran this."""
    print(text, flush=True)  # noqa: T201 - a command prints


if __name__ == "__main__":
    try:
        enclosure.enter("tests.second_opinion")
        sys.exit(main(sys.argv[1:]))
    except (enclosure.NotEnclosed, ServerError) as error:
        sys.exit(str(error))
