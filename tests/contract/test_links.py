"""A link downloads a version without credentials, for as long as was asked."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from artifact_api import wiring
from tests.contract.calls import DOC, SESSION, USER, Answer, call, save
from tests.contract.transfers import download, send
from tests.contract.uploading import assert_problem
from tests.faults.interposed import Counted, World

LATEST = f"{DOC}/versions/latest/link"
WEEK = 7 * 24 * 60 * 60


def linked(path: str = LATEST, body: Any = None, **parts: Any) -> Answer:
    return call("POST", path, body=None if body is None else json.dumps(body), **parts)


@pytest.mark.parametrize(("body", "seconds"), [(None, 3600), ({}, 3600), ({"expiresIn": None}, 3600)])
def test_a_link_is_good_for_an_hour(body: Any, seconds: int, world: World) -> None:
    saved = save(body=b"content", Content_Type="image/png")
    answer = linked(body=body)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    request = answer.json["request"]
    assert answer.json == {"request": request, "version": saved.json}
    assert (request["method"], request["headers"]) == ("GET", {})
    assert request["expiresAt"] == world.clock.now + seconds
    there = download(world, request["url"])
    assert (there.status, there.body, there.content_type) == (200, b"content", "image/png")
    assert there.disposition == call("GET", DOC).headers["content-disposition"]
    world.clock.sleep(seconds)
    assert send(world, request)[0] == 403


@pytest.mark.parametrize("seconds", [1, 600, WEEK])
def test_a_link_is_good_for_as_long_as_was_asked(seconds: int, world: World) -> None:
    save()
    assert linked(body={"expiresIn": seconds}).json["request"]["expiresAt"] == world.clock.now + seconds


def test_a_link_is_for_one_version(world: World) -> None:
    save(body=b"one")
    save(body=b"two")
    first, latest = (linked(f"{DOC}/versions/{version}/link").json for version in ("0", "latest"))
    save(body=b"three")
    assert (first["version"]["version"], latest["version"]["version"]) == (0, 1)
    assert send(world, first["request"]) == (200, b"one")
    assert send(world, latest["request"]) == (200, b"two")


def test_a_link_ends_with_the_artifact(world: World) -> None:
    save()
    request = linked().json["request"]
    call("DELETE", DOC)
    assert send(world, request)[0] == 404
    assert_problem(linked(), 404, "artifact_not_found")


@pytest.mark.parametrize("path", [f"{USER}/doc", f"{SESSION}/user:doc"])
def test_a_users_artifact(path: str, world: World) -> None:
    saved = save(path, b"user's")
    answer = linked(f"{path}/versions/0/link")
    assert answer.json["version"] == saved.json
    assert send(world, answer.json["request"]) == (200, b"user's")


def test_a_link_asks_the_bucket_nothing(world: World) -> None:
    save()
    counted = Counted()
    wiring.use(store=world.store(counted))
    assert linked().status == 200
    assert counted.calls == ["get", "get", "sign_get"]


@pytest.mark.parametrize(
    ("body", "field", "limit"),
    [
        ({"expiresIn": 0}, "expiresIn", 1),
        ({"expiresIn": -1}, "expiresIn", 1),
        ({"expiresIn": WEEK + 1}, "expiresIn", WEEK),
        ({"expiresIn": 1.5}, "expiresIn", None),
        ({"expiresIn": "3600"}, "expiresIn", None),
        ({"expiresIn": True}, "expiresIn", None),
        ({"expires_in": 5}, "expires_in", None),
        ([], "body", None),
    ],
)
def test_links_that_cannot_be(body: Any, field: str, limit: int | None) -> None:
    save()
    assert_problem(linked(body=body), 400, "invalid_body", field, limit)


@pytest.mark.parametrize("version", ["-1", "x", "01", ""])
def test_versions_that_cannot_be(version: str) -> None:
    answer = linked(f"{DOC}/versions/{version}/link")
    assert (answer.status, answer.code, answer.json["field"]) == (400, "invalid_version", "version")


def test_what_is_not_there() -> None:
    assert_problem(linked(), 404, "artifact_not_found")
    save()
    assert_problem(linked(f"{DOC}/versions/7/link"), 404, "version_not_found")


def test_a_link_is_made_by_a_post_alone() -> None:
    answer = call("GET", LATEST)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert_problem(linked(query={"expiresIn": "5"}), 400, "invalid_parameter", "expiresIn")


def test_a_link_is_counted_and_not_logged(log: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    save()
    capsys.readouterr()
    url = linked().json["request"]["url"]
    written = log.getvalue() + capsys.readouterr().out
    assert '"Links":[1.0]' in written
    assert "signature" in url
    assert "signature" not in written
