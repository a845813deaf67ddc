from __future__ import annotations

import base64
import hashlib
import io
import json
from typing import TYPE_CHECKING

import pytest

from artifact_api import wiring
from artifact_store import Contention
from tests.contract.calls import DOC, SESSION, USER, Answer, Context, call, event_of, invoke, packed, save
from tests.faults.interposed import Crash, World

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.usefixtures("aws")


def test_a_save_answers_the_version_it_made() -> None:
    answer = save(
        body=b"\x89PNG\xff",
        Content_Type="image/png",
        Artifact_Part=packed({"displayName": "Ein Bild ☀"}),
        Artifact_Metadata=packed({"n": 1, "deep": {"list": [None, True, "ü"]}}),
    )
    assert answer.status == 201
    assert answer.json == {
        "filename": "doc",
        "scope": "session",
        "version": 0,
        "canonicalUri": "s3://memory/app/u/s/doc/0",
        "createTime": 1_700_000_000.0,
        "mimeType": "image/png",
        "kind": "bytes",
        "displayName": "Ein Bild ☀",
        "customMetadata": {"n": 1, "deep": {"list": [None, True, "ü"]}},
        "size": 5,
        "sha256": hashlib.sha256(b"\x89PNG\xff").hexdigest(),
        "etag": answer.headers["etag"],
    }
    assert answer.headers["location"] == f"{DOC}/versions/0"
    assert answer.headers["idempotency-key"]
    assert "idempotency-replayed" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-cache"


def test_versions_count_up() -> None:
    assert [save(body=b"%d" % n).json["version"] for n in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("path", "filename", "scope", "location"),
    [
        (f"{SESSION}/a!2Fb", "a/b", "session", f"{SESSION}/a!2Fb/versions/0"),
        (f"{SESSION}/user:logo", "user:logo", "user", f"{SESSION}/user:logo/versions/0"),
        (f"{SESSION}/user%3Alogo", "user:logo", "user", f"{SESSION}/user:logo/versions/0"),
        (f"{SESSION}/a%212Fb%40c", "a/b@c", "session", f"{SESSION}/a!2Fb@c/versions/0"),
        (f"{USER}/logo", "logo", "user", f"{USER}/logo/versions/0"),
        (f"{USER}/user!3Alogo", "user:logo", "user", f"{USER}/user!3Alogo/versions/0"),
        (f"{SESSION}/!E2!98!80", "☀", "session", f"{SESSION}/!E2!98!80/versions/0"),
        (f"{SESSION}/versions", "versions", "session", f"{SESSION}/versions/versions/0"),
    ],
)
def test_names_of_paths(path: str, filename: str, scope: str, location: str) -> None:
    answer = save(path)
    assert (answer.status, answer.json["filename"], answer.json["scope"]) == (201, filename, scope)
    assert answer.headers["location"] == location
    assert call("GET", location).body == b"content"


def test_a_part_says_what_the_content_is() -> None:
    part = {"kind": "text", "mimeType": None, "displayName": None}
    answer = save(body="grüß".encode(), Content_Type="application/octet-stream", Artifact_Part=packed(part))
    assert {name: answer.json[name] for name in part} == part


def test_without_a_part_the_content_type_is_the_mime_type() -> None:
    assert save(Content_Type="text/csv; charset=utf-8").json["mimeType"] == "text/csv; charset=utf-8"
    assert save().json["mimeType"] is None


def test_part_and_metadata_may_be_plain_json() -> None:
    answer = save(Artifact_Part='{"kind": "file"}', Artifact_Metadata='{"a": "\\u00fc"}')
    assert (answer.json["kind"], answer.json["customMetadata"]) == ("file", {"a": "ü"})


def test_text_that_the_gateway_did_not_encode() -> None:
    answer = call("POST", DOC, body="grüß", headers={"Content-Type": "text/plain", "Content-Length": "6"})
    assert answer.json["size"] == 6
    assert call("GET", DOC).body == "grüß".encode()


