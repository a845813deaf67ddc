"""What a token is good for."""

from __future__ import annotations

from typing import Any

import pytest

from artifact_api.grants import Grant, InvalidNames, JwtRules, grant_of, read_apps, read_principals
from artifact_store import Scope

ADA = Scope("reports", "ada", "s1")
ADAS = Scope("reports", "ada")
EVE = Scope("reports", "eve", "s1")
OTHER = Scope("billing", "ada", "s1")


def granted(claims: dict[str, Any], **options: Any) -> Grant:
    principals = read_principals(options.pop("principals", ""))
    return grant_of(claims, JwtRules(**{"app_claim": "app", "principals": principals, **options}))


def token(scope: object, **claims: object) -> dict[str, Any]:
    return {"sub": "ada", "app": "reports", "scope": scope, **claims}


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ("artifact:read", {"read", "list"}),
        ("artifact:list", {"list"}),
        ("artifact:write", {"write"}),
        ("artifact:delete", {"delete"}),
        ("openid artifact:read artifact:write email", {"read", "list", "write"}),
        ("artifact:*", {"read", "list", "write", "delete"}),
        (["artifact:read", "artifact:delete"], {"read", "list", "delete"}),
        ("[artifact:read artifact:delete]", {"read", "list", "delete"}),
        ("", set()),
        (None, set()),
        (7, set()),
        ("artifact", set()),
        ("artifact:", set()),
        ("artifact:everything", set()),
        ("artifact:read:everyone", set()),
        ("artifact:read:user:more", set()),
        ("xartifact:read", set()),
        ("Artifact:Read", set()),
    ],
)
def test_scopes_say_what(scope: object, allowed: set[str]) -> None:
    grant = granted(token(scope))
    for action in ("read", "write", "delete", "list"):
        for kind in ("session", "user"):
            assert grant.allows(action, kind) == (action in allowed), (action, kind)


def test_a_scope_may_be_for_one_kind() -> None:
    grant = granted(token("artifact:read:session artifact:*:user"))
    assert grant.allows("read", "session")
    assert grant.allows("list", "session")
    assert not grant.allows("write", "session")
    assert grant.allows("delete", "user")
    assert grant.allows("read", "session", "user")
    assert not grant.allows("delete", "session", "user")


def test_a_token_is_bound_to_its_app_and_its_user() -> None:
    grant = granted(token("artifact:*"))
    assert grant.covers(ADA)
    assert grant.covers(ADAS)
    assert not grant.covers(EVE)
    assert not grant.covers(OTHER)


@pytest.mark.parametrize("missing", ["sub", "app"])
@pytest.mark.parametrize("value", [None, "", 7, ["ada", "reports"]])
def test_without_a_name_nothing_is_covered(missing: str, value: object) -> None:
    assert not granted(token("artifact:*", **{missing: value})).covers(ADA)


def test_a_claim_called_star_is_a_name() -> None:
    assert not granted(token("artifact:*", sub="*")).covers(ADA)
    assert not granted(token("artifact:*", app="*")).covers(ADA)


def test_an_admin_is_bound_to_its_app_alone() -> None:
    grant = granted(token("artifact:admin"))
    assert grant.covers(EVE)
    assert grant.allows("delete", "session", "user")
    assert not grant.covers(OTHER)


@pytest.mark.parametrize("audience", ["client-1", ["x", "client-1"], "[x client-1]"])
def test_an_audience_may_stand_for_the_app(audience: object) -> None:
    by_audience = {"client-1": "reports", "client-2": "billing"}
    grant = granted(token("artifact:*", aud=audience, app="billing"), apps_by_audience=by_audience)
    assert grant.covers(ADA)
    assert not grant.covers(OTHER), "the claim does not count then"
    assert not granted(token("artifact:*", aud="else"), apps_by_audience=by_audience).covers(ADA)


GOOGLE = {"sub": "1234", "email": "agent@project.iam.gserviceaccount.com", "email_verified": "true", "aud": "api"}


def test_principals_are_known_by_subject_or_verified_address() -> None:
    named = '{"agent@project.iam.gserviceaccount.com": {"scope": "artifact:*", "app": "reports", "user": "*"}}'
    assert granted(GOOGLE, principals=named).covers(EVE)
    assert granted({**GOOGLE, "email_verified": True}, principals=named).covers(EVE)
    for unverified in ({**GOOGLE, "email_verified": "false"}, {**GOOGLE, "email_verified": None}):
        assert not granted(unverified, principals=named).covers(EVE)
    by_subject = '{"1234": {"scope": "artifact:read", "app": ["reports", "billing"], "user": ["ada"]}}'
    grant = granted(GOOGLE, principals=by_subject)
    assert (grant.covers(ADA), grant.covers(OTHER), grant.covers(EVE)) == (True, True, False)
    assert not grant.allows("write", "session")


def test_a_principals_own_scopes_do_not_count() -> None:
    named = '{"ada": {"scope": "artifact:read", "app": "reports"}}'
    grant = granted(token("artifact:*", app="billing"), principals=named)
    assert not grant.allows("write", "session")
    assert not grant.covers(OTHER)
    assert grant.covers(ADA), "without a user it is the token's own"
    assert not grant.covers(EVE)
    assert granted(token(""), principals='{"ada": {"scope": "artifact:admin", "app": "*"}}').covers(Scope("x", "y"))


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        '{"a": 1}',
        '{"a": {}}',
        '{"a": {"scope": "x"}}',
        '{"a": {"scope": "x", "app": ""}}',
        '{"a": {"scope": "x", "app": []}}',
        '{"a": {"scope": "x", "app": [1]}}',
        '{"a": {"scope": "x", "app": "y", "users": "z"}}',
    ],
)
def test_a_list_of_principals_that_cannot_be_read_stops_the_function(text: str) -> None:
    with pytest.raises(InvalidNames):
        read_principals(text)


def test_nobody_need_be_named() -> None:
    assert read_principals("") == {}
    assert read_apps("") == {}


@pytest.mark.parametrize("text", ["[]", "{", '{"a": 1}', '{"a": ""}', '{"a": ["b"]}'])
def test_apps_of_audiences_that_cannot_be_read_stop_the_function(text: str) -> None:
    with pytest.raises(InvalidNames):
        read_apps(text)


def test_apps_of_audiences_are_read() -> None:
    assert read_apps('{"client-1": "reports"}') == {"client-1": "reports"}
