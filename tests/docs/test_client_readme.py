"""What the package's page, client/README.md, shows works, but for the addresses."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import yaml

from google_adk_aws import HttpArtifactService
from local import LocalApi
from local.emulator import CREDENTIALS
from local.provision import aws_client
from local.template import ROOT
from tests.docs.blocks import PAGES, blocks_of

pytestmark = pytest.mark.integration

PAGE: Final = "client/README.md"
ADDRESS: Final = "https://abc123.execute-api.eu-west-1.amazonaws.com"


def blocks(language: str) -> list[str]:
    return [block.text for block in blocks_of(PAGE) if block.language == language]


@pytest.fixture(scope="module")
def api() -> Iterator[LocalApi]:
    with LocalApi() as running:
        yield running


def environment(api: LocalApi, home: Path) -> dict[str, str]:
    return {
        **CREDENTIALS,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": api.aws_endpoint_url,
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHON": sys.executable,
        "PYTHONPATH": f"{ROOT / 'client/src'}:{ROOT / 'layers/artifact_store'}",
    }


def test_the_programs_run(api: LocalApi, tmp_path: Path) -> None:
    s3 = aws_client("s3", api.aws_endpoint_url)
    for bucket in ("my-artifacts", "stack-artifacts"):
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    aws_client("dynamodb", api.aws_endpoint_url).create_table(
        TableName="stack-index",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    agent, direct = blocks("python")
    for program in (agent, direct):
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env=environment(api, tmp_path),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_the_services_file_is_the_one_of_adk_web() -> None:
    (services,) = blocks("yaml")
    assert yaml.safe_load(services) == yaml.safe_load((ROOT / "examples/adk_web/services.yaml").read_text())


def test_the_commands_of_the_shell_run(api: LocalApi, tmp_path: Path) -> None:
    (block,) = [block for block in blocks("sh") if "adk-artifacts" in block]
    installs, *commands = block.replace(ADDRESS, api.url).splitlines()
    assert installs.startswith("pip install ")
    (tmp_path / "report.md").write_text("# Q1\n")
    script = "\n".join(['adk-artifacts() { "$PYTHON" -m google_adk_aws.cli "$@"; }', *commands])
    done = subprocess.run(
        ["bash", "-euc", script],
        cwd=tmp_path,
        env=environment(api, tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    saved, listed = done.stdout.splitlines()
    assert saved == "reports/ada/s1/report.md version 0"
    assert listed.endswith("\ttext/markdown\treports/ada/s1/report.md")


def test_every_argument_is_told() -> None:
    arguments = inspect.signature(HttpArtifactService).parameters.keys() - {"server_options"}
    rows = "\n".join(re.findall(r"^\|.*\|$", (ROOT / PAGE).read_text(), re.MULTILINE))
    assert {argument for argument in arguments if f"`{argument}`" not in rows} == set()


@pytest.mark.parametrize("page", PAGES)
def test_extras_that_pages_install_exist(page: str) -> None:
    project = tomllib.loads((ROOT / "client/pyproject.toml").read_text())["project"]
    named = re.findall(r"(?:google-adk-aws|\./client)\[([a-z0-9,]+)\]", (ROOT / page).read_text())
    assert {extra for extras in named for extra in extras.split(",")} <= project["optional-dependencies"].keys()
