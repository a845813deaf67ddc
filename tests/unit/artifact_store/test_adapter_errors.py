"""What AWS answers, and what the store makes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber

from artifact_store import StorageDenied, StorageUnavailable
from artifact_store.adapters.dynamodb import DynamoTable
from artifact_store.adapters.s3 import S3Objects
from artifact_store.ports import ABSENT, ConditionFailed, Key, ObjectExists, ObjectRef, Put, TransactionConflict
from tests.faults.interposed import TestClock

KEYS: dict[str, Any] = {"region_name": "us-east-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
A: Key = ("p", "a")
B: Key = ("p", "b")
REF = ObjectRef("k", "v")


class S3Case:
    """An S3 adapter whose client answers as a test says."""

    def __init__(self) -> None:
        self.client: Any = boto3.client("s3", **KEYS)
        self.stub = Stubber(self.client)
        self.stub.activate()
        self.objects = S3Objects(client=self.client, bucket_name="b")


class TableCase:
    """A DynamoDB adapter whose client answers as a test says."""

    def __init__(self) -> None:
        self.client: Any = boto3.client("dynamodb", **KEYS)
        self.stub = Stubber(self.client)
        self.stub.activate()
        self.clock = TestClock()
        self.table = DynamoTable(client=self.client, table_name="t", clock=self.clock)


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("PreconditionFailed", 412, ObjectExists),
        ("ConditionalRequestConflict", 409, ObjectExists),
        ("SlowDown", 503, StorageUnavailable),
        ("InternalError", 500, StorageUnavailable),
        ("RequestTimeout", 400, StorageUnavailable),
        ("BadDigest", 400, StorageUnavailable),
        ("AccessDenied", 403, StorageDenied),
        ("NoSuchBucket", 404, StorageDenied),
    ],
)
def test_a_refused_put(code: str, status: int, error: type[Exception]) -> None:
    case = S3Case()
    case.stub.add_client_error("put_object", code, "arn:aws:s3:::secret", status)
    with pytest.raises(error) as raised:
        case.objects.create("k", b"body", content_type="a/b", metadata={})
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(("code", "status"), [("NoSuchKey", 404), ("NoSuchVersion", 404), ("404", 404)])
def test_a_missing_object_is_none(code: str, status: int) -> None:
    case = S3Case()
    case.stub.add_client_error("get_object", code, http_status_code=status)
    case.stub.add_client_error("head_object", code, http_status_code=status)
    assert case.objects.get(REF) is None
    assert case.objects.head("k") is None


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("get_object", lambda objects: objects.get(REF)),
        ("head_object", lambda objects: objects.head("k")),
        ("delete_object", lambda objects: objects.delete([REF])),
        ("delete_objects", lambda objects: objects.delete([REF, REF])),
    ],
)
def test_a_denied_call_is_not_an_absence(method: str, call: Callable[[S3Objects], object]) -> None:
    case = S3Case()
    case.stub.add_client_error(method, "AccessDenied", http_status_code=403)
    with pytest.raises(StorageDenied, match="S3 refused the call: AccessDenied"):
        call(case.objects)


def test_a_batch_delete_that_keeps_objects_says_so() -> None:
    case = S3Case()
    case.stub.add_response("delete_objects", {"Errors": [{"Key": "k", "Code": "InternalError"}]})
    with pytest.raises(StorageUnavailable, match="S3 kept 1 objects: InternalError"):
        case.objects.delete([REF, REF])


@pytest.mark.parametrize(
    "fault", [EndpointConnectionError(endpoint_url="https://x"), ReadTimeoutError(endpoint_url="https://x")]
)
def test_no_answer_may_be_tried_again(fault: Exception) -> None:
    case = S3Case()

    def refuse(**_: object) -> None:
        raise fault

    case.client.meta.events.register("before-send.s3", refuse)
    case.stub.deactivate()
    with pytest.raises(StorageUnavailable, match=type(fault).__name__):
        case.objects.head("k")


@pytest.mark.parametrize(
    ("reasons", "error"),
    [
        (["None", "ConditionalCheckFailed"], ConditionFailed),
        (["TransactionConflict", "None"], TransactionConflict),
        (["TransactionConflict", "ConditionalCheckFailed"], ConditionFailed),
        (["ThrottlingError", "None"], StorageUnavailable),
        (["ProvisionedThroughputExceeded"], StorageUnavailable),
    ],
)
def test_a_cancelled_transaction(reasons: list[str], error: type[Exception]) -> None:
    case = TableCase()
    case.stub.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        modeled_fields={"CancellationReasons": [{"Code": code} for code in reasons]},
    )
    with pytest.raises(error):
        case.table.transact([Put(A, {}, ABSENT)], request_token="t")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("TransactionInProgressException", TransactionConflict),
        ("TransactionConflictException", TransactionConflict),
        ("IdempotentParameterMismatchException", StorageUnavailable),
        ("ThrottlingException", StorageUnavailable),
        ("InternalServerError", StorageUnavailable),
        ("AccessDeniedException", StorageDenied),
        ("ResourceNotFoundException", StorageDenied),
        ("ValidationException", StorageDenied),
    ],
)
def test_a_refused_transaction(code: str, error: type[Exception]) -> None:
    case = TableCase()
    case.stub.add_client_error("transact_write_items", code)
    with pytest.raises(error):
        case.table.transact([Put(A, {}, ABSENT)], request_token="t")


def unprocessed_reads(case: TableCase, rounds: int) -> None:
    keys = [{"pk": {"S": part}, "sk": {"S": sort}} for part, sort in (A, B)]
    for _ in range(rounds):
        case.stub.add_response(
            "batch_get_item", {"Responses": {"t": []}, "UnprocessedKeys": {"t": {"Keys": keys, "ConsistentRead": True}}}
        )


def test_unprocessed_reads_are_asked_for_again() -> None:
    case = TableCase()
    unprocessed_reads(case, 2)
    item = {"pk": {"S": "p"}, "sk": {"S": "b"}, "n": {"N": "7"}}
    case.stub.add_response("batch_get_item", {"Responses": {"t": [item]}, "UnprocessedKeys": {}})
    started = case.clock.now
    assert case.table.get([A, B]) == [None, {"n": 7}]
    assert case.clock.now > started, "with a pause between"


def test_reads_that_stay_unprocessed_are_an_error_and_not_an_absence() -> None:
    case = TableCase()
    unprocessed_reads(case, 8)
    with pytest.raises(StorageUnavailable, match="throttling"):
        case.table.get([A, B])


def test_unprocessed_deletes_are_asked_for_again_and_then_reported() -> None:
    case = TableCase()
    left = {"t": [{"DeleteRequest": {"Key": {"pk": {"S": "p"}, "sk": {"S": "a"}}}}]}
    case.stub.add_response("batch_write_item", {"UnprocessedItems": left})
    case.stub.add_response("batch_write_item", {"UnprocessedItems": {}})
    case.table.delete([A])
    for _ in range(8):
        case.stub.add_response("batch_write_item", {"UnprocessedItems": left})
    with pytest.raises(StorageUnavailable, match="throttling"):
        case.table.delete([A])
