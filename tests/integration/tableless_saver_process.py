"""One saver in a process of its own: `… ENDPOINT BUCKET NAMES FIRST COUNT`, on a bucket without a table.

Waits for a line on standard input, so that all start together; prints `name version body` for each save.
"""

from __future__ import annotations

import asyncio
import sys

from google_adk_aws import ArtifactId, S3ArtifactService
from local.emulator import CREDENTIALS


async def _save(service: S3ArtifactService, names: list[str], first: int, count: int) -> None:
    for number in range(first, first + count):
        name = names[number % len(names)]
        artifact = ArtifactId.of(app="app", user="u", session="s", filename=name)
        saved = await service.client.save(artifact, b"body-%d" % number, custom_metadata={"number": number})
        print(name, saved.version, f"body-{number}", flush=True)  # noqa: T201 - its only way to answer


def main() -> None:
    endpoint, bucket, names, first, count = sys.argv[1:]
    keys = (CREDENTIALS["AWS_REGION"], CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"])
    with S3ArtifactService(bucket, *keys, endpoint_url=endpoint) as service:
        print("ready", flush=True)  # noqa: T201 - its only way to answer
        sys.stdin.readline()
        asyncio.run(_save(service, names.split(","), int(first), int(count)))


if __name__ == "__main__":
    main()
