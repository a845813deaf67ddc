"""The maintenance functions: what they make of their events, what they report, what they refuse."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

import pytest

from artifact_maintenance import adopt, erase, expire, heal, purge, rebuild, reconcile, wiring
from artifact_maintenance.settings import InvalidSettings, Settings
from artifact_maintenance.telemetry import logger
from artifact_store import ArtifactId, Content, InvalidInput, Outcome, StorageUnavailable
from artifact_store._items import timer_key
from artifact_store.erasures import ErasureRequest
from artifact_store.purging import PurgeRequest
from tests.faults.interposed import Counted, World
from tests.unit.maintenance.drifts import (
    DOC,
    HOUR,
    LOGO,
    bodies,
    fail,
    healthy,
    plant_crashed_save,
    plant_delete_marker,
    plant_unended_purge,
    save,
    state,
)

SETTINGS = Settings(
    bucket_name="b",
    index_table_name="t",
    erase_queue_url=None,
    metrics_namespace="Test",
    reconcile_rest_seconds=600,
)


@dataclass
class Context:
    """Lambda's context."""

    seconds: float = 900
    function_name: str = "f"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:x"
    aws_request_id: str = "request-1"
    log_group_name: str = "g"
    log_stream_name: str = "s"

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


@pytest.fixture(autouse=True)
def _reset() -> Iterator[None]:
    yield
    wiring.reset()


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return stream


def use(
    world: World,
    hook: Counted | None = None,
    settings: Settings = SETTINGS,
    erase_again: Callable[[ErasureRequest], None] = lambda _: None,
) -> None:
    wiring.use(
        wiring.Parts(
            settings=settings,
            store=world.store(hook),
            maintenance=world.maintenance(hook),
            eraser=world.eraser(hook),
            erase_again=erase_again,
            table=world.table,
            clock=world.clock,
        )
    )


def metrics(printed: str) -> dict[str, float]:
    """Metric → value, from what was printed; a kind's own as `Metric kind`."""
    found: dict[str, float] = {}
    for line in printed.splitlines():
        document = json.loads(line)
        for definition in document["_aws"]["CloudWatchMetrics"]:
            assert definition["Namespace"] == "Test"
            for metric in definition["Metrics"]:
                (value,) = document[metric["Name"]]
                found[f"{metric['Name']} {document['kind']}" if "kind" in document else metric["Name"]] = value
    return found


def notification(*keys: str, bucket: str = "b", **about: Any) -> str:
    return json.dumps(
        {
            "Records": [
                {
                    "eventSource": "aws:s3",
                    "eventName": "ObjectCreated:Put",
                    "s3": {
                        "bucket": {"name": bucket},
                        "object": {"key": quote_plus(key, safe="/"), "size": 1, "versionId": "v", **about},
                    },
                }
                for key in keys
            ]
        }
    )


def batch(*messages: str) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": str(number), "receiptHandle": "r", "body": body, "eventSource": "aws:sqs", "attributes": {}}
            for number, body in enumerate(messages)
        ]
    }


def failed(answer: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_heal_settles_what_notifications_name(capsys: pytest.CaptureFixture[str]) -> None:
    world = healthy()
    odd = ArtifactId.of(app="app", user="u@x", session="a b", filename="ключ + 1.txt")
    save(world, b"odd", odd)
    plant_crashed_save(world)
    use(world)
    event = batch(
        notification(DOC.object_key(3), odd.object_key(0)),
        notification(DOC.object_key(0), "!blobs/x", "app/u/s/gone/0"),
        json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}),
    )
    assert failed(heal.handler(event, Context())) == []
    assert bodies(world)[3] == b"crashed"
    assert metrics(capsys.readouterr().out) == {"Healed": 1, "HealLeft": 0, "HealLooked": 5}


def test_keys_of_a_notification_are_decoded_once() -> None:
    keys = [DOC.object_key(3), "app/u@x/s!20t/user:f/0", "100%25/a b+c"]
    assert heal.keys_of(notification(*keys), bucket_name="b") == keys


