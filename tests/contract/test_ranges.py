"""Ranges of content that an answer carries itself."""

from __future__ import annotations

import base64
import hashlib

import pytest

from tests.contract.calls import DOC, Answer, call, save

CONTENT = bytes(range(200))


def asked(value: str, **headers: str) -> Answer:
    sent = {"Range": value, **{name.replace("_", "-"): text for name, text in headers.items()}}
    return call("GET", DOC, headers=sent)


@pytest.mark.parametrize(
    ("value", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-9", 0, 10),
        ("bytes=10-", 10, 200),
        ("bytes=199-", 199, 200),
        ("bytes=190-999", 190, 200),
        ("bytes=190-" + "9" * 5000, 190, 200),
        ("bytes=-1", 199, 200),
        ("bytes=-200", 0, 200),
        ("bytes=-999", 0, 200),
        ("bytes=0-199", 0, 200),
        (" BYTES = 3 - 5 ", 3, 6),
    ],
)
def test_a_range_of_the_content(value: str, start: int, stop: int) -> None:
    saved = save(body=CONTENT, Content_Type="image/png")
    answer = asked(value)
    part = CONTENT[start:stop]
    digest = base64.b64encode(hashlib.sha256(part).digest()).decode()
    assert (answer.status, answer.body) == (206, part)
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/200"
    assert answer.headers["content-digest"] == f"sha-256=:{digest}:"
    assert answer.headers["artifact-size"] == "200"
    assert answer.headers["etag"] == saved.headers["etag"]
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5",
        "bytes=5-2",
        "bytes=a-b",
        "bytes=0-1,5-6",
        "bytes=0-1, 2-3",
        "bytes=٣-٤",
        "bytes=0x1-0x2",
        "bytes=1.5-2",
        "bytes=+1-2",
        "bytes=0--1",
        "items=0-1",
        "seconds=1-2",
        "bytes 0-1/200",
        "\ud800",
    ],
)
def test_what_is_no_one_range_is_the_whole_content(value: str) -> None:
    save(body=CONTENT)
    answer = asked(value)
    assert (answer.status, answer.body) == (200, CONTENT)
    assert "content-range" not in answer.headers


@pytest.mark.parametrize("value", ["bytes=200-", "bytes=200-300", "bytes=999-", "bytes=-0", f"bytes={'9' * 5000}-"])
def test_a_range_after_the_end(value: str) -> None:
    save(body=CONTENT)
    answer = asked(value)
    assert (answer.status, answer.code) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == "bytes */200"
    assert "field" not in answer.json


@pytest.mark.parametrize(
    ("value", "status"), [("bytes=0-", 416), ("bytes=0-0", 416), ("bytes=-1", 200), ("bytes=-0", 416)]
)
def test_ranges_of_nothing(value: str, status: int) -> None:
    save(body=b"")
    assert asked(value).status == status


def test_if_range_lets_a_range_count_for_its_version_only() -> None:
    etag = save(body=CONTENT).headers["etag"]
    assert asked("bytes=0-9", If_Range=etag).status == 206
    assert asked("bytes=0-9", If_Range=f" {etag} ").status == 206
    newer = save(body=CONTENT[::-1]).headers["etag"]
    answer = asked("bytes=0-9", If_Range=etag)
    assert (answer.status, answer.body, answer.headers["etag"]) == (200, CONTENT[::-1], newer)
    assert asked("bytes=999-", If_Range=etag).status == 200


@pytest.mark.parametrize("value", ["W/{}", "{}, {}", "*", "", "Tue, 14 Nov 2023 22:13:20 GMT"])
def test_if_range_takes_one_strong_entity_tag(value: str) -> None:
    saved = save(body=CONTENT)
    assert call("GET", DOC).headers["last-modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    answer = asked("bytes=0-9", If_Range=value.replace("{}", saved.headers["etag"]))
    assert (answer.status, answer.body) == (200, CONTENT)


def test_what_the_client_has_comes_before_its_range() -> None:
    etag = save(body=CONTENT).headers["etag"]
    assert asked("bytes=0-9", If_None_Match=etag).status == 304
    assert asked("bytes=999-", If_None_Match=etag).status == 304


def test_a_head_has_no_range() -> None:
    save(body=CONTENT)
    answer = call("HEAD", DOC, headers={"Range": "bytes=0-9"})
    assert (answer.status, answer.headers["content-length"]) == (200, "200")
    assert "content-range" not in answer.headers


def test_a_range_of_a_numbered_version() -> None:
    save(body=CONTENT)
    save(body=b"newer")
    answer = call("GET", f"{DOC}/versions/0", headers={"Range": "bytes=-3"})
    assert (answer.status, answer.body) == (206, CONTENT[-3:])
