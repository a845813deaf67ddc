from __future__ import annotations

import base64
import hashlib

import pytest

from artifact_store import ArtifactId, Content, Scope
from tests.contract.calls import DOC, SESSION, USER, call, packed, save, unpacked
from tests.faults.interposed import World


@pytest.mark.parametrize("path", [DOC, f"{DOC}/versions/latest", f"{DOC}/versions/1"])
def test_content_comes_back_with_everything_known_of_it(path: str) -> None:
    save(body=b"old")
    saved = save(
        body=b"\x00\xff",
        Content_Type="application/json",
        Artifact_Part=packed({"displayName": "Ü"}),
        Artifact_Metadata=packed({"k": "ü"}),
    )
    answer = call("GET", path)
    digest = base64.b64encode(hashlib.sha256(b"\x00\xff").digest()).decode()
    assert (answer.status, answer.body) == (200, b"\x00\xff")
    assert unpacked(answer.headers["artifact-part"]) == {
        "kind": "bytes",
        "mimeType": "application/json",
        "displayName": "Ü",
    }
    assert unpacked(answer.headers["artifact-metadata"]) == {"k": "ü"}
    expected = {
        "content-type": "application/json",
        "content-digest": f"sha-256=:{digest}:",
        "etag": saved.headers["etag"],
        "artifact-version": "1",
        "artifact-size": "2",
        "accept-ranges": "bytes",
        "last-modified": "Tue, 14 Nov 2023 22:13:20 GMT",
        "content-disposition": "attachment; filename*=UTF-8''doc",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "strict-transport-security": "max-age=31536000",
        "cache-control": "private, no-cache",
    }
    assert expected.items() <= answer.headers.items()
    assert answer.headers.keys() == expected.keys() | {"artifact-part", "artifact-metadata"}


@pytest.mark.parametrize("path", [DOC, f"{DOC}/versions/latest", f"{DOC}/versions/0"])
def test_head_has_the_headers_of_get_and_reads_no_object(
    path: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(Content_Type="text/plain", Artifact_Metadata=packed({"k": 1}))
    get = call("GET", path)
    monkeypatch.setattr(world.objects, "get", no_object)
    head = call("HEAD", path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers == {**get.headers, "content-length": "7"}
    assert call("GET", path).status == 500


def no_object(*_: object) -> None:
    raise AssertionError("an object was read")


@pytest.mark.parametrize(
    ("metadata", "headers"),
    [({"text": "x" * 4400}, 1), ({"text": "x" * 4700}, 0)],
    ids=["fits", "too large"],
)
def test_metadata_over_the_header_limit_is_left_out(metadata: dict[str, str], headers: int, world: World) -> None:
    world.store().save(
        ArtifactId(Scope("app", "u", "s"), "doc"),
        Content(body=b"", custom_metadata=metadata),
        caller="c",
        idempotency_key="k",
    )
    assert list(call("GET", DOC).headers).count("artifact-metadata") == headers
    assert call("GET", f"{DOC}/versions/0/metadata").json["customMetadata"] == metadata


def test_content_of_no_type_is_octets() -> None:
    save()
    answer = call("GET", DOC)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert unpacked(answer.headers["artifact-part"])["mimeType"] is None
    assert "artifact-metadata" not in answer.headers


def test_markup_is_never_shown_in_place() -> None:
    save(f"{SESSION}/x.svg", b"<svg onload='alert(1)'/>", Content_Type="image/svg+xml")
    answer = call("GET", f"{SESSION}/x.svg")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("encoded", "disposed"),
    [
        ("a!2Fb.txt", "a%2Fb.txt"),
        ("!22!0D!0ASet-Cookie!3A!20a", "%22%0D%0ASet-Cookie%3A%20a"),
        ("!E2!80!AEgpj.exe", "%E2%80%AEgpj.exe"),
        ("!27!28!29!2A", "%27%28%29%2A"),
    ],
)
def test_filenames_are_data_in_the_disposition(encoded: str, disposed: str) -> None:
    save(f"{SESSION}/{encoded}")
    assert call("GET", f"{SESSION}/{encoded}").headers["content-disposition"] == (
        f"attachment; filename*=UTF-8''{disposed}"
    )


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("spelling", ["{}", "W/{}", '"other", {}', '"a" ,W/"b",{}', "*"])
@pytest.mark.parametrize("path", [DOC, f"{DOC}/versions/0"])
def test_what_the_client_has_is_not_sent_again(method: str, spelling: str, path: str) -> None:
    etag = save().headers["etag"]
    answer = call(method, path, headers={"If-None-Match": spelling.format(etag)})
    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)


@pytest.mark.parametrize("value", ['"other"', "", "garbage", '"unclosed', "W/"])
def test_what_the_client_has_not_is_sent(value: str) -> None:
    save()
    assert call("GET", DOC, headers={"If-None-Match": value}).body == b"content"


def test_not_modified_reads_no_object(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    etag = save().headers["etag"]
    monkeypatch.setattr(world.objects, "get", no_object)
    assert call("GET", DOC, headers={"If-None-Match": etag}).status == 304


def test_a_version_saved_again_after_a_delete_is_another() -> None:
    etag = save().headers["etag"]
    call("DELETE", DOC)
    assert save().json["version"] == 0
    assert call("GET", DOC, headers={"If-None-Match": etag}).status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_not_there(method: str) -> None:
    missing = call(method, DOC)
    assert missing.status == 404
    save()
    assert call(method, f"{DOC}/versions/7").status == 404
    if method == "GET":
        assert missing.code == "artifact_not_found"
        assert call(method, f"{DOC}/versions/7").code == "version_not_found"
        assert call(method, f"{DOC}/versions/7/metadata").code == "version_not_found"
    else:
        assert missing.body == b""


def test_scopes_do_not_mix() -> None:
    save(DOC, b"session")
    save(f"{USER}/doc", b"user")
    assert call("GET", DOC).body == b"session"
    assert call("GET", f"{USER}/doc").body == b"user"
    assert call("GET", f"{SESSION}/user:doc").body == b"user"
    assert call("GET", "/v1/apps/app/users/u/sessions/other/artifacts/user:doc").body == b"user"
    assert call("GET", "/v1/apps/app/users/u/sessions/other/artifacts/doc").status == 404


def test_metadata_of_a_version() -> None:
    saved = save(Artifact_Metadata=packed({"a": [1, {"b": None}]}))
    for version in ("0", "latest"):
        answer = call("GET", f"{DOC}/versions/{version}/metadata")
        assert (answer.status, answer.json) == (200, saved.json)


def test_delete_is_final_and_repeatable() -> None:
    save()
    save()
    for _ in range(2):
        answer = call("DELETE", DOC)
        assert (answer.status, answer.body) == (204, b"")
    assert call("GET", DOC).status == 404
    assert call("GET", f"{DOC}/versions").status == 404
    assert save().json["version"] == 0


def test_delete_of_a_users_artifact() -> None:
    save(f"{SESSION}/user:doc")
    assert call("DELETE", f"{USER}/doc").status == 204
    assert call("GET", f"{SESSION}/user:doc").status == 404
