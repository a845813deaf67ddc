"""`adk api_server`, started from the command line with our service, over the local API."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

import artifact_store
import google_adk_aws
from local import LocalApi

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 120.0

SERVICES = """\
services:
  - scheme: artifacts+http
    type: artifact
    class: google_adk_aws.HttpArtifactService
  - scheme: artifacts+https
    type: artifact
    class: google_adk_aws.HttpArtifactService
"""

AGENT = """\
from google.adk.agents import LlmAgent

root_agent = LlmAgent(name="reports", model="none")
"""


@pytest.fixture(scope="module")
def local_api() -> Iterator[LocalApi]:
    with LocalApi() as api:
        yield api


@pytest.fixture(scope="module")
def adk_server(local_api: LocalApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of ADK's server."""
    agents = tmp_path_factory.mktemp("agents")
    (agents / "services.yaml").write_text(SERVICES)
    (agents / "reports").mkdir()
    (agents / "reports" / "__init__.py").write_text("from . import agent\n")
    (agents / "reports" / "agent.py").write_text(AGENT)
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("adk")),
        "api_server",
        *("--host", "127.0.0.1", "--port", str(port)),
        *("--session_service_uri", "memory://"),
        *("--artifact_service_uri", f"artifacts+{local_api.url}"),
        str(agents),
    ]
    packages = [str(Path(module.__path__[0]).parent) for module in (google_adk_aws, artifact_store)]
    log = agents / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            cwd=agents,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(packages)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            wait_until_ready(client, server, log)
            yield client
    finally:
        server.terminate()
        server.wait(30)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_until_ready(client: httpx.Client, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if client.get("/list-apps").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise AssertionError(f"adk api_server did not start:\n{log.read_text(errors='replace')}")
