"""What tests of a deployed stack do to it: save, break, wait."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

from artifact_store import ArtifactId, Content
from artifact_store.adapters.dynamodb import DynamoTable
from artifact_store.adapters.time import SystemClock
from artifact_store.ids import new_id
from artifact_store.index import TableIndex
from artifact_store.record import Draft

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.stacks import Stack


def path_of(artifact: ArtifactId) -> str:
    app, user, session = artifact.scope.key_prefix.split("/")
    return f"/v1/apps/{app}/users/{user}/sessions/{session}/artifacts/{artifact.encoded_filename}"


def save(stack: Stack, artifact: ArtifactId, body: bytes) -> int:
    answer = stack.call("POST", path_of(artifact), body=body, content_type="application/octet-stream")
    assert answer.status == 201
    number: int = answer.json["version"]
    return number


def invoke(stack: Stack, function: str, event: dict[str, Any]) -> dict[str, Any]:
    name = stack.outputs.get(function) or stack.resource(function)
    answer = stack.cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
    document: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, document
    return document


def index(stack: Stack) -> tuple[Any, TableIndex]:
    client = stack.cloud.client("dynamodb")
    clock = SystemClock()
    return client, TableIndex(
        DynamoTable(client=client, table_name=stack.outputs["IndexTableName"], clock=clock), clock
    )


def drop_items(stack: Stack, artifact: ArtifactId, *prefixes: str) -> None:
    """Removes items of the artifact's scope, by how their sort keys start."""
    client, _ = index(stack)
    table = stack.outputs["IndexTableName"]
    found = client.query(
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": artifact.scope.partition}},
    )["Items"]
    for item in found:
        if item["sk"]["S"].startswith(prefixes):
            client.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})


def eventually(holds: Callable[[], bool], *, within: float) -> float:
    """Waits until something holds; returns how long it took."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < within, "it does not come true"
        time.sleep(0.2)
    return time.monotonic() - started


@dataclasses.dataclass(frozen=True, kw_only=True)
class Crashed:
    """A save that crashed, and when, in seconds since 1970."""

    artifact: ArtifactId
    at: float


def crash_save(stack: Stack, artifact: ArtifactId) -> None:
    """Leaves what a first save leaves that crashes between its two steps."""
    # A token of its own: with another save's it would be that save, made twice.
    token = hashlib.sha256(artifact.key_prefix.encode()).hexdigest()
    draft = Draft(gen=new_id(), token=token, content=Content(body=b"crashed"), created_ms=int(time.time() * 1000))
    body, content_type, metadata = draft.object(None)
    stack.cloud.client("s3").put_object(
        Bucket=stack.outputs["BucketName"],
        Key=artifact.object_key(0),
        Body=body,
        ContentType=content_type,
        Metadata=metadata,
    )
