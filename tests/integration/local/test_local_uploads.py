"""Uploads, links and redirects through the local API: its signed requests go to the emulator over the network."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from artifact_store.transfers import MIN_PART_BYTES
from local import LocalApi

pytestmark = pytest.mark.integration

ARTIFACTS = "/v1/apps/demo/users/ann/sessions/s1/artifacts"
CONTENT = bytes(range(256)) * (MIN_PART_BYTES // 256) + b"the end"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(scope="module")
def api() -> Iterator[LocalApi]:
    with LocalApi() as running:
        yield running


def post(api: LocalApi, path: str, body: Any, *, status: int = 200) -> Any:
    response = httpx.post(f"{api.url}{path}", json=body)
    assert response.status_code == status, response.text
    return response.json()


def send(signed: Any, body: bytes) -> httpx.Response:
    return httpx.request(signed["method"], signed["url"], headers=signed["headers"], content=body)


def signed_parts(api: LocalApi, upload: str) -> list[tuple[Any, bytes]]:
    bodies = {1: CONTENT[:MIN_PART_BYTES], 2: CONTENT[MIN_PART_BYTES:]}
    asked = [
        {"number": number, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        for number, body in bodies.items()
    ]
    answer = post(api, f"{upload}/parts", {"parts": asked})
    return [(part["request"], bodies[part["number"]]) for part in answer["parts"]]


def test_content_in_parts(api: LocalApi) -> None:
    uploads = f"{ARTIFACTS}/film!20!C3!BC.mp4/uploads"
    begun = post(api, uploads, {"size": len(CONTENT), "partSize": MIN_PART_BYTES, "mimeType": "video/mp4"}, status=201)
    upload = f"{uploads}/{begun['uploadId']}"
    for signed, body in signed_parts(api, upload):
        assert signed["url"].startswith(api.aws_endpoint_url)
        assert send(signed, body[::-1]).status_code in {400, 403}
        assert send(signed, body).status_code == 200
    state = httpx.get(f"{api.url}{upload}").json()
    assert [(part["number"], part["size"]) for part in state["parts"]] == [(1, MIN_PART_BYTES), (2, 7)]
    assert [part["sha256"] for part in state["parts"]] == [
        hashlib.sha256(body).hexdigest() for body in (CONTENT[:MIN_PART_BYTES], CONTENT[MIN_PART_BYTES:])
    ]
    facts = {"size": len(CONTENT), "sha256": SHA256, "customMetadata": {"text": "x" * 60_000}}
    saved = post(api, f"{upload}/finalize", facts, status=201)
    assert post(api, f"{upload}/finalize", facts, status=201) == saved
    assert httpx.get(f"{api.url}{upload}").json()["version"] == saved
    loaded = httpx.get(f"{api.url}{ARTIFACTS}/film!20!C3!BC.mp4", follow_redirects=True)
    assert hashlib.sha256(loaded.content).hexdigest() == SHA256
    assert loaded.headers["content-type"] == "video/mp4"
    assert loaded.headers["content-disposition"] == "attachment; filename*=UTF-8''film%20%C3%BC.mp4"
    assert httpx.delete(f"{api.url}{upload}").status_code == 409


def test_an_abort_frees_the_parts(api: LocalApi) -> None:
    uploads = f"{ARTIFACTS}/aborted/uploads"
    begun = post(api, uploads, {"size": len(CONTENT), "partSize": MIN_PART_BYTES}, status=201)
    upload = f"{uploads}/{begun['uploadId']}"
    ((first, body), (second, rest)) = signed_parts(api, upload)
    assert send(first, body).status_code == 200
    for _ in range(2):
        assert httpx.delete(f"{api.url}{upload}").status_code == 204
    assert send(second, rest).status_code == 404
    assert httpx.get(f"{api.url}{upload}").status_code == 404
    assert httpx.get(f"{api.url}{ARTIFACTS}/aborted").status_code == 404


def test_a_person_with_curl(api: LocalApi, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("there is no curl")
    content = CONTENT[:1_000_000]
    (tmp_path / "film.mp4").write_bytes(content)
    uploads = f"{ARTIFACTS}/curl.mp4/uploads"
    begun = post(api, uploads, {"size": len(content), "method": "put", "mimeType": "video/mp4"}, status=201)
    headers = [f"-H{name}: {value}" for name, value in begun["put"]["headers"].items()]
    command = [curl, "-sS", "--fail", "-T", str(tmp_path / "film.mp4"), *headers, begun["put"]["url"]]
    subprocess.run(command, check=True)
    # It must not exist yet: who has the URL cannot put other content over it.
    assert subprocess.run(command, check=False, capture_output=True).returncode == 22
    saved = post(api, f"{uploads}/{begun['uploadId']}/finalize", {"size": len(content)}, status=201)
    assert saved["sha256"] is None
    link = post(api, f"{ARTIFACTS}/curl.mp4/versions/0/link", {"expiresIn": 60})
    assert link["version"] == saved
    found = subprocess.run([curl, "-sS", "--fail", link["request"]["url"]], check=True, capture_output=True).stdout
    assert found == content


def test_a_link_cannot_be_changed(api: LocalApi) -> None:
    path = f"{ARTIFACTS}/linked.txt"
    assert httpx.post(f"{api.url}{path}", content=b"content").status_code == 201
    link = post(api, f"{path}/versions/latest/link", {})["request"]
    assert httpx.get(link["url"]).content == b"content"
    for old, new in (
        ("linked.txt", "film.txt"),
        ("X-Amz-Expires=3600", "X-Amz-Expires=7200"),
        ("attachment", "inline"),
    ):
        assert old in link["url"]
        assert httpx.get(link["url"].replace(old, new)).status_code == 403
