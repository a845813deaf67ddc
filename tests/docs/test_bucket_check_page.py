"""What docs/bucket-check.md shows is what the check prints, and it tells of every check."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from artifact_store import ArtifactId, Content, Scope
from artifact_store.adapters.aws import open_store
from artifact_store.checkup.bucket import BucketSettings
from artifact_store.checkup.drift import Agreement
from artifact_store.checkup.table import TableSettings
from local import Emulator
from tests.integration.stores import client
from tests.unit.checkup.healthy import Case, make_healthy

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/bucket-check.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Bench:
    """The page's bucket and table, and a shell that reaches them."""

    case: Case
    url: str

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT / "layers/artifact_store"),
                "AWS_ENDPOINT_URL": self.url,
                "AWS_DEFAULT_REGION": "eu-central-1",
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
            },
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with Emulator() as emulator:
        case = Case(client("s3", emulator.url), client("dynamodb", emulator.url), "my-artifacts", "my-index")
        make_healthy(case)
        store = open_store(bucket_name=case.bucket, index_table_name=case.table, s3=case.s3, dynamodb=case.dynamodb)
        for name in ("q1.md", "q2.md"):
            document = ArtifactId(Scope("reports", "ada", "s1"), name)
            store.save(document, Content(body=b"0"), caller="c", idempotency_key=name)
        case.s3.put_bucket_versioning(Bucket=case.bucket, VersioningConfiguration={"Status": "Suspended"})
        yield Bench(case, emulator.url)


@pytest.mark.integration
def test_the_page_shows_what_the_command_prints(bench: Bench) -> None:
    (block,) = blocks("console")
    lines = block.splitlines()
    script = "\n".join(line.removeprefix("$ ") for line in lines if line.startswith("$ "))
    done = bench.run("bash", "-c", f'python() {{ "{sys.executable}" "$@"; }}\n{script}')
    assert done.stderr == ""
    assert done.stdout.splitlines() == [line for line in lines if not line.startswith("$ ")]


@pytest.mark.integration
def test_the_pages_program_runs(bench: Bench) -> None:
    (program,) = blocks("python")
    done = bench.run(sys.executable, "-c", program)
    assert done.stderr == ""
    printed = done.stdout.splitlines()
    assert [line.split()[:3] for line in printed[:-1]] == [
        ["off", "required", "versioning"],
        ["off", "recommended", "access-logging"],
        ["off", "optional", "mfa-delete"],
    ]
    assert printed[-1] == "off"


def test_every_check_is_told_with_its_severity_and_permissions() -> None:
    s3, dynamodb = (client(service, "http://127.0.0.1:1") for service in ("s3", "dynamodb"))
    drift = Agreement(s3=s3, bucket_name="b", dynamodb=dynamodb, index_table_name="t").question()
    questions = [*BucketSettings(s3, "b").questions(), *TableSettings(dynamodb, "t").questions(), drift]
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+) \| .* \| (`\w+:.*`) \|$", PAGE, re.MULTILINE)
    assert rows == [
        (question.name, question.severity, ", ".join(f"`{one}`" for one in question.permission.split(", ")))
        for question in questions
    ]
