"""One large file up and down in a process of its own; prints seconds and the process's memory as JSON.

    python -m benchmarks.contenders.transfer boto3 '{"endpoint": "http://…", "bucket": "b", …}'

What is compared: boto3's transfer manager with its defaults, straight to a bucket, and the client's `upload_file` and
`download_file` over the API.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from artifact_store import ArtifactId
from google_adk_aws import ArtifactClient
from local.provision import aws_client

KEY = "transfer"


def boto3_up(settings: Mapping[str, Any]) -> None:
    client = aws_client("s3", settings["endpoint"])
    client.upload_file(settings["source"], settings["bucket"], KEY)


def boto3_down(settings: Mapping[str, Any]) -> None:
    client = aws_client("s3", settings["endpoint"])
    client.download_file(settings["bucket"], KEY, settings["sink"])


def client_up(settings: Mapping[str, Any]) -> None:
    async def up() -> None:
        async with _client(settings) as client:
            await client.upload_file(ArtifactId.of(**settings["artifact"]), Path(settings["source"]))

    asyncio.run(up())


def client_down(settings: Mapping[str, Any]) -> None:
    async def down() -> None:
        async with _client(settings) as client:
            await client.download_file(ArtifactId.of(**settings["artifact"]), Path(settings["sink"]))

    asyncio.run(down())


def _client(settings: Mapping[str, Any]) -> ArtifactClient:
    return ArtifactClient(settings["url"], resume_dir=settings["resume_dir"])


WAYS: dict[str, Callable[[Mapping[str, Any]], None]] = {
    "boto3 up": boto3_up,
    "boto3 down": boto3_down,
    "client up": client_up,
    "client down": client_down,
}


def peak_mib() -> float:
    """The most memory that this process has held.

    From /proc where there is one: what `getrusage` says of a new process includes that of its parent.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    (peak,) = (line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(peak) / 1024


def digest_of(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> None:
    way, settings = sys.argv[1], json.loads(sys.argv[2])
    before = peak_mib()
    started = time.monotonic()
    WAYS[way](settings)
    took = time.monotonic() - started
    peak = peak_mib()
    if way.endswith("down"):
        assert digest_of(settings["sink"]) == digest_of(settings["source"]), "other bytes came back"
    print(json.dumps({"seconds": took, "peak_mib": peak, "imports_mib": before}))


if __name__ == "__main__":
    main()
