"""`adk web` with our service, and a browser that looks at it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, sync_playwright

from local import LocalApi
from tests.adk_process import adk_server

ROOT: Final = Path(__file__).parents[2]
LOCAL_URL: Final = "http://127.0.0.1:8080"
CHROMIUM: Final = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chromium-browser"))), None)
# ADK's page takes its icons from the network; without it their names would stand in their places.
WITHOUT_ICONS: Final = "mat-icon, .material-symbols-outlined { visibility: hidden !important }"


@pytest.fixture(scope="session")
def api() -> Iterator[LocalApi]:
    with LocalApi() as running:
        yield running


@pytest.fixture(scope="session")
def adk_web(api: LocalApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of ADK's page, started by the command that docs/adk-web.md shows."""
    (shown,) = re.findall(r"^adk (web .*)$", (ROOT / "docs/adk-web.md").read_text(), re.MULTILINE)
    name, *arguments, agents = shlex.split(shown.replace(LOCAL_URL, api.url))
    arguments += ["--session_service_uri", "memory://", str(ROOT / agents)]
    with adk_server([name, *arguments], folder=tmp_path_factory.mktemp("web")) as url:
        yield url


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """A page of a browser that reaches this machine alone."""
    assert CHROMIUM is not None, "make browser installs Chromium on Debian; elsewhere install it or Chrome"
    with sync_playwright() as playwright:
        sandbox = [] if os.geteuid() else ["--no-sandbox"]  # Chromium refuses to be root in its own sandbox
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=sandbox)
        context = browser.new_context(viewport={"width": 1400, "height": 900}, accept_downloads=True)
        context.route(
            lambda url: not url.startswith(("http://127.0.0.1:", "data:", "blob:")), lambda route: route.abort()
        )
        yield context.new_page()
        browser.close()
