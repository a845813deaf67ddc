from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from artifact_store.model import MAX_INLINE_BYTES, MAX_METADATA_DEPTH
from tests.contract.calls import DOC, SESSION, USER, Answer, call, event_of, invoke, packed, save
from tests.faults.interposed import World

VERSION = f"{DOC}/versions"


def assert_refused(answer: Answer, status: int, code: str, field: str | None = None) -> Answer:
    assert (answer.status, answer.code) == (status, code), answer
    problem = answer.json
    assert problem["type"] == f"urn:artifact-api:problem:{code}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["requestId"] == "request-1"
    assert problem.get("field") == field
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    return answer


@pytest.fixture(autouse=True)
def _nothing_is_stored(world: World) -> Any:
    yield
    assert not world.objects.refs()
    assert not world.table.items()


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
@pytest.mark.parametrize(
    ("path", "field", "hint"),
    [
        (f"{SESSION}/a%2Fb", "filename", "a!2Fb"),
        (f"{SESSION}/a b", "filename", "a!20b"),
        (f"{SESSION}/a%20b", "filename", "a!20b"),
        (f"{SESSION}/a%2520b", "filename", "a!2520b"),
        (f"{SESSION}/☀", "filename", "!E2!98!80"),
        (f"{SESSION}/%E2%98%80", "filename", "!E2!98!80"),
        (f'{SESSION}/a"b', "filename", "a!22b"),
        (f"{SESSION}/a\\b", "filename", "a!5Cb"),
        (f"{SESSION}/a?b", "filename", "a!3Fb"),
        (f"{SESSION}/a#b", "filename", "a!23b"),
        (f"{SESSION}/a\x00b", "filename", "a!00b"),
        (f"{SESSION}/a\nb", "filename", "a!0Ab"),
        (f"{SESSION}/a!2fb", "filename", None),
        (f"{SESSION}/a!", "filename", None),
        (f"{SESSION}/!C3", "filename", None),
        (f"{SESSION}/!ED!A0!80", "filename", None),
        (f"{SESSION}/..", "filename", "!2E!2E"),
        (f"{SESSION}/%2E%2E", "filename", "!2E!2E"),
        (f"{SESSION}/.", "filename", "!2E"),
        (f"{SESSION}/!41", "filename", None),
        (f"{SESSION}/", "filename", None),
        (f"{SESSION}/user:", "filename", None),
        (f"{SESSION}/user!3Ax", "filename", "user:x"),
        (f"{SESSION}/user!3A", "filename", None),
        (f"{USER}/user:x", "filename", "user!3Ax"),
        (f"{SESSION}/\ud800", "filename", None),
        ("/v1/apps//users/u/sessions/s/artifacts/doc", "app", None),
        ("/v1/apps/!2E!2E/users/u/sessions/s/artifacts/doc", "app", None),
        ("/v1/apps/a/users/!00/sessions/s/artifacts/doc", "user", None),
        ("/v1/apps/a/users/!20/sessions/s/artifacts/doc", "user", None),
        ("/v1/apps/a/users/!2Fetc/artifacts/doc", "user", None),
        ("/v1/apps/a/users/u/sessions/a!2F..!2Fb/artifacts/doc", "session", None),
        ("/v1/apps/a/users/u/sessions/C!3A/artifacts/user:doc", "session", None),
        ("/v1/apps/a/users/u%2Fb/artifacts/doc", "user", "u!2Fb"),
    ],
)
def test_names(method: str, path: str, field: str, hint: str | None) -> None:
    answer = assert_refused(call(method, path, body=b"x" if method == "POST" else None), 400, "invalid_name", field)
    if hint:
        assert answer.json["detail"].endswith(f"write it as {hint}")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"{SESSION}/{'a' * 901}", "filename"),
        (f"{SESSION}/{'!00' * 301}", "filename"),
        (f"/v1/apps/{'a' * 500}/users/{'b' * 500}/sessions/s/artifacts/{'c' * 100}", "filename"),
        (f"/v1/apps/{'a' * 100_000}/users/u/artifacts/doc", "user"),
        (f"{SESSION}/{'!00' * 100_000}", "filename"),
    ],
)
def test_names_that_are_too_long(path: str, field: str) -> None:
    answer = assert_refused(call("POST", path, body=b"x"), 400, "key_too_long", field)
    assert answer.json["limit"] in {900, 1024}


def test_nothing_is_saved_under_the_reserved_session() -> None:
    for session in ("user", "user!2Fx", "user!5Cx"):
        path = f"/v1/apps/a/users/u/sessions/{session}/artifacts/doc"
        assert_refused(call("POST", path, body=b"x"), 400, "invalid_name", "session")


@pytest.mark.parametrize(
    "version", ["-1", "1e30", "abc", "01", "+1", "1.0", "", " 1", "٣", "9" * 11, "1" * 5000, "LATEST"]
)
@pytest.mark.parametrize("rest", ["", "/metadata"])
def test_versions(version: str, rest: str) -> None:
    assert_refused(call("GET", f"{VERSION}/{version}{rest}"), 400, "invalid_version", "version")


