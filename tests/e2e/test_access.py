"""Every function's role may do what its function does, and nothing that only the others do."""

from __future__ import annotations

import json
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.conftest import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

READING = {"load object", "load version", "list bucket", "get item", "get items", "query"}
CHECKED_PUTS = {"put item", "check item"}
REMOVING = {"delete object", "delete version", "put item", "delete item", "batch write"}

# What a role may do; every other call below must be denied.
ALLOWED = {
    "ReadRole": {*READING, "get secret"},
    "WriteRole": {
        *READING,
        *CHECKED_PUTS,
        *("save object", "delete version", "begin upload", "list parts", "abort upload"),
        *("get answer", "put answer", "update answer", "delete answer", "get secret", "delete item"),
    },
    "DeleteRole": {*READING, *REMOVING, "send to PurgeQueue", "send to EraseQueue"} - {"load version"},
    "HealRole": {*READING, *CHECKED_PUTS, "delete version", "receive from HealQueue"},
    "PurgeRole": {*READING, *REMOVING, "receive from PurgeQueue"} - {"load version", "get items"},
    "ExpireRole": {*READING, *REMOVING} - {"load version", "get items"},
    "EraseRole": {
        *READING,
        *CHECKED_PUTS,
        *REMOVING,
        *("list versions", "receive from EraseQueue", "send to EraseQueue"),
    },
    "ReconcileRole": {
        *READING,
        *CHECKED_PUTS,
        *REMOVING,
        *("scan", "list versions", "list uploads", "abort upload"),
    },
    "RebuildRole": {*READING, *CHECKED_PUTS, "list versions"},
    "AdoptRole": {*READING, *CHECKED_PUTS, "list versions"},
}
QUEUES = ("HealQueue", "PurgeQueue", "EraseQueue")


def test_every_role_is_here(stack: Stack) -> None:
    pages = stack.cloud.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack.name)
    found = [one for page in pages for one in page["StackResourceSummaries"]]
    roles = {one["LogicalResourceId"] for one in found if one["ResourceType"] == "AWS::IAM::Role"}
    assert roles == ALLOWED.keys()


