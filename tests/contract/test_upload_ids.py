"""An upload's id is good for its caller and its artifact alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from artifact_api import wiring
from artifact_api.upload_ids import MAX_UPLOAD_ID_CHARACTERS
from artifact_store.transfers import MIB, MIN_PART_BYTES
from tests.contract.calls import SESSION, USER, Answer, call, save
from tests.contract.uploading import (
    CONTENT,
    SHA256,
    UPLOADS,
    assert_problem,
    begin,
    post,
    uploaded,
)
from tests.faults.interposed import World

pytestmark = pytest.mark.usefixtures("aws")

ROUTES = [("POST", "/parts"), ("GET", ""), ("POST", "/finalize"), ("DELETE", "")]
BODIES = {
    "/parts": {"parts": [{"number": 1, "size": MIN_PART_BYTES, "sha256": SHA256}]},
    "/finalize": {"size": len(CONTENT), "sha256": SHA256},
}


def asked(method: str, upload: str, rest: str, **parts: Any) -> Answer:
    body = json.dumps(BODIES[rest]) if rest else None
    return call(method, f"{upload}{rest}", body=body, **parts)


@pytest.mark.parametrize(("method", "rest"), ROUTES)
class TestIds:
    def test_an_id_is_for_its_artifact_alone(self, method: str, rest: str, world: World) -> None:
        upload = uploaded(world)
        uploaded_id = upload.rpartition("/")[2]
        for other in (
            f"{SESSION}/other",
            f"{USER}/doc",
            f"{SESSION}/user:doc",
            "/v1/apps/app/users/u/sessions/t/artifacts/doc",
            "/v1/apps/app/users/v/sessions/s/artifacts/doc",
            "/v1/apps/b/users/u/sessions/s/artifacts/doc",
        ):
            assert_problem(asked(method, f"{other}/uploads/{uploaded_id}", rest), 404, "upload_not_found")
        assert asked(method, upload, rest).status in {200, 201, 204}

    def test_both_paths_of_a_users_artifact_take_its_id(self, method: str, rest: str, world: World) -> None:
        upload = uploaded(world, f"{USER}/doc/uploads")
        path = f"{SESSION}/user:doc/uploads/{upload.rpartition('/')[2]}"
        assert asked(method, path, rest).status in {200, 201, 204}

    def test_an_id_is_for_its_caller_alone(
        self, method: str, rest: str, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AUTH_MODE", "IAM")
        wiring.reset()
        wiring.use(store=world.store())

        def caller(role: str, session: str = "one") -> dict[str, Any]:
            return {"iam": {"accountId": "111122223333", "userId": f"{role}:{session}"}}

        begun = post(UPLOADS, {"size": len(CONTENT), "partSize": MIN_PART_BYTES}, authorizer=caller("AROAONE"))
        upload = f"{UPLOADS}/{begun.json['uploadId']}"
        foreign = asked(method, upload, rest, authorizer=caller("AROATWO"))
        unknown = asked(method, f"{UPLOADS}/u1none", rest, authorizer=caller("AROATWO"))
        assert_problem(foreign, 404, "upload_not_found")
        assert (foreign.body, foreign.headers) == (unknown.body, unknown.headers)
        mine = asked(method, upload, rest, authorizer=caller("AROAONE", "two"))
        assert mine.status in {200, 201, 204} or mine.code == "upload_incomplete"

    @pytest.mark.parametrize(
        "forge",
        [
            lambda upload_id: "x",
            lambda upload_id: "u1",
            lambda upload_id: "u1" + "A" * 60,
            lambda upload_id: upload_id[:-1],
            lambda upload_id: upload_id + "A",
            lambda upload_id: upload_id + "=",
            lambda upload_id: upload_id.swapcase(),
            lambda upload_id: "u2" + upload_id[2:],
            lambda upload_id: "1" + upload_id[2:],
            lambda upload_id: upload_id[2:],
            lambda upload_id: upload_id + "ü",
            lambda upload_id: "u1" + "A" * 100_000,
            lambda upload_id: upload_id.replace("_", "-") + "!2F",
            lambda upload_id: "\ud800",
            lambda upload_id: "%00",
        ],
    )
    def test_a_forged_id_is_no_upload(self, method: str, rest: str, forge: Any) -> None:
        upload_id = begin().rpartition("/")[2]
        assert_problem(asked(method, f"{UPLOADS}/{forge(upload_id)}", rest), 404, "upload_not_found")

    def test_a_cursor_is_no_id(self, method: str, rest: str) -> None:
        save()
        save(f"{SESSION}/more")
        cursor = call("GET", SESSION, query={"limit": "1"}).json["nextCursor"]
        assert_problem(asked(method, f"{UPLOADS}/{cursor}", rest), 404, "upload_not_found")


def test_an_id_is_no_cursor() -> None:
    upload_id = begin().rpartition("/")[2]
    assert call("GET", SESSION, query={"cursor": upload_id}).code == "invalid_cursor"


def test_an_id_of_the_longest_facts_fits(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world.transfers, "begin", lambda *_, **__: "x" * 300)
    facts = {"size": 5 * MIB * MIB, "partSize": 5 * 1024 * MIB, "mimeType": "m" * 255, "sha256": SHA256}
    answer = post(UPLOADS, facts)
    assert answer.status == 201
    assert len(answer.json["uploadId"]) <= MAX_UPLOAD_ID_CHARACTERS
    part = {"number": 1, "size": 5 * 1024 * MIB, "sha256": SHA256}
    signed = post(f"{UPLOADS}/{answer.json['uploadId']}/parts", {"parts": [part]})
    assert signed.status == 200
