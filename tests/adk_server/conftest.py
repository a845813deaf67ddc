"""`adk api_server`, started from the command line with our service, over the local API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from local import LocalApi
from tests.adk_process import adk_server as adk_server_at

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    arguments = (
        "api_server",
        *("--session_service_uri", "memory://"),
        *("--artifact_service_uri", f"artifacts+{local_api.url}"),
        str(agents),
    )
    with adk_server_at(arguments, folder=agents) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client
