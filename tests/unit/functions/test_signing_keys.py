from __future__ import annotations

import uuid
from collections.abc import Iterator
from itertools import islice
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError
from moto import mock_aws

from artifact_api.signing_keys import SigningKeys
from artifact_store import StorageUnavailable


class Secret:
    """A secret of Secrets Manager, a clock, and a count of the calls."""

    def __init__(self) -> None:
        keys: Any = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        self.client: Any = boto3.client("secretsmanager", region_name="eu-central-1", **keys)
        # Of a name that no other test's stand-in has.
        self.name = f"cursors-{uuid.uuid4()}"
        self.client.create_secret(Name=self.name, SecretString="first")
        self.now = 1000.0
        self.calls: list[str] = []
        self.failure: Exception | None = None

    def rotate(self, text: str) -> None:
        self.client.put_secret_value(SecretId=self.name, SecretString=text)

    def get_secret_value(self, **asked: Any) -> Any:
        self.calls.append(asked["VersionStage"])
        if self.failure is not None:
            raise self.failure
        return self.client.get_secret_value(**asked)

    def keys(self) -> SigningKeys:
        me: Any = self
        return SigningKeys(me, self.name, monotonic=lambda: self.now)


@pytest.fixture
def secret() -> Iterator[Secret]:
    with mock_aws():
        yield Secret()


def test_the_key_is_read_once_and_the_previous_one_only_when_needed(secret: Secret) -> None:
    keys = secret.keys()
    for _ in range(3):
        assert keys.current() == b"first"
        assert next(iter(keys)) == b"first"
    assert secret.calls == ["AWSCURRENT"]


def test_the_current_key_comes_first_and_the_previous_one_is_good(secret: Secret) -> None:
    secret.rotate("second")
    assert list(islice(secret.keys(), 2)) == [b"second", b"first"]
    secret.rotate("third")
    assert set(secret.keys()) == {b"third", b"second"}


def test_a_rotation_is_noticed_at_once_by_who_meets_a_newer_key(secret: Secret) -> None:
    keys = secret.keys()
    assert keys.current() == b"first"
    secret.rotate("second")
    secret.now += 5
    assert keys.current() == b"first"
    assert b"second" in list(keys)
    assert keys.current() == b"second"


def test_forged_text_cannot_make_it_ask_all_the_time(secret: Secret) -> None:
    keys = secret.keys()
    for _ in range(50):
        assert set(keys) == {b"first"}
    assert secret.calls == ["AWSCURRENT", "AWSPREVIOUS"]


def test_a_key_is_read_again_after_five_minutes(secret: Secret) -> None:
    keys = secret.keys()
    keys.current()
    secret.rotate("second")
    secret.now += 299.9
    assert keys.current() == b"first"
    secret.now += 0.1
    assert keys.current() == b"second"


@pytest.mark.parametrize(
    "failure",
    [
        ConnectTimeoutError(endpoint_url="https://secrets"),
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetSecretValue"),
        ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "none"}}, "GetSecretValue"),
    ],
)
def test_no_answer_is_unavailable_and_is_not_remembered(secret: Secret, failure: Exception) -> None:
    keys = secret.keys()
    secret.failure = failure
    with pytest.raises(StorageUnavailable, match="signing key"):
        keys.current()
    secret.failure = None
    assert keys.current() == b"first"
