"""Downloads a file and says so bit by bit, until it is killed: `python downloading_process.py URL FILE`."""

from __future__ import annotations

import asyncio
import sys

from google_adk_aws import ArtifactClient, ArtifactId, Progress, Scope

ARTIFACT = ArtifactId(Scope("app", "u@x", "s"), "videos/to load.mp4")
RANGE_BYTES = 1024 * 1024
WORKERS = 2


async def download(url: str, path: str) -> None:
    def tell(progress: Progress) -> None:
        sys.stdout.write(f"{progress.done_bytes}\n")
        sys.stdout.flush()

    async with ArtifactClient(url) as client:
        await client.download_file(ARTIFACT, path, part_size=RANGE_BYTES, workers=WORKERS, progress=tell)


if __name__ == "__main__":
    asyncio.run(download(sys.argv[1], sys.argv[2]))
