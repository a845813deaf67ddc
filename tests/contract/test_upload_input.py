"""Whatever is asked of uploads that cannot be is refused, with its member named."""

from __future__ import annotations

from typing import Any

import pytest

from artifact_store.transfers import MIB, MIN_PART_BYTES
from tests.contract.calls import DOC, SESSION, call
from tests.contract.uploading import (
    SHA256,
    UPLOADS,
    assert_problem,
    begin,
    finalize,
    post,
    uploaded,
)
from tests.faults.interposed import World

pytestmark = pytest.mark.usefixtures("aws")

ROUTES = [("POST", "/parts"), ("GET", ""), ("POST", "/finalize"), ("DELETE", "")]


@pytest.mark.parametrize(
    ("body", "code", "field", "limit"),
    [
        ({}, "invalid_body", "size", None),
        ({"size": -1}, "invalid_body", "size", 0),
        ({"size": 1.5}, "invalid_body", "size", None),
        ({"size": "5"}, "invalid_body", "size", None),
        ({"size": True}, "invalid_body", "size", None),
        ({"size": 5 * MIB * MIB + 1}, "invalid_body", "size", 5 * MIB * MIB),
        ({"size": 10**400}, "invalid_body", "size", 5 * MIB * MIB),
        ({"size": 5, "partSize": MIN_PART_BYTES - 1}, "invalid_body", "partSize", MIN_PART_BYTES),
        ({"size": 5, "partSize": 5 * 1024 * MIB + 1}, "invalid_body", "partSize", 5 * 1024 * MIB),
        ({"size": 5, "partSize": "8 MiB"}, "invalid_body", "partSize", None),
        ({"size": 10_000 * MIN_PART_BYTES + 1, "partSize": MIN_PART_BYTES}, "invalid_body", "partSize", 10_000),
        ({"size": 5, "mimeType": 5}, "invalid_body", "mimeType", None),
        ({"size": 5, "mimeType": ""}, "invalid_part", "mimeType", 255),
        ({"size": 5, "mimeType": "m" * 256}, "invalid_part", "mimeType", 255),
        ({"size": 5, "mimeType": "ü"}, "invalid_part", "mimeType", None),
        ({"size": 5, "mimeType": "a\r\nb"}, "invalid_part", "mimeType", None),
        ({"size": 5, "method": "post"}, "invalid_body", "method", None),
        ({"size": 5, "method": ["put"]}, "invalid_body", "method", None),
        ({"size": None, "method": "put"}, "invalid_body", "size", None),
        ({"size": 5, "method": "put", "partSize": MIN_PART_BYTES}, "invalid_body", "partSize", None),
        ({"size": 5 * 1024 * MIB + 1, "method": "put"}, "invalid_body", "size", 5 * 1024 * MIB),
        ({"size": 5, "sha256": "0" * 63}, "invalid_body", "sha256", None),
        ({"size": 5, "sha256": SHA256.upper()}, "invalid_body", "sha256", None),
        ({"size": 5, "sha256": 5}, "invalid_body", "sha256", None),
        ({"size": 5, "part_size": MIN_PART_BYTES}, "invalid_body", "part_size", None),
        ([], "invalid_body", "body", None),
        ("size", "invalid_body", "body", None),
        (None, "invalid_body", "body", None),
    ],
)
def test_uploads_that_cannot_be_begun(body: Any, code: str, field: str, limit: int | None, world: World) -> None:
    assert_problem(post(UPLOADS, body), 400, code, field, limit)
    assert world.transfers.pending("", after=None) == ([], None)


@pytest.mark.parametrize("body", ["", "{", "{}{}", '{"size": 5, "size": 6}', '{"size": NaN}', "\ufeff{}", "size=5"])
@pytest.mark.parametrize("rest", ["", "/{upload}/parts", "/{upload}/finalize"])
def test_bodies_that_are_no_json_object(body: str, rest: str) -> None:
    path = UPLOADS + rest.replace("{upload}", begin().rpartition("/")[2])
    assert_problem(call("POST", path, body=body), 400, "invalid_body", "body")


PART = {"number": 1, "size": MIN_PART_BYTES, "sha256": SHA256}


@pytest.mark.parametrize(
    ("parts", "field", "limit"),
    [
        (None, "parts", None),
        ({}, "parts", None),
        ([], "parts", 1),
        ([PART] * 101, "parts", 100),
        ([5], "parts[0]", None),
        ([{}], "parts[0].number", None),
        ([PART, {**PART, "number": 0}], "parts[1].number", 1),
        ([{**PART, "number": 4}], "parts[0].number", 3),
        ([{**PART, "number": 10_001}], "parts[0].number", 10_000),
        ([{**PART, "number": True}], "parts[0].number", None),
        ([PART, PART], "parts[1].number", None),
        ([PART, {**PART, "number": 2, "size": MIN_PART_BYTES + 1}], "parts[1].size", MIN_PART_BYTES),
        ([{**PART, "size": MIN_PART_BYTES - 1}], "parts[0].size", MIN_PART_BYTES),
        ([{**PART, "number": 3}], "parts[0].size", 7),
        ([{**PART, "number": 3, "size": 6}], "parts[0].size", 7),
        ([{**PART, "size": -1}], "parts[0].size", 0),
        ([{**PART, "size": 5 * 1024 * MIB + 1}], "parts[0].size", 5 * 1024 * MIB),
        ([{**PART, "sha256": "AVq9f1zFei3ZS3WQ8ErYCEJzkF7jPsXOvq5iJ2qX+GI="}], "parts[0].sha256", None),
        ([{"number": 1, "size": MIN_PART_BYTES}], "parts[0].sha256", None),
        ([{**PART, "md5": "x"}], "parts[0].md5", None),
    ],
)
def test_parts_that_cannot_be(parts: Any, field: str, limit: int | None) -> None:
    assert_problem(post(f"{begin()}/parts", {"parts": parts}), 400, "invalid_body", field, limit)


