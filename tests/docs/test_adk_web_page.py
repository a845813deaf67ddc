"""What docs/adk-web.md shows works; tests/browser run its command and look at the page."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import yaml
from google.genai import types

from local import LocalApi
from local.emulator import CREDENTIALS
from local.provision import aws_client
from tests.adk_process import adk_server

pytestmark = pytest.mark.integration

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/adk-web.md").read_text()


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return str(found)


@pytest.fixture(scope="module")
def api() -> Iterator[LocalApi]:
    with LocalApi() as running:
        yield running


def test_the_services_file_is_the_examples() -> None:
    assert yaml.safe_load(block("yaml")) == yaml.safe_load((ROOT / "examples/adk_web/services.yaml").read_text())


async def test_a_class_of_ones_own_for_a_bucket(api: LocalApi, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": api.aws_endpoint_url}.items():
        monkeypatch.setenv(name, value)
    found: dict[str, Any] = {}
    exec(compile(block("python"), "page", "exec"), found)  # noqa: S102 - the page's own program
    where: dict[str, Any] = {"app_name": "app", "user_id": "ada", "session_id": "s", "filename": "doc"}
    aws_client("s3", api.aws_endpoint_url).create_bucket(Bucket="my-artifacts")
    async with found["BucketArtifacts"](uri="bucket://my-artifacts", agents_dir="agents", per_agent=True) as service:
        assert await service.save_artifact(**where, artifact=types.Part(text="x")) == 0
        assert await service.load_artifact(**where) == types.Part(text="x")


@pytest.mark.parametrize("page", ["README.md", "client/README.md"])
def test_the_command_of_other_pages_starts(page: str, api: LocalApi, tmp_path: Path) -> None:
    (shown,) = re.findall(r"^adk (web .*)$", (ROOT / page).read_text(), re.MULTILINE)
    (services,) = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)
    shutil.copytree(ROOT / "examples/adk_web", tmp_path / "agents")
    (tmp_path / "agents/services.yaml").write_text(services)
    address = re.compile(r"(?<=artifacts\+)https?://\S+")
    assert address.search(shown)
    arguments = [*shlex.split(address.sub(api.url, shown)), "--session_service_uri", "memory://"]
    with adk_server(arguments, folder=tmp_path) as url:
        assert httpx.get(f"{url}/list-apps").json() == ["reports"]
        # Asked of our API, by the scheme that the page's file names.
        httpx.post(f"{api.url}/v1/apps/reports/users/u/sessions/s/artifacts/doc", content=b"x").raise_for_status()
        assert httpx.get(f"{url}/apps/reports/users/u/sessions/s/artifacts").json() == ["doc"]
    assert "Traceback" not in (tmp_path / "server.log").read_text()


def test_what_is_said_where_no_file_names_the_scheme(tmp_path: Path) -> None:
    told = "Unsupported artifact service URI"
    assert f"`{told}`" in PAGE
    arguments = ["api_server", "--artifact_service_uri", "artifacts+http://127.0.0.1:1", str(tmp_path)]
    with pytest.raises(AssertionError, match=told), adk_server(arguments, folder=tmp_path):
        pass


def test_what_the_shell_shows_of_a_session(api: LocalApi) -> None:
    (shown,) = re.findall(r"^adk-artifacts (.*)$", PAGE, re.MULTILINE)
    arguments = shown.replace("http://127.0.0.1:8080", api.url).split()
    done = subprocess.run(
        [sys.executable, "-m", "google_adk_aws.cli", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
