"""A bucket and a table on moto that are set as they should be."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import boto3

from artifact_store.checkup import Check, Report, check_bucket
from tests.ports.conftest import make_bucket, make_table

KEYS: Final[dict[str, Any]] = {
    "region_name": "eu-central-1",
    "aws_access_key_id": "test",
    "aws_secret_access_key": "test",
}
BLOCKS: Final = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
ABORT: Final = {
    "ID": "abort",
    "Status": "Enabled",
    "Filter": {},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
}


def tls_policy(bucket_name: str) -> dict[str, Any]:
    arn = f"arn:aws:s3:::{bucket_name}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }


def encryption(algorithm: str, *, bucket_key: bool = False, **default: str) -> dict[str, Any]:
    by_default = {"SSEAlgorithm": algorithm, **default}
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": bucket_key}]}


@dataclass(frozen=True)
class Case:
    """A bucket and a table, both healthy until a test changes them."""

    s3: Any
    dynamodb: Any
    bucket: str
    table: str

    def report(self) -> Report:
        return check_bucket(self.bucket, index_table_name=self.table, s3=self.s3, dynamodb=self.dynamodb)

    def check(self, name: str) -> Check:
        (found,) = [check for check in self.report().checks if check.name == name]
        return found

    def put_policy(self, policy: object) -> None:
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(policy))

    def put_rules(self, *rules: object) -> None:
        self.s3.put_bucket_lifecycle_configuration(Bucket=self.bucket, LifecycleConfiguration={"Rules": list(rules)})

    def put_encryption(self, configuration: object) -> None:
        self.s3.put_bucket_encryption(Bucket=self.bucket, ServerSideEncryptionConfiguration=configuration)


def healthy_case() -> Case:
    s3: Any = boto3.client("s3", **KEYS)
    dynamodb: Any = boto3.client("dynamodb", **KEYS)
    case = Case(s3, dynamodb, make_bucket(s3), make_table(dynamodb))
    bucket, table = case.bucket, case.table
    case.put_encryption(encryption("AES256"))
    case.put_policy(tls_policy(bucket))
    case.put_rules(ABORT)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(BLOCKS, True))
    owned = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=owned)
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=True)
    dynamodb.update_table(TableName=table, SSESpecification={"Enabled": True})
    recovery = {"PointInTimeRecoveryEnabled": True}
    dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)
    expiry = {"Enabled": True, "AttributeName": "expires_at"}
    dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=expiry)
    return case
