"""The queue of texts over SQS."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from artifact_store import StorageDenied, StorageUnavailable
from artifact_store.adapters.sqs import MessageQueue

URL = "https://queue"


@pytest.fixture
def client() -> Any:
    keys: dict[str, Any] = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("sqs", region_name="eu-central-1", **keys)


def test_a_text_is_sent(client: Any) -> None:
    with Stubber(client) as stub:
        stub.add_response("send_message", {"MessageId": "m"}, {"QueueUrl": URL, "MessageBody": "text"})
        MessageQueue(client=client, url=URL).send("text")
        stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "error"), [("AccessDenied", StorageDenied), ("ServiceUnavailable", StorageUnavailable)]
)
def test_a_failure_says_so_without_its_texts(client: Any, code: str, error: type[Exception]) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("send_message", code, "arn:secret")
        with pytest.raises(error) as raised:
            MessageQueue(client=client, url=URL).send("text")
    assert "secret" not in str(raised.value)
