"""A stack is deployed, updated, left alone and deleted; its data stays."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from tests.e2e.conftest import ARCHITECTURE, deploy

if TYPE_CHECKING:
    from tests.e2e.emulated_cloud import EmulatedCloud

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

ARTIFACTS = "/v1/apps/a/users/u/sessions/s/artifacts"


def test_data_outlives_updates_and_the_stack(cloud: EmulatedCloud) -> None:
    stack = deploy(cloud, "lifecycle")
    for name in ("one", "two"):
        assert stack.call("POST", f"{ARTIFACTS}/{name}", body=name.encode(), content_type="text/plain").status == 201
    cursor = stack.call("GET", f"{ARTIFACTS}?limit=1").json["nextCursor"]

    changed = {"Architecture": ARCHITECTURE, "LogLevel": "DEBUG"}
    updated = cloud.deploy("lifecycle", changed)
    assert "UPDATE_COMPLETE" in updated
    assert cloud.outputs("lifecycle") == stack.outputs
    functions = cloud.client("lambda")
    configuration = functions.get_function_configuration(FunctionName=stack.outputs["WriteFunctionName"])
    assert configuration["Environment"]["Variables"]["POWERTOOLS_LOG_LEVEL"] == "DEBUG"
    assert stack.call("GET", f"{ARTIFACTS}/one").body == b"one"
    # A list that was begun before the update goes on after it: the cursors' secret is the same.
    page = stack.call("GET", f"{ARTIFACTS}?limit=1&cursor={quote(cursor, safe='')}")
    assert [artifact["filename"] for artifact in page.json["artifacts"]] == ["two"]

    assert "No changes to deploy" in cloud.deploy("lifecycle", changed)

    cloud.sam("delete", "--stack-name", "lifecycle", "--no-prompts")
    assert stack.call("GET", f"{ARTIFACTS}/one").status == 404
    kept = cloud.client("s3").list_objects_v2(Bucket=stack.outputs["BucketName"])["Contents"]
    assert {entry["Key"] for entry in kept} == {"a/u/s/one/0", "a/u/s/two/0"}
    table = cloud.client("dynamodb").describe_table(TableName=stack.outputs["IndexTableName"])["Table"]
    assert table["DeletionProtectionEnabled"] is True
    with pytest.raises(ClientError, match="ResourceNotFound"):
        cloud.client("dynamodb").describe_table(TableName=stack.outputs["IdempotencyTableName"])


def test_stack_that_comes_and_goes_has_a_key_of_its_own_and_leaves_nothing(cloud: EmulatedCloud) -> None:
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    stack = deploy(cloud, "passing", DataDeletionPolicy="Delete", KmsKeyArn=key)
    s3, bucket = cloud.client("s3"), stack.outputs["BucketName"]
    # The emulator's CloudFormation makes the roles' part of it, but leaves a bucket's encryption out.
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules = [{"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": True}]
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
    assert stack.call("POST", f"{ARTIFACTS}/one", body=b"one", content_type="text/plain").status == 201
    assert s3.head_object(Bucket=bucket, Key="a/u/s/one/0")["SSEKMSKeyId"] == key
    assert stack.call("GET", f"{ARTIFACTS}/one").body == b"one"
    assert stack.call("DELETE", f"{ARTIFACTS}/one").status == 204

    cloud.sam("delete", "--stack-name", "passing", "--no-prompts")

    with pytest.raises(ClientError, match="ResourceNotFound"):
        cloud.client("dynamodb").describe_table(TableName=stack.outputs["IndexTableName"])
    with pytest.raises(ClientError, match="404"):
        cloud.client("s3").head_bucket(Bucket=stack.outputs["BucketName"])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "AuthMode JWT needs JwtIssuer"),
        ({"JwtIssuer": "https://issuer.example"}, "AuthMode JWT needs JwtAudience"),
        ({"JwtIssuer": "https://issuer.example", "JwtAudience": "api"}, "AuthMode JWT needs JwtAppClaim"),
        # The SAM CLI cuts it off at its first quote.
        ({"JwtPrincipals": '{"agent": {"scope": "artifact:read", "app": "reports"}}'}, "must be a JSON object"),
    ],
)
def test_jwt_without_its_settings_is_not_deployed(cloud: EmulatedCloud, given: dict[str, str], told: str) -> None:
    refused = cloud.deploy("refused", {"AuthMode": "JWT", **given}, ok=False)

    assert told in " ".join(refused.split())
