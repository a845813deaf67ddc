"""docs/runbook.md is drilled: a deployed stack is broken, the alarm's metric moves, the page's commands repair it."""

from __future__ import annotations

import inspect
import json
import re
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import pytest

from artifact_store import ArtifactId
from artifact_store.purging import PurgeRequest
from tests.e2e.drilling import QUEUES, Place, Section, found, has_died, is_busy, named, outage
from tests.e2e.emulated_cloud import ROOT, EmulatedCloud
from tests.e2e.handling import crash_save, drop_items, eventually, index, invoke, path_of, save
from tests.e2e.stacks import deploy
from tests.e2e.terminal import Terminal, blocks, sections
from tests.e2e.token_stack import MAY_EVERYTHING
from tests.e2e.watching import Alarm
from tests.infrastructure.template import DOCUMENT

if TYPE_CHECKING:
    from tests.e2e.token_stack import Deployment

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PAGE: Final = (ROOT / "docs/runbook.md").read_text()
RUNBOOK: Final = sections(PAGE)
REFUSED: Final = "No alarm: a caller is refused"
RECONCILE: Final = "python -m artifact_store reconcile"
HOUR: Final = 3600
HASTE: Final = {"DelaySeconds": "0", "VisibilityTimeout": "2"}
"""What takes minutes in a deployed queue."""


def section_of(place: Place, title: str) -> Section:
    return Section(place.terminal, blocks(RUNBOOK[title]))


@pytest.fixture(scope="module")
def place(cloud: EmulatedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    stack = deploy(cloud, "artifact-api-drill")
    stack.cloud.client("sqs").set_queue_attributes(
        QueueUrl=stack.outputs["HealQueueUrl"], Attributes={"DelaySeconds": "0"}
    )
    # The commands are run an hour after what happened: until then it is left to heal.
    with Terminal(cloud, tmp_path_factory.mktemp("drill"), {"SECONDS_LATER": str(HOUR)}) as terminal:
        first, _ = blocks(RUNBOOK[""])
        assert first.startswith("STACK=artifact-api\n")
        terminal.run(first.replace("STACK=artifact-api\n", f"STACK={stack.name}\n"))
        yield Place(stack, terminal)


@pytest.fixture(scope="module")
def dead_letters(place: Place) -> dict[str, ArtifactId]:
    """For each queue what became of an artifact while its function could not reach the table; it can again."""
    stack, sqs = place.stack, place.stack.cloud.client("sqs")
    artifacts = {"Heal": named("crashed"), "Purge": named("purged"), "Erase": named("erased", user="eve")}
    as_deployed = {}
    for queue in QUEUES:
        url = stack.outputs[f"{queue}QueueUrl"]
        as_deployed[url] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[*HASTE, "RedrivePolicy"])[
            "Attributes"
        ]
        policy = {**json.loads(as_deployed[url]["RedrivePolicy"]), "maxReceiveCount": 1}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={**HASTE, "RedrivePolicy": json.dumps(policy)})
    for queue in ("Purge", "Erase"):
        save(stack, artifacts[queue], b"0")
    _, table_index = index(stack)
    head = table_index.head(artifacts["Purge"])
    assert head is not None
    table_index.bury(artifacts["Purge"], head)
    with outage(stack, *(f"{queue}Role" for queue in QUEUES)):
        request = PurgeRequest(artifacts["Purge"], head.gen).to_text()
        sqs.send_message(QueueUrl=stack.outputs["PurgeQueueUrl"], MessageBody=request)
        assert stack.call("DELETE", "/v1/apps/reports/users/eve").status == 202
        crash_save(stack, artifacts["Heal"])
        # A slow function may be at a message still that has been set aside: nothing is mended before it has failed.
        eventually(lambda: all(has_died(stack, queue) for queue in QUEUES) and not is_busy(stack), within=120)
    for url, before in as_deployed.items():
        sqs.set_queue_attributes(QueueUrl=url, Attributes={**before, "DelaySeconds": "0"})
    return artifacts


