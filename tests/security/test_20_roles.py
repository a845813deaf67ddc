"""One function's role is used for another function's work.

What each role may do is read from the template, as IAM would read it. `tests/e2e/test_access.py` takes every role of
a deployed stack and tries each action.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.infrastructure import template
from tests.security.defence import Defence

GENEROUS = copy.deepcopy(template.DOCUMENT)
for _resource in GENEROUS["Resources"].values():
    if _resource["Type"] == "AWS::IAM::Role":
        _everything = {"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}
        _resource["Properties"]["Policies"].append({"PolicyDocument": {"Statement": [_everything]}})
LEAST_PRIVILEGE = Defence(20, "each role is allowed the actions of its own work", ((template, "DOCUMENT", GENEROUS),))
TRUSTING = copy.deepcopy(template.DOCUMENT)
for _resource in TRUSTING["Resources"].values():
    if _resource["Type"] == "AWS::IAM::Role":
        for _statement in _resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
            _statement["Principal"] = {"AWS": "*"}
ROLES_ARE_LAMBDAS = Defence(20, "only Lambda may take a role", ((template, "DOCUMENT", TRUSTING),))

READING = {"s3:GetObject", "s3:GetObjectVersion", "dynamodb:GetItem", "dynamodb:Query"}
SAVING = {"s3:PutObject", "dynamodb:PutItem"}
REMOVING = {"s3:DeleteObject", "s3:DeleteObjectVersion", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}
SIGNING = {"secretsmanager:GetSecretValue"}
NOBODYS = {
    *("s3:PutBucketPolicy", "s3:DeleteBucket", "s3:PutObjectAcl", "s3:PutLifecycleConfiguration"),
    *("s3:PutBucketVersioning", "dynamodb:DeleteTable", "dynamodb:UpdateTable", "dynamodb:UpdateTimeToLive"),
    *("secretsmanager:PutSecretValue", "iam:PassRole", "sts:AssumeRole", "lambda:InvokeFunction", "kms:Decrypt"),
}
# A saver takes back what it put itself: that is a version's removal, never an artifact's. Deleting needs to know
# where an upload ended, but makes no object. Healing removes what is proven dead.
OTHERS_WORK = {
    "ReadRole": SAVING | REMOVING,
    "WriteRole": REMOVING - {"s3:DeleteObjectVersion", "dynamodb:DeleteItem"},
    "DeleteRole": {"s3:PutObject"} | SIGNING,
    "HealRole": {"s3:PutObject", "s3:DeleteObject", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"} | SIGNING,
    "PurgeRole": {"s3:PutObject"} | SIGNING,
    "ExpireRole": {"s3:PutObject"} | SIGNING,
    "EraseRole": {"s3:PutObject"} | SIGNING,
    "ReconcileRole": {"s3:PutObject"} | SIGNING,
    "RebuildRole": {"s3:PutObject"} | REMOVING | SIGNING,
    "AdoptRole": {"s3:PutObject"} | REMOVING | SIGNING,
}


def statements(role: str) -> Iterator[dict[str, Any]]:
    for policy in template.Stack().resources[role]["Properties"]["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def do_the_others_work(role: str) -> set[str]:
    """The actions of other functions, or of nobody, that a role is allowed."""
    allowed = [action for statement in statements(role) for action in listed(statement["Action"])]
    return {
        action
        for action in OTHERS_WORK[role] | NOBODYS
        if any(fnmatchcase(action.lower(), pattern.lower()) for pattern in allowed)
    }


@pytest.mark.parametrize("role", OTHERS_WORK)
def test_the_work_of_others_is_refused(role: str) -> None:
    assert do_the_others_work(role) == set()


@pytest.mark.parametrize("role", OTHERS_WORK)
def test_the_work_of_others_is_allowed_without_least_privilege(role: str) -> None:
    with LEAST_PRIVILEGE.taken_out():
        assert do_the_others_work(role) >= {"s3:PutBucketPolicy", "s3:DeleteBucket"}


def test_every_role_is_tried() -> None:
    assert template.Stack().of_type("AWS::IAM::Role").keys() == OTHERS_WORK.keys()


def reach_everything() -> list[str]:
    """The roles with a statement over all resources, but for tracing, which knows none."""
    return [role for role in OTHERS_WORK for statement in statements(role) if "*" in listed(statement["Resource"])]


def test_no_role_reaches_everything() -> None:
    assert reach_everything() == []


def test_roles_reach_everything_without_least_privilege() -> None:
    with LEAST_PRIVILEGE.taken_out():
        assert reach_everything() == list(OTHERS_WORK)


def take_a_role() -> list[str]:
    """The roles that somebody else than Lambda may take."""
    return [
        name
        for name, role in template.Stack().of_type("AWS::IAM::Role").items()
        for statement in role["AssumeRolePolicyDocument"]["Statement"]
        if statement["Principal"] != {"Service": "lambda.amazonaws.com"}
    ]


def test_nobody_else_may_take_a_role() -> None:
    assert take_a_role() == []


def test_anybody_may_take_a_role_without_its_trust_policy() -> None:
    with ROLES_ARE_LAMBDAS.taken_out():
        assert take_a_role() == list(OTHERS_WORK)
