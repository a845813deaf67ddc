"""Content that is too large for an answer is to be had from the bucket."""

from __future__ import annotations

import io
from typing import Any

import pytest

from artifact_api import wiring
from artifact_store import ArtifactId, Scope
from tests.contract.calls import DOC, SESSION, USER, call, packed, save
from tests.contract.transfers import download
from tests.faults.interposed import Counted, World

LIMIT = 256 * 1024
LARGE = bytes(range(256)) * 1024 + b"!"


@pytest.mark.parametrize("path", [DOC, f"{DOC}/versions/latest", f"{DOC}/versions/1"])
def test_large_content_is_a_redirect_that_tells_all_of_it(
    path: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(body=b"old")
    save(
        body=LARGE,
        Content_Type="image/png",
        Artifact_Part=packed({"displayName": "Ü"}),
        Artifact_Metadata=packed({"k": "ü"}),
    )
    answer = call("GET", path)
    assert (answer.status, answer.body) == (307, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert "content-type" not in answer.headers
    assert answer.headers["artifact-size"] == str(len(LARGE))

    monkeypatch.setenv("INLINE_BYTES", str(len(LARGE)))
    wiring.reset()
    wiring.use(store=world.store())
    whole = call("GET", path)
    assert whole.body == LARGE
    told_once = {"location", "cache-control", "content-type", "accept-ranges"}
    assert {name: value for name, value in answer.headers.items() if name not in told_once} == {
        name: value for name, value in whole.headers.items() if name not in told_once
    }

    there = download(world, answer.headers["location"])
    assert (there.status, there.body) == (200, LARGE)
    assert there.content_type == whole.headers["content-type"]
    assert there.disposition == whole.headers["content-disposition"]
    assert there.seconds == 60


@pytest.mark.parametrize(("size", "status"), [(LIMIT - 1, 200), (LIMIT, 200), (LIMIT + 1, 307)])
@pytest.mark.parametrize("version", ["0", "latest"])
def test_the_limit_is_the_largest_content_that_is_sent(size: int, status: int, version: str) -> None:
    save(body=bytes(size))
    assert call("GET", f"{DOC}/versions/{version}").status == status


@pytest.mark.parametrize(("inline", "status"), [("0", 307), ("6", 307), ("7", 200)])
def test_the_limit_is_a_setting(inline: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INLINE_BYTES", inline)
    save(body=b"content")
    assert call("GET", DOC).status == status


def test_empty_content_is_never_redirected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INLINE_BYTES", "0")
    save(body=b"")
    assert (call("GET", DOC).status, call("GET", DOC).body) == (200, b"")


@pytest.mark.parametrize("path", [DOC, f"{DOC}/versions/0"])
def test_a_redirect_asks_the_bucket_nothing(path: str, world: World) -> None:
    save(body=LARGE)
    counted = Counted()
    wiring.use(store=world.store(counted))
    assert call("GET", path).status == 307
    assert set(counted.calls) - {"query"} == {"get", "sign_get"}
    assert counted.calls.count("get") + counted.calls.count("query") == 2


@pytest.mark.parametrize("path", [DOC, f"{DOC}/versions/0"])
def test_what_the_client_has_is_not_redirected(path: str) -> None:
    etag = save(body=LARGE).headers["etag"]
    answer = call("GET", path, headers={"If-None-Match": etag})
    assert (answer.status, answer.headers["etag"]) == (304, etag)
    assert "location" not in answer.headers


@pytest.mark.parametrize("path", [DOC, f"{DOC}/versions/0"])
def test_a_head_is_never_redirected(path: str) -> None:
    save(body=LARGE, Content_Type="image/png")
    answer = call("HEAD", path)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-length"] == answer.headers["artifact-size"] == str(len(LARGE))
    assert answer.headers["content-type"] == "image/png"
    assert "location" not in answer.headers


@pytest.mark.parametrize("asked", ["bytes=0-9", "bytes=99999999-", "nonsense"])
def test_a_range_is_the_buckets_to_cut(asked: str) -> None:
    save(body=LARGE)
    answer = call("GET", DOC, headers={"Range": asked})
    assert answer.status == 307
    assert "content-range" not in answer.headers


@pytest.mark.parametrize("path", [f"{SESSION}/user:doc", f"{USER}/doc"])
def test_a_users_content(path: str, world: World) -> None:
    save(path, LARGE)
    assert download(world, call("GET", path).headers["location"]).body == LARGE


def test_a_record_with_much_metadata_redirects_to_its_blob(world: World) -> None:
    metadata = {"text": "x" * 4000}
    save(body=LARGE, Artifact_Metadata=packed(metadata))
    answer = call("GET", DOC)
    assert "!blobs" in answer.headers["location"].replace("%21", "!")
    assert download(world, answer.headers["location"]).body == LARGE


def test_content_that_another_program_put(world: World) -> None:
    artifact = ArtifactId(Scope("app", "u", "s"), "doc")
    world.objects.create(artifact.object_key(0), LARGE, content_type="text/csv", metadata={"foreign": "1"})
    world.maintenance().adopt("")
    answer = call("GET", DOC)
    assert (answer.status, answer.headers["artifact-size"]) == (307, str(len(LARGE)))
    assert "content-digest" not in answer.headers
    there = download(world, answer.headers["location"])
    assert (there.body, there.content_type) == (LARGE, "text/csv")


def test_content_of_no_type_is_octets_there_too(world: World) -> None:
    save(body=LARGE)
    there = download(world, call("GET", DOC).headers["location"])
    assert there.content_type == "application/octet-stream"


@pytest.mark.parametrize(
    ("encoded", "disposed"),
    [("a!2Fb.txt", "a%2Fb.txt"), ("!22!0D!0ASet-Cookie!3A!20a", "%22%0D%0ASet-Cookie%3A%20a")],
)
def test_filenames_are_data_in_the_disposition(encoded: str, disposed: str, world: World) -> None:
    save(f"{SESSION}/{encoded}", LARGE)
    answer = call("GET", f"{SESSION}/{encoded}")
    expected = f"attachment; filename*=UTF-8''{disposed}"
    assert answer.headers["content-disposition"] == expected
    assert download(world, answer.headers["location"]).disposition == expected


def test_a_version_saved_meanwhile_does_not_mix_in(world: World) -> None:
    save(body=LARGE)
    again: list[Any] = []

    def save_between(name: str, phase: str) -> None:
        if (name, phase) == ("get", "after") and not again:
            again.append(None)
            wiring.use(store=world.store())
            again.append(save(body=LARGE + b"2"))

    wiring.use(store=world.store(save_between))
    answer = call("GET", DOC)
    assert len(again) == 2
    assert (answer.headers["artifact-version"], answer.headers["artifact-size"]) == ("0", str(len(LARGE)))
    assert download(world, answer.headers["location"]).body == LARGE


def test_a_redirect_is_counted_and_its_url_is_not_logged(log: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    save(body=LARGE)
    capsys.readouterr()
    location = call("GET", DOC).headers["location"]
    written = log.getvalue() + capsys.readouterr().out
    assert '"Redirects":[1.0]' in written
    assert "BytesLoaded" not in written
    assert "signature" in location
    assert "signature" not in written
