"""No failure passes for an answer: a check that AWS does not answer is open, and says what it needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
    UnauthorizedSSOTokenError,
)
from botocore.parsers import ResponseParserError
from botocore.stub import Stubber

from artifact_store.checkup import NotCheckable, Severity, State, check_bucket
from tests.unit.checkup.healthy import KEYS, Case

CALLS: Final = {
    "versioning": ("get_bucket_versioning", "s3:GetBucketVersioning"),
    "encryption": ("get_bucket_encryption", "s3:GetEncryptionConfiguration"),
    "public-access-block": ("get_public_access_block", "s3:GetBucketPublicAccessBlock"),
    "ownership": ("get_bucket_ownership_controls", "s3:GetBucketOwnershipControls"),
    "tls-only": ("get_bucket_policy", "s3:GetBucketPolicy"),
    "abandoned-uploads": ("get_bucket_lifecycle_configuration", "s3:GetLifecycleConfiguration"),
    "no-expiry": ("get_bucket_lifecycle_configuration", "s3:GetLifecycleConfiguration"),
    "access-logging": ("get_bucket_logging", "s3:GetBucketLogging"),
    "mfa-delete": ("get_bucket_versioning", "s3:GetBucketVersioning"),
    "table-recovery": ("describe_continuous_backups", "dynamodb:DescribeContinuousBackups"),
    "table-protection": ("describe_table", "dynamodb:DescribeTable"),
    "table-expiry": ("describe_time_to_live", "dynamodb:DescribeTimeToLive"),
    "table-encryption": ("describe_table", "dynamodb:DescribeTable"),
    "drift": ("scan", "dynamodb:Scan"),
}
BY_CALL: Final = {
    call: {name for name, (other, _) in CALLS.items() if other == call} for call, _ in dict.fromkeys(CALLS.values())
}


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "arn:aws:iam::1:user/ann may not"}}, "Operation")


def raising(error: Exception) -> Callable[..., Any]:
    def call(**_: object) -> Any:
        raise error

    return call


FAILURES: Final[dict[str, tuple[Exception, str]]] = {
    "denied": (refused("AccessDenied"), "AWS answered AccessDenied"),
    "denied by DynamoDB": (refused("AccessDeniedException"), "AWS answered AccessDeniedException"),
    "not known to the server": (refused("NotImplemented"), "AWS answered NotImplemented"),
    "throttled": (refused("SlowDown"), "AWS answered SlowDown"),
    "absence of another thing": (refused("NoSuchWebsiteConfiguration"), "AWS answered NoSuchWebsiteConfiguration"),
    "no code": (ClientError({}, "Operation"), "AWS answered an error without a code"),
    "timeout": (ReadTimeoutError(endpoint_url="https://s3"), "there was no answer: ReadTimeoutError"),
    "no server": (EndpointConnectionError(endpoint_url="https://s3"), "there was no answer: EndpointConnectionError"),
    "torn": (ResponseParserError("torn"), "the answer could not be judged: ResponseParserError"),
    "anything": (RuntimeError("bug"), "the answer could not be judged: RuntimeError"),
}


@pytest.mark.parametrize("call", BY_CALL)
def test_every_failure_of_every_call_leaves_its_checks_open(case: Case, call: str) -> None:
    for error, found in FAILURES.values():
        report = case.with_call(call, raising(error)).report()
        left_open = {check.name: check for check in report.checks if check.state is State.COULD_NOT_CHECK}
        assert set(left_open) == BY_CALL[call]
        for name, check in left_open.items():
            permission = CALLS[name][1]
            assert check.found == found
            assert check.error is not None
            assert check.error in found
            assert check.permission is not None
            assert permission in check.permission
            assert check.remedy is not None
            assert permission in check.remedy
            assert check.remedy.startswith("Allow") == ("Denied" in found)
            assert "ann" not in f"{check.found}{check.remedy}"
        required = any(check.severity is Severity.REQUIRED for check in left_open.values())
        assert report.verdict() is (State.COULD_NOT_CHECK if required else State.OK)


@pytest.mark.parametrize(
    "call", [call for call in BY_CALL if call not in {"get_bucket_versioning", "get_bucket_logging", "scan"}]
)
def test_an_answer_without_what_it_always_has_is_no_answer(case: Case, call: str) -> None:
    report = case.with_call(call, lambda **_: {}).report()
    assert {check.name for check in report.checks if check.state is State.COULD_NOT_CHECK} == BY_CALL[call]


@pytest.mark.parametrize(
    "policy", ["", "{", "[]", '{"Statement": [1]}', '{"Statement": [{"Effect": "Deny", "Condition": 1}]}']
)
def test_a_policy_that_cannot_be_read_is_no_policy_without_tls(case: Case, policy: str) -> None:
    check = case.with_call("get_bucket_policy", lambda **_: {"Policy": policy}).check("tls-only")
    assert check.state is State.COULD_NOT_CHECK


@pytest.mark.parametrize("call", ["list_object_versions", "head_object", "get_item", "query", "scan"])
def test_drift_is_open_when_any_of_its_calls_fails(case: Case, call: str) -> None:
    case.s3.delete_bucket_policy(Bucket=case.bucket)  # moto reads no conditions, so nothing could be put
    case.s3.put_object(Bucket=case.bucket, Key="app/u/s/doc/0", Body=b"x")
    item = {"pk": {"S": "s:app/u/s"}, "sk": {"S": "h#gone"}, "gen": {"S": "g"}, "next": {"N": "1"}}
    case.dynamodb.put_item(TableName=case.table, Item=item)
    check = case.with_call(call, raising(refused("AccessDenied"))).check("drift")
    assert (check.state, check.error) == (State.COULD_NOT_CHECK, "AccessDenied")


def test_a_required_check_that_is_off_outweighs_open_ones(case: Case) -> None:
    case.s3.delete_bucket_policy(Bucket=case.bucket)
    report = case.with_call("get_bucket_versioning", raising(refused("AccessDenied"))).report()
    assert report.verdict() is State.OFF


def test_what_is_recommended_and_open_counts_when_strict(case: Case) -> None:
    report = case.with_call("get_bucket_logging", raising(refused("AccessDenied"))).report()
    assert (report.verdict(), report.verdict(strict=True)) == (State.OK, State.COULD_NOT_CHECK)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (NoCredentialsError(), "there are no AWS credentials: NoCredentialsError"),
        (UnauthorizedSSOTokenError(), "there are no AWS credentials: UnauthorizedSSOTokenError"),
        (refused("ExpiredToken"), r"AWS does not accept the credentials \(ExpiredToken\)"),
        (refused("InvalidAccessKeyId"), r"AWS does not accept the credentials \(InvalidAccessKeyId\)"),
        (refused("NoSuchBucket"), r"there is no bucket \S+ \(NoSuchBucket\)"),
    ],
)
def test_what_no_check_survives_is_one_error(case: Case, error: Exception, message: str) -> None:
    with pytest.raises(NotCheckable, match=f"^{message}$"):
        case.with_call("get_bucket_encryption", raising(error)).report()


def test_there_is_no_such_bucket_or_table(case: Case) -> None:
    with pytest.raises(NotCheckable, match=r"^there is no bucket other \(NoSuchBucket\)$"):
        check_bucket("other", s3=case.s3)
    with pytest.raises(NotCheckable, match=r"^there is no table other \("):
        check_bucket(case.bucket, index_table_name="other", s3=case.s3, dynamodb=case.dynamodb)


def test_no_bucket_can_have_the_name() -> None:
    with pytest.raises(NotCheckable, match="AWS allows no such name"):
        check_bucket("no name", s3=boto3.client("s3", **KEYS))


def test_no_client_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "none-of-this-name")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(NotCheckable, match="no client of AWS can be made"):
        check_bucket("b")


def test_boto3s_own_error_is_understood() -> None:
    client = boto3.client("s3", **KEYS)
    with Stubber(client) as stub:
        stub.add_client_error("get_bucket_versioning", "AccessDenied", http_status_code=403)
        stub.add_client_error("get_bucket_encryption", "ServerSideEncryptionConfigurationNotFoundError")
        checks = check_bucket("b", s3=client).checks
    assert [(check.state, check.error) for check in checks[:2]] == [
        (State.COULD_NOT_CHECK, "AccessDenied"),
        (State.OFF, None),
    ]
