"""Deleting a user: a job that is started, found again, worked off and asked about."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from artifact_api import wiring
from artifact_store import Scope, StorageUnavailable
from artifact_store.erasures import ErasureRequest
from tests.contract.calls import DOC, USER, Answer, Context, call, event_of, invoke, save
from tests.faults.interposed import Counted, World

ONE_USER = "/v1/apps/app/users/u"
SCOPE = Scope("app", "u")
QUEUE = "https://sqs.example/queue"


class Sent:
    """A queue that remembers, or fails."""

    def __init__(self, asked: list[ErasureRequest], *, failing: bool = False) -> None:
        self._asked = asked
        self._failing = failing

    def send(self, text: str) -> None:
        if self._failing:
            raise StorageUnavailable("SECRET")
        self._asked.append(ErasureRequest.of_text(text))


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch, world: World) -> list[ErasureRequest]:
    """What is put into the queue of deletions, of which there is one."""
    asked: list[ErasureRequest] = []
    monkeypatch.setenv("ERASE_QUEUE_URL", QUEUE)
    wiring.reset()
    wiring.use(store=world.store(), erasures=world.erasures(), eraser=world.eraser())
    wiring._made["erase_queue"] = Sent(asked)
    return asked


def status(job: str, user: str = ONE_USER) -> Answer:
    return call("GET", f"{user}/deletions/{job}")


def test_a_job_is_started_and_asked_for(queue: list[ErasureRequest], world: World) -> None:
    save(DOC)
    answer = call("DELETE", ONE_USER)
    job = answer.json["jobId"]
    assert answer.status == 202
    assert answer.json == {
        "jobId": job,
        "status": "running",
        "sessions": 0,
        "artifacts": 0,
        "startedAt": world.clock.now,
    }
    assert answer.headers["location"] == f"{ONE_USER}/deletions/{job}"
    assert queue == [ErasureRequest(SCOPE, job)]
    assert call("GET", DOC).status == 200, "nothing is deleted yet"
    assert call("GET", answer.headers["location"]).json == answer.json


def test_while_it_runs_asking_again_gives_the_same_job_and_sets_it_going(queue: list[ErasureRequest]) -> None:
    first, second = call("DELETE", ONE_USER), call("DELETE", ONE_USER)
    assert (second.status, second.json) == (202, first.json)
    assert queue == [ErasureRequest(SCOPE, first.json["jobId"])] * 2


def test_when_the_queue_fails_the_repeated_request_finds_the_job(queue: list[ErasureRequest], world: World) -> None:
    wiring._made["erase_queue"] = Sent(queue, failing=True)
    answer = call("DELETE", ONE_USER)
    assert (answer.status, answer.code) == (503, "storage_unavailable")
    assert b"SECRET" not in answer.body
    wiring._made["erase_queue"] = Sent(queue)
    again = call("DELETE", ONE_USER)
    assert [request.id for request in queue] == [again.json["jobId"]]
    assert world.erasures().start(SCOPE).id == again.json["jobId"]


def test_the_job_is_worked_off(queue: list[ErasureRequest], world: World) -> None:
    for session in ("s", "s2", "s!2F3"):
        save(f"/v1/apps/app/users/u/sessions/{session}/artifacts/doc")
    save(f"{USER}/logo")
    for other in ("/v1/apps/app/users/u2/artifacts/doc", "/v1/apps/app2/users/u/artifacts/doc"):
        save(other)
    job = call("DELETE", ONE_USER).json["jobId"]
    world.clock.sleep(5)
    assert world.eraser().work(SCOPE, job, holder="h", seconds=100)
    told = status(job).json
    assert (told["status"], told["sessions"], told["artifacts"]) == ("done", 3, 4)
    assert told["finishedAt"] == told["startedAt"] + 5 == world.clock.now
    assert call("GET", USER).json["artifacts"] == []
    assert call("GET", "/v1/apps/app/users/u2/artifacts/doc").status == 200
    assert call("GET", "/v1/apps/app2/users/u/artifacts/doc").status == 200
    assert call("DELETE", ONE_USER).json["jobId"] != job, "what is done may be done anew"
    assert status(job).json == told


def test_without_a_queue_the_request_itself_does_the_work() -> None:
    save(DOC)
    save(f"{USER}/logo")
    answer = call("DELETE", ONE_USER)
    assert (answer.status, answer.json["status"], answer.json["artifacts"]) == (202, "done", 2)
    assert call("GET", DOC).status == 404


def test_without_a_queue_what_time_does_not_suffice_for_is_left_to_the_next_request(world: World) -> None:
    for number in range(10):
        save(f"/v1/apps/app/users/u/sessions/s{number}/artifacts/doc")

    def slow(name: str, phase: str) -> None:
        if (name, phase) == ("transact", "after"):
            world.clock.sleep(2)

    wiring.use(eraser=world.eraser(slow))
    answer = invoke(event_of("DELETE", ONE_USER), Context(milliseconds=8000))
    assert (answer.status, answer.json["status"]) == (202, "running")
    wiring.use(eraser=world.eraser())
    again = call("DELETE", ONE_USER).json
    assert (again["jobId"], again["status"], again["artifacts"]) == (answer.json["jobId"], "done", 10)


@pytest.mark.parametrize("job", ["0" * 32, "x", "current", "past", "!2E", "0" * 2000])
def test_an_unknown_job_is_not_found(job: str) -> None:
    call("DELETE", ONE_USER)
    answer = status(job)
    assert (answer.status, answer.code) == (404, "deletion_not_found")


def test_a_job_is_its_users_alone() -> None:
    job = call("DELETE", ONE_USER).json["jobId"]
    assert status(job, "/v1/apps/app/users/v").status == 404
    assert status(job, "/v1/apps/app2/users/u").status == 404


def test_a_user_is_named_as_everywhere() -> None:
    answer = call("DELETE", "/v1/apps/app/users/a!2Fb")
    assert answer.headers["location"].startswith("/v1/apps/app/users/a!2Fb/deletions/")
    assert call("DELETE", "/v1/apps/app/users/a%2Fb").code == "invalid_name"
    assert call("DELETE", ONE_USER, query={"sure": "1"}).code == "invalid_parameter"


@pytest.mark.usefixtures("queue")
def test_each_storage_call_of_a_start_fails(world: World) -> None:
    def fail() -> None:
        raise StorageUnavailable("x")

    counted = Counted()
    wiring.use(erasures=world.erasures(counted))
    call("DELETE", ONE_USER)
    for at in range(1, len(counted.calls) + 1):
        for phase in ("before", "after"):
            fresh = World()
            wiring.use(erasures=fresh.erasures(Counted(at, phase, fail)))
            assert call("DELETE", ONE_USER).status == 503
            started = call("DELETE", ONE_USER)
            assert started.status == 202
            assert len(fresh.table.items()) == 1
            assert status(started.json["jobId"]).json["status"] == "running"


def test_the_erase_function_can_read_what_is_asked(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    keys: dict[str, Any] = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client = boto3.client("sqs", region_name="eu-central-1", **keys)
    asked: list[dict[str, str]] = []
    client.meta.events.register("provide-client-params.sqs.SendMessage", lambda params, **_: asked.append(params))
    monkeypatch.setenv("ERASE_QUEUE_URL", QUEUE)
    wiring.reset()
    wiring.use(erasures=world.erasures())
    monkeypatch.setattr(boto3, "client", lambda *_, **__: client)
    with Stubber(client) as stub:
        stub.add_response("send_message", {"MessageId": "m"})
        stub.add_client_error("send_message", "ServiceUnavailable", "arn:secret")
        job = call("DELETE", ONE_USER).json["jobId"]
        failed = call("DELETE", ONE_USER)
    assert asked[0]["QueueUrl"] == QUEUE
    assert ErasureRequest.of_text(asked[0]["MessageBody"]) == ErasureRequest(SCOPE, job)
    assert (failed.status, failed.code) == (503, "storage_unavailable")