@pytest.fixture(scope="module")
def taker(stack: Stack) -> Credentials:
    """A user whose own policy lets it take any role that lets it in."""
    return stack.cloud.user("taker", {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"})


@pytest.mark.parametrize("role", ALLOWED)
def test_only_lambda_may_take_a_role(stack: Stack, taker: Credentials, role: str) -> None:
    sts = stack.cloud.client("sts", taker)

    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=_arn(stack, role), RoleSessionName="test")


@pytest.mark.parametrize("role", ALLOWED)
def test_role_may_do_its_own_actions_and_no_other(stack: Stack, taker: Credentials, role: str) -> None:
    calls = _calls(stack, _assume(stack, role, taker))

    done = {name for name, call in calls.items() if _is_allowed(call)}

    assert done == ALLOWED[role]


def _calls(stack: Stack, credentials: Credentials) -> dict[str, Callable[[], Any]]:
    bucket, index = stack.outputs["BucketName"], stack.outputs["IndexTableName"]
    idempotency = stack.outputs["IdempotencyTableName"]
    key = f"!test/{uuid.uuid4()}"
    root = stack.cloud.client("s3")
    version = root.put_object(Bucket=bucket, Key=key, Body=b"x")["VersionId"]
    blob, record = (
        {"Bucket": bucket, "Key": place, "UploadId": root.create_multipart_upload(Bucket=bucket, Key=place)["UploadId"]}
        for place in (f"!blobs/{key}", key)
    )
    s3 = stack.cloud.client("s3", credentials)
    db = stack.cloud.client("dynamodb", credentials)
    secrets = stack.cloud.client("secretsmanager", credentials)
    item = {"pk": {"S": "test"}, "sk": {"S": key}}
    answer = {"id": {"S": key}}
    return {
        **_calls_beside_storage(stack, credentials),
        "load object": lambda: s3.get_object(Bucket=bucket, Key=key),
        "load version": lambda: s3.get_object(Bucket=bucket, Key=key, VersionId=version),
        "list bucket": lambda: s3.list_objects_v2(Bucket=bucket, MaxKeys=1),
        "list versions": lambda: s3.list_object_versions(Bucket=bucket, MaxKeys=1),
        "save object": lambda: s3.put_object(Bucket=bucket, Key=f"{key}/2", Body=b"x"),
        "delete object": lambda: s3.delete_object(Bucket=bucket, Key=f"{key}/3"),
        "delete version": lambda: s3.delete_object(Bucket=bucket, Key=key, VersionId=version),
        "begin upload": lambda: s3.create_multipart_upload(Bucket=bucket, Key=f"!blobs/{key}"),
        "list uploads": lambda: s3.list_multipart_uploads(Bucket=bucket),
        "list parts": lambda: s3.list_parts(**blob),
        "list parts of no blob": lambda: s3.list_parts(**record),
        "abort upload": lambda: s3.abort_multipart_upload(**blob),
        "abort upload of no blob": lambda: s3.abort_multipart_upload(**record),
        "read policy": lambda: s3.get_bucket_policy(Bucket=bucket),
        "get item": lambda: db.get_item(TableName=index, Key=item),
        "get items": lambda: db.batch_get_item(RequestItems={index: {"Keys": [item]}}),
        "check item": lambda: db.transact_write_items(
            TransactItems=[
                {
                    "ConditionCheck": {
                        "TableName": index,
                        "Key": item,
                        "ConditionExpression": "attribute_not_exists(gone)",
                    }
                }
            ]
        ),
        "query": lambda: db.query(
            TableName=index, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": "test"}}
        ),
        "scan": lambda: db.scan(TableName=index, Limit=1),
        "put item": lambda: db.put_item(TableName=index, Item=item),
        "update item": lambda: db.update_item(TableName=index, Key=item),
        "batch write": lambda: db.batch_write_item(RequestItems={index: [{"DeleteRequest": {"Key": item}}]}),
        "delete item": lambda: db.delete_item(TableName=index, Key=item),
        "get answer": lambda: db.get_item(TableName=idempotency, Key=answer),
        "put answer": lambda: db.put_item(TableName=idempotency, Item=answer),
        "update answer": lambda: db.update_item(TableName=idempotency, Key=answer),
        "delete answer": lambda: db.delete_item(TableName=idempotency, Key=answer),
        "get secret": lambda: secrets.get_secret_value(SecretId=stack.outputs["CursorSecretArn"]),
        "drop table": lambda: db.delete_table(TableName=index),
    }


def _calls_beside_storage(stack: Stack, credentials: Credentials) -> dict[str, Callable[[], Any]]:
    # Logs are left out: the emulator asks about a group without its streams, which no role's policy names.
    sqs = stack.cloud.client("sqs", credentials)
    functions = stack.cloud.client("lambda", credentials)
    calls: dict[str, Callable[[], Any]] = {}
    for queue in QUEUES:
        url = stack.outputs[f"{queue}Url"]
        # It becomes visible when the stack is gone.
        calls[f"send to {queue}"] = partial(sqs.send_message, QueueUrl=url, MessageBody="test", DelaySeconds=900)
        calls[f"receive from {queue}"] = partial(sqs.receive_message, QueueUrl=url, VisibilityTimeout=0)
        calls[f"empty {queue}"] = partial(sqs.purge_queue, QueueUrl=url)
    for function in (f"{role.removesuffix('Role')}Function" for role in ALLOWED):
        calls[f"invoke {function}"] = partial(
            functions.invoke, FunctionName=stack.resource(function), InvocationType="DryRun"
        )
    return calls


def _is_allowed(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError as error:
        if "AccessDenied" in error.response["Error"]["Code"]:
            return False
        raise
    return True


def _arn(stack: Stack, role: str) -> str:
    return f"arn:aws:iam::000000000000:role/{stack.resource(role)}"


def _assume(stack: Stack, role: str, taker: Credentials) -> Credentials:
    """The role's credentials, by a trust policy that lets everybody of the account in and is put back at once."""
    name = stack.resource(role)
    iam = stack.cloud.client("iam")
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    statement = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}
    opened = {"Version": "2012-10-17", "Statement": [statement]}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(opened))
    try:
        sts = stack.cloud.client("sts", taker)
        taken = sts.assume_role(RoleArn=_arn(stack, role), RoleSessionName="test")["Credentials"]
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    return Credentials(taken["AccessKeyId"], taken["SecretAccessKey"], taken["SessionToken"])
