"""What docs/maintenance.md shows is what the commands print, on a store in which the page's story has happened."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from artifact_store import ArtifactId, ArtifactStore, Content, Outcome, StorageUnavailable
from artifact_store.adapters.aws import open_ports
from artifact_store.maintenance import Drift, Left, Reason
from artifact_store.ports import ObjectRef
from artifact_store.record import Draft
from local import Emulator
from tests.integration.stores import client
from tests.ports.conftest import make_bucket, make_table

ROOT = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/maintenance.md").read_text()
README: Final = (ROOT / "README.md").read_text()


def shown(command: str) -> tuple[str, str]:
    """The commands of the one block that shows a command, and what it says they print."""
    blocks = re.findall(r"^```console\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    (block,) = [block for block in blocks if block.startswith(f"$ python -m artifact_store {command}")]
    lines = block.splitlines()
    commands = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return "\n".join(commands), "".join(f"{line}\n" for line in lines if not line.startswith("$ "))


class Bench:
    """A bucket and a table on the emulator."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.s3, self.dynamodb = client("s3", url), client("dynamodb", url)
        self.bucket_name, self.table_name = make_bucket(self.s3), make_table(self.dynamodb)
        self.ports, _ = open_ports(
            bucket_name=self.bucket_name, index_table_name=self.table_name, s3=self.s3, dynamodb=self.dynamodb
        )
        self.store = ArtifactStore(self.ports)

    def save(self, artifact: ArtifactId, *bodies: bytes) -> None:
        for body in bodies:
            self.store.save(artifact, Content(body=body), caller="c", idempotency_key=f"{artifact.key_prefix} {body!r}")

    def drop(self, *prefixes: str) -> None:
        for item in self.dynamodb.scan(TableName=self.table_name)["Items"]:
            if item["sk"]["S"].startswith(prefixes):
                self.dynamodb.delete_item(TableName=self.table_name, Key={"pk": item["pk"], "sk": item["sk"]})

    def shell(self, script: str) -> str:
        """What a script prints on standard output; it ends with whatever status its last command has."""
        done = subprocess.run(
            ["bash", "-c", f'python() {{ "{sys.executable}" "$@"; }}\n{script}'],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT / "layers/artifact_store"),
                "BUCKET_NAME": self.bucket_name,
                "INDEX_TABLE_NAME": self.table_name,
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
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def bench(emulator: Emulator) -> Bench:
    return Bench(emulator.url)


def artifact(name: str, session: str = "s1") -> ArtifactId:
    return ArtifactId.of(app="reports", user="ada", session=session, filename=name)


def before_heal(bench: Bench) -> None:
    """A save crashed between its two steps."""
    bench.save(artifact("q1.md"), b"0")
    head = bench.ports.index.head(artifact("q1.md"))
    assert head is not None
    draft = Draft(gen=head.gen, token="0" * 64, content=Content(body=b"1"), created_ms=int(time.time() * 1000))
    body, content_type, metadata = draft.object(None)
    key = artifact("q1.md").object_key(1)
    bench.ports.objects.create(key, body, content_type=content_type, metadata=metadata)


def before_reconcile(bench: Bench) -> None:
    """The index has lost a head and an entry, the bucket an object; another tool has deleted one by its key."""
    for name in ("q1.md", "q2.md", "q3.md", "q4.md"):
        bench.save(artifact(name), b"0", b"1")
    bench.drop("h#q1.md", "v#q2.md#0000000000")
    for version in bench.s3.list_object_versions(Bucket=bench.bucket_name)["Versions"]:
        if version["Key"] == artifact("q3.md").object_key(0):
            bench.s3.delete_object(Bucket=bench.bucket_name, Key=version["Key"], VersionId=version["VersionId"])
    bench.s3.delete_object(Bucket=bench.bucket_name, Key=artifact("q4.md").object_key(1))


def before_rebuild(bench: Bench) -> None:
    """The whole index is lost, and an object in the middle."""
    bench.save(artifact("q1.md"), b"0", b"1", b"2")
    bench.save(artifact("q2.md"), b"0")
    bench.drop("")
    for version in bench.s3.list_object_versions(Bucket=bench.bucket_name)["Versions"]:
        if version["Key"] == artifact("q1.md").object_key(1):
            bench.s3.delete_object(Bucket=bench.bucket_name, Key=version["Key"], VersionId=version["VersionId"])


def before_adopt(bench: Bench) -> None:
    """Another program has put two versions, and something else."""
    for key in (artifact("q1.md").object_key(0), artifact("q1.md").object_key(1), "reports/notes.txt"):
        bench.s3.put_object(Bucket=bench.bucket_name, Key=key, Body=b"x")


class _Kept:
    """Objects that cannot be deleted."""

    def __init__(self, objects: Any) -> None:
        self._objects = objects

    def __getattr__(self, name: str) -> Any:
        return getattr(self._objects, name)

    def delete(self, refs: list[ObjectRef]) -> None:
        raise StorageUnavailable("injected")


def before_purge(bench: Bench) -> None:
    """A delete could not remove the objects."""
    bench.save(artifact("q1.md"), b"0", b"1")
    kept: Any = _Kept(bench.ports.objects)
    assert ArtifactStore(replace(bench.ports, objects=kept)).delete(artifact("q1.md"))


BEFORE: Mapping[str, Callable[[Bench], None]] = {
    "heal": before_heal,
    "reconcile": before_reconcile,
    "rebuild": before_rebuild,
    "adopt": before_adopt,
    "purge": before_purge,
}


@pytest.mark.integration
@pytest.mark.parametrize("command", BEFORE)
def test_the_page_shows_what_a_command_prints(bench: Bench, command: str) -> None:
    BEFORE[command](bench)
    script, printed = shown(command)
    # Artifacts are compared several at a time, so the lines of one run may come in another order.
    assert sorted(bench.shell(script).splitlines()) == sorted(printed.splitlines())


@pytest.mark.integration
def test_the_readmes_commands_run(bench: Bench) -> None:
    bench.save(artifact("q1.md"), b"0")
    blocks = re.findall(r"^```bash\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    (block,) = [block for block in blocks if "artifact_store" in block]
    assert {line.split()[3] for line in block.splitlines()} == set(BEFORE)
    assert bench.shell(f"set -e\n{block}echo done").endswith("done\n")


def test_every_kind_of_drift_of_misfit_and_of_outcome_is_told() -> None:
    first_cells = re.findall(r"^\| (`[a-z_`, ]+`) \|", PAGE, re.MULTILINE)
    told = {name for cell in first_cells for name in re.findall(r"`([a-z_]+)`", cell)}
    never_shown = {Outcome.RACING, Outcome.LEFT_DEAD}
    names: set[str] = {*Drift, *Left, *Reason, *(set(Outcome) - never_shown)}
    assert told == names