@pytest.mark.parametrize(
    "body",
    [
        notification(DOC.object_key(0), size=-5, versionId="forged", eTag="forged"),
        notification(DOC.object_key(9)),
        notification(DOC.object_key(3), bucket="another"),
        notification("app/u/s/doc", "", "/", "../../doc/0", "\x00"),
        notification(),
        json.dumps({"Event": "s3:TestEvent"}),
    ],
)
def test_a_forged_notification_does_nothing(body: str) -> None:
    world = healthy()
    plant_crashed_save(world)
    use(world)
    before = state(world)
    assert failed(heal.handler(batch(body), Context())) == []
    assert state(world) == before


@pytest.mark.parametrize(
    "body", ["", "x", "null", "[]", "{}", '{"Records": 5}', '{"Records": [{}]}', '{"Records": [5]}']
)
def test_what_is_no_notification_is_set_aside(body: str, log: io.StringIO) -> None:
    world = healthy()
    use(world)
    answer = heal.handler(batch(notification(DOC.object_key(0)), body), Context())
    assert failed(answer) == ["1"]
    assert "not healed" in log.getvalue()


def test_messages_that_fail_come_back_and_the_others_do_not(
    log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    world = healthy()
    plant_crashed_save(world)
    use(world, Counted(1, "before", fail))
    event = batch(notification(LOGO.object_key(0)), notification(DOC.object_key(3)))
    assert failed(heal.handler(event, Context())) == ["0"]
    assert bodies(world)[3] == b"crashed"
    assert "StorageUnavailable" in log.getvalue()
    assert "injected" not in log.getvalue()
    assert metrics(capsys.readouterr().out)["Healed"] == 1


def test_a_batch_that_fails_as_a_whole_comes_back_without_an_error() -> None:
    world = healthy()
    use(world, Counted(1, "before", fail))
    assert failed(heal.handler(batch(notification(LOGO.object_key(0))), Context())) == ["0"]


def test_what_healing_leaves_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    world = healthy()
    world.objects.put_foreign(DOC.object_key(9), b"")
    use(world)
    heal.handler(batch(notification(DOC.object_key(9))), Context())
    assert metrics(capsys.readouterr().out)["HealLeft"] == 1


def test_purge_ends_what_a_delete_left(capsys: pytest.CaptureFixture[str]) -> None:
    world = healthy()
    gen = world.store().describe(DOC).gen
    plant_unended_purge(world)
    use(world)
    request = PurgeRequest(DOC, gen).to_text()
    assert failed(purge.handler(batch(request), Context())) == []
    assert [ref.key for ref in world.objects.refs() if ref.key.startswith(DOC.key_prefix)] == []
    assert failed(purge.handler(batch(request), Context())) == [], "asking twice is fine"
    assert metrics(capsys.readouterr().out.splitlines()[0]) == {"Purged": 1}


def test_a_purge_that_needs_more_time_comes_back_and_goes_on() -> None:
    world = World()
    for number in range(1001):
        save(world, b"%d" % number)
    told: list[PurgeRequest] = []
    world.store().delete(DOC, timeout=-1, on_unfinished=lambda *what: told.append(PurgeRequest(*what)))
    assert len(world.objects.refs()) == 501
    use(world)
    event = batch(told[0].to_text())
    assert failed(purge.handler(event, Context(seconds=1))) == ["0"]
    assert len(world.objects.refs()) == 1
    assert failed(purge.handler(event, Context())) == []
    assert world.objects.refs() == []


def ended(*keys: tuple[str, str]) -> dict[str, Any]:
    """What the table's stream tells of timers."""
    return {
        "Records": [
            {
                "eventName": "REMOVE",
                "eventSource": "aws:dynamodb",
                "dynamodb": {"Keys": {"pk": {"S": pk}, "sk": {"S": sk}}, "SequenceNumber": str(number)},
            }
            for number, (pk, sk) in enumerate(keys)
        ]
    }


def with_a_minute_left() -> tuple[World, tuple[str, str]]:
    world = World()
    content = Content(body=b"x", ttl_seconds=60)
    version = world.store().save(DOC, content, caller="c", idempotency_key="k").version
    return world, timer_key(DOC, version.gen)


def test_the_end_of_a_timer_deletes_its_artifact(capsys: pytest.CaptureFixture[str]) -> None:
    world, timer = with_a_minute_left()
    world.clock.sleep(60)
    use(world)
    assert failed(expire.handler(ended(timer), Context())) == []
    assert world.objects.refs() == []
    assert metrics(capsys.readouterr().out) == {"Expired": 1}


def test_the_end_of_a_timer_is_judged_by_the_head() -> None:
    world, timer = with_a_minute_left()
    use(world)
    before = state(world)
    assert failed(expire.handler(ended(timer), Context())) == []
    assert state(world) == before


def test_an_end_that_needs_more_time_comes_back_and_goes_on() -> None:
    world = World()
    for number in range(1001):
        content = Content(body=b"%d" % number, ttl_seconds=60)
        world.store().save(DOC, content, caller="c", idempotency_key=f"{number}")
    event = ended(timer_key(DOC, world.store().describe(DOC).gen))
    world.clock.sleep(60)
    use(world)
    assert failed(expire.handler(event, Context(seconds=1))) == ["0"]
    assert failed(expire.handler(event, Context())) == []
    assert world.objects.refs() == []


def test_ends_of_what_is_no_timer_do_nothing() -> None:
    world = healthy()
    use(world)
    before = state(world)
    partition = DOC.scope.partition
    others = [*world.table.items(), (partition, "x#"), ("x", "x#doc#g"), (partition, ""), ("", "")]
    assert failed(expire.handler(ended(*others), Context())) == []
    assert failed(expire.handler({"Records": [{"eventName": "REMOVE"}]}, Context())) == []
    assert state(world) == before


def test_forged_purge_requests_do_nothing() -> None:
    world = healthy()
    use(world)
    before = state(world)
    gen = world.store().describe(DOC).gen
    assert (
        failed(purge.handler(batch(PurgeRequest(DOC, gen).to_text(), PurgeRequest(DOC, "x").to_text()), Context()))
        == []
    )
    assert failed(purge.handler(batch("{}", "x"), Context())) == ["0", "1"]
    assert state(world) == before


def test_erase_works_off_the_deletion_of_a_user(capsys: pytest.CaptureFixture[str]) -> None:
    world = healthy()
    user = DOC.scope.user_scope
    job = world.erasures().start(user)
    use(world)
    request = ErasureRequest(user, job.id).to_text()
    assert failed(erase.handler(batch(request), Context())) == []
    assert world.erasures().get(user, job.id).status == "done"
    assert world.objects.refs() == []
    assert metrics(capsys.readouterr().out) == {"Erased": 1}
    assert failed(erase.handler(batch(request), Context())) == [], "a request that comes twice is fine"


def test_a_deletion_that_needs_more_time_asks_for_another_sitting() -> None:
    world = healthy()
    user = DOC.scope.user_scope
    job = world.erasures().start(user)
    asked: list[ErasureRequest] = []
    use(world, erase_again=asked.append)
    request = ErasureRequest(user, job.id)
    assert failed(erase.handler(batch(request.to_text()), Context(seconds=1))) == []
    assert asked == [request]
    assert world.erasures().get(user, job.id).status == "running"
    assert failed(erase.handler(batch(asked[0].to_text()), Context())) == []
    assert world.erasures().get(user, job.id).status == "done"


def test_a_deletion_that_fails_comes_back(log: io.StringIO) -> None:
    world = healthy()
    user = DOC.scope.user_scope
    job = world.erasures().start(user)
    use(world, Counted(3, "before", fail))
    event = batch(ErasureRequest(user, job.id).to_text(), "{}")
    assert failed(erase.handler(event, Context())) == ["0", "1"]
    assert "not erased" in log.getvalue()
    assert world.erasures().get(user, job.id).failures == 1
    use(world)
    assert failed(erase.handler(batch(ErasureRequest(user, job.id).to_text()), Context())) == []
    assert world.erasures().get(user, job.id).status == "done"


def test_a_sitting_that_cannot_ask_for_the_next_comes_back() -> None:
    world = healthy()
    user = DOC.scope.user_scope
    job = world.erasures().start(user)
    use(world, erase_again=lambda _: fail())
    assert failed(erase.handler(batch(ErasureRequest(user, job.id).to_text()), Context(seconds=1))) == ["0"]


def test_forged_requests_erase_nothing() -> None:
    world = healthy()
    use(world)
    before = state(world)
    forged = ErasureRequest(DOC.scope.user_scope, "0" * 32).to_text()
    assert failed(erase.handler(batch(forged), Context())) == []
    assert state(world) == before


def test_reconcile_reports_drift_by_kind_and_none_in_a_healthy_store(
    capsys: pytest.CaptureFixture[str], log: io.StringIO
) -> None:
    world = healthy()
    use(world)
    answer = reconcile.handler({}, Context())
    assert (answer["complete"], answer["drift"]) == (True, 0)
    assert metrics(capsys.readouterr().out) == {"Drift": 0, "DriftUnrepaired": 0, "Reconciled": 1}
    plant_crashed_save(world)
    plant_delete_marker(world)
    world.clock.sleep(HOUR)
    answer = reconcile.handler({}, Context())
    assert answer["repaired"] == {"unindexed_object": 1, "hidden_object": 1}
    assert metrics(capsys.readouterr().out) == {
        "Drift": 2,
        "Drift unindexed_object": 1,
        "Drift hidden_object": 1,
        "DriftUnrepaired": 0,
        "Reconciled": 1,
    }
    assert DOC.object_key(3) in log.getvalue()


def test_reconcile_rests_after_a_whole_run_unless_it_is_forced(capsys: pytest.CaptureFixture[str]) -> None:
    world = healthy()
    use(world)
    assert reconcile.handler({}, Context())["complete"] is True
    assert reconcile.handler({}, Context()) == {"complete": None}
    assert reconcile.handler({"force": True}, Context())["complete"] is True
    world.clock.sleep(601)
    assert reconcile.handler({}, Context())["complete"] is True
    assert capsys.readouterr().out.count('"Reconciled"') >= 3


def test_reconcile_goes_on_in_the_next_invocation(capsys: pytest.CaptureFixture[str]) -> None:
    world = healthy()
    plant_crashed_save(world)
    world.clock.sleep(HOUR)
    for complete in (False, False, False, True):
        use(world, Counted(1, "after", lambda: world.clock.sleep(1000)))
        assert reconcile.handler({}, Context())["complete"] is complete
        world.clock.sleep(1000)
    assert metrics(capsys.readouterr().out)["Drift"] == 1


def test_reconcile_that_storage_stops_fails_visibly(log: io.StringIO) -> None:
    use(healthy(), Counted(1, "before", fail))
    with pytest.raises(StorageUnavailable):
        reconcile.handler({}, Context())
    assert "reconcile stopped" in log.getvalue()


def test_a_flood_of_drift_is_not_logged_whole(log: io.StringIO) -> None:
    world = World()
    for number in range(150):
        save(world, b"%d" % number)
    world.table = type(world.table)(clock=world.clock)
    world.clock.sleep(HOUR)
    use(world)
    assert reconcile.handler({}, Context())["drift"] == 150
    assert log.getvalue().count('"drift"') <= 100


def test_rebuild_remakes_a_scope_or_all() -> None:
    world = healthy()
    world.table = type(world.table)(clock=world.clock)
    use(world)
    assert rebuild.handler({"scope": "app/u/s", "dryRun": True}, Context())["versions"] == 3
    assert bodies(world) == {}
    assert rebuild.handler({"scope": "app/u/s"}, Context())["versions"] == 3
    answer = rebuild.handler({"all": True}, Context())
    assert answer == {
        "artifacts": 3,
        "versions": 2,
        "known": 3,
        "lost": 0,
        "misfits": {},
        "misfitList": [],
        "position": None,
    }


def test_rebuild_lists_misfits_and_closes_gaps_on_demand() -> None:
    world = healthy()
    world.objects.delete([ref for ref in world.objects.refs() if ref.key == DOC.object_key(1)])
    world.table = type(world.table)(clock=world.clock)
    use(world)
    answer = rebuild.handler({"all": True}, Context())
    assert answer["misfitList"] == [{"key": DOC.object_key(2), "reason": "gap", "detail": ""}]
    json.dumps(answer)
    assert rebuild.handler({"all": True, "acceptGaps": True}, Context())["lost"] == 1
    assert sorted(bodies(world)) == [0, 2]


def test_rebuild_goes_on_where_it_is_told() -> None:
    world = healthy()
    for number in range(70):
        save(world, b"x", ArtifactId(DOC.scope, f"x{number:02}"))
    world.table = type(world.table)(clock=world.clock)
    use(world)
    first = rebuild.handler({"all": True}, Context(seconds=1))
    assert first["position"]
    second = rebuild.handler({"all": True, "position": first["position"]}, Context())
    assert (first["versions"] + second["versions"], second["position"]) == (75, None)


def test_adopt_takes_in_a_prefix() -> None:
    world = World()
    for key in (DOC.object_key(0), DOC.object_key(2), "app/x"):
        world.objects.put_foreign(key, b"0")
    use(world)
    assert adopt.handler({"prefix": "app/", "dryRun": True}, Context())["versions"] == 1
    answer = adopt.handler({"prefix": "app/"}, Context())
    assert (answer["versions"], answer["misfits"]) == (1, {"foreign": 1, "unknown_key": 1})
    assert bodies(world) == {0: b"0"}


@pytest.mark.parametrize(
    ("handler", "event"),
    [
        (rebuild.handler, {}),
        (rebuild.handler, {"all": False}),
        (rebuild.handler, {"all": True, "scope": "app/u/s"}),
        (rebuild.handler, {"all": "yes"}),
        (rebuild.handler, {"scope": 5}),
        (rebuild.handler, {"scope": "app"}),
        (rebuild.handler, {"all": True, "position": 5}),
        (rebuild.handler, {"all": True, "acceptGaps": 1}),
        (adopt.handler, {}),
        (adopt.handler, {"prefix": None}),
        (adopt.handler, {"prefix": "", "dryRun": "no"}),
    ],
)
def test_an_event_of_another_form_is_refused(
    handler: Callable[[dict[str, Any], Any], dict[str, Any]], event: dict[str, Any]
) -> None:
    world = healthy()
    use(world)
    before = state(world)
    with pytest.raises(InvalidInput):
        handler(event, Context())
    assert state(world) == before


ENVIRONMENT = {"BUCKET_NAME": "b", "INDEX_TABLE_NAME": "t"}


def test_settings_come_from_the_environment() -> None:
    settings = Settings.from_env(
        {
            **ENVIRONMENT,
            "RECONCILE_REST_MINUTES": "5",
            "ERASE_QUEUE_URL": "q",
            "POWERTOOLS_METRICS_NAMESPACE": "N",
        }
    )
    assert settings == Settings(
        bucket_name="b",
        index_table_name="t",
        erase_queue_url="q",
        metrics_namespace="N",
        reconcile_rest_seconds=300,
    )
    assert Settings.from_env(ENVIRONMENT).reconcile_rest_seconds == 6 * HOUR


@pytest.mark.parametrize(
    "wrong",
    [{"BUCKET_NAME": ""}, {"INDEX_TABLE_NAME": ""}, {"RECONCILE_REST_MINUTES": "-1"}, {"RECONCILE_REST_MINUTES": "x"}],
)
def test_an_incomplete_environment_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidSettings):
        Settings.from_env({**ENVIRONMENT, **wrong})


def test_the_parts_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = {"AWS_DEFAULT_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    for name, value in {**ENVIRONMENT, **aws}.items():
        monkeypatch.setenv(name, value)
    wiring.reset()
    made = wiring.parts()
    assert made is wiring.parts()
    assert made.settings.bucket_name == "b"


def test_a_saved_content_is_never_logged(log: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    world = healthy()
    world.store().save(DOC, Content(body=b"secret body"), caller="secret caller", idempotency_key="secret key")
    use(world)
    heal.handler(batch(notification(DOC.object_key(3))), Context())
    reconcile.handler({}, Context())
    assert "secret" not in log.getvalue() + capsys.readouterr().out


def test_every_outcome_is_a_repair_or_left_or_nothing() -> None:
    assert {Outcome.COMMITTED, Outcome.RESTORED, Outcome.REMOVED} == heal._REPAIRS
