from __future__ import annotations

from typing import Any

from artifact_api.caller import caller_of
from artifact_api.settings import AuthMode


def caller(auth_mode: AuthMode, **authorizer: Any) -> str:
    return caller_of({"requestContext": {"authorizer": authorizer}}, auth_mode=auth_mode).id


def test_a_role_is_the_same_caller_in_every_session() -> None:
    one = caller("IAM", iam={"accountId": "1", "userId": "AROAX:monday", "userArn": "arn:…/monday"})
    two = caller("IAM", iam={"accountId": "1", "userId": "AROAX:tuesday", "userArn": "arn:…/tuesday"})
    assert one == two == "iam:1:AROAX"


def test_principals_differ_by_account_and_id() -> None:
    callers = {
        caller("IAM", iam={"accountId": account, "userId": user})
        for account, user in [("1", "AIDA"), ("2", "AIDA"), ("1", "AROA:x")]
    }
    assert len(callers) == 3


def test_subjects_differ_by_issuer() -> None:
    callers = {
        caller("JWT", jwt={"claims": {"iss": issuer, "sub": subject}})
        for issuer, subject in [("https://a", "s"), ("https://b", "s"), ("https://a", "t"), ("https://a s", "")]
        if subject
    }
    assert len(callers) == 3


def test_modes_do_not_mix() -> None:
    iam = caller("IAM", iam={"accountId": "1", "userId": "u"}, jwt={"claims": {"iss": "i", "sub": "s"}})
    jwt = caller("JWT", iam={"accountId": "1", "userId": "u"}, jwt={"claims": {"iss": "i", "sub": "s"}})
    assert (iam, jwt) == ("iam:1:u", "jwt:i s")
    assert caller("NONE") == "local"
