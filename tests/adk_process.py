"""ADK's own servers, started from the command line as users do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

import artifact_store
import google_adk_aws

__all__ = ["adk_server"]

START_SECONDS = 120.0


@contextmanager
def adk_server(arguments: Sequence[str], *, folder: Path) -> Iterator[str]:
    """The URL of `adk ARGUMENTS`, on a free port; its log goes to `server.log` in a folder, where it runs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    name, *rest = arguments
    adk = str(Path(sys.executable).with_name("adk"))
    packages = [str(Path(module.__path__[0]).parent) for module in (google_adk_aws, artifact_store)]
    log = folder / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [adk, name, "--host", "127.0.0.1", "--port", str(port), *rest],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(packages)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_ready(url, server, log)
        yield url
    finally:
        server.terminate()
        server.wait(30)


def _wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(f"{url}/list-apps", timeout=60).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"adk did not start:\n{log.read_text(errors='replace')}")