def test_the_highest_version_is_only_missing() -> None:
    assert call("GET", f"{VERSION}/9999999999").code == "artifact_not_found"


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "1.5", "", "abc", "1e2", "٣", "10,20", "9" * 5000, " 5", "0x10"])
@pytest.mark.parametrize("path", [SESSION, USER, f"{DOC}/versions"])
def test_limits(limit: str, path: str) -> None:
    answer = assert_refused(call("GET", path, query={"limit": limit}), 400, "invalid_parameter", "limit")
    assert answer.json["limit"] == 1000


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", DOC, "overwrite"),
        ("GET", DOC, "limit"),
        ("HEAD", DOC, "version"),
        ("GET", SESSION, "Limit"),
        ("GET", USER, "offset"),
        ("GET", f"{DOC}/versions", ""),
        ("GET", f"{DOC}/versions/0/metadata", "cursor"),
        ("DELETE", DOC, "version"),
        ("GET", "/v1/health", "deep"),
    ],
)
def test_unknown_query_parameters(method: str, path: str, name: str) -> None:
    answer = call(method, path, query={name: "1"}, body=b"x" if method == "POST" else None)
    if method == "HEAD":
        assert (answer.status, answer.body) == (400, b"")
    else:
        assert_refused(answer, 400, "invalid_parameter", name)


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "schlüssel", "a\tb", "a\x7fb", "\ud800"])
def test_idempotency_keys(key: str) -> None:
    assert_refused(save(Idempotency_Key=key), 400, "invalid_header", "Idempotency-Key")


@pytest.mark.parametrize("value", ["x" * 256, "text/plain\r\nX-Evil: 1", "téxt/plain", ""])
def test_content_types(value: str) -> None:
    assert_refused(save(Content_Type=value), 400, "invalid_header", "Content-Type")


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (packed({"kind": "image"}), "kind"),
        (packed({"kind": None}), "kind"),
        (packed({"kind": ["bytes"]}), "kind"),
        (packed({"kind": {}}), "kind"),
        (packed({"mimeType": 5}), "mimeType"),
        (packed({"mimeType": ""}), "mimeType"),
        (packed({"mimeType": "x" * 256}), "mimeType"),
        (packed({"mimeType": "a\r\nb"}), "mimeType"),
        (packed({"mimeType": "ü"}), "mimeType"),
        (packed({"displayName": "x" * 1025}), "displayName"),
        (packed({"displayName": 1}), "displayName"),
        (packed({"displayName": "\ud800"}), "displayName"),
        (packed({"kind": "bytes", "size": 1}), "size"),
        (packed({"Kind": "bytes"}), "Kind"),
        (packed(["bytes"]), "Artifact-Part"),
        (packed("bytes"), "Artifact-Part"),
        (packed(None), "Artifact-Part"),
        ("bytes", "Artifact-Part"),
        ("!!!!", "Artifact-Part"),
        ("a", "Artifact-Part"),
        ("{", "Artifact-Part"),
        ("{'kind': 'bytes'}", "Artifact-Part"),
        ('{"kind": "bytes", "kind": "text"}', "Artifact-Part"),
        (base64.urlsafe_b64encode(b"\xff\xfe").decode().rstrip("="), "Artifact-Part"),
    ],
)
def test_parts(value: str, field: str) -> None:
    assert_refused(save(Artifact_Part=value), 400, "invalid_part", field)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (packed([1]), "Artifact-Metadata"),
        (packed(1), "Artifact-Metadata"),
        ("not base64", "Artifact-Metadata"),
        ('{"a": NaN}', "Artifact-Metadata"),
        ('{"a": Infinity}', "Artifact-Metadata"),
        ('{"a": -Infinity}', "Artifact-Metadata"),
        ('{"a": 1e999}', "customMetadata"),
        ('{"a": 1, "a": 2}', "Artifact-Metadata"),
        ('{"a": {"b": 1, "b": 2}}', "Artifact-Metadata"),
        ('{"a": %s}' % ("1" * 5000), "Artifact-Metadata"),
        ('{"a": "\\ud800"}', "customMetadata"),
        ('{"\\udfff": 1}', "customMetadata"),
        ('{"a": "\\u0000"', "Artifact-Metadata"),
        ('{"a": %s}' % ("[" * 3000), "Artifact-Metadata"),
        ('{"a": %s}' % ("[" * MAX_METADATA_DEPTH + "]" * MAX_METADATA_DEPTH), "customMetadata"),
    ],
)
def test_metadata(value: str, field: str) -> None:
    assert_refused(save(Artifact_Metadata=value), 400, "invalid_metadata", field)


def test_metadata_that_is_nested_as_deep_as_a_header_can_hold() -> None:
    text = '{"a": %s}' % ("[" * 2900 + "]" * 2900)
    try:
        json.loads(text)
    except RecursionError:
        field = "Artifact-Metadata"
    else:
        field = "customMetadata"  # Python 3.13 reads it, and the limit is ours
    assert_refused(save(Artifact_Metadata=text), 400, "invalid_metadata", field)


