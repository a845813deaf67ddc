"""What a request on the wire is: the AWS operation it asks for, and what AWS bills for it.

S3's operation is in method, path and query; DynamoDB's and others' in `X-Amz-Target`. DynamoDB's units follow from
the items in request and answer, as `storage_cost` sizes them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from benchmarks.storage_cost import READ_UNIT, S3_GET, S3_PUT, WRITE_UNIT

S3 = "s3"
DYNAMODB = "dynamodb"
API = "api"

_CAPACITY_READ = 4096
_CAPACITY_WRITE = 1024

# By method and the query parameter that tells operations apart; "" is none of them.
_S3_OF_OBJECT = {
    ("PUT", "partNumber"): "UploadPart",
    ("PUT", ""): "PutObject",
    ("GET", "uploadId"): "ListParts",
    ("GET", ""): "GetObject",
    ("HEAD", ""): "HeadObject",
    ("POST", "uploads"): "CreateMultipartUpload",
    ("POST", "uploadId"): "CompleteMultipartUpload",
    ("DELETE", "uploadId"): "AbortMultipartUpload",
    ("DELETE", ""): "DeleteObject",
}
_S3_OF_BUCKET = {
    ("GET", "versions"): "ListObjectVersions",
    ("GET", "uploads"): "ListMultipartUploads",
    ("GET", "list-type"): "ListObjectsV2",
    ("GET", ""): "ListObjects",
    ("HEAD", ""): "HeadBucket",
    ("PUT", ""): "CreateBucket",
    ("POST", "delete"): "DeleteObjects",
}
_S3_READS = frozenset({"GetObject", "HeadObject", "HeadBucket"})
_S3_FREE = frozenset({"DeleteObject", "DeleteObjects", "AbortMultipartUpload"})


def operation_of(method: str, target: str, headers: Mapping[str, str]) -> tuple[str, str]:
    """Service and operation of a request.

    Args:
        method: The HTTP method.
        target: Path and query as sent; a bucket is the path's first segment.
        headers: Lower-case names.
    """
    asked = headers.get("x-amz-target")
    if asked:
        prefix, _, operation = asked.partition(".")
        return (DYNAMODB if prefix.startswith("DynamoDB") else prefix.lower()), operation
    path, _, query = target.partition("?")
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    is_object = "/" in path.strip("/")
    table = _S3_OF_OBJECT if is_object else _S3_OF_BUCKET
    for (known_method, parameter), operation in table.items():
        if method == known_method and parameter and parameter in parameters:
            return S3, operation
    return S3, table.get((method, ""), f"{method} {'object' if is_object else 'bucket'}")


def dollars_of(service: str, operation: str, request: bytes, answer: bytes) -> float:
    """Dollars per million calls like this one; bodies are looked at for DynamoDB alone."""
    if service == S3:
        if operation in _S3_FREE:
            return 0.0
        return S3_GET if operation in _S3_READS else S3_PUT
    if service == DYNAMODB:
        asked, answered = _json(request), _json(answer)
        return _read_units(operation, asked, answered) * READ_UNIT + _write_units(operation, asked) * WRITE_UNIT
    return 0.0


def _json(body: bytes) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(body or b"{}")
    return read


def _read_units(operation: str, asked: Mapping[str, Any], answered: Mapping[str, Any]) -> float:
    if operation == "GetItem":
        return _strength(asked) * _units([answered.get("Item")], _CAPACITY_READ)
    if operation in {"Query", "Scan"}:
        # Counted together, not item by item.
        size = sum(item_bytes(item) for item in answered.get("Items", []))
        return _strength(asked) * max(1, math.ceil(size / _CAPACITY_READ))
    if operation == "BatchGetItem":
        units = 0.0
        for table, keys in asked["RequestItems"].items():
            found = answered.get("Responses", {}).get(table, [])
            missing = [None] * (len(keys["Keys"]) - len(found))
            units += _strength(keys) * _units([*found, *missing], _CAPACITY_READ)
        return units
    return 0.0


def _strength(asked: Mapping[str, Any]) -> float:
    return 1.0 if asked.get("ConsistentRead") else 0.5


def _write_units(operation: str, asked: Mapping[str, Any]) -> float:
    if operation == "PutItem":
        return _units([asked["Item"]], _CAPACITY_WRITE)
    if operation in {"UpdateItem", "DeleteItem"}:
        return 1  # of items below 1 KB, as all that are updated or deleted here
    if operation == "BatchWriteItem":
        requests = [request for table in asked["RequestItems"].values() for request in table]
        return _units([request.get("PutRequest", {}).get("Item") for request in requests], _CAPACITY_WRITE)
    if operation == "TransactWriteItems":
        written = [write.get("Put", {}).get("Item") for write in asked["TransactItems"]]
        return 2 * _units(written, _CAPACITY_WRITE)
    return 0.0


def _units(items: Sequence[Mapping[str, Any] | None], step: int) -> float:
    """Units of items of which each is billed by itself; a missing one and a key alone are one unit."""
    return sum(max(1, math.ceil(item_bytes(item) / step)) if item else 1 for item in items)


def item_bytes(item: Mapping[str, Any]) -> int:
    """An item's bytes as DynamoDB counts them, from its JSON on the wire."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            size = len(content.encode())
        case "N":
            size = math.ceil(len(content.lstrip("-").replace(".", "")) / 2) + 1
        case "BOOL" | "NULL":
            size = 1
        case "B":
            size = len(content) * 3 // 4
        case "M":
            size = 3 + item_bytes(content) + len(content)
        case "L":
            size = 3 + sum(_value_bytes(element) + 1 for element in content)
        case _:
            raise ValueError(f"an attribute of type {kind} has no size yet")
    return size
