from __future__ import annotations

from typing import Any

import pytest

from google_adk_aws import HttpArtifactService, RetryPolicy

from .scripted import NAMED, ScriptedApi, content

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("https://api.example/stage/", "https://api.example/stage"),
        ("artifacts+http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("artifacts+https://api.example/stage", "https://api.example/stage"),
        ("ARTIFACTS+HTTPS://api.example", "https://api.example"),
        (" https://api.example\n", "https://api.example"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_urls(given: str, meant: str) -> None:
    assert HttpArtifactService(given).base_url == meant
    assert HttpArtifactService(uri=given).base_url == meant
    assert repr(HttpArtifactService(given)) == f"HttpArtifactService({meant!r})"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:8080",
        "ftp://api.example",
        "s3://bucket",
        "artifacts://api.example",
        "http://",
        "https://a b\x00/",
    ],
)
def test_what_is_no_url_of_an_api(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        HttpArtifactService(url)


@pytest.mark.parametrize(
    "url", ["https://me:hunter2@api.example", "https://api.example/?key=hunter2", "https://api.example/#hunter2"]
)
def test_credentials_in_the_url_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(ValueError, match="must not") as caught:
        HttpArtifactService(url)
    assert "hunter2" not in str(caught.value)


def test_the_url_is_given_once() -> None:
    with pytest.raises(TypeError, match="once"):
        HttpArtifactService()
    with pytest.raises(TypeError, match="once"):
        HttpArtifactService("http://a", uri="http://a")


def test_what_adks_server_passes_beside_the_uri_is_accepted() -> None:
    HttpArtifactService(uri="artifacts+http://127.0.0.1:1", agents_dir="/agents", per_agent=True)


def test_a_misspelt_argument_is_an_error() -> None:
    with pytest.raises(TypeError, match="time_out"):
        HttpArtifactService("http://127.0.0.1:1", time_out=3)


@pytest.mark.parametrize(
    "arguments",
    [
        {"attempts": 0},
        {"base_delay": -1},
        {"base_delay": 3, "max_delay": 2},
        {"max_retry_after": -1},
        {"deadline": 0},
    ],
)
def test_a_retry_policy_that_cannot_be(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments))):
        RetryPolicy(**arguments)


async def test_a_stage_stays_in_front_of_the_path() -> None:
    api = ScriptedApi(content(b"x"))
    await api.service("https://api.example/prod/").load_artifact(**NAMED)
    assert api.paths == ["/prod/v1/apps/app/users/alice/sessions/s1/artifacts/a.txt"]