def test_headers_that_are_not_ascii() -> None:
    assert_refused(save(Artifact_Metadata='{"a": "ü"}'), 400, "invalid_header", "Artifact-Metadata")
    assert_refused(save(Artifact_Part='{"displayName": "ü"}'), 400, "invalid_header", "Artifact-Part")


def test_metadata_that_is_too_large() -> None:
    answer = save(Artifact_Metadata=packed({"a": "x" * 5000}))
    assert assert_refused(answer, 400, "metadata_too_large", "Artifact-Metadata").json["limit"] == 6144
    answer = save(Artifact_Part=" " * 3500 + "{}" + " " * 3000, Artifact_Metadata=packed({"a": "x" * 4600}))
    assert_refused(answer, 400, "metadata_too_large", "Artifact-Metadata")


@pytest.mark.parametrize(
    "value",
    [
        "garbage",
        "sha-256=abc",
        "sha-256=::",
        "sha-512=:AAAA:",
        "sha-256=:AAAA:, sha-256=:BBBB:",
        "SHA-256=:AAAA:",
        "",
        "sha-256=:AAAA:,",
    ],
)
def test_digests_that_cannot_be_read(value: str) -> None:
    answer = save(Content_Digest=value)
    assert (answer.status, answer.code) in {(400, "invalid_header"), (400, "digest_mismatch")}
    assert answer.json["field"] == "Content-Digest"


def test_a_wrong_digest() -> None:
    wrong = base64.b64encode(b"\0" * 32).decode()
    assert_refused(save(Content_Digest=f"sha-256=:{wrong}:"), 400, "digest_mismatch", "Content-Digest")


@pytest.mark.parametrize("length", ["6", "8", "0", "9" * 30])
def test_a_body_that_is_not_as_long_as_announced(length: str) -> None:
    assert_refused(save(Content_Length=length), 400, "invalid_content", "content")


def test_text_that_a_gateway_has_mangled() -> None:
    mangled = b"caf\xe9".decode(errors="replace")
    answer = call("POST", DOC, body=mangled, headers={"Content-Type": "text/plain", "Content-Length": "4"})
    assert_refused(answer, 400, "invalid_content", "content")


@pytest.mark.parametrize("body", ["not base64!", "AAA", "QQ==QQ==", "ü"])
def test_a_body_that_is_no_base64(body: str) -> None:
    event = event_of("POST", DOC) | {"body": body, "isBase64Encoded": True}
    assert_refused(invoke(event), 400, "invalid_content", "content")


def test_a_body_with_a_lone_surrogate() -> None:
    assert_refused(call("POST", DOC, body="\ud800"), 400, "invalid_content", "content")


@pytest.mark.parametrize("kind", ["text", "file"])
def test_text_that_is_not_utf8(kind: str) -> None:
    assert_refused(save(body=b"\xff", Artifact_Part=packed({"kind": kind})), 400, "invalid_content", "content")


def test_a_file_without_uri() -> None:
    assert_refused(save(body=b"", Artifact_Part=packed({"kind": "file"})), 400, "invalid_content", "content")


def test_content_over_the_inline_limit_is_told_the_other_way() -> None:
    answer = assert_refused(save(body=bytes(MAX_INLINE_BYTES + 1)), 413, "content_too_large", "content")
    assert answer.json["limit"] == MAX_INLINE_BYTES
    assert "3,145,728" in answer.json["detail"]
    assert "kind file" in answer.json["detail"]


@pytest.mark.parametrize(
    "path",
    ["/", "/v1", "/v2/health", f"{DOC}/versions/1/content", f"{SESSION}/a/b", f"{DOC}/", "/v1/apps/a/users", "//"],
)
def test_unknown_paths(path: str) -> None:
    assert_refused(call("GET", path), 404, "route_not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", DOC, "DELETE, GET, HEAD, POST"),
        ("PATCH", f"{USER}/doc", "DELETE, GET, HEAD, POST"),
        ("POST", SESSION, "DELETE, GET"),
        ("DELETE", f"{VERSION}/1", "GET, HEAD"),
        ("POST", "/v1/health", "GET"),
        ("OPTIONS", f"{DOC}/versions", "GET"),
        ("DELETE", f"{VERSION}/0/metadata", "GET"),
    ],
)
def test_known_paths_with_another_method(method: str, path: str, allowed: str) -> None:
    answer = call(method, path)
    assert assert_refused(answer, 405, "method_not_allowed").headers["allow"] == allowed


def test_a_problem_is_plain_json_whatever_was_sent() -> None:
    answer = call("GET", SESSION, query={"\u202e<script>\r\n": "1"})
    assert json.loads(answer.body)["field"] == "\u202e<script>\r\n"
    assert answer.body.isascii()
    assert "<script>" not in "".join(answer.headers.values())
