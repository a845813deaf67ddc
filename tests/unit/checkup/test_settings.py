"""Every setting that is checked: as it should be, and in each way in which it can be off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import boto3
import pytest

from artifact_store.checkup import Severity, State, check_bucket
from artifact_store.checkup.bucket import BucketSettings
from artifact_store.checkup.table import TableSettings
from tests.unit.checkup.healthy import ABORT, BLOCKS, KEYS, Case, encryption

Change: TypeAlias = Callable[[Case], object]

NAMES: Final = (
    "versioning",
    "encryption",
    "public-access-block",
    "ownership",
    "tls-only",
    "abandoned-uploads",
    "no-expiry",
    "access-logging",
    "mfa-delete",
    "table-recovery",
    "table-protection",
    "table-expiry",
    "table-encryption",
    "drift",
)
EXPIRE: Final = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "app/"}, "Expiration": {"Days": 30}}
DATED: Final = {**EXPIRE, "Expiration": {"Date": "2050-01-01T00:00:00Z"}}


def suspend(case: Case) -> None:
    case.s3.put_bucket_versioning(Bucket=case.bucket, VersioningConfiguration={"Status": "Suspended"})


def block_all_but_policies(case: Case) -> None:
    blocks = {**dict.fromkeys(BLOCKS, True), "BlockPublicPolicy": False}
    case.s3.put_public_access_block(Bucket=case.bucket, PublicAccessBlockConfiguration=blocks)


def own(owner: str) -> Change:
    def change(case: Case) -> None:
        rules = {"Rules": [{"ObjectOwnership": owner}]}
        case.s3.put_bucket_ownership_controls(Bucket=case.bucket, OwnershipControls=rules)

    return change


def expire_by_another_attribute(case: Case) -> None:
    for enabled, attribute in ((False, "expires_at"), (True, "ttl")):
        given = {"Enabled": enabled, "AttributeName": attribute}
        case.dynamodb.update_time_to_live(TableName=case.table, TimeToLiveSpecification=given)


def expire_nothing(case: Case) -> None:
    given = {"Enabled": False, "AttributeName": "expires_at"}
    case.dynamodb.update_time_to_live(TableName=case.table, TimeToLiveSpecification=given)


def recover_nothing(case: Case) -> None:
    case.dynamodb.update_continuous_backups(
        TableName=case.table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )


OFF: Final[dict[str, tuple[str, Change, str, str]]] = {
    "versioning is suspended": ("versioning", suspend, "suspended", "put-bucket-versioning"),
    "KMS without a bucket key": (
        "encryption",
        lambda case: case.put_encryption(encryption("aws:kms", KMSMasterKeyID="key-1")),
        "SSE-KMS without a bucket key: each request calls KMS",
        '"KMSMasterKeyID": "key-1"',
    ),
    "no encryption": (
        "encryption",
        lambda case: case.s3.delete_bucket_encryption(Bucket=case.bucket),
        "no default encryption",
        "put-bucket-encryption",
    ),
    "no block": (
        "public-access-block",
        lambda case: case.s3.delete_public_access_block(Bucket=case.bucket),
        "not blocked: BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets",
        "put-public-access-block",
    ),
    "three blocks of four": (
        "public-access-block",
        block_all_but_policies,
        "not blocked: BlockPublicPolicy",
        "BlockPublicPolicy=true",
    ),
    "writers own their objects": (
        "ownership",
        own("ObjectWriter"),
        "ObjectWriter: access lists count",
        "put-bucket-ownership-controls",
    ),
    "owner preferred": (
        "ownership",
        own("BucketOwnerPreferred"),
        "BucketOwnerPreferred: access lists count",
        "BucketOwnerEnforced",
    ),
    "no ownership controls": (
        "ownership",
        lambda case: case.s3.delete_bucket_ownership_controls(Bucket=case.bucket),
        "no ownership controls: access lists count",
        "BucketOwnerEnforced",
    ),
    "no policy": (
        "tls-only",
        lambda case: case.s3.delete_bucket_policy(Bucket=case.bucket),
        "no bucket policy",
        "put-bucket-policy",
    ),
    "another policy": (
        "tls-only",
        lambda case: case.put_policy({"Version": "2012-10-17", "Statement": []}),
        "the bucket itself is not covered; its objects are not covered",
        "keep the others",
    ),
    "no lifecycle rules": (
        "abandoned-uploads",
        lambda case: case.s3.delete_bucket_lifecycle(Bucket=case.bucket),
        "no lifecycle rules",
        "put-bucket-lifecycle-configuration",
    ),
    "the rule is disabled": (
        "abandoned-uploads",
        lambda case: case.put_rules({**ABORT, "Status": "Disabled"}),
        "rule 'abort' would abort incomplete uploads, but is disabled",
        "keep the others",
    ),
    "the rule is for a prefix": (
        "abandoned-uploads",
        lambda case: case.put_rules({**ABORT, "Filter": {"Prefix": "app/"}}),
        "rule 'abort' aborts incomplete uploads of a part of the bucket only",
        "keep the others",
    ),
    "artifacts expire": (
        "no-expiry",
        lambda case: case.put_rules(ABORT, EXPIRE),
        "rule 'old' expires current versions: artifacts will be lost",
        "Take Expiration",
    ),
    "artifacts expire on a day": (
        "no-expiry",
        lambda case: case.put_rules(ABORT, DATED),
        "rule 'old' expires current versions: artifacts will be lost",
        "Take Expiration",
    ),
    "no recovery": ("table-recovery", recover_nothing, "not enabled", "update-continuous-backups"),
    "no protection": (
        "table-protection",
        lambda case: case.dynamodb.update_table(TableName=case.table, DeletionProtectionEnabled=False),
        "not enabled",
        "DataDeletionPolicy=Retain",
    ),
    "nothing expires": ("table-expiry", expire_nothing, "not enabled", "Enabled=true,AttributeName=expires_at"),
    "something else expires": ("table-expiry", expire_by_another_attribute, "enabled on ttl", "AttributeName=ttl"),
}


OFF_IN_HEALTH: Final = ("access-logging", "mfa-delete")


def test_a_healthy_bucket_has_only_what_is_not_required_off(case: Case) -> None:
    report = case.report()
    assert tuple(check.name for check in report.checks) == NAMES
    off = {check.name: check.severity for check in report.checks if check.state is not State.OK}
    assert off == {"access-logging": Severity.RECOMMENDED, "mfa-delete": Severity.OPTIONAL}
    assert [check.remedy is None for check in report.checks] == [check.state is State.OK for check in report.checks]
    assert (report.verdict(), report.verdict(strict=True)) == (State.OK, State.OFF)


@pytest.mark.parametrize("what", OFF)
def test_what_is_off_is_told_with_its_remedy(case: Case, what: str) -> None:
    name, change, found, remedy = OFF[what]
    change(case)
    report = case.report()
    (check,) = [check for check in report.checks if check.name == name]
    assert (check.state, check.severity, check.found) == (State.OFF, Severity.REQUIRED, found)
    assert check.remedy is not None
    assert remedy in check.remedy
    assert (check.error, check.permission) == (None, None)
    assert report.verdict() is State.OFF
    assert {other.name for other in report.checks if other.state is not State.OK} == {name, *OFF_IN_HEALTH}


def test_a_bucket_that_never_had_versioning(case: Case) -> None:
    place = {"LocationConstraint": "eu-central-1"}
    case.s3.create_bucket(Bucket="plain", CreateBucketConfiguration=place)
    check = check_bucket("plain", s3=case.s3).checks[0]
    assert (check.name, check.state, check.found) == ("versioning", State.OFF, "never enabled")


@pytest.mark.parametrize(
    ("configuration", "found"),
    [
        (encryption("AES256"), "SSE-S3"),
        (encryption("aws:kms", bucket_key=True), "SSE-KMS with a bucket key"),
        (encryption("aws:kms:dsse"), "DSSE-KMS"),
    ],
)
def test_encryption_that_is_as_it_should_be(case: Case, configuration: object, found: str) -> None:
    case.put_encryption(configuration)
    check = case.check("encryption")
    assert (check.state, check.found, check.remedy) == (State.OK, found, None)


@pytest.mark.parametrize(
    ("rules", "days"),
    [
        ([{**ABORT, "Filter": {"Prefix": ""}}], "2 days"),
        (
            [
                {
                    "ID": "old form",
                    "Status": "Enabled",
                    "Prefix": "",
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                }
            ],
            "1 day",
        ),
        (
            [
                {**ABORT, "Filter": {"Prefix": "x/"}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}},
                {**ABORT, "ID": "whole", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
            ],
            "7 days",
        ),
    ],
)
def test_rules_that_abort_every_abandoned_upload(case: Case, rules: list[object], days: str) -> None:
    check = case.with_call("get_bucket_lifecycle_configuration", lambda **_: {"Rules": rules}).check(
        "abandoned-uploads"
    )
    assert (check.state, check.found) == (State.OK, f"aborted after {days}")


@pytest.mark.parametrize(
    "rule",
    [
        {"ID": "markers", "Status": "Enabled", "Filter": {}, "Expiration": {"ExpiredObjectDeleteMarker": True}},
        {"ID": "old", "Status": "Enabled", "Filter": {}, "NoncurrentVersionExpiration": {"NoncurrentDays": 90}},
        {**EXPIRE, "Status": "Disabled"},
    ],
)
def test_rules_that_expire_no_current_version(case: Case, rule: object) -> None:
    case.put_rules(ABORT, rule)
    assert case.check("no-expiry").state is State.OK


def test_no_lifecycle_rules_expire_nothing(case: Case) -> None:
    case.s3.delete_bucket_lifecycle(Bucket=case.bucket)
    assert case.check("no-expiry").state is State.OK


def test_access_logs(case: Case) -> None:
    check = case.check("access-logging")
    assert (check.state, check.severity, check.found) == (State.OFF, Severity.RECOMMENDED, "no access logs")
    assert check.remedy is not None
    assert "put-bucket-logging" in check.remedy
    answer = {"LoggingEnabled": {"TargetBucket": "logs", "TargetPrefix": "x/"}}
    logged = case.with_call("get_bucket_logging", lambda **_: answer)
    assert (logged.check("access-logging").state, logged.check("access-logging").found) == (
        State.OK,
        "into bucket logs",
    )
    assert logged.report().verdict(strict=True) is State.OK


def test_mfa_delete_is_told_with_its_price(case: Case) -> None:
    check = case.check("mfa-delete")
    assert (check.state, check.severity) == (State.OFF, Severity.OPTIONAL)
    assert check.remedy is not None
    assert "MFADelete=Enabled" in check.remedy
    answer = {"Status": "Enabled", "MFADelete": "Enabled"}
    check = case.with_call("get_bucket_versioning", lambda **_: answer).check("mfa-delete")
    assert check.state is State.OK
    assert "purges and reconcile cannot remove versions" in check.found


@pytest.mark.parametrize(
    ("status", "state"),
    [("ENABLING", State.OK), ("DISABLING", State.OFF), ("DISABLED", State.OFF)],
)
def test_expiry_that_is_being_changed(case: Case, status: str, state: State) -> None:
    answer = {"TimeToLiveDescription": {"TimeToLiveStatus": status, "AttributeName": "expires_at"}}
    assert case.with_call("describe_time_to_live", lambda **_: answer).check("table-expiry").state is state


@pytest.mark.parametrize(
    ("described", "state", "found"),
    [
        ({"Status": "ENABLED", "SSEType": "KMS"}, State.OK, "with a key of the account (KMS)"),
        (None, State.OFF, "encrypted, with a key that AWS owns and the account cannot watch or withdraw"),
        (
            {"Status": "ENABLED", "InaccessibleEncryptionDateTime": 1},
            State.OFF,
            "the table's KMS key cannot be used: DynamoDB archives such a table after a week",
        ),
    ],
)
def test_whose_key_encrypts_the_table(case: Case, described: Any, state: State, found: str) -> None:
    table = {"DeletionProtectionEnabled": True, **({"SSEDescription": described} if described else {})}
    check = case.with_call("describe_table", lambda **_: {"Table": table}).check("table-encryption")
    assert (check.state, check.severity, check.found) == (state, Severity.RECOMMENDED, found)


def test_without_a_table_the_bucket_alone_is_checked(case: Case) -> None:
    report = check_bucket(case.bucket, s3=case.s3)
    assert report.index_table_name is None
    assert tuple(check.name for check in report.checks) == NAMES[:9]
    assert report.verdict() is State.OK


@pytest.mark.parametrize(("region", "partition"), [("eu-central-1", "aws"), ("cn-north-1", "aws-cn")])
def test_arns_are_of_the_clients_partition(region: str, partition: str) -> None:
    keys = {**KEYS, "region_name": region}
    assert BucketSettings(boto3.client("s3", **keys), "b").arn == f"arn:{partition}:s3:::b"
    table = TableSettings(boto3.client("dynamodb", **keys), "t")
    assert table.arn == f"arn:{partition}:dynamodb:{region}:*:table/t"
