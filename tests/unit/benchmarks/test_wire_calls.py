from __future__ import annotations

import json
import math
from typing import Any

import pytest

from benchmarks import storage_cost
from benchmarks.wire_calls import dollars_of, item_bytes, operation_of


@pytest.mark.parametrize(
    ("method", "target", "operation"),
    [
        ("PUT", "/bucket/app/u/s/f/0", "PutObject"),
        ("PUT", "/bucket/!blobs/1?partNumber=1&uploadId=x", "UploadPart"),
        ("GET", "/bucket/app/u/s/f/0?versionId=1", "GetObject"),
        ("GET", "/bucket?list-type=2&prefix=app%2Fu%2F", "ListObjectsV2"),
        ("GET", "/bucket/?versions&prefix=a", "ListObjectVersions"),
        ("HEAD", "/bucket/app/u/s/f/0", "HeadObject"),
        ("POST", "/bucket?delete", "DeleteObjects"),
        ("POST", "/bucket/key?uploads", "CreateMultipartUpload"),
        ("POST", "/bucket/key?uploadId=x", "CompleteMultipartUpload"),
        ("DELETE", "/bucket/key?versionId=1", "DeleteObject"),
    ],
)
def test_s3s_operation_is_in_method_path_and_query(method: str, target: str, operation: str) -> None:
    assert operation_of(method, target, {}) == ("s3", operation)


def test_other_services_name_their_operation() -> None:
    asked = {"x-amz-target": "DynamoDB_20120810.TransactWriteItems"}
    assert operation_of("POST", "/", asked) == ("dynamodb", "TransactWriteItems")
    asked = {"x-amz-target": "secretsmanager.GetSecretValue"}
    assert operation_of("POST", "/", asked) == ("secretsmanager", "GetSecretValue")


@pytest.mark.parametrize(
    ("operation", "dollars"),
    [("PutObject", 5.0), ("ListObjectsV2", 5.0), ("GetObject", 0.4), ("HeadObject", 0.4), ("DeleteObjects", 0.0)],
)
def test_s3_is_billed_by_kind_of_request(operation: str, dollars: float) -> None:
    assert dollars_of("s3", operation, b"", b"") == dollars


def bill(operation: str, asked: dict[str, Any], answered: dict[str, Any] | None = None) -> float:
    return dollars_of("dynamodb", operation, json.dumps(asked).encode(), json.dumps(answered or {}).encode())


def item(size: int) -> dict[str, Any]:
    return {"sk": {"S": "x" * (size - 2)}}


def test_a_consistent_read_is_billed_by_4_kib() -> None:
    assert bill("GetItem", {"ConsistentRead": True}, {"Item": item(4096)}) == 0.125
    assert bill("GetItem", {"ConsistentRead": True}, {"Item": item(4097)}) == 0.25
    assert bill("GetItem", {}, {"Item": item(100)}) == 0.0625
    assert bill("GetItem", {"ConsistentRead": True}, {}) == 0.125


def test_a_query_is_billed_for_its_items_together() -> None:
    assert bill("Query", {"ConsistentRead": True}, {"Items": [item(1000)] * 5}) == 0.25


def test_a_batch_is_billed_for_what_it_does_not_find_too() -> None:
    asked = {"RequestItems": {"table": {"ConsistentRead": True, "Keys": [{}, {}]}}}
    assert bill("BatchGetItem", asked, {"Responses": {"table": [item(10)]}}) == 0.25


def test_a_transaction_costs_double() -> None:
    asked = {"TransactItems": [{"Put": {"Item": item(1025)}}, {"ConditionCheck": {}}, {"Delete": {}}]}
    assert bill("TransactWriteItems", asked) == 2 * (2 + 1 + 1) * 0.625


def test_items_are_sized_on_the_wire_as_in_the_tables_of_costs() -> None:
    values: dict[str, Any] = {"text": "grün", "number": -12345, "flag": True}
    wire = {"text": {"S": "grün"}, "number": {"N": "-12345"}, "flag": {"BOOL": True}}
    keys = {"pk": {"S": "s:app"}, "sk": {"S": "h#f"}}
    same = storage_cost.size_of(("s:app", "h#f"), values)
    assert math.isclose(item_bytes({**keys, **wire}), same, abs_tol=1)  # a sign is half a byte there
