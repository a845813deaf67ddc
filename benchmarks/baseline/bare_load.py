"""The least a function can do to load an artifact: two boto3 clients, GetItem, GetObject."""

import base64
import os

import boto3

dynamodb = boto3.client("dynamodb")
s3 = boto3.client("s3")


def handler(event: dict, context: object) -> dict:  # type: ignore[type-arg]  # noqa: ARG001 - Lambda's signature
    """Loads the artifact that the sample event saves."""
    head = dynamodb.get_item(
        TableName=os.environ["INDEX_TABLE_NAME"],
        Key={"pk": {"S": os.environ["BARE_PARTITION"]}, "sk": {"S": os.environ["BARE_SORT"]}},
        ConsistentRead=True,
    )["Item"]
    answer = s3.get_object(
        Bucket=os.environ["BUCKET_NAME"], Key=os.environ["BARE_KEY"], VersionId=head["version_id"]["S"]
    )
    body = base64.b64encode(answer["Body"].read()).decode()
    return {"statusCode": 200, "body": body, "isBase64Encoded": True}
