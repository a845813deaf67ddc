"""Forks processes that save through `S3ArtifactService` until they are killed: `… ENDPOINT BUCKET [TABLE]`.

Every line on standard input makes one. They print, each line in one write, so that a kill cuts none:

    begun PID
    tries PID NAME DIGEST
    saved PID NAME DIGEST VERSION
    fails PID NAME DIGEST
    deletes PID NAME
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from typing import Final
from uuid import uuid4

from google_adk_aws import ArtifactError, ArtifactId, S3ArtifactService, Scope
from local.emulator import CREDENTIALS
from tests.endurance.ledger import digest_of

SCOPE: Final = Scope("app", "u@x", "s")
LASTING: Final = tuple(f"lasting {number}" for number in range(4))
MORTAL: Final = tuple(f"mortal {number}" for number in range(2))
_TASKS: Final = 6
_WORDY: Final = {"text": "x" * 3000}
"""Metadata that needs a manifest: its save puts two objects."""


def _tell(*words: object) -> None:
    os.write(sys.stdout.fileno(), (" ".join(map(str, words)) + "\n").encode())


def _spelt(name: str) -> str:
    return name.replace(" ", "_")


async def _work(service: S3ArtifactService) -> None:
    while True:
        name = random.choice(LASTING + MORTAL)  # noqa: S311 - load, no secret
        artifact = ArtifactId(SCOPE, name)
        try:
            if name in MORTAL and random.random() < 0.1:  # noqa: S311
                _tell("deletes", os.getpid(), _spelt(name))
                await service.client.delete(artifact)
                continue
            body = uuid4().bytes * random.choice([1, 100, 2000])  # noqa: S311
            metadata = _WORDY if random.random() < 0.3 else None  # noqa: S311
            await _save(service, artifact, body, metadata)
        except ArtifactError:
            # Others' kills are in the way for a moment, or too many savers want one name.
            await asyncio.sleep(0.01)


async def _save(service: S3ArtifactService, artifact: ArtifactId, body: bytes, metadata: dict[str, str] | None) -> None:
    said = (os.getpid(), _spelt(artifact.filename), digest_of(body))
    _tell("tries", *said)
    try:
        saved = await service.client.save(artifact, body, custom_metadata=metadata)
    except ArtifactError:
        _tell("fails", *said)
        raise
    _tell("saved", *said, saved.version)


async def _save_until_killed(endpoint_url: str, bucket_name: str, table_name: str | None) -> None:
    async with S3ArtifactService(
        bucket_name,
        CREDENTIALS["AWS_REGION"],
        CREDENTIALS["AWS_ACCESS_KEY_ID"],
        CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        endpoint_url=endpoint_url,
        table_name=table_name,
        table_endpoint_url=endpoint_url,
    ) as service:
        await asyncio.gather(*(_work(service) for _ in range(_TASKS)))


def main() -> None:
    """Forks one for every line."""
    endpoint_url, bucket_name, *tables = sys.argv[1:]
    # Nobody waits for those that were killed.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        if os.fork() == 0:
            random.seed()
            _tell("begun", os.getpid())
            asyncio.run(_save_until_killed(endpoint_url, bucket_name, tables[0] if tables else None))


if __name__ == "__main__":
    main()