def server_errors(place: Place, section: Section) -> None:
    stack, alarm = place.stack, Alarm(place.stack, "ServerErrorsAlarm")
    assert (alarm.metric, alarm.dimension) == (("AWS/ApiGateway", "5xx"), ("ApiId", stack.outputs["ApiId"]))
    with outage(stack, "WriteRole"):
        answer = stack.call("POST", path_of(named("refused")), body=b"0")
    assert answer.status // 100 == 5
    request = answer.json["requestId"]

    (line,) = found(section.run(), level="ERROR", correlation_id=request)
    assert "AccessDenied" in str(line["causes"])
    block = blocks(RUNBOOK[""])[1]
    assert "REQUEST-ID" in block
    assert line in found(place.terminal.run(block.replace("REQUEST-ID", request)), correlation_id=request)
    save(stack, named("refused"), b"0")


def latency(place: Place, _: Section) -> None:
    alarm = Alarm(place.stack, "LatencyAlarm")
    assert (alarm.metric, alarm.dimension) == (
        ("AWS/ApiGateway", "Latency"),
        ("ApiId", place.stack.outputs["ApiId"]),
    )
    assert alarm.rings_at(5001)


def throttles(title: str, function: str, method: str) -> Drill:
    def drill(place: Place, section: Section) -> None:
        stack, alarm = place.stack, Alarm(place.stack, title)
        if title != "ReadThrottlesAlarm":
            assert section.left == []
            assert "As [ReadThrottlesAlarm](#readthrottlesalarm)" in RUNBOOK[title]
            assert f"`{function}`" in RUNBOOK[title]
            section = section_of(place, "ReadThrottlesAlarm")

        def status() -> int:
            return stack.call(method, path_of(named("throttled")), body=b"0" if method == "POST" else b"").status

        assert not alarm.rings_at(alarm.sum_of_lambda())
        functions, name = stack.cloud.client("lambda"), stack.outputs[function]
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        try:
            assert status() in {429, 503}
            assert alarm.rings_at(alarm.sum_of_lambda())
            assert '"ReservedConcurrentExecutions": 0' in section.run({"ReadFunctionName": function})
            section.run({"ReadFunctionName": function})
            assert status() < 405
        finally:
            # The other drills save and load.
            functions.delete_function_concurrency(FunctionName=name)
        assert section.left == []

    return drill


def dead_letters_of(queue: str, repaired: Callable[[Place, ArtifactId], bool]) -> Drill:
    def drill(place: Place, section: Section, dead_letters: dict[str, ArtifactId]) -> None:
        artifact, alarm = dead_letters[queue], Alarm(place.stack, f"{queue}DeadLettersAlarm")
        assert alarm.metric[1] == "ApproximateNumberOfMessagesVisible"
        assert alarm.rings_at(alarm.waiting())
        assert not repaired(place, artifact)

        assert [line for line in found(section.run(), level="ERROR") if "Denied" in str(line["error"])]
        section.run()

        eventually(lambda: repaired(place, artifact), within=60)
        assert not alarm.rings_at(alarm.waiting())

    return drill


def heal_age(place: Place, section: Section) -> None:
    stack, alarm = place.stack, Alarm(place.stack, "HealAgeAlarm")
    functions = stack.cloud.client("lambda")
    (mapping,) = functions.list_event_source_mappings(FunctionName=stack.resource("HealFunction"))[
        "EventSourceMappings"
    ]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    crash_save(stack, named("waiting"))
    assert alarm.metric[1] == "ApproximateAgeOfOldestMessage"
    eventually(lambda: alarm.waiting() == 1, within=10)
    before = alarm.age()
    time.sleep(1)
    assert alarm.age() > before + 0.9
    assert place.status(named("waiting")) == 404
    assert alarm.rings_at(901)
    assert not alarm.rings_at(900)

    assert section.run().splitlines()[-1] == "Disabled"
    section.run()

    eventually(lambda: place.status(named("waiting")) == 200, within=60)
    eventually(lambda: not is_busy(stack), within=10)


def expire_age(place: Place, section: Section) -> None:
    alarm = Alarm(place.stack, "ExpireAgeAlarm")
    assert alarm.metric == ("AWS/Lambda", "IteratorAge")
    assert alarm.dimension == ("FunctionName", place.stack.resource("ExpireFunction"))
    assert alarm.rings_at(HOUR * 1000 + 1)
    # The emulator's table removes no timer so soon: nobody is told.
    assert place.stack.call("POST", path_of(named("expired")), body=b"0", Artifact_Ttl="1").status == 201
    eventually(lambda: place.status(named("expired")) == 404, within=10)
    assert place.objects(named("expired"))

    section.run()
    section.run()

    assert place.objects(named("expired")) == []


