"""What a delete hands on when its purge did not end."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from artifact_api import wiring
from artifact_api.purge_queue import PurgeQueue
from artifact_store import ArtifactId, Content, StorageUnavailable
from artifact_store.purging import PurgeRequest
from tests.contract.calls import ENVIRONMENT, call
from tests.faults.interposed import Counted, World

DOC = ArtifactId.of(app="app", user="u", session="s", filename="doc")
URL = "https://queue"


@pytest.fixture
def client() -> Any:
    keys: dict[str, Any] = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client("sqs", region_name="eu-central-1", **keys)


def test_the_purge_function_can_read_what_is_asked(client: Any) -> None:
    asked: list[dict[str, str]] = []
    client.meta.events.register("provide-client-params.sqs.SendMessage", lambda params, **_: asked.append(params))
    with Stubber(client) as stub:
        stub.add_response("send_message", {"MessageId": "m"})
        PurgeQueue(client=client, url=URL)(DOC, "gen")
    (message,) = asked
    assert message["QueueUrl"] == URL
    assert PurgeRequest.of_text(message["MessageBody"]) == PurgeRequest(DOC, "gen")


def test_a_queue_that_fails_says_so_without_its_texts(client: Any) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("send_message", "AccessDenied", "arn:secret")
        with pytest.raises(StorageUnavailable) as raised:
            PurgeQueue(client=client, url=URL)(DOC, "gen")
    assert "secret" not in str(raised.value)


def test_without_a_queue_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PURGE_QUEUE_URL", raising=False)
    wiring.reset()
    wiring.ask_for_purge(DOC, "gen")
    wiring.reset()


def test_a_delete_that_leaves_content_asks_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    asked: list[tuple[ArtifactId, str]] = []
    monkeypatch.setattr(wiring, "ask_for_purge", lambda artifact, gen: asked.append((artifact, gen)))
    wiring.reset()
    world = World()
    saved = world.store().save(DOC, Content(body=b"a"), caller="c", idempotency_key="k")

    def fail() -> None:
        raise StorageUnavailable("injected")

    wiring.use(store=world.store(Counted(4, "before", fail)))
    assert call("DELETE", "/v1/apps/app/users/u/sessions/s/artifacts/doc").status == 204
    assert asked == [(DOC, saved.version.gen)]
    wiring.reset()
