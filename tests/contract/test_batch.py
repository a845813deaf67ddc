"""Many artifacts in one request: each item is answered as a request of its own would be, in its place."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from artifact_api import wiring
from artifact_api.authorization import authorize
from artifact_api.batches import answers
from artifact_api.batches.running import ITEMS_AT_ONCE
from artifact_store import ArtifactId, ArtifactNotFound, ArtifactStore, Content, Scope, StorageUnavailable
from tests.contract.calls import DOC, SESSION, USER, Answer, Context, call, event_of, invoke, save
from tests.contract.transfers import send
from tests.faults.interposed import Hook, World

pytestmark = pytest.mark.usefixtures("aws")

SESSION_BATCH = "/v1/apps/app/users/u/sessions/s/batch"
USER_BATCH = "/v1/apps/app/users/u/batch"
OPERATIONS = ["load", "describe", "save", "delete"]
KIB = 1024


def batch(operation: str, items: Any, base: str = SESSION_BATCH, **parts: Any) -> Answer:
    """Text, as the gateway hands JSON on."""
    return call("POST", f"{base}/{operation}", body=json.dumps({"items": items}), **parts)


def results(operation: str, items: Any, base: str = SESSION_BATCH, **parts: Any) -> list[dict[str, Any]]:
    answer = batch(operation, items, base, **parts)
    assert answer.status == 200, answer
    found: list[dict[str, Any]] = answer.json["results"]
    assert len(found) == len(items)
    return found


def item(filename: str, content: bytes = b"content", **members: Any) -> dict[str, Any]:
    return {
        "filename": filename,
        "content": base64.b64encode(content).decode(),
        "idempotencyKey": f"key of {filename}",
        **members,
    }


def content_of(result: dict[str, Any]) -> bytes:
    return base64.b64decode(result["content"], validate=True)


def save_directly(world: World, filename: str, body: bytes, **facts: Any) -> None:
    artifact = ArtifactId(Scope("app", "u", "s"), filename)
    world.store().save(artifact, Content(body=body, **facts), caller="c", idempotency_key="k")


def slowed(world: World, hook: Hook) -> None:
    wiring.use(store=world.store(hook))


class TestLoad:
    def test_results_come_in_the_order_of_the_items_each_as_its_own_request_is_answered(self) -> None:
        save(DOC, b"first")
        save(DOC, b"second", Artifact_Part='{"kind":"text"}', Artifact_Metadata='{"a":1}')
        save(f"{SESSION}/user:logo", b"\x00\xff")
        etag = call("GET", f"{SESSION}/doc/versions/0/metadata").json["etag"]
        found = results(
            "load",
            [
                {"filename": "user:logo"},
                {"filename": "missing"},
                {"filename": "doc"},
                {"filename": "doc", "version": 0},
                {"filename": "doc", "version": 9},
                {"filename": "doc", "version": 0, "unless": etag},
                {"filename": "doc", "version": None, "unless": etag},
                {"filename": "doc", "unless": "*"},
            ],
        )
        assert [result["status"] for result in found] == [200, 404, 200, 200, 404, 304, 200, 304]
        assert [content_of(found[at]) for at in (0, 2, 3, 6)] == [b"\x00\xff", b"second", b"first", b"second"]
        assert found[0]["version"] == call("GET", f"{SESSION}/user:logo/versions/latest/metadata").json
        assert found[2]["version"] == call("GET", f"{SESSION}/doc/versions/latest/metadata").json
        assert found[5] == {"status": 304, "etag": etag}
        assert found[1] == {"status": 404, "problem": call("GET", f"{SESSION}/missing").json}
        assert found[4]["problem"] == call("GET", f"{SESSION}/doc/versions/9").json

    def test_the_users_path_knows_the_users_artifacts_by_their_plain_names(self) -> None:
        save(f"{USER}/logo", b"logo")
        save(f"{USER}/user!3Aodd", b"odd")
        save(DOC)
        found = results("load", [{"filename": "logo"}, {"filename": "doc"}, {"filename": "user:odd"}], USER_BATCH)
        assert [result["status"] for result in found] == [200, 404, 200]
        assert [found[at]["version"]["filename"] for at in (0, 2)] == ["logo", "user:odd"]
        assert results("load", [{"filename": "user:logo"}])[0]["version"]["filename"] == "user:logo"

    def test_names_are_decoded_ones(self) -> None:
        save(f"{SESSION}/charts!2Fq1!20!C3!A9.png", b"x")
        (result, encoded) = results(
            "load", [{"filename": "charts/q1 \u00e9.png"}, {"filename": "charts!2Fq1!20!C3!A9.png"}]
        )
        assert content_of(result) == b"x"
        assert encoded["status"] == 404

    def test_large_content_is_a_request_to_the_bucket(self, world: World) -> None:
        save_directly(world, "small", b"s" * 256 * KIB, custom_metadata={"a": 1})
        save_directly(world, "large", b"l" * (256 * KIB + 1), custom_metadata={"a": 2})
        small, large = results("load", [{"filename": "small"}, {"filename": "large"}])
        assert len(content_of(small)) == 256 * KIB
        assert "content" not in large
        assert large["version"]["customMetadata"] == {"a": 2}
        signed = large["request"]
        assert (signed["method"], signed["expiresAt"]) == ("GET", world.clock.now + 300)
        assert send(world, signed) == (200, b"l" * (256 * KIB + 1))

    def test_what_has_no_room_is_a_request_too_and_the_answer_stays_below_the_limit(self, world: World) -> None:
        names = [f"f{number}" for number in range(20)]
        for name in names:
            save_directly(world, name, name.encode() * 85_000)
        answer = batch("load", [{"filename": name} for name in names])
        found = answer.json["results"]
        assert len(json.dumps(answer.body.decode())) <= answers.MAX_ANSWER_BYTES
        inline = ["content" in result for result in found]
        assert inline[0]
        assert not inline[-1]
        assert inline == sorted(inline, reverse=True)
        for name, result in zip(names, found, strict=True):
            body = content_of(result) if "content" in result else send(world, result["request"])[1]
            assert body == name.encode() * 85_000

    def test_even_metadata_that_has_no_room_is_told_by_a_problem(self, world: World) -> None:
        metadata = {"text": "\u00e9" * 10_000}
        for number in range(100):
            save_directly(world, f"f{number}", b"x", custom_metadata=metadata)
        for operation in ("load", "describe"):
            answer = batch(operation, [{"filename": f"f{number}"} for number in range(100)])
            assert len(json.dumps(answer.body.decode())) <= answers.MAX_ANSWER_BYTES
            statuses = [result["status"] for result in answer.json["results"]]
            assert set(statuses) == {200, 413}
            problem = answer.json["results"][statuses.index(413)]["problem"]
            assert (problem["code"], problem["field"]) == ("answer_too_large", "items")
            assert problem["limit"] == answers.MAX_ANSWER_BYTES

    def test_the_same_item_may_occur_often(self) -> None:
        save(DOC)
        assert {result["status"] for result in results("load", [{"filename": "doc"}] * 100)} == {200}

    def test_no_cache_keeps_content_or_urls(self) -> None:
        save(DOC)
        assert batch("load", [{"filename": "doc"}]).headers["cache-control"] == "no-store"


class TestDescribe:
    def test_versions_are_described_without_content(self) -> None:
        save(DOC)
        save(f"{SESSION}/user:logo")
        etag = call("GET", f"{SESSION}/doc/versions/0/metadata").json["etag"]
        found = results(
            "describe",
            [{"filename": "user:logo"}, {"filename": "doc", "unless": etag}, {"filename": "x"}, {"filename": "doc"}],
        )
        assert [result["status"] for result in found] == [200, 304, 404, 200]
        assert found[0] == {
            "status": 200,
            "version": call("GET", f"{SESSION}/user:logo/versions/latest/metadata").json,
        }
        assert found[1] == {"status": 304, "etag": etag}
        assert results("describe", [{"filename": "doc", "unless": "*"}])[0]["status"] == 304


class TestSave:
    def test_everything_that_a_save_may_say_is_saved(self) -> None:
        body = "gr\u00fc\u00dfe".encode()
        part = {"kind": "text", "mimeType": "text/plain", "displayName": "D \u00e9"}
        (text, plain, logo) = results(
            "save",
            [
                item("notes/a.txt", body, part=part, customMetadata={"a": [1, None]}),
                item("plain", b"", sha256=hashlib.sha256(b"").hexdigest()),
                item("user:logo", b"\x00"),
            ],
        )
        assert [each["status"] for each in (text, plain, logo)] == [201, 201, 201]
        assert text["version"] == call("GET", f"{SESSION}/notes!2Fa.txt/versions/0/metadata").json
        assert text["version"] | part == text["version"]
        assert text["version"]["customMetadata"] == {"a": [1, None]}
        assert (plain["version"]["kind"], plain["version"]["mimeType"]) == ("bytes", None)
        assert logo["version"]["scope"] == "user"
        assert call("GET", f"{SESSION}/notes!2Fa.txt").body == body
        assert call("GET", f"{USER}/logo").body == b"\x00"

    def test_a_repeated_batch_saves_nothing_again(self) -> None:
        items = [item(f"f{number}", b"%d" % number) for number in range(20)]
        first, second = results("save", items), results("save", items)
        assert [result["replayed"] for result in first] == [False] * 20
        assert [result["replayed"] for result in second] == [True] * 20
        assert [result["version"] for result in first] == [result["version"] for result in second]

    def test_a_key_stands_for_its_save_in_a_batch_and_by_itself(self) -> None:
        save(DOC, b"content", Idempotency_Key="k")
        same, other, elsewhere = results(
            "save",
            [
                item("doc", b"content", idempotencyKey="k", part={"mimeType": None}),
                item("doc", b"other", idempotencyKey="k"),
                item("doc2", b"other", idempotencyKey="k"),
            ],
        )
        assert (same["status"], same["replayed"]) == (201, True)
        assert (other["status"], other["problem"]["code"]) == (422, "idempotency_key_reused")
        assert elsewhere["replayed"] is False

    def test_items_of_one_artifact_are_saved_in_their_order(self) -> None:
        items = [item("doc", b"%d" % number, idempotencyKey=str(number)) for number in range(40)]
        others = [item(f"other{number}") for number in range(40)]
        mixed = [one for pair in zip(items, others, strict=True) for one in pair]
        found = results("save", mixed)
        assert [result["version"]["version"] for result in found[::2]] == list(range(40))
        for number in (0, 17, 39):
            assert call("GET", f"{DOC}/versions/{number}").body == b"%d" % number

    def test_the_same_item_twice_is_one_save(self) -> None:
        first, second = results("save", [item("doc"), item("doc")])
        assert (first["replayed"], second["replayed"]) == (False, True)
        assert first["version"] == second["version"]

    def test_an_item_that_cannot_be_saved_fails_alone(self) -> None:
        found = results(
            "save",
            [
                item("good"),
                item("\x00" * 400, idempotencyKey="k"),
                item(""),
                item("user:"),
                item("text", b"\xff", part={"kind": "text"}),
                item("kind", part={"kind": "image"}),
                item("type", part={"mimeType": "\u00e9"}),
                item("digest", sha256="0" * 64),
                item("metadata", customMetadata={"x": "y" * 70_000}),
                {**item("base64"), "content": "no base64"},
                item("fine"),
            ],
        )
        assert [result["status"] for result in found] == [201, *[400] * 9, 201]
        assert [(result["problem"]["code"], result["problem"]["field"]) for result in found[1:-1]] == [
            ("key_too_long", "filename"),
            ("invalid_name", "filename"),
            ("invalid_name", "filename"),
            ("invalid_content", "content"),
            ("invalid_part", "kind"),
            ("invalid_part", "mimeType"),
            ("digest_mismatch", "sha256"),
            ("metadata_too_large", "customMetadata"),
            ("invalid_body", "items[9].content"),
        ]
        assert call("GET", f"{SESSION}/fine").status == 200

    def test_a_reserved_session_is_refused_item_by_item(self) -> None:
        base = "/v1/apps/app/users/u/sessions/user/batch"
        mine, users = results("save", [item("doc"), item("user:doc")], base)
        assert (mine["status"], mine["problem"]["field"]) == (400, "session")
        assert users["status"] == 201

    def test_content_may_be_as_large_as_the_body_has_room_for(self) -> None:
        (saved,) = results("save", [item("large", bytes(3 * KIB * KIB - KIB))])
        assert (saved["status"], saved["version"]["size"]) == (201, 3 * KIB * KIB - KIB)

    def test_metadata_of_all_items_together_is_limited(self) -> None:
        items = [item(f"f{number}", customMetadata={"x": "y" * 60_000}) for number in range(40)]
        answer = batch("save", items)
        statuses = [result["status"] for result in answer.json["results"]]
        assert statuses == [201] * 34 + [400] * 6
        assert answer.json["results"][-1]["problem"]["limit"] == 2 * KIB * KIB

    def test_if_match_must_be_the_latest(self) -> None:
        save(DOC, b"first")
        etag = call("GET", f"{DOC}/versions/0/metadata").json["etag"]
        right, late, absent, any_ = results(
            "save",
            [
                item("doc", b"second", idempotencyKey="1", ifMatch=['"other"', etag]),
                item("doc", b"third", idempotencyKey="2", ifMatch=[etag]),
                item("none", ifMatch=["*"]),
                item("doc", b"third", idempotencyKey="3", ifMatch=["*"]),
            ],
        )
        assert [each["status"] for each in (right, late, absent, any_)] == [201, 412, 412, 201]
        assert late["problem"]["code"] == absent["problem"]["code"] == "precondition_failed"
        assert any_["version"]["version"] == 2

    @pytest.mark.parametrize("key", ["", "x" * 256, "\u00e9", "a\nb"])
    def test_a_key_that_cannot_be_one_is_refused(self, key: str) -> None:
        answer = batch("save", [item("doc"), item("doc", idempotencyKey=key)])
        assert (answer.status, answer.code, answer.json["field"]) == (400, "invalid_body", "items[1].idempotencyKey")
        assert call("GET", DOC).status == 404


class TestDelete:
    def test_each_is_deleted_and_what_was_not_there_is_no_error(self, world: World) -> None:
        save(DOC)
        save(DOC)
        save(f"{USER}/logo")
        save(f"{SESSION}/kept")
        found = results("delete", [{"filename": name} for name in ("doc", "user:logo", "nothing", "doc", "")])
        assert found[:4] == [
            {"status": 204, "existed": True},
            {"status": 204, "existed": True},
            {"status": 204, "existed": False},
            {"status": 204, "existed": False},
        ]
        assert (found[4]["status"], found[4]["problem"]["field"]) == (400, "filename")
        assert [one["filename"] for one in call("GET", SESSION).json["artifacts"]] == ["kept"]
        assert len(world.objects.refs()) == 1

    def test_purges_that_do_not_end_are_handed_on(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        told: list[ArtifactId] = []
        monkeypatch.setattr(wiring, "ask_for_purge", lambda artifact, _gen: told.append(artifact))
        for number in range(501):
            world.store().save(
                ArtifactId(Scope("app", "u", "s"), "doc"),
                Content(body=b"x"),
                caller="c",
                idempotency_key=str(number),
            )

        def slow(name: str, phase: str) -> None:
            if (name, phase) == ("transact", "after"):
                world.clock.sleep(60)

        slowed(world, slow)
        assert results("delete", [{"filename": "doc"}])[0] == {"status": 204, "existed": True}
        assert [artifact.filename for artifact in told] == ["doc"]


class TestEveryBatch:
    @pytest.mark.parametrize("operation", OPERATIONS)
    @pytest.mark.parametrize("base", [SESSION_BATCH, USER_BATCH])
    def test_the_number_of_items_is_limited(self, operation: str, base: str) -> None:
        for items, limit in (([], 1), ([item("doc")] * 101, 100)):
            answer = batch(operation, items, base)
            assert (answer.status, answer.code) == (400, "invalid_body")
            assert (answer.json["field"], answer.json["limit"]) == ("items", limit)

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_a_body_over_4_mib_is_refused(self, operation: str) -> None:
        text = json.dumps({"items": [item("doc")]}).encode()
        padding = b" " * (4 * KIB * KIB - len(text))
        path = f"{SESSION_BATCH}/{operation}"
        answer = call("POST", path, body=text + padding + b" ")
        assert (answer.status, answer.code) == (400, "invalid_body")
        assert (answer.json["field"], answer.json["limit"]) == ("body", 4 * KIB * KIB)
        assert operation != "save" or call("POST", path, body=text + padding).status == 200

    @pytest.mark.parametrize("operation", OPERATIONS)
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ("", "body"),
            ("[]", "body"),
            ("{}", "items"),
            ('{"items": {}}', "items"),
            ('{"items": [{}], "more": 1}', "more"),
            ('{"items": ["doc"]}', "items[0]"),
            ('{"items": [{}]}', "items[0].filename"),
            ('{"items": [{"filename": "doc", "fileName": "doc"}]}', "items[0].fileName"),
            ('{"items": [{"filename": "doc", "filename": "doc"}]}', "items[0]"),
        ],
    )
    def test_a_body_of_another_form_is_refused_as_a_whole(self, operation: str, body: str, field: str) -> None:
        answer = call("POST", f"{SESSION_BATCH}/{operation}", body=body)
        assert (answer.status, answer.code) == (400, "invalid_body")
        if operation == "save" and field == "items[0].filename":
            assert answer.json["field"].startswith("items[0].")
        else:
            assert answer.json["field"] == field

    @pytest.mark.parametrize(
        ("operation", "members", "field"),
        [
            ("load", {"version": -1}, "version"),
            ("load", {"version": 10_000_000_000}, "version"),
            ("load", {"version": "latest"}, "version"),
            ("load", {"version": True}, "version"),
            ("load", {"unless": ["x"]}, "unless"),
            ("describe", {"version": 1.5}, "version"),
            ("save", {"content": None}, "content"),
            ("save", {"content": 5}, "content"),
            ("save", {"part": []}, "part"),
            ("save", {"part": {"kind": 5}}, "part.kind"),
            ("save", {"part": {"mime": "x"}}, "part.mime"),
            ("save", {"customMetadata": []}, "customMetadata"),
            ("save", {"sha256": "x"}, "sha256"),
            ("save", {"ifMatch": "x"}, "ifMatch"),
            ("save", {"ifMatch": []}, "ifMatch"),
            ("save", {"idempotencyKey": None}, "idempotencyKey"),
            ("delete", {"version": 1}, "version"),
            ("delete", {"filename": None}, "filename"),
        ],
    )
    def test_a_member_of_another_type_is_named(self, operation: str, members: dict[str, Any], field: str) -> None:
        start = item("doc") if operation == "save" else {"filename": "doc"}
        answer = batch(operation, [start, {**start, **members}])
        assert (answer.status, answer.code, answer.json["field"]) == (400, "invalid_body", f"items[1].{field}")
        assert call("GET", DOC).status == 404, "nothing of a refused body is done"

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_an_unknown_query_parameter_is_refused(self, operation: str) -> None:
        assert batch(operation, [item("doc")], query={"x": "1"}).code == "invalid_parameter"

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_storage_that_fails_one_item_spares_the_others(self, operation: str, world: World) -> None:
        names = ["a", "broken", "c"]
        for name in names:
            save(f"{SESSION}/{name}")

        wiring.use(store=broken_for(world, "broken"))
        items = [
            item(name, b"new", idempotencyKey="n") if operation == "save" else {"filename": name} for name in names
        ]
        found = results(operation, items)
        assert [result["status"] // 100 for result in found] == [2, 5, 2]
        problem = found[1]["problem"]
        assert (problem["code"], problem["status"], problem["retryAfter"]) == ("storage_unavailable", 503, 1)
        assert "injected" not in json.dumps(found)

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_no_more_than_eight_run_at_once(self, operation: str, world: World) -> None:
        for number in range(30):
            save(f"{SESSION}/f{number}")
        running = 0
        most = 0
        lock = threading.Lock()
        full = threading.Event()

        def hook(_name: str, phase: str) -> None:
            nonlocal running, most
            with lock:
                running += 1 if phase == "before" else -1
                most = max(most, running)
                if running == ITEMS_AT_ONCE:
                    full.set()
            if phase == "before":
                # The first calls wait for each other, so that as many are at work as may be.
                full.wait(10)

        slowed(world, hook)
        items = [item(f"f{number}", idempotencyKey="n") for number in range(30)]
        if operation != "save":
            items = [{"filename": one["filename"]} for one in items]
        assert {result["status"] // 100 for result in results(operation, items)} == {2}
        assert most == ITEMS_AT_ONCE == 8

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_what_time_does_not_suffice_for_is_to_be_repeated(self, operation: str, world: World) -> None:
        for number in range(30):
            save(f"{SESSION}/f{number}")
        over = threading.Event()

        def hook(_name: str, _phase: str) -> None:
            over.wait(10)

        slowed(world, hook)
        names = [f"f{number}" for number in range(30)]
        items = [item(name, b"n", idempotencyKey="n") if operation == "save" else {"filename": name} for name in names]
        event = event_of("POST", f"{SESSION_BATCH}/{operation}", body=json.dumps({"items": items}))
        answer = invoke(event, Context(milliseconds=2_100))
        over.set()
        found = answer.json["results"]
        assert {result["status"] for result in found} == {503}
        assert {result["problem"]["code"] for result in found} == {"storage_unavailable"}
        assert {result["problem"]["retryAfter"] for result in found} == {1}
        wiring.use(store=world.store())
        assert {result["status"] // 100 for result in results(operation, items)} == {2}

    def test_after_a_save_that_storage_failed_no_later_one_overtakes_it(self, world: World) -> None:
        save(f"{SESSION}/doc", b"0")
        calls: list[str] = []

        def hook(name: str, phase: str) -> None:
            if phase == "before":
                calls.append(name)
                if len(calls) == 1:
                    raise StorageUnavailable("injected")

        slowed(world, hook)
        items = [item("doc", b"%d" % number, idempotencyKey=str(number)) for number in (1, 2, 3)]
        assert [result["status"] for result in results("save", items)] == [503, 503, 503]
        wiring.use(store=world.store())
        assert [result["version"]["version"] for result in results("save", items)] == [1, 2, 3]


def broken_for(world: World, filename: str) -> ArtifactStore:
    """A store that fails whatever is asked of one artifact."""
    store = world.store()

    def breaking(method: Callable[..., Any]) -> Callable[..., Any]:
        def call_it(artifact: ArtifactId, *arguments: Any, **named: Any) -> Any:
            if artifact.filename == filename:
                raise StorageUnavailable("injected")
            return method(artifact, *arguments, **named)

        return call_it

    for name in ("load_unless", "describe", "save", "delete"):
        setattr(store, name, breaking(getattr(store, name)))
    return store


class TestCallers:
    def test_each_item_is_asked_for_as_its_own_route(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[tuple[str, str | None]] = []

        def spy(operation: Any, caller: Any, scope: Scope, *, settings: Any) -> None:
            asked.append((operation, scope.session))
            authorize(operation, caller, scope, settings=settings)

        monkeypatch.setattr("artifact_api.batches.running.authorize", spy)
        for operation, own in (
            ("load", "load_artifact"),
            ("describe", "describe_version"),
            ("save", "save_artifact"),
            ("delete", "delete_artifact"),
        ):
            asked.clear()
            items = [item("doc"), item("user:doc")]
            if operation != "save":
                items = [{"filename": one["filename"]} for one in items]
            results(operation, items)
            assert asked == [(own, "s"), (own, None)], "of a user's artifact the user scope"

    def test_an_item_that_its_caller_may_not_touch_is_as_if_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(_operation: Any, _caller: Any, scope: Scope, *, settings: Any) -> None:
            if scope.session is None:
                raise ArtifactNotFound("not yours")

        monkeypatch.setattr("artifact_api.batches.running.authorize", refuse)
        found = results("save", [item("doc"), item("user:doc")])
        assert [result["status"] for result in found] == [201, 404]
        assert found[1]["problem"]["detail"] == "there is no such artifact"
        assert call("GET", f"{USER}/doc").status == 404


def test_nothing_that_a_caller_sent_is_logged(
    world: World, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = {"name": "SECRET-NAME", "key": "SECRET-KEY", "display": "SECRET-DISPLAY", "metadata": "SECRET-METADATA"}
    full = item(
        secrets["name"],
        b"SECRET-BODY",
        idempotencyKey=secrets["key"],
        part={"displayName": secrets["display"]},
        customMetadata={"m": secrets["metadata"]},
    )

    def bug(_name: str, _phase: str) -> None:
        raise ValueError(*secrets.values())

    for store in (world.store(), world.store(bug)):
        wiring.use(store=store)
        for operation in OPERATIONS:
            one = full if operation == "save" else {"filename": secrets["name"]}
            results(operation, [one])
            batch(operation, [{**one, "SECRET-MEMBER": 1}])
    written = log.getvalue() + capsys.readouterr().out
    assert "ValueError" in written
    assert "SECRET" not in written
    assert base64.b64encode(b"SECRET-BODY").decode() not in written


def test_results_are_counted_by_what_they_were(capsys: pytest.CaptureFixture[str]) -> None:
    save(DOC)
    capsys.readouterr()
    results("load", [{"filename": "doc"}] * 60 + [{"filename": "missing"}] * 40)
    (line,) = capsys.readouterr().out.splitlines()
    metrics = json.loads(line)
    assert (metrics["operation"], metrics["Loads"], metrics["Problem.artifact_not_found"]) == (
        "batch_load",
        [60.0],
        [40.0],
    )
