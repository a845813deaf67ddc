"""Content of any size goes to the bucket itself, and becomes a version by one request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from artifact_api import wiring
from artifact_store.transfers import MIB, MIN_PART_BYTES
from tests.contract.calls import DOC, SESSION, USER, Answer, Context, call, event_of, invoke, save
from tests.contract.transfers import download, send
from tests.contract.uploading import (
    CONTENT,
    DAY,
    SHA256,
    UPLOADS,
    assert_problem,
    begin,
    finalize,
    parts_of,
    post,
    send_parts,
    sha256,
    uploaded,
)
from tests.faults.interposed import World

pytestmark = pytest.mark.usefixtures("aws")


class TestTheWholeWay:
    def test_content_in_parts_becomes_a_version(self, world: World) -> None:
        save(body=b"before")
        begun = post(UPLOADS, {"size": len(CONTENT), "partSize": MIN_PART_BYTES, "mimeType": "video/mp4"})
        assert begun.status == 201
        assert begun.headers["cache-control"] == "no-store"
        assert begun.json == {
            "uploadId": begun.json["uploadId"],
            "method": "parts",
            "size": len(CONTENT),
            "partSize": MIN_PART_BYTES,
            "partCount": 3,
            "expiresAt": world.clock.now + DAY,
        }
        upload = f"{UPLOADS}/{begun.json['uploadId']}"
        bodies = parts_of(CONTENT)
        asked = [{"number": n, "size": len(bodies[n - 1]), "sha256": sha256(bodies[n - 1])} for n in (3, 1, 2)]
        signed = post(f"{upload}/parts", {"parts": asked})
        assert signed.status == 200
        assert signed.headers["cache-control"] == "no-store"
        assert [part["number"] for part in signed.json["parts"]] == [3, 1, 2]
        for part in signed.json["parts"]:
            assert part["request"]["method"] == "PUT"
            assert part["request"]["expiresAt"] == world.clock.now + 3600
            assert part["request"]["headers"]["content-length"] == str(len(bodies[part["number"] - 1]))
            assert send(world, part["request"], bodies[part["number"] - 1]) == (200, b"")
        assert len(call("GET", f"{DOC}/versions").json["versions"]) == 1

        saved = finalize(upload, part={"displayName": "Ü"}, customMetadata={"deep": [1, {"ü": None}]})
        assert saved.status == 201
        assert saved.json == {
            "filename": "doc",
            "scope": "session",
            "version": 1,
            "canonicalUri": "s3://memory/app/u/s/doc/1",
            "createTime": world.clock.now,
            "mimeType": "video/mp4",
            "kind": "bytes",
            "displayName": "Ü",
            "customMetadata": {"deep": [1, {"ü": None}]},
            "size": len(CONTENT),
            "sha256": SHA256,
            "etag": saved.headers["etag"],
        }
        assert saved.headers["location"] == f"{DOC}/versions/1"
        assert "idempotency-replayed" not in saved.headers
        assert "idempotency-key" not in saved.headers
        loaded = call("GET", DOC)
        assert (loaded.status, loaded.headers["etag"]) == (307, saved.headers["etag"])
        there = download(world, loaded.headers["location"])
        assert (there.body, there.content_type) == (CONTENT, "video/mp4")
        assert call("GET", f"{DOC}/versions/1/metadata").json == saved.json

    def test_content_of_unknown_size(self, world: World) -> None:
        begun = post(UPLOADS, {"size": None})
        assert (begun.json["partSize"], begun.json["partCount"]) == (16 * MIB, None)
        upload = begin(size=None)
        send_parts(world, upload, dict(enumerate(parts_of(CONTENT), start=1)))
        assert finalize(upload).json["size"] == len(CONTENT)

    def test_empty_content_is_one_empty_part(self, world: World) -> None:
        begun = post(UPLOADS, {"size": 0})
        assert begun.json["partCount"] == 1
        upload = f"{UPLOADS}/{begun.json['uploadId']}"
        send_parts(world, upload, {1: b""})
        assert finalize(upload, size=0, sha256=sha256(b"")).json["size"] == 0
        assert call("GET", DOC).body == b""

    @pytest.mark.parametrize("digest", [None, sha256(b"small")])
    def test_content_by_one_put(self, digest: str | None, world: World) -> None:
        begun = post(UPLOADS, {"size": 5, "method": "put", "mimeType": "text/plain", "sha256": digest})
        assert begun.status == 201
        assert (begun.json["method"], begun.json["partSize"], begun.json["partCount"]) == ("put", 5, 1)
        put = begun.json["put"]
        assert put["headers"]["content-type"] == "text/plain"
        assert ("x-amz-checksum-sha256" in put["headers"]) is (digest is not None)
        assert send(world, put, b"small") == (200, b"")
        saved = finalize(f"{UPLOADS}/{begun.json['uploadId']}", size=5, sha256=None, part={"kind": "text"})
        assert (saved.status, saved.json["kind"], saved.json["mimeType"]) == (201, "text", "text/plain")
        assert saved.json["sha256"] == digest
        assert call("GET", DOC).body == b"small"

    def test_nothing_by_one_put(self, world: World) -> None:
        begun = post(UPLOADS, {"size": 0, "method": "put"})
        assert (begun.json["partSize"], begun.json["partCount"]) == (0, 1)
        assert send(world, begun.json["put"], b"") == (200, b"")
        assert finalize(f"{UPLOADS}/{begun.json['uploadId']}", size=0, sha256=None).status == 201

    @pytest.mark.parametrize(
        ("path", "filename", "location"),
        [
            (f"{SESSION}/user:film", "user:film", f"{SESSION}/user:film"),
            (f"{USER}/film", "film", f"{USER}/film"),
            (f"{SESSION}/a!2Fb!20c", "a/b c", f"{SESSION}/a!2Fb!20c"),
        ],
    )
    def test_names(self, path: str, filename: str, location: str, world: World) -> None:
        saved = finalize(uploaded(world, f"{path}/uploads"))
        assert (saved.json["filename"], saved.headers["location"]) == (filename, f"{location}/versions/0")

    @pytest.mark.parametrize(
        ("begun_as", "part", "mime_type"),
        [
            ("video/mp4", None, "video/mp4"),
            ("video/mp4", {}, "video/mp4"),
            ("video/mp4", {"mimeType": None}, "video/mp4"),
            ("video/mp4", {"mimeType": "video/webm"}, "video/webm"),
            (None, None, None),
            (None, {"mimeType": "video/webm"}, "video/webm"),
        ],
    )
    def test_the_type_is_that_of_the_upload_unless_the_part_has_one(
        self, begun_as: str | None, part: Any, mime_type: str | None, world: World
    ) -> None:
        upload = begin(mimeType=begun_as)
        send_parts(world, upload, dict(enumerate(parts_of(CONTENT), start=1)))
        assert finalize(upload, part=part).json["mimeType"] == mime_type

    def test_the_digest_may_be_announced(self, world: World) -> None:
        upload = begin(sha256=SHA256)
        send_parts(world, upload, dict(enumerate(parts_of(CONTENT), start=1)))
        assert_problem(finalize(upload, sha256=sha256(b"")), 400, "invalid_body", "sha256")
        assert finalize(upload, sha256=None).json["sha256"] == SHA256

    @pytest.mark.parametrize(
        ("size", "part_size", "count"),
        [
            (1, 8 * MIB, 1),
            (8 * MIB, 8 * MIB, 1),
            (8 * MIB + 1, 8 * MIB, 2),
            (80_000 * MIB, 8 * MIB, 10_000),
            (80_000 * MIB + 1, 9 * MIB, 8889),
            (5 * MIB * MIB, 525 * MIB, 9987),
        ],
    )
    def test_parts_are_large_enough(self, size: int, part_size: int, count: int) -> None:
        begun = post(UPLOADS, {"size": size}).json
        assert (begun["partSize"], begun["partCount"]) == (part_size, count)


class TestOnlyOnce:
    def test_a_repeated_finalize_answers_the_same_version(self, world: World) -> None:
        upload = uploaded(world)
        first = finalize(upload, customMetadata={"n": 1})
        save(body=b"later")
        again = finalize(upload, customMetadata={"n": 1})
        assert (again.status, again.json) == (201, first.json)
        assert again.headers["idempotency-replayed"] == "true"
        assert again.headers["location"] == first.headers["location"]
        assert len(call("GET", f"{DOC}/versions").json["versions"]) == 2

    @pytest.mark.parametrize(
        "changes", [{"customMetadata": {"n": 2}}, {"part": {"kind": "text"}}, {"sha256": sha256(b"other")}]
    )
    def test_a_finalize_with_other_facts_is_refused(self, changes: Any, world: World) -> None:
        upload = uploaded(world)
        assert finalize(upload).status == 201
        assert_problem(finalize(upload, **changes), 422, "idempotency_key_reused")

    def test_a_finalize_beside_itself_is_one_version(self, world: World) -> None:
        upload = uploaded(world)
        inner: list[Answer] = []

        def finalize_between(name: str, phase: str) -> None:
            if (name, phase) == ("complete", "after") and not inner:
                inner.append(finalize(upload))

        wiring.use(store=world.store(finalize_between))
        outer = finalize(upload)
        assert (outer.status, inner[0].status) == (201, 201)
        assert outer.json == inner[0].json
        assert len(call("GET", f"{DOC}/versions").json["versions"]) == 1

    def test_a_finalize_after_a_delete_brings_nothing_back(self, world: World) -> None:
        upload = uploaded(world)
        first = finalize(upload)
        call("DELETE", DOC)
        again = finalize(upload)
        assert (again.status, again.json) == (201, first.json)
        assert again.headers["idempotency-replayed"] == "true"
        assert call("GET", DOC).status == 404
        assert_problem(call("GET", upload), 404, "upload_not_found")

    def test_two_uploads_of_the_same_content_are_two_versions(self, world: World) -> None:
        assert [finalize(uploaded(world)).json["version"] for _ in range(2)] == [0, 1]

    def test_the_idempotency_table_is_not_asked(self, world: World, aws: Any) -> None:
        upload = uploaded(world)
        aws.delete_table(TableName="idempotency")
        assert finalize(upload).status == finalize(upload).status == 201


class TestGoingOn:
    def test_what_was_sent_is_told(self, world: World) -> None:
        upload = begin()
        bodies = parts_of(CONTENT)
        state = call("GET", upload)
        assert state.headers["cache-control"] == "no-store"
        assert (state.json["parts"], state.json["nextPart"]) == ([], None)
        send_parts(world, upload, {1: bodies[0], 3: bodies[2]})
        assert call("GET", upload).json == {
            "uploadId": upload.rpartition("/")[2],
            "method": "parts",
            "size": len(CONTENT),
            "partSize": MIN_PART_BYTES,
            "expiresAt": world.clock.now + DAY,
            "parts": [{"number": n, "size": len(bodies[n - 1]), "sha256": sha256(bodies[n - 1])} for n in (1, 3)],
            "nextPart": None,
        }
        assert [part["number"] for part in call("GET", upload, query={"after": "1"}).json["parts"]] == [3]

    def test_many_parts_take_pages(self, world: World) -> None:
        upload = begin(size=None)
        for start in range(1, 1101, 100):
            send_parts(world, upload, dict.fromkeys(range(start, start + 100), b"x"))
        first = call("GET", upload).json
        assert (len(first["parts"]), first["nextPart"]) == (1000, 1000)
        second = call("GET", upload, query={"after": str(first["nextPart"])}).json
        assert ([part["number"] for part in second["parts"]], second["nextPart"]) == (list(range(1001, 1101)), None)

    def test_a_part_may_be_sent_again(self, world: World) -> None:
        upload = begin(size=None)
        send_parts(world, upload, {1: b"wrong"})
        send_parts(world, upload, {1: b"right"})
        (part,) = call("GET", upload).json["parts"]
        assert part["sha256"] == sha256(b"right")
        assert finalize(upload, size=5, sha256=sha256(b"right")).status == 201

    def test_a_finalized_upload_tells_its_version(self, world: World) -> None:
        upload = uploaded(world)
        saved = finalize(upload)
        state = call("GET", upload).json
        assert (state["parts"], state["nextPart"], state["version"]) == ([], None, saved.json)

    def test_a_put_tells_its_version_too(self, world: World) -> None:
        begun = post(UPLOADS, {"size": 5, "method": "put"}).json
        upload = f"{UPLOADS}/{begun['uploadId']}"
        assert "version" not in call("GET", upload).json
        send(world, begun["put"], b"small")
        assert "version" not in call("GET", upload).json
        saved = finalize(upload, size=5, sha256=None)
        assert call("GET", upload).json["version"] == saved.json

    def test_a_crash_between_completion_and_save_is_mended_by_repeating(self, world: World) -> None:
        upload = uploaded(world)

        def crash(name: str, _phase: str) -> None:
            if name == "create":
                raise ZeroDivisionError

        wiring.use(store=world.store(crash))
        assert finalize(upload).status == 500
        wiring.use(store=world.store())
        state = call("GET", upload).json
        assert state["parts"] == []
        assert "version" not in state
        assert finalize(upload).json["version"] == 0


class TestAbort:
    def test_an_aborted_upload_is_gone(self, world: World) -> None:
        upload = begin()
        send_parts(world, upload, {1: CONTENT[:MIN_PART_BYTES]})
        for _ in range(2):
            answer = call("DELETE", upload)
            assert (answer.status, answer.body) == (204, b"")
        assert_problem(call("GET", upload), 404, "upload_not_found")
        assert_problem(finalize(upload), 404, "upload_not_found")
        assert world.transfers.pending("!blobs/", after=None) == ([], None)
        assert not world.objects.refs()
        assert not world.table.items()

    def test_what_is_finalized_cannot_be_aborted(self, world: World) -> None:
        upload = uploaded(world)
        finalize(upload)
        assert_problem(call("DELETE", upload), 409, "upload_finalized")
        call("DELETE", DOC)
        assert_problem(call("DELETE", upload), 409, "upload_finalized")

    def test_an_abandoned_upload_leaves_no_version_and_no_gap(self, world: World) -> None:
        save()
        uploaded(world)
        assert save(body=b"next").json["version"] == 1
        assert call("GET", SESSION).json["artifacts"][0]["version"] == 1


class TestIncomplete:
    @pytest.mark.parametrize(
        ("sent", "detail"),
        [
            ((), "part 1 is missing"),
            ((2, 3), "part 1 is missing"),
            ((1, 3), "part 2 is missing"),
            ((1, 2), "part 3 is missing"),
        ],
    )
    def test_the_first_missing_part_is_named(self, sent: tuple[int, ...], detail: str, world: World) -> None:
        upload = begin()
        bodies = parts_of(CONTENT)
        if sent:
            send_parts(world, upload, {number: bodies[number - 1] for number in sent})
        answer = finalize(upload)
        assert_problem(answer, 409, "upload_incomplete")
        assert detail in answer.json["detail"]
        assert call("GET", DOC).status == 404
        missing = set(range(1, 4)) - set(sent)
        send_parts(world, upload, {number: bodies[number - 1] for number in missing})
        assert finalize(upload).status == 201

    @pytest.mark.parametrize("difference", [-1, 1])
    def test_another_size_than_uploaded(self, difference: int, world: World) -> None:
        upload = begin(size=None)
        send_parts(world, upload, dict(enumerate(parts_of(CONTENT), start=1)))
        answer = finalize(upload, size=len(CONTENT) + difference)
        assert_problem(answer, 409, "upload_incomplete")
        assert f"{len(CONTENT):,} bytes" in answer.json["detail"]
        assert finalize(upload).status == 201

    def test_another_size_than_begun(self, world: World) -> None:
        assert_problem(finalize(uploaded(world), size=1), 400, "invalid_body", "size")

    def test_a_put_that_never_came(self) -> None:
        begun = post(UPLOADS, {"size": 5, "method": "put"}).json
        assert_problem(finalize(f"{UPLOADS}/{begun['uploadId']}", size=5, sha256=None), 409, "upload_incomplete")

    def test_other_bytes_than_signed_are_not_taken(self, world: World) -> None:
        upload = begin()
        part = {"number": 1, "size": MIN_PART_BYTES, "sha256": sha256(CONTENT[:MIN_PART_BYTES])}
        (signed,) = post(f"{upload}/parts", {"parts": [part]}).json["parts"]
        assert send(world, signed["request"], b"short")[0] == 403
        assert send(world, signed["request"], CONTENT[1 : MIN_PART_BYTES + 1])[0] in {200, 400}
        assert send(world, signed["request"], b"z" * MIN_PART_BYTES)[0] == 400


class TestTime:
    def test_an_upload_lives_for_a_day(self, world: World) -> None:
        upload = uploaded(world)
        world.clock.sleep(DAY - 1)
        part = {"number": 1, "size": MIN_PART_BYTES, "sha256": SHA256}
        (signed,) = post(f"{upload}/parts", {"parts": [part]}).json["parts"]
        assert signed["request"]["expiresAt"] <= world.clock.now + 1
        world.clock.sleep(1)
        assert_problem(post(f"{upload}/parts", {"parts": [part]}), 404, "upload_not_found")
        assert_problem(call("GET", upload), 404, "upload_not_found")
        assert_problem(finalize(upload), 404, "upload_not_found")
        assert call("DELETE", upload).status == 204

    def test_what_was_finalized_may_be_finalized_again_after_its_life(self, world: World) -> None:
        upload = uploaded(world)
        world.clock.sleep(DAY / 2)
        first = finalize(upload)
        world.clock.sleep(DAY / 2 + 1)
        assert finalize(upload).json == first.json

    def test_a_signed_request_lives_for_an_hour(self, world: World) -> None:
        upload = begin()
        part = {"number": 3, "size": 7, "sha256": sha256(b"the end")}
        (signed,) = post(f"{upload}/parts", {"parts": [part]}).json["parts"]
        world.clock.sleep(3600)
        assert send(world, signed["request"], b"the end")[0] == 403

    def test_a_finalize_gives_up_before_its_function_does(self, world: World) -> None:
        upload, deadlines = uploaded(world), []
        store = world.store()

        class Watched:
            def finalize_upload(self, *args: Any, timeout: float, **kwargs: Any) -> Any:
                deadlines.append(timeout)
                return store.finalize_upload(*args, timeout=timeout, **kwargs)

            canonical_uri = staticmethod(store.canonical_uri)

        wiring.use(store=Watched())  # type: ignore[arg-type]
        body = json.dumps({"size": len(CONTENT), "sha256": SHA256})
        for milliseconds in (300_000, 10_000):
            event = event_of("POST", f"{upload}/finalize", body=body)
            assert invoke(event, Context(milliseconds=milliseconds)).status == 201
        assert deadlines == [20.0, 8.0]
