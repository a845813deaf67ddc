"""One saver in a process of its own: `saver_process.py S3_URL DYNAMODB_URL BUCKET TABLE NAME FIRST COUNT`.

Waits for a line on standard input, so that all start together; prints `version body` for each save.
"""

from __future__ import annotations

import sys

from artifact_store import ArtifactId, Content
from tests.integration.stores import open_on
from tests.stand_ins import Endpoints


def main() -> None:
    s3, dynamodb, bucket, table, name, first, count = sys.argv[1:]
    store = open_on(Endpoints(s3=s3, dynamodb=dynamodb), bucket_name=bucket, table_name=table)
    artifact = ArtifactId.of(app="app", user="u", session="s", filename=name)
    print("ready", flush=True)  # noqa: T201 - its only way to answer
    sys.stdin.readline()
    for number in range(int(first), int(first) + int(count)):
        body = f"body-{number}"
        saved = store.save(artifact, Content(body=body.encode()), caller="c", idempotency_key=body, timeout=60)
        print(saved.version.number, body, flush=True)  # noqa: T201 - its only way to answer


if __name__ == "__main__":
    main()
