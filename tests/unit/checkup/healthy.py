"""A bucket and a table that are set as they should be, on moto unless a test has clients of its own."""

from __future__ import annotations

import functools
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import boto3

from artifact_store.checkup import Check, Report, check_bucket

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


class Altered:
    """A client one of whose calls does something else."""

    def __init__(self, client: Any, name: str, instead: Callable[..., Any]) -> None:
        self._client = client
        self._altered = {name: instead}

    def __getattr__(self, name: str) -> Any:
        return self._altered.get(name) or getattr(self._client, name)


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

    def with_call(self, name: str, instead: Callable[..., Any]) -> Case:
        """The same, but one of boto3's calls does something else; for what moto cannot be set to."""
        if hasattr(self.s3, name):
            return replace(self, s3=Altered(self.s3, name, instead))
        return replace(self, dynamodb=Altered(self.dynamodb, name, instead))

    def put_policy(self, policy: object) -> None:
        self.s3.put_bucket_policy(Bucket=self.bucket, Policy=json.dumps(policy))

    def put_rules(self, *rules: object) -> None:
        self.s3.put_bucket_lifecycle_configuration(Bucket=self.bucket, LifecycleConfiguration={"Rules": list(rules)})

    def put_encryption(self, configuration: object) -> None:
        self.s3.put_bucket_encryption(Bucket=self.bucket, ServerSideEncryptionConfiguration=configuration)


@functools.cache
def _client(service: str) -> Any:
    """Moto answers a client that is older than its mock too, and to make one takes longer than most tests."""
    return boto3.client(service, **KEYS)  # type: ignore[call-overload]


def healthy_case() -> Case:
    case = Case(_client("s3"), _client("dynamodb"), f"artifacts-{uuid.uuid4()}", f"index-{uuid.uuid4()}")
    make_healthy(case)
    return case


def make_healthy(case: Case) -> None:
    """Makes the bucket and the table."""
    s3, bucket = case.s3, case.bucket
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": KEYS["region_name"]})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    case.put_encryption(encryption("AES256"))
    case.put_policy(tls_policy(bucket))
    case.put_rules(ABORT)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(BLOCKS, True))
    owned = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=owned)
    dynamodb, table = case.dynamodb, case.table
    dynamodb.create_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True},
        DeletionProtectionEnabled=True,
    )
    recovery = {"PointInTimeRecoveryEnabled": True}
    dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)
    expiry = {"Enabled": True, "AttributeName": "expires_at"}
    dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=expiry)
