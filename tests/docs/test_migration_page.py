"""What docs/migration.md shows is what its commands and its program print, one after the other on one server."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from google.adk.artifacts.file_artifact_service import FileArtifactService
from google.genai import types

from local import Emulator
from local.emulator import CREDENTIALS

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/migration.md").read_text()
SHOWN: Final = re.findall(
    r"^```(sh|python)\n((?:(?!```).*\n)+)```\n+```text\n((?:(?!```).*\n)+)```$", PAGE, re.MULTILINE
)


@pytest.fixture(scope="module")
def endpoint_url() -> Iterator[str]:
    with Emulator() as emulator:
        s3 = boto3.client(
            "s3",
            endpoint_url=emulator.url,
            region_name="us-east-1",
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )
        s3.create_bucket(Bucket="my-artifacts")
        s3.put_bucket_versioning(Bucket="my-artifacts", VersioningConfiguration={"Status": "Enabled"})
        s3.close()
        yield emulator.url


async def _fill(folder: Path) -> None:
    service = FileArtifactService(folder)
    place: dict[str, Any] = {"app_name": "reports", "user_id": "ada", "session_id": "s1"}
    for name, text in (("q1.md", "# Q1"), ("q1.md", "# Q1 was good"), ("q2.md", "# Q2"), ("user:logo", "an owl!!")):
        await service.save_artifact(**place, filename=name, artifact=types.Part(text=text))


def test_everything_that_prints_is_run() -> None:
    assert len(SHOWN) == PAGE.count("```text") == 3
    assert PAGE.count("```python") == 1


def test_commands_and_programs_print_what_is_shown(endpoint_url: str, tmp_path: Path) -> None:
    asyncio.run(_fill(tmp_path / "artifacts"))
    environment = {
        **CREDENTIALS,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint_url,
        "COLUMNS": "100",
        "PATH": os.environ["PATH"],
        "PYTHONIOENCODING": "utf-8",
        "PYTHONPATH": f"{ROOT / 'client/src'}:{ROOT / 'layers/artifact_store'}",
        "PYTHONWARNINGS": "error::ResourceWarning",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    for language, code, output in SHOWN:
        if language == "python":
            command = ["-c", code]
        else:
            program, name, *arguments = shlex.split(code.replace("/srv/artifacts", str(tmp_path / "artifacts")))
            assert (program, name) == ("adk-artifacts", "migrate")
            command = ["-m", "google_adk_aws.cli", "migrate", *arguments]
        done = subprocess.run(
            [sys.executable, *command], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (_stripped(done.stdout), done.returncode) == (_stripped(output), 0), done.stderr


def _stripped(text: str) -> str:
    """Without the spaces that a table's title is filled up with."""
    return "\n".join(line.rstrip() for line in text.splitlines())
