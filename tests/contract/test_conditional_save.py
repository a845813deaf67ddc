"""Saves and finalizes that depend on the latest version, and saves that would only repeat it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from artifact_api import wiring
from artifact_store import ArtifactId, Content, Precondition, Scope, Version
from tests.contract.calls import DOC, Answer, call, packed, save
from tests.contract.samples import SHA256, UPLOADED, uploaded
from tests.faults.interposed import Counted, World

pytestmark = pytest.mark.usefixtures("aws")


def finalize(**headers: str) -> Answer:
    """Finalizes an upload of its own."""
    body = json.dumps({"size": len(UPLOADED), "sha256": SHA256})
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return call("POST", f"{DOC}/uploads/{uploaded(DOC)}/finalize", body=body, headers=sent)


either = pytest.mark.parametrize("made", [save, finalize], ids=["save", "finalize"])
Made = Callable[..., Answer]


def assert_failed(answer: Answer, etag: str | None) -> None:
    assert (answer.status, answer.code) == (412, "precondition_failed")
    assert answer.json["etag"] == etag
    assert "field" not in answer.json


@either
@pytest.mark.parametrize("spelling", ["{}", "*", '"other", {}', '"other",{},W/"weak"', '"a,b" , {}', " {} "])
def test_a_save_counts_if_the_latest_is_among_those_seen(made: Made, spelling: str) -> None:
    etag = save(body=b"seen").headers["etag"]
    assert made(If_Match=spelling.replace("{}", etag)).json["version"] == 1


@either
def test_a_save_does_not_count_if_the_latest_is_another(made: Made) -> None:
    seen = save(body=b"seen").headers["etag"]
    latest = save(body=b"newer").headers["etag"]
    for spelling in (seen, '"other"', f"W/{latest}", '""', f'"*", {seen}'):
        assert_failed(made(If_Match=spelling), latest)
    assert len(call("GET", f"{DOC}/versions").json["versions"]) == 2
    assert made(If_Match=latest).json["version"] == 2


@either
def test_nothing_matches_where_there_is_no_artifact(made: Made) -> None:
    for spelling in ("*", '"other"'):
        assert_failed(made(If_Match=spelling), None)
    etag = save().headers["etag"]
    call("DELETE", DOC)
    assert_failed(made(If_Match=etag), None)
    assert_failed(made(If_Match="*"), None)


@either
def test_a_save_may_demand_that_there_is_no_artifact(made: Made) -> None:
    first = made(If_None_Match="*")
    assert first.json["version"] == 0
    assert_failed(made(If_None_Match="*"), first.headers["etag"])
    assert_failed(made(If_None_Match="*", If_Match=first.headers["etag"]), first.headers["etag"])
    call("DELETE", DOC)
    assert made(If_None_Match=" * ").json["version"] == 0


@either
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("If-Match", ""),
        ("If-Match", "abc"),
        ("If-Match", '"abc'),
        ("If-Match", '"a" "b"'),
        ("If-Match", '"a",'),
        ("If-Match", ',"a"'),
        ("If-Match", '*, "a"'),
        ("If-Match", 'w/"a"'),
        ("If-Match", '"a b"'),
        ("If-Match", '"ü"'),
        ("If-Match", '"a\x00"'),
        ("If-Match", '"a"' + ',"a"' * 5000 + "x"),
        ("If-None-Match", ""),
        ("If-None-Match", '"abc"'),
        ("If-None-Match", '*, "abc"'),
        ("If-None-Match", "ü"),
    ],
)
def test_conditions_that_cannot_be_read_are_refused(made: Made, name: str, value: str) -> None:
    save()
    answer = made(**{name.replace("-", "_"): value})
    assert (answer.status, answer.code, answer.json["field"]) == (400, "invalid_header", name)
    assert len(call("GET", f"{DOC}/versions").json["versions"]) == 1


@pytest.mark.parametrize("fast_path", [True, False])
def test_a_repeated_save_answers_what_it_did_whatever_came_later(fast_path: bool, aws: Any) -> None:  # noqa: FBT001
    seen = save(body=b"seen").headers["etag"]
    first = save(body=b"mine", Idempotency_Key="k", If_Match=seen)
    save(body=b"later")
    if not fast_path:
        for item in aws.scan(TableName="idempotency")["Items"]:
            aws.delete_item(TableName="idempotency", Key={"id": item["id"]})
    again = save(body=b"mine", Idempotency_Key="k", If_Match=seen)
    assert (again.status, again.json) == (201, first.json)
    assert again.headers["idempotency-replayed"] == "true"


def test_a_repeated_finalize_answers_what_it_did() -> None:
    upload = uploaded(DOC)
    body = json.dumps({"size": len(UPLOADED), "sha256": SHA256})
    first, again = (
        call("POST", f"{DOC}/uploads/{upload}/finalize", body=body, headers={"If-None-Match": "*"}) for _ in range(2)
    )
    assert (again.status, again.json) == (201, first.json)


def test_a_save_that_failed_may_be_repeated_with_its_key() -> None:
    etag = save(body=b"seen").headers["etag"]
    assert_failed(save(body=b"mine", Idempotency_Key="k", If_Match='"stale"'), etag)
    answer = save(body=b"mine", Idempotency_Key="k", If_Match=etag)
    assert (answer.status, answer.json["version"]) == (201, 1)
    assert "idempotency-replayed" not in answer.headers


def test_a_finalize_that_failed_may_be_repeated() -> None:
    etag = save(body=b"seen").headers["etag"]
    path = f"{DOC}/uploads/{uploaded(DOC)}/finalize"
    body = json.dumps({"size": len(UPLOADED), "sha256": SHA256})
    assert_failed(call("POST", path, body=body, headers={"If-Match": '"stale"'}), etag)
    assert call("POST", path, body=body, headers={"If-Match": etag}).json["version"] == 1


def test_of_two_savers_that_saw_the_same_one_counts(world: World) -> None:
    etag = save(body=b"seen").headers["etag"]
    faster: list[Version] = []

    def save_between(name: str, phase: str) -> None:
        if (name, phase) == ("get", "after") and not faster:
            artifact, content = ArtifactId(Scope("app", "u", "s"), "doc"), Content(body=b"faster")
            seen = Precondition(etags=frozenset({etag}))
            saved = world.store().save(artifact, content, caller="c", idempotency_key="k", only_if=seen)
            faster.append(saved.version)

    wiring.use(store=world.store(save_between))
    slower = save(body=b"slower", If_Match=etag)
    assert_failed(slower, faster[0].etag)
    assert call("GET", DOC).body == b"faster"


class TestUnchanged:
    def test_the_same_again_is_not_saved(self, world: World) -> None:
        facts = {"Content_Type": "text/plain", "Artifact_Metadata": packed({"a": [1]})}
        first = save(body=b"same", **facts)
        answer = skip(body=b"same", **facts)
        assert (answer.status, answer.json) == (200, first.json)
        assert answer.headers["artifact-unchanged"] == "true"
        assert answer.headers["etag"] == first.headers["etag"]
        assert answer.headers["location"] == first.headers["location"]
        assert answer.headers["idempotency-key"]
        assert "idempotency-replayed" not in answer.headers
        assert len(call("GET", f"{DOC}/versions").json["versions"]) == 1

    @pytest.mark.parametrize(
        "changed",
        [
            {"body": b"other"},
            {"Content_Type": "text/html"},
            {"Artifact_Part": packed({"displayName": "d"})},
            {"Artifact_Part": packed({"kind": "text"})},
            {"Artifact_Metadata": packed({"a": 2})},
            {"Artifact_Metadata": packed({})},
        ],
    )
    def test_what_differs_is_saved(self, changed: dict[str, Any]) -> None:
        facts: dict[str, Any] = {
            "body": b"same",
            "Content_Type": "text/plain",
            "Artifact_Metadata": packed({"a": 1}),
        }
        save(**facts)
        answer = skip(**{**facts, **changed})
        assert (answer.status, answer.json["version"]) == (201, 1)
        assert "artifact-unchanged" not in answer.headers

    def test_only_the_latest_counts(self) -> None:
        assert skip(body=b"one").status == 201
        save(body=b"two")
        assert (skip(body=b"one").json["version"], skip(body=b"one").status) == (2, 200)

    def test_without_the_parameter_the_same_is_saved_again(self) -> None:
        assert [save(body=b"same").json["version"] for _ in range(2)] == [0, 1]

    def test_a_repeated_request_has_the_same_answer(self, world: World) -> None:
        save(body=b"same")
        first = skip(body=b"same", Idempotency_Key="k")
        counted = Counted()
        wiring.use(store=world.store(counted))
        again = skip(body=b"same", Idempotency_Key="k")
        assert (first.status, again.status, counted.calls) == (200, 200, [])
        assert again.json == first.json
        assert again.headers["artifact-unchanged"] == again.headers["idempotency-replayed"] == "true"

    def test_that_nothing_was_saved_is_no_answer_to_a_save_in_any_case(self) -> None:
        save(body=b"same")
        assert skip(body=b"same", Idempotency_Key="k").status == 200
        answer = save(body=b"same", Idempotency_Key="k")
        assert (answer.status, answer.json["version"]) == (201, 1)

    def test_a_condition_is_judged_first(self) -> None:
        etag = save(body=b"same").headers["etag"]
        assert_failed(skip(body=b"same", If_Match='"stale"'), etag)
        assert_failed(skip(body=b"same", If_None_Match="*"), etag)
        assert skip(body=b"same", If_Match=etag).status == 200

    @pytest.mark.parametrize("value", ["", "Skip", "true", "skip,skip", "1"])
    def test_values_that_mean_nothing(self, value: str) -> None:
        answer = call("POST", DOC, body=b"x", query={"unchanged": value})
        assert (answer.status, answer.code, answer.json["field"]) == (400, "invalid_parameter", "unchanged")
        assert call("GET", DOC).status == 404

    def test_a_finalize_always_saves(self) -> None:
        answer = call("POST", f"{DOC}/uploads/u1/finalize", body="{}", query={"unchanged": "skip"})
        assert (answer.status, answer.code, answer.json["field"]) == (400, "invalid_parameter", "unchanged")

    def test_it_is_counted_apart(self, capsys: pytest.CaptureFixture[str]) -> None:
        save(body=b"same")
        capsys.readouterr()
        skip(body=b"same")
        written = capsys.readouterr().out
        assert '"Unchanged":[1.0]' in written
        assert "Saves" not in written
        assert "BytesSaved" not in written


def skip(*, body: bytes, **headers: str) -> Answer:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return call("POST", DOC, body=body, headers=sent, query={"unchanged": "skip"})
