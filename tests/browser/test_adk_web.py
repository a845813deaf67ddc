"""ADK's own page, in a real browser: what an agent saves through our service is there, with its versions."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from local import LocalApi
from tests.browser.conftest import WITHOUT_ICONS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PICTURES: Final = os.environ.get("PICTURES")
"""Where pictures for the docs are written."""


def open_page(page: Page, adk_web: str, user: str) -> None:
    page.goto(f"{adk_web}/dev-ui/?app=reports&userId={user}")
    expect(page.locator("textarea")).to_be_visible(timeout=60_000)
    page.add_style_tag(content=WITHOUT_ICONS)


def tell(page: Page, text: str, *, answer: str) -> None:
    """Says something to the agent, and waits for its last words."""
    page.locator("textarea").fill(text)
    page.locator("textarea").press("Enter")
    expect(page.get_by_text(answer)).to_be_visible(timeout=60_000)
    refuse = page.get_by_role("button", name="No Thanks")
    if refuse.count():
        refuse.click()


def card(page: Page, filename: str) -> Locator:
    return page.locator(".artifact-card").filter(has_text=filename)


def choose(page: Page, filename: str, version: int) -> None:
    card(page, filename).get_by_role("combobox").click()
    page.get_by_role("option", name=str(version), exact=True).click()


def shown_image(page: Page) -> bytes:
    source = card(page, "chart.png").locator("img").get_attribute("src") or ""
    assert source.startswith("data:image/png;base64,")
    return base64.b64decode(source.partition(",")[2])


def downloaded(page: Page, filename: str, into: Path) -> bytes:
    with page.expect_download() as waiting:
        card(page, filename).get_by_role("button").last.click()
    waiting.value.save_as(into)
    return into.read_bytes()


def saved(page: Page, api: LocalApi, user: str) -> dict[tuple[str, int], bytes]:
    """Every version of the session that the page is at, asked of the API itself."""
    (session,) = parse_qs(urlsplit(page.url).query)["session"]
    where = f"{api.url}/v1/apps/reports/users/{user}/sessions/{session}/artifacts"
    listed: list[dict[str, Any]] = httpx.get(where).json()["artifacts"]
    return {
        (one["filename"], version): httpx.get(f"{where}/{one['filename']}/versions/{version}").content
        for one in listed
        for version in range(one["version"] + 1)
    }


def test_the_page_shows_images_and_papers_with_their_versions(
    api: LocalApi, adk_web: str, page: Page, tmp_path: Path
) -> None:
    open_page(page, adk_web, "ada")
    tell(page, "Draw the first quarter", answer="Here are the chart and the paper of quarter 1.")
    tell(page, "And the second", answer="Here are the chart and the paper of quarter 2.")
    page.get_by_role("tab", name="Artifacts").click()
    expect(page.locator(".artifact-card")).to_have_count(2)
    expect(card(page, "chart.png").get_by_role("combobox")).to_have_text("1")
    expect(card(page, "report.pdf").get_by_role("combobox")).to_have_text("1")
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / "adk-web.png")
    versions = saved(page, api, "ada")
    assert set(versions) == {(name, number) for name in ("chart.png", "report.pdf") for number in (0, 1)}
    assert versions["chart.png", 0] != versions["chart.png", 1]

    assert shown_image(page) == versions["chart.png", 1]
    choose(page, "chart.png", 0)
    expect(card(page, "chart.png").get_by_role("combobox")).to_have_text("0")
    page.wait_for_function(
        "source => document.querySelector('.artifact-card img').src !== source",
        arg="data:image/png;base64," + base64.b64encode(versions["chart.png", 1]).decode(),
    )
    assert shown_image(page) == versions["chart.png", 0]
    assert page.evaluate("document.querySelector('.artifact-card img').naturalWidth") == 320

    assert downloaded(page, "report.pdf", tmp_path / "1.pdf") == versions["report.pdf", 1]
    choose(page, "report.pdf", 0)
    expect(card(page, "report.pdf").get_by_role("combobox")).to_have_text("0")
    page.wait_for_load_state("networkidle")
    assert downloaded(page, "report.pdf", tmp_path / "0.pdf") == versions["report.pdf", 0]
    assert (tmp_path / "0.pdf").read_bytes().startswith(b"%PDF-")
