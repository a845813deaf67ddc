"""Where the credentials of a signature come from."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Self

import botocore.session
import httpx
import pytest

from google_adk_aws import SigV4Auth

pytestmark = pytest.mark.unit

ROLE = "arn:aws:iam::111122223333:role/agents"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "credentials").write_text("[reports]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = s\n")
    (tmp_path / "config").write_text("[profile reports]\nregion = eu-south-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


def signed(auth: SigV4Auth) -> httpx.Headers:
    return next(auth.sync_auth_flow(httpx.Request("GET", "https://artifacts.example/v1/health"))).headers


class Security:
    """STS: each role it is asked for gets keys that live as long as is said."""

    def __init__(self, *lives: int) -> None:
        self.asked: list[dict[str, Any]] = []
        self._lives = list(lives)

    def assume_role(self, **asked: Any) -> Any:
        self.asked.append(asked)
        expires = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self._lives.pop(0))
        keys = {"AccessKeyId": f"AKIDROLE{len(self.asked)}", "SecretAccessKey": "s", "SessionToken": "role's token"}
        return {"Credentials": {**keys, "Expiration": expires}}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def session_with(security: Security) -> Any:
    session = botocore.session.Session()
    clients: Any = session

    def create_client(service: str, **keys: Any) -> Security:
        # The role is taken with what was found otherwise.
        assert (service, keys["aws_access_key_id"]) == ("sts", "AKIDENVIRONMENT")
        return security

    clients.create_client = create_client
    return session


def test_the_environments_come_first() -> None:
    assert "Credential=AKIDENVIRONMENT/" in signed(SigV4Auth(region="eu-west-1"))["authorization"]


def test_a_profile_brings_its_keys_and_its_region() -> None:
    authorization = signed(SigV4Auth(profile="reports"))["authorization"]
    assert "Credential=AKIDPROFILE/" in authorization
    assert "/eu-south-1/execute-api/aws4_request" in authorization


def test_explicit_keys_win() -> None:
    auth = SigV4Auth(region="eu-west-1", access_key_id="AKIDHERE", secret_access_key="s", session_token="temporary")
    headers = signed(auth)
    assert "Credential=AKIDHERE/" in headers["authorization"]
    assert headers["x-amz-security-token"] == "temporary"


def test_a_role_is_taken_once_and_again_before_it_expires() -> None:
    security = Security(3600, 3600)
    auth = SigV4Auth(region="eu-west-1", session=session_with(security), role_arn=ROLE, external_id="x1")
    for _ in range(3):
        headers = signed(auth)
        assert "Credential=AKIDROLE1/" in headers["authorization"]
        assert headers["x-amz-security-token"] == "role's token"
    assert security.asked == [{"RoleArn": ROLE, "RoleSessionName": "google-adk-aws", "ExternalId": "x1"}]

    short = Security(60, 3600)
    auth = SigV4Auth(region="eu-west-1", session=session_with(short), role_arn=ROLE)
    assert [signed(auth)["authorization"].split("/")[0][-1] for _ in range(2)] == ["1", "2"]


def test_an_api_behind_its_own_domain_is_signed_for_as_execute_api() -> None:
    assert "/eu-west-1/execute-api/aws4_request" in signed(SigV4Auth(region="eu-west-1"))["authorization"]


def test_a_condition_cannot_be_taken_off_on_the_way() -> None:
    request = httpx.Request("POST", "https://artifacts.example/v1", headers={"If-Match": '"x"'}, content=b"")
    headers = next(SigV4Auth(region="eu-west-1").sync_auth_flow(request)).headers
    assert "if-match" in headers["authorization"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"session": object(), "profile": "reports"}, "a profile, or keys"),
        ({"session": object(), "access_key_id": "a", "secret_access_key": "s"}, "a profile, or keys"),
        ({"profile": "reports", "access_key_id": "a", "secret_access_key": "s"}, "not both"),
        ({"access_key_id": "a"}, "go together"),
        ({"secret_access_key": "s"}, "go together"),
    ],
)
def test_sources_that_exclude_one_another(given: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        SigV4Auth(region="eu-west-1", **given)