def test_an_empty_body_is_content() -> None:
    assert call("POST", DOC).json["size"] == 0
    assert call("GET", DOC).body == b""


def test_a_right_digest_is_taken() -> None:
    digest = base64.b64encode(hashlib.sha256(b"content").digest()).decode()
    assert save(Content_Digest=f"sha-256=:{digest}:").status == 201
    assert save(Content_Digest=f"sha-512=:AAAA:, sha-256=:{digest}:").status == 201


def test_a_repeated_key_saves_nothing_again(aws: DynamoDBClient) -> None:
    first = save(Idempotency_Key="k")
    again = save(Idempotency_Key="k")
    assert first.headers["idempotency-key"] == again.headers["idempotency-key"] == "k"
    assert again.json == first.json
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert len(aws.scan(TableName="idempotency")["Items"]) == 1
    assert len(call("GET", f"{DOC}/versions").json["versions"]) == 1


def test_the_fast_path_does_not_touch_storage() -> None:
    first = save(Idempotency_Key="k")
    wiring.use(store=World().store(fail_on_any_call))
    assert save(Idempotency_Key="k").json == first.json


def fail_on_any_call(name: str, _phase: str) -> None:
    raise AssertionError(name)


def test_without_the_fast_path_the_store_replays(aws: DynamoDBClient) -> None:
    first = save(Idempotency_Key="k")
    for item in aws.scan(TableName="idempotency")["Items"]:
        aws.delete_item(TableName="idempotency", Key={"id": item["id"]})
    again = save(Idempotency_Key="k")
    assert again.json == first.json
    assert again.headers["idempotency-replayed"] == "true"


def test_a_key_stands_for_one_content(aws: DynamoDBClient) -> None:
    save(Idempotency_Key="k", body=b"one")
    assert save(Idempotency_Key="k", body=b"two").code == "idempotency_key_reused"
    for item in aws.scan(TableName="idempotency")["Items"]:
        aws.delete_item(TableName="idempotency", Key={"id": item["id"]})
    other = save(Idempotency_Key="k", body=b"two")
    assert (other.status, other.code) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("path", [f"{SESSION}/other", f"{USER}/doc", "/v1/apps/app/users/v/sessions/s/artifacts/doc"])
def test_a_key_means_nothing_to_another_artifact(path: str) -> None:
    save(Idempotency_Key="k", body=b"one")
    answer = save(path, Idempotency_Key="k", body=b"two")
    assert answer.status == 201
    assert "idempotency-replayed" not in answer.headers


def test_a_key_means_nothing_to_another_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_MODE", "IAM")
    store = wiring.store()
    wiring.reset()
    wiring.use(store=store)
    one, two = (
        invoke(
            event_of(
                "POST",
                DOC,
                body=b"same",
                headers={"Idempotency-Key": "k"},
                authorizer={"iam": {"accountId": "111122223333", "userId": f"{role}:session"}},
            )
        )
        for role in ("AROAONE", "AROATWO")
    )
    assert (one.json["version"], two.json["version"]) == (0, 1)


def test_without_a_key_the_server_makes_one_and_skips_the_fast_path(aws: DynamoDBClient) -> None:
    first = save()
    assert not aws.scan(TableName="idempotency")["Items"]
    key = first.headers["idempotency-key"]
    again = save(Idempotency_Key=key)
    assert again.json == first.json
    assert again.headers["idempotency-replayed"] == "true"


def test_the_same_request_in_flight_is_one_save(world: World) -> None:
    inner: list[Answer] = []
    saving = iter([True])

    def repeat_while_saving(name: str, phase: str) -> None:
        if (name, phase) == ("create", "before") and next(saving, False):
            inner.append(save(Idempotency_Key="k"))

    wiring.use(store=world.store(repeat_while_saving))
    outer = save(Idempotency_Key="k")
    assert (outer.status, inner[0].status) == (201, 201)
    assert outer.json == inner[0].json
    assert [version["version"] for version in call("GET", f"{DOC}/versions").json["versions"]] == [0]