def drift(place: Place, section: Section) -> None:
    stack, s3, alarm = place.stack, place.stack.cloud.client("s3"), Alarm(place.stack, "DriftAlarm")
    for body in (b"0", b"1"):
        save(stack, named("beheaded"), body)
        save(stack, named("forgotten"), body)
        save(stack, named("hidden"), body)

    # Until then heal would come in between.
    eventually(lambda: not is_busy(stack), within=60)

    def breaks() -> None:
        drop_items(stack, named("beheaded"), "h#beheaded")
        drop_items(stack, named("forgotten"), "v#forgotten#0000000000")
        s3.delete_object(Bucket=stack.outputs["BucketName"], Key=named("hidden").object_key(1))
        assert place.status(named("beheaded")) == 404

    breaks()
    invoke(stack, "ReconcileFunctionName", {"force": True})
    assert alarm.latest("reconcile") == 3
    assert alarm.rings_at(3)

    breaks()
    lines = found(section.run(), message="drift")
    assert {(line["kind"], line["what"]) for line in lines} >= {
        ("lost_head", named("beheaded").key_prefix),
        ("unindexed_object", named("forgotten").object_key(0)),
    }
    said = section.run(statuses=(1, 1))
    assert f"would be repaired lost_head        {named('beheaded').key_prefix}" in said
    assert f"repaired          lost_head        {named('beheaded').key_prefix}" in said

    assert f"repaired          hidden_object    {named('hidden').object_key(1)}" in said
    assert place.status(named("beheaded")) == 200
    assert stack.call("GET", f"{path_of(named('forgotten'))}/versions/0").body == b"0"
    invoke(stack, "ReconcileFunctionName", {"force": True})
    assert alarm.latest("reconcile") == 0


def drift_unrepaired(place: Place, section: Section) -> None:
    stack, alarm = place.stack, Alarm(place.stack, "DriftUnrepairedAlarm")
    client, _ = index(stack)
    table, bucket = stack.outputs["IndexTableName"], stack.outputs["BucketName"]
    gone, broken = named("gone", session="s2"), named("broken")
    for body in (b"0", b"1", b"2"):
        save(stack, gone, body)
        save(stack, broken, body)
    eventually(lambda: not is_busy(stack), within=60)
    drop_items(stack, gone, "h#gone", "v#gone#")
    s3 = stack.cloud.client("s3")
    (version,) = s3.list_object_versions(Bucket=bucket, Prefix=gone.object_key(1))["Versions"]
    s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    items = client.scan(TableName=table)["Items"]
    (row,) = [item for item in items if item["sk"]["S"].startswith("v#broken#0000000001")]
    client.update_item(TableName=table, Key={"pk": row["pk"], "sk": row["sk"]}, UpdateExpression="REMOVE gen")
    invoke(stack, "ReconcileFunctionName", {"force": True})
    unrepaired = alarm.latest("reconcile")
    assert unrepaired is not None
    assert alarm.rings_at(unrepaired)

    lines = found(section.run(), message="drift", repaired=False)
    assert {(line["kind"], line["what"]) for line in lines} == {("broken_entry", broken.key_prefix)}
    assert f"unplaced_object  {gone.object_key(2)}" in place.terminal.run(RECONCILE, statuses=(1,))
    listed = section.run({"APP/USER/SESSION": gone.scope.key_prefix, "FILENAME": gone.encoded_filename})
    assert [gone.object_key(number) in listed for number in range(3)] == [True, False, True]
    assert stack.call("GET", path_of(gone)).body == b"2"
    assert stack.call("GET", f"{path_of(gone)}/versions/1").status == 404

    section.run({"APP/USER/SESSION": broken.scope.key_prefix, "SORT-KEY": row["sk"]["S"]})
    for item in client.scan(TableName=table)["Items"]:
        client.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})
    assert place.status(broken) == 404
    section.run(statuses=(1,))
    assert stack.call("GET", path_of(broken)).body == b"2"
    invoke(stack, "ReconcileFunctionName", {"force": True})
    assert alarm.latest("reconcile") == 0


