"""The check of what template.yaml makes: every storage resource of the stack, on the emulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from artifact_store import ArtifactId, Content, Scope
from artifact_store.adapters.aws import open_store
from artifact_store.checkup import Severity, State, check_bucket
from local import Emulator, Template, provision
from local.provision import aws_client
from tests.infrastructure.template import Stack as TemplateStack

pytestmark = pytest.mark.integration

ROOT: Final = Path(__file__).parents[3]


@dataclass(frozen=True)
class Stack:
    """The stack's storage, and the settings of a process that uses it."""

    environment: dict[str, str]
    s3: Any
    dynamodb: Any

    @property
    def bucket(self) -> str:
        return self.environment["BUCKET_NAME"]

    @property
    def table(self) -> str:
        return self.environment["INDEX_TABLE_NAME"]

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "artifact_store", "check", *arguments],
            env={
                **self.environment,
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                "PYTHONPATH": str(ROOT / "layers/artifact_store"),
            },
            capture_output=True,
            text=True,
            check=False,
        )


def complete(stack: Stack) -> None:
    """Sets from template.yaml what the emulator's CloudFormation leaves out."""
    resources = TemplateStack().resources
    arn = f"arn:aws:s3:::{stack.bucket}"
    policy = json.dumps(resources["ArtifactBucketPolicy"]["Properties"]["PolicyDocument"])
    policy = policy.replace('{"Fn::GetAtt": ["ArtifactBucket", "Arn"]}', f'"{arn}"')
    policy = policy.replace('{"Fn::Sub": "${ArtifactBucket.Arn}/*"}', f'"{arn}/*"')
    stack.s3.put_bucket_policy(Bucket=stack.bucket, Policy=policy)
    rules = []
    for rule in resources["ArtifactBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]:
        # CloudFormation's names for what the API calls ID, and Expiration's only member here.
        markers = {"Expiration": {"ExpiredObjectDeleteMarker": True}} if "ExpiredObjectDeleteMarker" in rule else {}
        kept = {name: value for name, value in rule.items() if name not in {"Id", "ExpiredObjectDeleteMarker"}}
        rules.append({"ID": rule["Id"], "Filter": {"Prefix": ""}, **kept, **markers})
    stack.s3.put_bucket_lifecycle_configuration(Bucket=stack.bucket, LifecycleConfiguration={"Rules": rules})
    stack.dynamodb.update_continuous_backups(
        TableName=stack.table,
        PointInTimeRecoverySpecification=resources["IndexTable"]["Properties"]["PointInTimeRecoverySpecification"],
    )


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Emulator() as emulator:
        environment = provision(Template.load(), emulator.url)
        found = Stack(environment, aws_client("s3", emulator.url), aws_client("dynamodb", emulator.url))
        complete(found)
        yield found


def test_the_stacks_own_storage_has_nothing_required_off(stack: Stack) -> None:
    store = open_store(bucket_name=stack.bucket, index_table_name=stack.table, s3=stack.s3, dynamodb=stack.dynamodb)
    document = ArtifactId(Scope("app", "u", "s"), "doc")
    store.save(document, Content(body=b"0"), caller="c", idempotency_key="0")
    report = check_bucket(stack.bucket, index_table_name=stack.table, s3=stack.s3, dynamodb=stack.dynamodb)
    required = {
        check.name: (check.state, check.found) for check in report.checks if check.severity is Severity.REQUIRED
    }
    assert {name: found for name, found in required.items() if found[0] is not State.OK} == {}
    assert report.verdict() is State.OK


def test_the_command_in_a_process_of_its_own(stack: Stack) -> None:
    done = stack.command("--json")
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert (document["bucket"], document["table"], document["verdict"]) == (stack.bucket, stack.table, "ok")
    assert {check["name"] for check in document["checks"] if check["state"] == "off"} <= {
        "access-logging",
        "mfa-delete",
        "table-encryption",
    }


def test_what_somebody_turned_off_is_found(stack: Stack) -> None:
    stack.s3.put_bucket_versioning(Bucket=stack.bucket, VersioningConfiguration={"Status": "Suspended"})
    try:
        done = stack.command()
    finally:
        stack.s3.put_bucket_versioning(Bucket=stack.bucket, VersioningConfiguration={"Status": "Enabled"})
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["off", "required", "versioning", "suspended"]
    assert lines[1].strip() == (
        f"aws s3api put-bucket-versioning --bucket {stack.bucket} --versioning-configuration Status=Enabled"
    )


def test_a_bucket_that_is_not_there(stack: Stack) -> None:
    done = stack.command("--bucket", "none-of-this-name")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "artifact_store: there is no bucket none-of-this-name (NoSuchBucket)\n"
