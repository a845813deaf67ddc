"""Bucket and index stay in agreement on the deployed stack: each maintenance function at work under its own role."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from artifact_store import ArtifactId
from artifact_store._items import timer_key
from artifact_store.purging import PurgeRequest
from tests.e2e.handling import drop_items, eventually, index, invoke, path_of, save

if TYPE_CHECKING:
    from tests.e2e.handling import Crashed
    from tests.e2e.stacks import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

QUEUE_DELAY = 60
NOT_LATER = 5


@pytest.fixture
def artifact() -> ArtifactId:
    return ArtifactId.of(app="report-writer", user=f"{uuid.uuid4()}@x.org", session="s/1", filename="charts/q1.png")


def test_reconcile_repairs_planted_drift_and_then_finds_none(stack: Stack, artifact: ArtifactId) -> None:
    other = ArtifactId(artifact.scope, "other")
    for body in (b"0", b"1"):
        save(stack, artifact, body)
        save(stack, other, body)
    drop_items(stack, artifact, "h#charts", "v#charts!2Fq1.png#0000000000")
    s3 = stack.cloud.client("s3")
    bucket = stack.outputs["BucketName"]
    for version in s3.list_object_versions(Bucket=bucket, Prefix=other.object_key(0))["Versions"]:
        s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    s3.delete_object(Bucket=bucket, Key=other.object_key(1))

    answer = invoke(stack, "ReconcileFunctionName", {"force": True})

    assert answer["complete"] is True
    assert answer["repaired"] == {"lost_head": 1, "unindexed_object": 1, "lost_object": 1, "hidden_object": 1}
    assert stack.call("GET", f"{path_of(artifact)}/versions/0").body == b"0"
    assert stack.call("GET", f"{path_of(other)}/versions/0").status == 404
    assert stack.call("GET", path_of(other)).body == b"1"
    assert invoke(stack, "ReconcileFunctionName", {"force": True})["drift"] == 0
    assert invoke(stack, "ReconcileFunctionName", {}) == {"complete": None}, "it rests"


def test_rebuild_remakes_a_lost_scope(stack: Stack, artifact: ArtifactId) -> None:
    for body in (b"0", b"1", b"2"):
        save(stack, artifact, body)
    drop_items(stack, artifact, "")
    assert stack.call("GET", path_of(artifact)).status == 404

    answer = invoke(stack, "RebuildFunctionName", {"scope": artifact.scope.key_prefix})

    assert (answer["versions"], answer["misfits"], answer["position"]) == (3, {}, None)
    assert [stack.call("GET", f"{path_of(artifact)}/versions/{number}").body for number in range(3)] == [
        b"0",
        b"1",
        b"2",
    ]


def test_adopt_takes_in_what_another_program_put(stack: Stack, artifact: ArtifactId) -> None:
    for number in (0, 1, 3):
        stack.cloud.client("s3").put_object(
            Bucket=stack.outputs["BucketName"], Key=artifact.object_key(number), Body=b"%d" % number
        )

    answer = invoke(stack, "AdoptFunctionName", {"prefix": f"{artifact.scope.key_prefix}/"})

    assert (answer["versions"], answer["misfits"]) == (2, {"foreign": 1})
    assert stack.call("GET", f"{path_of(artifact)}/versions/1").body == b"1"


def test_a_purge_that_did_not_end_is_ended_from_its_queue(stack: Stack, artifact: ArtifactId) -> None:
    for body in (b"0", b"1"):
        save(stack, artifact, body)
    _, table_index = index(stack)
    head = table_index.head(artifact)
    assert head is not None
    table_index.bury(artifact, head)
    s3 = stack.cloud.client("s3")

    stack.cloud.client("sqs").send_message(
        QueueUrl=stack.outputs["PurgeQueueUrl"], MessageBody=PurgeRequest(artifact, head.gen).to_text()
    )

    def is_gone() -> bool:
        listed = s3.list_object_versions(Bucket=stack.outputs["BucketName"], Prefix=artifact.key_prefix)
        return not listed.get("Versions")

    eventually(is_gone, within=60)
    eventually(lambda: bool((grave := table_index.grave(artifact, head.gen)) and grave.confirmed), within=30)


def test_an_artifact_whose_timer_has_ended_is_deleted_with_its_content(stack: Stack, artifact: ArtifactId) -> None:
    assert stack.call("POST", path_of(artifact), body=b"0", Artifact_Ttl="1").status == 201
    _, table_index = index(stack)
    head = table_index.head(artifact)
    assert head is not None
    eventually(lambda: stack.call("GET", path_of(artifact)).status == 404, within=10)
    pk, sk = timer_key(artifact, head.gen)
    # The emulator's own removal of items tells no stream that it was DynamoDB's.
    record = {"eventName": "REMOVE", "dynamodb": {"Keys": {"pk": {"S": pk}, "sk": {"S": sk}}}}
    assert invoke(stack, "ExpireFunction", {"Records": [record]}) == {"batchItemFailures": []}

    assert table_index.head(artifact) is None
    grave = table_index.grave(artifact, head.gen)
    assert grave is not None
    assert grave.confirmed
    listed = stack.cloud.client("s3").list_object_versions(
        Bucket=stack.outputs["BucketName"], Prefix=artifact.key_prefix
    )
    assert not listed.get("Versions")


def test_the_stream_tells_only_what_dynamodb_removes_itself(stack: Stack) -> None:
    mappings = stack.cloud.client("lambda").list_event_source_mappings(FunctionName=stack.resource("ExpireFunction"))
    (mapping,) = mappings["EventSourceMappings"]
    (pattern,) = [json.loads(one["Pattern"]) for one in mapping["FilterCriteria"]["Filters"]]
    assert pattern["eventName"] == ["REMOVE"]
    assert pattern["userIdentity"]["principalId"] == ["dynamodb.amazonaws.com"]
    assert "/stream/" in mapping["EventSourceArn"]


def test_what_is_no_notification_is_set_aside_and_stops_nothing(stack: Stack) -> None:
    sqs = stack.cloud.client("sqs")
    event = {
        "Records": [{"messageId": "m", "receiptHandle": "r", "body": "x", "eventSource": "aws:sqs", "attributes": {}}]
    }
    function = stack.resource("HealFunction")
    answer = stack.cloud.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    assert json.loads(answer["Payload"].read()) == {"batchItemFailures": [{"itemIdentifier": "m"}]}
    attributes = sqs.get_queue_attributes(QueueUrl=stack.outputs["HealQueueUrl"], AttributeNames=["RedrivePolicy"])
    assert "HealDeadLetters" in attributes["Attributes"]["RedrivePolicy"]


def test_a_crashed_save_is_healed_a_minute_later(stack: Stack, crashed: Crashed) -> None:
    """It crashed when the stack was made; the other tests need not wait for that minute."""
    eventually(lambda: stack.call("GET", path_of(crashed.artifact)).status == 200, within=QUEUE_DELAY + 60)

    group = f"/aws/lambda/{stack.name}/heal"
    events = stack.cloud.client("logs").filter_log_events(logGroupName=group, filterPattern="Healed")["events"]
    lines = [json.loads(event["message"]) for event in events if '"Healed":[1.0]' in event["message"]]
    took = min(line["_aws"]["Timestamp"] for line in lines) / 1000 - crashed.at
    print(f"healed after {took:.1f} s")  # noqa: T201 - a measurement
    assert QUEUE_DELAY <= took <= QUEUE_DELAY + NOT_LATER
    assert stack.call("GET", path_of(crashed.artifact)).body == b"crashed"
    assert save(stack, crashed.artifact, b"next") == 1
