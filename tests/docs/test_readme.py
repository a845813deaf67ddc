"""What the README tells a reader to do works, word for word but for the port."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import httpx
import pytest
import yaml

from local import LocalApi
from local.emulator import CREDENTIALS
from local.provision import aws_client

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "ARCHITECTURE.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "SECURITY.md",
    ROOT / "client/README.md",
    *ROOT.glob("events/*.md"),
    *ROOT.glob("examples/*.md"),
]
LOCAL_URL = "http://127.0.0.1:8080"
PYTHON_PATH = f"{ROOT / 'client/src'}:{ROOT / 'layers/artifact_store'}"


def blocks(language: str, page: str = "README.md") -> list[str]:
    text = (ROOT / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def api() -> Iterator[LocalApi]:
    with LocalApi() as running:
        yield running


@pytest.mark.integration
def test_it_runs_on_this_machine(tmp_path: Path) -> None:
    (block,) = [block for block in blocks("bash") if block.startswith("make run")]
    script = f"exec {block.strip()} PORT=0 DATA={tmp_path}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    with subprocess.Popen(["bash", "-c", script], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as make:
        assert make.stdout is not None
        told = next(line for line in make.stdout if line.startswith("Artifact API on "))
        assert httpx.get(f"{told.split()[3]}/v1/health").json() == {"status": "ok"}
        make.terminate()
    assert list(tmp_path.iterdir())


@pytest.mark.integration
def test_the_curl_example_saves_loads_and_lists(api: LocalApi, tmp_path: Path) -> None:
    (block,) = [block for block in blocks("bash") if "curl" in block]
    script = block.replace(LOCAL_URL, api.url).replace("curl ", "curl -sS --fail-with-body ")
    shell = subprocess.run(["bash", "-eu", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    saved, rest = shell.stdout.split("}", 1)
    assert '"filename":"report.md"' in saved
    assert "# Q1 was good\n" in rest
    assert '{"artifacts":[{"filename":"report.md"' in rest


@pytest.mark.integration
def test_the_python_examples_run(api: LocalApi, tmp_path: Path) -> None:
    s3 = aws_client("s3", api.aws_endpoint_url)
    s3.create_bucket(Bucket="my-artifacts")
    s3.put_bucket_versioning(Bucket="my-artifacts", VersioningConfiguration={"Status": "Enabled"})
    outputs = []
    for number, block in enumerate(blocks("python")):
        script = tmp_path / f"example_{number}.py"
        script.write_text(block.replace(LOCAL_URL, api.url))
        run = subprocess.run(
            [sys.executable, script],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
            env={"PYTHONPATH": PYTHON_PATH, "AWS_ENDPOINT_URL": api.aws_endpoint_url, **CREDENTIALS},
        )
        outputs.append(run.stdout.strip())
    assert outputs == ["", "0 True ['charts/q1.png', 'report.md']", "0 # Q1 was good"]


@pytest.mark.integration
def test_the_commands_of_the_shell_run(api: LocalApi, tmp_path: Path) -> None:
    (block,) = [block for block in blocks("bash") if "adk-artifacts" in block]
    (tmp_path / "report.md").write_text("# Q2\n")
    script = 'adk-artifacts() { "$PYTHON" -m google_adk_aws.cli "$@"; }\n' + block.replace(LOCAL_URL, api.url)
    environment = {**os.environ, "PYTHON": sys.executable, "PYTHONPATH": PYTHON_PATH, "HOME": str(tmp_path)}
    shell = subprocess.run(
        ["bash", "-eu", "-c", script.replace("/ada/", "/grace/")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    saved, *listed, content = shell.stdout.splitlines()
    assert saved == "reports/grace/s1/report.md version 0"
    assert "text/markdown" in "\n".join(listed)
    assert content == "# Q2"


@pytest.mark.integration
def test_the_page_of_large_artifacts_works(api: LocalApi, tmp_path: Path) -> None:
    (curl,) = blocks("bash", "docs/large-artifacts.md")
    script = curl.replace(LOCAL_URL, api.url).replace("curl ", "curl -sS --fail-with-body ")
    shell = subprocess.run(["bash", "-eu", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert '"filename":"talk.mp4"' in shell.stdout
    (python,) = blocks("python", "docs/large-artifacts.md")
    (tmp_path / "example.py").write_text(python.replace(LOCAL_URL, api.url))
    run = subprocess.run(
        [sys.executable, "example.py"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={"PYTHONPATH": PYTHON_PATH, "HOME": str(tmp_path)},
    )
    *progress, last = run.stdout.splitlines()
    assert last == "0 20000000 True"
    assert progress[-1] == "20,000,000 of 20,000,000 bytes"


def test_the_services_file_names_a_class_that_exists() -> None:
    (block,) = blocks("yaml")
    services = yaml.safe_load(block)["services"]
    assert [service["scheme"] for service in services] == ["artifacts+http", "artifacts+https"]
    for service in services:
        module, _, name = service["class"].rpartition(".")
        assert getattr(import_module(module), name).__name__ == "HttpArtifactService"


def test_every_make_command_exists() -> None:
    targets = set(
        re.findall(r"^([a-z][a-z0-9-]*):.*## ", "".join(p.read_text() for p in ROOT.glob("*akefile")), re.MULTILINE)
    )
    targets |= {
        t for p in ROOT.glob("make/*.mk") for t in re.findall(r"^([a-z][a-z0-9-]*):.*## ", p.read_text(), re.MULTILINE)
    }
    named = {
        name for page in PAGES for name in re.findall(r"(?:`|^)make ([a-z][a-z0-9-]*)", page.read_text(), re.MULTILINE)
    }
    assert named, "the pages name commands"
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_limits_are_those_of_the_code() -> None:
    model = import_module("artifact_store.model")
    names = import_module("artifact_store.names")
    limits = "\n".join(re.findall(r"^\|.*\|$", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert f"content of one save | {model.MAX_INLINE_BYTES // 2**20} MiB" in limits
    assert f"filename | {names.MAX_FILENAME_BYTES} bytes encoded" in limits
    assert f"together | {names.MAX_KEY_BYTES:,} bytes encoded" in limits
    assert f"versions of one artifact | {names.MAX_VERSION + 1:,}" in limits


def test_the_costs_are_those_of_the_benchmark() -> None:
    run = subprocess.run(
        [sys.executable, ROOT / "benchmarks/storage_cost.py"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT / "layers/artifact_store")},
    )
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in run.stdout.splitlines()[2:]]
    found = {(operation, names, versions): dollars for operation, names, versions, *_, dollars in rows}
    readme = (ROOT / "README.md").read_text()
    assert f"| save | ${found['save', '1', '1']} " in readme
    assert f"| load latest | ${found['load latest', '1', '1']}; not modified" in readme
    assert f"| load version N | ${found['load version 0', '1', '1']} |" in readme
    assert f"| list 100 names | ${found['list names', '100', '20']} |" in readme
    assert f"| 20 versions with metadata | ${found['list versions with metadata', '100', '20']} |" in readme
    assert f"| delete 1 version | ${found['delete', '1', '1']} |" in readme
