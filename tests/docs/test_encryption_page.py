"""What the page of encryption tells a reader to do works, word for word but for the port and the key."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from google_adk_aws import ArtifactEncryptionError
from local import LocalApi

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/encryption.md").read_text()
LOCAL_URL = "http://127.0.0.1:8080"

KMS = """
import boto3
import moto

moto.mock_aws().start()
MADE = boto3.client("kms", "eu-west-1").create_key()["KeyMetadata"]["Arn"]
"""


@pytest.fixture(scope="module")
def api() -> Iterator[LocalApi]:
    with LocalApi() as running:
        yield running


def printed(script: str, folder: Path) -> list[str]:
    (folder / "example.py").write_text(script)
    environment = {
        "PYTHONPATH": f"{ROOT / 'client/src'}:{ROOT / 'layers/artifact_store'}",
        "HOME": str(folder),
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "s",
    }
    run = subprocess.run(
        [sys.executable, "example.py"], check=True, capture_output=True, text=True, cwd=folder, env=environment
    )
    return run.stdout.splitlines()


@pytest.mark.integration
def test_the_examples_run(api: LocalApi, tmp_path: Path) -> None:
    own, kms = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    assert printed(own.replace(LOCAL_URL, api.url), tmp_path) == ["Buy the island.", "encrypted"]
    made = re.sub(r'^KEY = "arn:.*"$', "KEY = MADE", kms, flags=re.MULTILINE)
    assert made != kms
    assert printed(KMS + made.replace(LOCAL_URL, api.url), tmp_path) == ["Buy the island."]


def test_every_code_is_told() -> None:
    told = set(re.findall(r"`(\w+)`", (ArtifactEncryptionError.__doc__ or "").partition("`code`")[2]))
    assert len(told) == 7
    (line,) = re.findall(r"`ArtifactEncryptionError.code` tells which:\n(.*?)No message", PAGE, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", line)) == told
    sources = "".join(path.read_text() for path in (ROOT / "client/src/google_adk_aws").rglob("*.py"))
    raised = set(re.findall(r'ArtifactEncryptionError\([^)]*?(?:\([^)]*\)[^)]*?)*code="(\w+)"', sources))
    assert raised == told
