"""The distribution: what is in it, and that it works where nothing of this repository is."""

from __future__ import annotations

import email
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import google_adk_aws
from local import LocalApi
from local.template import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

CLIENT = ROOT / "client"
PACKAGE = CLIENT / "src" / "google_adk_aws"
HEART = ROOT / "layers" / "artifact_store" / "artifact_store"

USE = """
import asyncio, importlib.util, json, pathlib, sys
import artifact_store, google_adk_aws
from google.genai import types

async def use(url):
    owner = {"app_name": "app", "user_id": "a/b", "session_id": "s1", "filename": "charts/q1.png"}
    part = types.Part.from_bytes(data=bytes(range(256)), mime_type="image/png")
    async with google_adk_aws.HttpArtifactService(url) as service:
        version = await service.save_artifact(**owner, artifact=part, custom_metadata={"n": 1})
        assert await service.load_artifact(**owner) == part
        return version

try:
    google_adk_aws.HttpArtifactService("https://a.execute-api.eu-west-1.amazonaws.com")
    unsigned = None
except ImportError as error:
    unsigned = str(error)
print(json.dumps({
    "version": asyncio.run(use(sys.argv[1])),
    "names": google_adk_aws.__all__,
    "folders": [str(pathlib.Path(module.__file__).parent) for module in (google_adk_aws, artifact_store)],
    "boto3": importlib.util.find_spec("boto3") is not None,
    "unsigned": unsigned,
}))
"""


def run(*command: str | Path, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist."""
    dist = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", dist, cwd=CLIENT)
    return dist


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


@pytest.mark.unit
def test_the_wheel_has_both_packages_and_nothing_else(wheel: Path) -> None:
    version = google_adk_aws.__version__
    assert wheel.name == f"google_adk_aws-{version}-py3-none-any.whl"
    sources = {
        *(f"google_adk_aws/{path.relative_to(PACKAGE).as_posix()}" for path in PACKAGE.rglob("*.py")),
        *(f"artifact_store/{path.relative_to(HEART).as_posix()}" for path in HEART.rglob("*.py")),
        "google_adk_aws/py.typed",
        "artifact_store/py.typed",
    }
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        info = f"google_adk_aws-{version}.dist-info"
        about = ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
        assert names == sources | {f"{info}/{name}" for name in about}
        assert b"adk-artifacts = google_adk_aws.cli.start:main" in archive.read(f"{info}/entry_points.txt")
        assert archive.read(f"{info}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()
        metadata = email.message_from_bytes(archive.read(f"{info}/METADATA"))
    assert (metadata["Name"], metadata["Version"]) == ("google-adk-aws", version)
    assert metadata.get_all("Provides-Extra") == ["cli", "encryption", "s3", "sigv4"]
    needed = [requirement for requirement in metadata.get_all("Requires-Dist", []) if "extra ==" not in requirement]
    assert needed == ["google-adk<3,>=1.27", "httpx<1,>=0.27", "tenacity<10,>=9"]


@pytest.mark.unit
@pytest.mark.parametrize("repository", ["", "owner/artifacts"])
def test_no_link_of_the_page_on_pypi_is_dead(repository: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", repository)
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REF_NAME", "v1.2.3")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=CLIENT)
    (path,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        metadata = email.message_from_bytes(archive.read(name))
    page = str(metadata.get_payload())
    assert "straight on S3" in page
    links = re.findall(r"\]\(([^)]+)\)", page)
    assert [link for link in links if not link.startswith("https://")] == []
    ours = [
        link.removeprefix(f"https://github.com/{repository}/blob/v1.2.3/")
        for link in links
        if repository and repository in link
    ]
    assert bool(ours) is bool(repository)
    assert [link for link in ours if not (ROOT / link).is_file()] == []
    assert bool(metadata.get_all("Project-URL")) is bool(repository)


@pytest.mark.unit
def test_the_sdist_builds_the_same_wheel(built: Path, wheel: Path, tmp_path: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", tmp_path, cwd=source)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()
    assert (tmp_path / sdist.name).is_file()


@pytest.fixture(scope="module")
def empty_venv(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a venv with the wheel and what the wheel asks for."""
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    assert uv is not None, "uv is in the dependency group `bootstrap`"
    venv = tmp_path_factory.mktemp("empty") / "venv"
    run(uv, "venv", "--quiet", "--python", sys.executable, venv, cwd=venv.parent)
    python = venv / "bin" / "python"
    run(uv, "pip", "install", "--quiet", "--python", python, wheel, cwd=venv.parent)
    return python


@pytest.fixture(scope="module")
def local_api() -> Iterator[LocalApi]:
    with LocalApi() as api:
        yield api


@pytest.mark.integration
@pytest.mark.slow
def test_it_works_in_an_empty_venv(empty_venv: Path, local_api: LocalApi, tmp_path: Path) -> None:
    said: dict[str, Any] = json.loads(run(empty_venv, "-I", "-c", USE, local_api.url, cwd=tmp_path))
    assert said["version"] == 0
    assert said["names"] == google_adk_aws.__all__
    for folder in said["folders"]:
        assert Path(folder).is_relative_to(empty_venv.parent.parent)
    # The heart's adapters need boto3; its names, which are all the client needs, do not.
    assert said["boto3"] is False
    assert said["unsigned"] == "signing with AWS credentials needs botocore: pip install 'google-adk-aws[sigv4]'"
