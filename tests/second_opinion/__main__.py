"""Starts SeaweedFS and DynamoDB Local, runs the storage tests on them, and writes what came of it.

    python -m tests.second_opinion [pytest's arguments]

With arguments it runs only what they name, and writes nothing.
"""

from __future__ import annotations

import datetime as dt
import os
import sys

import pytest

from local.emulator import CREDENTIALS
from local.provision import aws_client
from tests.second_opinion import enclosure, results
from tests.second_opinion.servers import DynamoDbLocal, SeaweedFs, ServerError
from tests.stand_ins import DYNAMODB_URL, S3_URL

_BUCKET = "service-straight-on-s3"
TESTS = [
    *("tests/ports/test_objects.py", "tests/ports/test_table.py", "tests/ports/test_contention.py"),
    *("tests/integration/test_store.py", "tests/integration/test_races.py", "tests/integration/maintenance"),
    *("tests/integration/client/test_direct.py", "tests/conformance"),
]


def main(arguments: list[str]) -> int:
    """Returns pytest's exit code."""
    found = results.Results()
    say("Starting SeaweedFS and DynamoDB Local in a network of their own…")
    with SeaweedFs() as seaweedfs, DynamoDbLocal() as dynamodb_local:
        os.environ |= {S3_URL: seaweedfs.url, DYNAMODB_URL: dynamodb_local.url, **bucket_on(seaweedfs.url)}
        status = int(pytest.main(arguments or [*TESTS, "--quiet", "--no-cov"], plugins=[found]))
        record, index = seaweedfs.version(), dynamodb_local.version()
    if arguments:
        return status
    if forgotten := found.forgotten():
        say(f"There is no test of these names, which the list of differences has: {', '.join(forgotten)}")
        return int(pytest.ExitCode.USAGE_ERROR)
    versions = {
        results.RECORD: record,
        results.INDEX: index,
        results.STORE: f"{record} and {index}",
        results.DIRECT: record,
    }
    text = results.table(found, versions, dt.datetime.now(dt.UTC).date())
    results.write(text)
    say(f"{text}\n\nWritten into docs/{results.PAGE.name}.")
    return status


def bucket_on(url: str) -> dict[str, str]:
    """Makes a bucket for the service straight on S3; the environment that leads there, as a real account's would."""
    s3 = aws_client("s3", url)
    s3.create_bucket(Bucket=_BUCKET)
    s3.put_bucket_versioning(Bucket=_BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return {
        **CREDENTIALS,
        "AWS_ENDPOINT_URL_S3": url,
        "RUN_INTEGRATION_TESTS": "1",
        "S3_TEST_BUCKET": _BUCKET,
    }


def say(text: str) -> None:
    """Tell whoever ran this."""
    print(text, flush=True)  # noqa: T201 - a command prints


if __name__ == "__main__":
    try:
        enclosure.enter("tests.second_opinion")
        sys.exit(main(sys.argv[1:]))
    except (enclosure.NotEnclosed, ServerError) as error:
        sys.exit(str(error))
