"""The programs of examples/ do what they say, as a reader starts them."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Final

import pytest

from local import LocalApi

pytestmark = pytest.mark.integration

ROOT: Final = Path(__file__).parents[2]
PRINTS: Final = {
    "report_agent.py": """\
monday: I wrote about sales.
tuesday: I wrote about outlook.
versions: [0, 1]
# Report

## Sales

They rose.

## Outlook

They will rise.

""",
    "shared_between_agents.py": """\
painter: {'result': 'The chart is drawn.'}
look: {'result': 'image/svg+xml, 92 bytes'}
I have seen the chart.
['charts/q1.svg']
""",
    "upload_link.py": """\
uploaded: 200
version 0, 300,009 bytes, {'from': 'chat'}
the agent sees: Scan.pdf 300009
the person reads version 0: All is well.
""",
    "google_cloud_agent.py": "version 0: Written on Google Cloud.\n",
}
NO_PROGRAMS: Final = {"scripted.py", "demo.py"}


def test_every_program_is_run() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == PRINTS.keys() | NO_PROGRAMS
    (shown,) = re.findall(r"^python examples/(.*)$", (ROOT / "examples/README.md").read_text(), re.MULTILINE)
    assert shown in PRINTS


@pytest.fixture(scope="module")
def api() -> Iterator[LocalApi]:
    with LocalApi() as running:
        yield running


class Metadata(HTTPServer):
    """What answers on Google Cloud when a program asks who it is."""

    asked: list[str]


class _Answer(BaseHTTPRequestHandler):
    server: Metadata

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        claims = base64.urlsafe_b64encode(json.dumps({"exp": 4102444800, "aud": "artifacts"}).encode()).decode()
        body = f"e30.{claims.rstrip('=')}.c2ln" if "/identity" in self.path else '{"email": "agent@project"}'
        self.send_response(200)
        self.send_header("Metadata-Flavor", "Google")
        self.send_header("Content-Type", "application/text" if "/identity" in self.path else "application/json")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def metadata() -> Iterator[Metadata]:
    with Metadata(("127.0.0.1", 0), _Answer) as server:
        server.asked = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("program", PRINTS)
def test_a_program_prints_what_it_is_for(api: LocalApi, metadata: Metadata, tmp_path: Path, program: str) -> None:
    host = f"127.0.0.1:{metadata.server_port}"
    environment = {
        "ADK_ARTIFACTS_URL": api.url,
        "GCE_METADATA_HOST": host,
        "GCE_METADATA_IP": host,
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT / 'client/src'}:{ROOT / 'layers/artifact_store'}",
        "PYTHONWARNINGS": "ignore",
    }
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, PRINTS[program]), done.stderr
    if program == "google_cloud_agent.py":
        assert any("audience=artifacts" in path for path in metadata.asked)
