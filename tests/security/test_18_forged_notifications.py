"""A notification of the bucket is forged: nothing but a key is taken from it, and storage is asked what lies there.

Only S3 in the stack's own account may put notifications into the queue; heal would stand one from elsewhere too.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from artifact_maintenance import heal, wiring
from artifact_maintenance.settings import Settings
from artifact_store import ArtifactId, ArtifactNotFound, Content, Outcome, Part, Scope, Version
from artifact_store._settling import Settler
from artifact_store.names import BLOB_PREFIX
from artifact_store.record import Record
from tests.faults.interposed import World
from tests.infrastructure import template
from tests.security.defence import Defence

DOC = ArtifactId(Scope("app", "ada", "s"), "doc")


def _believed(_: Settler, artifact: ArtifactId, number: int) -> Record:
    """What a notification claims, as if it were there."""
    version = Version(
        artifact=artifact,
        number=number,
        gen="forged",
        version_id="forged",
        size=1,
        sha256=None,
        part=Part(),
        custom_metadata={},
        created_ms=0,
    )
    return Record(version=version, token="forged", fingerprint="forged")


STORAGE_IS_READ = Defence(18, "heal reads the object itself", ((Settler, "read", _believed),))

OPEN = copy.deepcopy(template.DOCUMENT)
for _statement in OPEN["Resources"]["HealQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]:
    if _statement["Effect"] == "Allow":
        _statement.pop("Condition")
THE_QUEUE_IS_S3S = Defence(18, "only this account's S3 may notify", ((template, "DOCUMENT", OPEN),))


class _Context:
    function_name = invoked_function_arn = aws_request_id = log_group_name = log_stream_name = "heal"
    memory_limit_in_mb = 512

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@pytest.fixture(autouse=True)
def _heal(world: World) -> Iterator[None]:
    wiring.use(
        wiring.Parts(
            settings=Settings(
                bucket_name="bucket",
                index_table_name="index",
                erase_queue_url=None,
                metrics_namespace="Test",
                reconcile_rest_seconds=600,
            ),
            store=world.store(),
            maintenance=world.maintenance(),
            eraser=world.eraser(),
            erase_again=lambda _: None,
            table=world.table,
            clock=world.clock,
        )
    )
    yield
    wiring.reset()


def notify(key: str, **claims: Any) -> dict[str, Any]:
    """Sends heal a notification that claims whatever it likes."""
    claimed = {"key": key, "size": 10**12, "eTag": "0" * 32, "versionId": "forged", "sequencer": "0", **claims}
    record = {"eventSource": "aws:s3", "s3": {"bucket": {"name": "bucket"}, "object": claimed}}
    body = json.dumps({"Records": [record]})
    return heal.handler({"Records": [{"messageId": "1", "body": body}]}, _Context())


def versions_of(world: World, artifact: ArtifactId) -> list[tuple[int, int]]:
    try:
        return [(version.number, version.size) for version in world.store().list_versions(artifact).items]
    except ArtifactNotFound:
        return []


def make_a_version_of_nothing(world: World) -> list[tuple[int, int]]:
    """The versions, number and size, that a forged notification has made."""
    assert notify(DOC.object_key(0)) == {"batchItemFailures": []}
    return versions_of(world, DOC)


def test_a_version_of_nothing_is_refused(world: World) -> None:
    assert make_a_version_of_nothing(world) == []


def test_a_version_of_nothing_is_made_without_reading_storage(world: World) -> None:
    with STORAGE_IS_READ.taken_out():
        assert make_a_version_of_nothing(world) == [(0, 1)]


@pytest.mark.parametrize(
    "key",
    [
        f"{BLOB_PREFIX}0",
        "app/ada/user/doc/0",
        "app/ada/s/a%2Fb/0",
        "app/ada/s/doc/-1",
        "app/ada/s/doc/01",
        "app/../s/doc/0",
        "app/ada/s/doc/0/1",
        "",
        "\ud800",
    ],
)
def test_a_key_that_is_no_versions_is_ignored(key: str, world: World) -> None:
    world.objects.create(f"{BLOB_PREFIX}0", b"x", content_type="text/plain", metadata={})
    before = world.objects.refs(), world.table.items()
    assert notify(key) == {"batchItemFailures": []}
    assert (world.objects.refs(), world.table.items()) == before


def test_nothing_is_done_to_a_healthy_version(world: World) -> None:
    world.store().save(DOC, Content(body=b"Ada's"), caller="ada", idempotency_key="1")
    assert world.store().heal(DOC.object_key(0)) is Outcome.KNOWN
    notify(DOC.object_key(0), size=0, versionId="other")
    assert world.store().load(DOC).body == b"Ada's"


def find_open_queues() -> list[str]:
    """The policies by which S3 of any account may put messages into a queue."""
    return [
        name
        for name, policy in template.Stack().of_type("AWS::SQS::QueuePolicy").items()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
        if "aws:SourceAccount" not in statement.get("Condition", {}).get("StringEquals", {})
    ]


def test_no_other_account_may_notify() -> None:
    assert find_open_queues() == []


def test_other_accounts_may_notify_without_the_condition() -> None:
    with THE_QUEUE_IS_S3S.taken_out():
        assert find_open_queues() == ["HealQueuePolicy"]
