"""Uploads a file and says so part by part, until it is killed: `python uploading_process.py URL FILE FOLDER`."""

from __future__ import annotations

import asyncio
import os
import sys

from google_adk_aws import ArtifactClient, ArtifactId, Progress, Scope

ARTIFACT = ArtifactId(Scope("app", "u@x", "s"), "videos/long.mp4")
PART_BYTES = 5 * 1024 * 1024
WORKERS = 2


async def upload(url: str, path: str) -> None:
    def tell(progress: Progress) -> None:
        sys.stdout.write(f"{progress.done_bytes}\n")
        sys.stdout.flush()

    async with ArtifactClient(url) as client:
        await client.upload_file(ARTIFACT, path, part_size=PART_BYTES, workers=WORKERS, progress=tell)


if __name__ == "__main__":
    os.environ["XDG_CACHE_HOME"] = sys.argv[3]
    asyncio.run(upload(sys.argv[1], sys.argv[2]))