def test_a_save_whose_function_died_can_be_repeated_at_once(world: World) -> None:
    def die(name: str, phase: str) -> None:
        if (name, phase) == ("create", "after"):
            raise Crash

    wiring.use(store=world.store(die))
    with pytest.raises(Crash):
        save(Idempotency_Key="k")
    wiring.use(store=world.store())
    again = save(Idempotency_Key="k")
    assert (again.status, again.json["version"]) == (201, 0)


def test_a_failed_save_frees_its_key(world: World, aws: DynamoDBClient) -> None:
    def fail(_name: str, _phase: str) -> None:
        raise Contention("injected", retry_after=3)

    wiring.use(store=world.store(fail))
    failed = save(Idempotency_Key="k")
    assert (failed.status, failed.code, failed.headers["retry-after"]) == (503, "contention", "3")
    assert not aws.scan(TableName="idempotency")["Items"]
    wiring.use(store=world.store())
    assert save(Idempotency_Key="k").status == 201


def test_what_is_remembered_is_no_content(aws: DynamoDBClient) -> None:
    save(body=b"SECRET-CONTENT", Idempotency_Key="k")
    (item,) = aws.scan(TableName="idempotency")["Items"]
    text = json.dumps(item)
    assert "SECRET-CONTENT" not in text
    assert base64.b64encode(b"SECRET-CONTENT").decode().rstrip("=") not in text
    assert item["status"] == {"S": "COMPLETED"}
    assert "k" not in item["id"]["S"].split("#")
    assert int(item["expiration"]["N"]) > 0


def test_the_largest_metadata_fits_what_is_remembered(aws: DynamoDBClient) -> None:
    metadata = packed({"text": "x" * 4400})
    assert save(Artifact_Metadata=metadata, Idempotency_Key="k").status == 201
    assert save(Artifact_Metadata=metadata, Idempotency_Key="k").headers["idempotency-replayed"] == "true"
    assert len(json.dumps(aws.scan(TableName="idempotency")["Items"])) < 40_000


@pytest.mark.parametrize("missing", ["before", "after the answer"])
def test_without_the_idempotency_table_saves_go_on(
    missing: str,
    aws: DynamoDBClient,
    world: World,
    capsys: pytest.CaptureFixture[str],
    log: io.StringIO,
) -> None:
    def drop_while_saving(name: str, phase: str) -> None:
        if (name, phase) == ("create", "after"):
            aws.delete_table(TableName="idempotency")

    if missing == "before":
        aws.delete_table(TableName="idempotency")
    else:
        wiring.use(store=world.store(drop_while_saving))
    first = save(Idempotency_Key="k")
    wiring.use(store=world.store())
    again = save(Idempotency_Key="k")
    assert (first.status, again.status) == (201, 201)
    assert again.json == first.json
    assert again.headers["idempotency-replayed"] == "true"
    assert '"IdempotencyTableUnavailable":[1.0]' in capsys.readouterr().out
    assert "ResourceNotFoundException" in log.getvalue()


def test_a_failed_save_keeps_its_error_when_the_idempotency_table_fails_too(aws: DynamoDBClient, world: World) -> None:
    def fail(name: str, phase: str) -> None:
        if (name, phase) == ("create", "before"):
            aws.delete_table(TableName="idempotency")
        if name == "transact":
            raise Contention("injected")

    wiring.use(store=world.store(fail))
    assert save(Idempotency_Key="k").code == "contention"


def test_a_save_gives_up_before_its_function_does(world: World) -> None:
    deadlines: list[float] = []
    store = world.store()

    class Watched:
        def save(self, *args: object, timeout: float, **kwargs: object) -> object:
            deadlines.append(timeout)
            return store.save(*args, timeout=timeout, **kwargs)  # type: ignore[arg-type]

        canonical_uri = staticmethod(store.canonical_uri)

    wiring.use(store=Watched())  # type: ignore[arg-type]
    for milliseconds in (300_000, 10_000, 500):
        invoke(event_of("POST", DOC, body=b"x"), Context(milliseconds=milliseconds))
    assert deadlines == [20.0, 8.0, 1.0]
