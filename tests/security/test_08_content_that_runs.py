"""A page or drawing that someone saved runs in the browser of someone who opens its link.

Whatever its type, it is an attachment, and its type is not guessed. What a link or a redirect leads to is on the
bucket's host, never on the API's.
"""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from artifact_api import responses
from artifact_api.operations import batch_load, create_link, load_artifact
from tests.contract.calls import DOC, SESSION, call, save
from tests.contract.transfers import download
from tests.faults.interposed import World
from tests.security.defence import Defence

ATTACHED = Defence(
    8,
    "content is an attachment",
    tuple(
        (module, "content_disposition", lambda version: "inline")
        for module in (responses, create_link, load_artifact, batch_load)
    ),
)
TYPES_ARE_NOT_GUESSED = Defence(
    8, "a browser must not guess a type", ((responses, "_HEADERS", {"Cache-Control": "private, no-cache"}),)
)

SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(document.domain)</script></svg>"
RUNS = ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "text/html; charset=utf-7"]
GUESSED = ["text/plain", "application/octet-stream", "", "nonsense"]


def open_in_a_browser(world: World, mime_type: str, *, size: int = 0) -> list[str]:
    """Where what was saved would run: in the API's answer, or behind the link to it."""
    save(DOC, SCRIPT.ljust(size), **({"Content_Type": mime_type} if mime_type else {}))
    ran = []
    answer = call("GET", DOC)
    if "location" in answer.headers:
        there = download(world, answer.headers["location"])
        ran += ["behind the redirect"] if not there.disposition.startswith("attachment;") else []
    elif not answer.headers["content-disposition"].startswith("attachment;"):
        ran.append("in the answer")
    elif answer.headers.get("x-content-type-options") != "nosniff":
        ran.append("in the answer, as a guess")
    link = call("POST", f"{DOC}/versions/latest/link").json["request"]["url"]
    if not download(world, link).disposition.startswith("attachment;"):
        ran.append("behind the link")
    if urlsplit(link).scheme != "memory":
        ran.append("at the API")
    items = {"items": [{"filename": "doc"}]}
    (item,) = call("POST", SESSION.replace("artifacts", "batch/load"), body=json.dumps(items)).json["results"]
    if "request" in item and not download(world, item["request"]["url"]).disposition.startswith("attachment;"):
        ran.append("behind the link of a batch")
    return ran


@pytest.mark.parametrize("mime_type", RUNS + GUESSED)
@pytest.mark.parametrize("size", [0, 300_000])
def test_content_does_not_run(mime_type: str, size: int, world: World) -> None:
    assert open_in_a_browser(world, mime_type, size=size) == []


@pytest.mark.parametrize(
    ("size", "ran"),
    [
        (0, ["in the answer", "behind the link"]),
        (300_000, ["behind the redirect", "behind the link", "behind the link of a batch"]),
    ],
)
def test_content_runs_without_being_an_attachment(size: int, ran: list[str], world: World) -> None:
    with ATTACHED.taken_out():
        assert open_in_a_browser(world, "image/svg+xml", size=size) == ran


def test_content_runs_without_the_ban_on_guessing(world: World) -> None:
    with TYPES_ARE_NOT_GUESSED.taken_out():
        assert open_in_a_browser(world, "text/plain") == ["in the answer, as a guess"]