def test_a_part_of_unknown_content_has_no_more_than_its_size() -> None:
    part = {"number": 10_000, "size": MIN_PART_BYTES + 1, "sha256": SHA256}
    upload = begin(size=None)
    assert_problem(post(f"{upload}/parts", {"parts": [part]}), 400, "invalid_body", "parts[0].size", MIN_PART_BYTES)


def test_a_put_has_no_parts() -> None:
    upload = begin(method="put", partSize=None)
    part = {"number": 1, "size": 5, "sha256": SHA256}
    assert_problem(post(f"{upload}/parts", {"parts": [part]}), 400, "invalid_body", "parts")


@pytest.mark.parametrize(
    ("changes", "code", "field", "limit"),
    [
        ({"size": None}, "invalid_body", "size", None),
        ({"size": "5"}, "invalid_body", "size", None),
        ({"size": -1}, "invalid_body", "size", 0),
        ({"sha256": None}, "invalid_body", "sha256", None),
        ({"sha256": "x"}, "invalid_body", "sha256", None),
        ({"part": "bytes"}, "invalid_body", "part", None),
        ({"part": {"kind": "image"}}, "invalid_body", "part.kind", None),
        ({"part": {"size": 5}}, "invalid_body", "part.size", None),
        ({"part": {"mimeType": 5}}, "invalid_body", "part.mimeType", None),
        ({"part": {"mimeType": "ü"}}, "invalid_part", "part.mimeType", None),
        ({"part": {"mimeType": "m" * 256}}, "invalid_part", "part.mimeType", 255),
        ({"part": {"displayName": "ü" * 600}}, "invalid_part", "part.displayName", 1024),
        ({"part": {"kind": "file"}}, "invalid_content", "content", 3 * MIB),
        ({"customMetadata": []}, "invalid_body", "customMetadata", None),
        ({"customMetadata": {"text": "x" * 65536}}, "metadata_too_large", "customMetadata", 65536),
        ({"customMetadata": {"\ud800": 1}}, "invalid_metadata", "customMetadata", None),
        ({"custom_metadata": {}}, "invalid_body", "custom_metadata", None),
        ({"uploadId": "u1"}, "invalid_body", "uploadId", None),
    ],
)
def test_uploads_that_cannot_be_finalized_so(
    changes: Any, code: str, field: str, limit: int | None, world: World
) -> None:
    upload = uploaded(world)
    assert_problem(finalize(upload, **changes), 400, code, field, limit)
    assert call("GET", DOC).status == 404
    assert finalize(upload).status == 201


@pytest.mark.parametrize("after", ["-1", "10001", "x", "", "1.0", "01", "٣", "9" * 5000])
def test_pages_that_cannot_be(after: str) -> None:
    answer = call("GET", begin(), query={"after": after})
    assert_problem(answer, 400, "invalid_parameter", "after", 10_000)


@pytest.mark.parametrize(("method", "rest"), [("POST", None), *ROUTES])
def test_unknown_parameters(method: str, rest: str | None) -> None:
    path = UPLOADS if rest is None else f"{begin()}{rest}"
    assert_problem(call(method, path, query={"resume": "1"}), 400, "invalid_parameter", "resume")


@pytest.mark.parametrize(("path", "allowed"), [("", "POST"), ("/u1", "DELETE, GET"), ("/u1/parts", "POST")])
def test_other_methods(path: str, allowed: str) -> None:
    answer = call("PUT", f"{UPLOADS}{path}")
    assert (answer.status, answer.headers["allow"]) == (405, allowed)


def test_nothing_is_uploaded_under_the_reserved_session() -> None:
    path = "/v1/apps/a/users/u/sessions/user/artifacts/doc/uploads"
    assert_problem(post(path, {"size": 5}), 400, "invalid_name", "session")


def test_names_are_checked_before_ids() -> None:
    assert_problem(call("GET", f"{SESSION}/a b/uploads/u1"), 400, "invalid_name", "filename")


def test_without_the_signing_key_no_upload_begins(aws: Any) -> None:
    import boto3  # noqa: PLC0415 - under the moto of the fixture

    boto3.client("secretsmanager").delete_secret(SecretId="cursors", ForceDeleteWithoutRecovery=True)
    answer = post(UPLOADS, {"size": 5})
    assert (answer.status, answer.code) == (503, "storage_unavailable")
