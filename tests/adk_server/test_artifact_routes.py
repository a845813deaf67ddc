"""Every artifact route of ADK's server, with our service behind it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from artifact_store.names import encode

if TYPE_CHECKING:
    import httpx

    from local import LocalApi

pytestmark = pytest.mark.integration

PDF = b"%PDF-1.7\n\xff\x00" * 100
ARTIFACTS = "/apps/{app_name}/users/{user_id}/sessions/{session_id}/artifacts"
NAMED = ARTIFACTS + "/{artifact_name}"


@pytest.fixture
def artifacts() -> str:
    """The URL of a user's artifacts that no other test uses."""
    return f"/apps/reports/users/{uuid4().hex}@example.com/sessions/s1/artifacts"


def save(server: httpx.Client, artifacts: str, filename: str, artifact: dict[str, Any], **more: Any) -> httpx.Response:
    return server.post(artifacts, json={"filename": filename, "artifact": artifact, **more})


def pdf() -> dict[str, Any]:
    data = base64.b64encode(PDF).decode()
    return {"inlineData": {"mimeType": "application/pdf", "data": data, "displayName": "Bericht.pdf"}}


def test_these_are_all_artifact_routes(adk_server: httpx.Client) -> None:
    paths = adk_server.get("/openapi.json").raise_for_status().json()["paths"]
    routes = {(method, path) for path, methods in paths.items() if "artifact" in path for method in methods}
    assert {(method, path.replace(":path}", "}")) for method, path in routes} == {
        ("post", ARTIFACTS),
        ("get", ARTIFACTS),
        ("get", NAMED),
        ("delete", NAMED),
        ("get", NAMED + "/versions"),
        ("get", NAMED + "/versions/metadata"),
        ("get", NAMED + "/versions/{version_id}"),
        ("get", NAMED + "/versions/{version_id}/metadata"),
    }


def test_save_answers_with_the_version(adk_server: httpx.Client, artifacts: str, local_api: LocalApi) -> None:
    metadata = {"pages": 3, "final": False, "tags": ["a", None]}
    first = save(adk_server, artifacts, "q1/report.pdf", pdf(), customMetadata=metadata).raise_for_status().json()
    user = artifacts.split("/")[4]
    key = f"reports/{user}/s1/{encode('q1/report.pdf')}/0"
    assert first == {
        "version": 0,
        "canonicalUri": f"s3://{local_api.bucket_name}/{key}",
        "customMetadata": metadata,
        "createTime": first["createTime"],
        "mimeType": "application/pdf",
    }
    assert save(adk_server, artifacts, "q1/report.pdf", pdf()).json()["version"] == 1


@pytest.mark.parametrize("name", ["report.pdf", "q1/report.pdf", "user:shared.pdf", "Übersicht № 1.pdf"])
def test_the_life_of_an_artifact(adk_server: httpx.Client, artifacts: str, name: str) -> None:
    url = f"{artifacts}/{quote(name)}"
    start = save(adk_server, artifacts, name, pdf(), customMetadata={"n": 0}).raise_for_status().json()["version"]
    save(adk_server, artifacts, name, {"text": "second"}).raise_for_status()

    assert name in adk_server.get(artifacts).raise_for_status().json()
    assert adk_server.get(url).json() == {"text": "second"}
    assert adk_server.get(f"{url}/versions/latest").json() == {"text": "second"}
    for old in (adk_server.get(url, params={"version": start}), adk_server.get(f"{url}/versions/{start}")):
        inline = old.raise_for_status().json()["inlineData"]
        assert base64.urlsafe_b64decode(inline["data"]) == PDF
        assert (inline["mimeType"], inline["displayName"]) == ("application/pdf", "Bericht.pdf")
    assert adk_server.get(f"{url}/versions").json() == [start, start + 1]

    described = adk_server.get(f"{url}/versions/metadata").raise_for_status().json()
    assert [(v["version"], v["mimeType"]) for v in described] == [(start, "application/pdf"), (start + 1, "text/plain")]
    assert described[0]["customMetadata"] == {"n": 0}
    assert adk_server.get(f"{url}/versions/{start}/metadata").json() == described[0]
    assert adk_server.get(f"{url}/versions/latest/metadata").json() == described[1]

    adk_server.delete(url).raise_for_status()
    assert name not in adk_server.get(artifacts).json()
    assert adk_server.get(url).status_code == 404
    assert adk_server.get(f"{url}/versions").json() == []
    assert adk_server.delete(url).is_success


def test_missing_is_404(adk_server: httpx.Client, artifacts: str) -> None:
    url = f"{artifacts}/nothing"
    for path in (url, f"{url}/versions/0", f"{url}/versions/latest", f"{url}/versions/0/metadata"):
        assert adk_server.get(path).status_code == 404, path
    assert adk_server.get(url, params={"version": -1}).status_code == 404
    assert adk_server.get(f"{url}/versions/{10**30}").status_code == 404
    assert adk_server.get(f"{url}/versions").json() == []
    assert adk_server.get(f"{url}/versions/metadata").json() == []
    assert adk_server.get(artifacts).json() == []


@pytest.mark.parametrize(
    ("filename", "artifact", "metadata", "text"),
    [
        ("x" * 901, {"text": "x"}, {}, "filename takes 901 bytes"),
        ("f", {}, {}, "Not supported artifact type."),
        ("f", {"fileData": {"fileUri": "artifact://apps/x"}}, {}, "Invalid artifact reference URI"),
        ("f", {"fileData": {"fileUri": "artifact://apps/x/users/y/artifacts/z/versions/0"}}, {}, "same app and user"),
        ("f", {"text": "x"}, {"k": "x" * 66_000}, "the limit is 65,536"),
    ],
)
def test_bad_input_is_400_with_the_reason(
    adk_server: httpx.Client,
    artifacts: str,
    filename: str,
    artifact: dict[str, Any],
    metadata: dict[str, Any],
    text: str,
) -> None:
    answer = save(adk_server, artifacts, filename, artifact, customMetadata=metadata)
    assert answer.status_code == 400
    assert text in answer.json()["detail"]
    assert adk_server.get(artifacts).json() == []


def test_large_content_and_large_metadata_are_fine(adk_server: httpx.Client, artifacts: str) -> None:
    text, metadata = "x" * (3 * 1024 * 1024 + 1), {"k": "x" * 60_000}
    assert save(adk_server, artifacts, "f", {"text": text}, customMetadata=metadata).is_success
    assert adk_server.get(f"{artifacts}/f").json()["text"] == text
    assert adk_server.get(f"{artifacts}/f/versions/0/metadata").json()["customMetadata"] == metadata


def test_the_reserved_session_is_400(adk_server: httpx.Client) -> None:
    answer = save(adk_server, "/apps/reports/users/alice/sessions/user/artifacts", "f", {"text": "x"})
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "session must not be or start with the reserved value 'user'",
    )
