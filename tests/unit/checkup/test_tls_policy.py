"""Which policies deny every request without TLS, and what the others lack."""

from __future__ import annotations

from typing import Any, Final

import pytest

from artifact_store.checkup.tls_policy import lacking, tls_only_statement

ARN: Final = "arn:aws:s3:::artifacts"
WHOLE: Final = tls_only_statement(ARN)
OPEN: Final = ["the bucket itself is not covered", "its objects are not covered"]
ALLOW: Final = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": [ARN, f"{ARN}/*"]}


def statement(**changes: Any) -> dict[str, Any]:
    found = {**WHOLE, **changes}
    return {name: value for name, value in found.items() if value is not None}


def when(value: object, *, key: str = "aws:SecureTransport", operator: str = "Bool") -> dict[str, Any]:
    return {operator: {key: value}}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"AWS": ["*"]}},
        {"Principal": {"AWS": ["arn:aws:iam::1:root", "*"]}},
        {"Action": "*"},
        {"Action": ["S3:*"]},
        {"Action": ["s3:GetObject", "s3:*"]},
        {"Resource": "*"},
        {"Resource": f"{ARN}*"},
        {"Resource": ["arn:aws:s3:::*"]},
        {"Resource": [ARN, f"{ARN}/**"]},
        {"Resource": ["arn:aws:s3:::artifact?", "arn:aws:s3:::artifacts/*"]},
        {"Condition": when(False)},
        {"Condition": when(["false"])},
        {"Condition": when("False")},
        {"Condition": when([False])},
        {"Condition": when("false", key="AWS:securetransport")},
        {"Condition": when("false", operator="BoolIfExists")},
        {"Condition": None},
    ],
)
def test_a_statement_that_denies_them_all(changes: dict[str, Any]) -> None:
    assert lacking({"Statement": [ALLOW, statement(**changes)]}, ARN) == []
    assert lacking({"Statement": statement(**changes)}, ARN) == []


def test_statements_that_share_bucket_and_objects() -> None:
    both = [statement(Resource=ARN), statement(Resource=[f"{ARN}/*"])]
    assert lacking({"Statement": both}, ARN) == []


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"Effect": "Allow"}, OPEN),
        ({"Resource": ARN}, OPEN[1:]),
        ({"Resource": f"{ARN}/*"}, OPEN[:1]),
        ({"Resource": [ARN, f"{ARN}/app/*"]}, OPEN[1:]),
        ({"Resource": [ARN, f"{ARN}/"]}, OPEN[1:]),
        ({"Resource": [ARN, f"{ARN}/*.pdf"]}, OPEN[1:]),
        ({"Resource": ["arn:aws:s3:::artifacts-2", "arn:aws:s3:::artifacts-2/*"]}, OPEN),
        ({"Resource": ["arn.aws.s3...artifacts", f"{ARN}/*"]}, OPEN[:1]),
        ({"Resource": None, "NotResource": f"{ARN}/public/*"}, [*OPEN, "a denial names no Resource"]),
        ({"Principal": {"AWS": "arn:aws:iam::1:root"}}, [*OPEN, "a denial is not for Principal *"]),
        ({"Principal": {"Service": "*"}}, [*OPEN, "a denial is not for Principal *"]),
        ({"Principal": None, "NotPrincipal": {"AWS": "x"}}, [*OPEN, "a denial is not for Principal *"]),
        ({"Action": ["s3:GetObject", "s3:PutObject"]}, [*OPEN, "a denial is not for Action s3:*"]),
        ({"Action": "s3:Get*"}, [*OPEN, "a denial is not for Action s3:*"]),
        ({"Action": None, "NotAction": "s3:GetObject"}, [*OPEN, "a denial is not for Action s3:*"]),
        (
            {"Condition": when("true")},
            [*OPEN, "a denial is for requests with TLS: aws:SecureTransport is not false"],
        ),
        (
            {"Condition": when("false", operator="Null")},
            [*OPEN, "a denial compares aws:SecureTransport by Null, not by Bool"],
        ),
        (
            {"Condition": {"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "false"}}},
            [*OPEN, "a denial has another condition too: aws:ViaAWSService"],
        ),
        (
            {"Condition": {**when("false"), "StringEquals": {"aws:PrincipalOrgID": "o"}}},
            [*OPEN, "a denial has another condition too: aws:PrincipalOrgID"],
        ),
    ],
)
def test_a_statement_that_leaves_something_open(changes: dict[str, Any], missing: list[str]) -> None:
    assert lacking({"Statement": [ALLOW, statement(**changes)]}, ARN) == missing


def test_denials_of_other_things_are_not_told() -> None:
    other = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": ARN}
    assert lacking({"Statement": [other]}, ARN) == OPEN
    assert lacking({}, ARN) == OPEN