def reconcile(place: Place, section: Section) -> None:
    stack, alarm = place.stack, Alarm(place.stack, "ReconcileAlarm")
    assert alarm.rings_at(0)
    assert not alarm.rings_at(1)
    # The table forgets when the last run was.
    client, _ = index(stack)
    for item in client.scan(TableName=stack.outputs["IndexTableName"])["Items"]:
        if item["pk"]["S"].startswith("!reconcile"):
            client.delete_item(TableName=stack.outputs["IndexTableName"], Key={"pk": item["pk"], "sk": item["sk"]})
    stack.cloud.client("events").disable_rule(Name=stack.resource("ReconcileSchedule"))

    assert section.run().splitlines()[-1] == "DISABLED"
    assert '"complete": true' in section.run()

    assert stack.cloud.client("events").describe_rule(Name=stack.resource("ReconcileSchedule"))["State"] == "ENABLED"
    assert alarm.latest("reconcile") == 1


def refused(place: Place, section: Section, deployment: Deployment) -> None:
    claims = {**MAY_EVERYTHING, "sub": "ada"}
    url = place.stack.cloud.api_url(deployment.stack.outputs["ApiId"])
    now = int(time.time())
    expired = deployment.issuer.token(**claims, iat=now - 2 * HOUR, exp=now - HOUR)
    assert deployment.call("GET", "/v1/apps/reports/users/ada/artifacts", expired).status == 401
    doctor, claims_of = section.left

    place.terminal.run(f"export ADK_ARTIFACTS_STORE={url} ADK_ARTIFACTS_TOKEN={expired}")
    assert "failed           caller" in section.run(statuses=(1,))
    assert section.run().endswith("} expired\n")

    place.terminal.run(f"export ADK_ARTIFACTS_TOKEN={deployment.issuer.token(**claims)}")
    assert "may list reports/ada" in place.terminal.run(doctor)
    assert place.terminal.run(claims_of).endswith("} not expired\n")


Drill = Callable[..., None]
DRILLS: Final[dict[str, Drill]] = {
    "ServerErrorsAlarm": server_errors,
    "LatencyAlarm": latency,
    "ReadThrottlesAlarm": throttles("ReadThrottlesAlarm", "ReadFunctionName", "GET"),
    "WriteThrottlesAlarm": throttles("WriteThrottlesAlarm", "WriteFunctionName", "POST"),
    "DeleteThrottlesAlarm": throttles("DeleteThrottlesAlarm", "DeleteFunctionName", "DELETE"),
    "HealDeadLettersAlarm": dead_letters_of("Heal", lambda place, artifact: place.status(artifact) == 200),
    "PurgeDeadLettersAlarm": dead_letters_of("Purge", lambda place, artifact: not place.objects(artifact)),
    "EraseDeadLettersAlarm": dead_letters_of("Erase", lambda place, artifact: not place.objects(artifact)),
    "HealAgeAlarm": heal_age,
    "ExpireAgeAlarm": expire_age,
    "DriftAlarm": drift,
    "DriftUnrepairedAlarm": drift_unrepaired,
    "ReconcileAlarm": reconcile,
    REFUSED: refused,
}


@pytest.mark.parametrize("title", DRILLS)
def test_the_drill_of_a_section(place: Place, title: str, request: pytest.FixtureRequest) -> None:
    drill, section = DRILLS[title], section_of(place, title)
    wanted = [name for name in ("dead_letters", "deployment") if name in inspect.signature(drill).parameters]

    drill(place, section, *[request.getfixturevalue(name) for name in wanted])

    assert section.left == [], "every block of the section is run"


def test_every_alarm_has_its_drill_and_no_command_is_only_shown() -> None:
    alarms = [name for name, made in DOCUMENT["Resources"].items() if made["Type"] == "AWS::CloudWatch::Alarm"]
    assert [*DRILLS] == [*RUNBOOK][1:] == [*alarms, REFUSED]
    assert len(blocks(RUNBOOK[""])) == 2
    assert set(re.findall(r"^```(\w+)$", PAGE, re.MULTILINE)) == {"bash"}
