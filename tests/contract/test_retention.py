"""Saves, finalizes and batches that say how long their artifacts live, and deployments that say it for an app."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from artifact_api import wiring
from tests.contract.calls import DOC, SESSION, Answer, call, save
from tests.contract.samples import SHA256, UPLOADED, uploaded
from tests.faults.interposed import World

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.usefixtures("aws")

MAX_TTL = 10 * 365 * 86_400


def save_with(ttl: int | None) -> Answer:
    return save() if ttl is None else save(Artifact_Ttl=str(ttl))


def finalize_with(ttl: int | None) -> Answer:
    body: dict[str, Any] = {"size": len(UPLOADED), "sha256": SHA256, "ttl": ttl}
    return call("POST", f"{DOC}/uploads/{uploaded(DOC)}/finalize", body=json.dumps(body))


def batch_save_with(ttl: int | None) -> Answer:
    item = {"filename": "doc", "content": base64.b64encode(b"x").decode(), "idempotencyKey": "k", "ttl": ttl}
    return call("POST", f"{SESSION.removesuffix('/artifacts')}/batch/save", body=json.dumps({"items": [item]}))


def metadata(answer: Answer) -> dict[str, Any]:
    told = answer.json
    found: dict[str, Any] = told["results"][0]["version"] if "results" in told else told
    return found


Deployed = Callable[[str], None]


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, world: World, aws: DynamoDBClient) -> Deployed:
    """The functions with another parameter of the deployment."""

    def deploy(retention: str) -> None:
        monkeypatch.setenv("RETENTION_DAYS_BY_APP", retention)
        wiring.reset()
        wiring.use(store=world.store(), dynamodb=aws)

    return deploy


each = pytest.mark.parametrize("made", [save_with, finalize_with, batch_save_with], ids=["save", "finalize", "batch"])
Made = Callable[[int | None], Answer]


def life(version: dict[str, Any]) -> float | None:
    return round(version["expiresAt"] - version["createTime"], 3) if "expiresAt" in version else None


@each
def test_a_save_says_how_long_its_artifact_lives(made: Made) -> None:
    version = metadata(made(3600))
    assert life(version) == 3600
    assert call("GET", f"{DOC}/versions/latest/metadata").json == version
    assert call("GET", f"{DOC}/versions").json["versions"] == [version]
    (listed,) = call("GET", SESSION).json["artifacts"]
    assert listed["expiresAt"] == version["expiresAt"]


@each
def test_by_default_it_lives_for_good(made: Made) -> None:
    for ttl in (None, 0):
        assert life(metadata(made(ttl))) is None
    assert "expiresAt" not in call("GET", SESSION).json["artifacts"][0]


@each
def test_the_deployment_has_a_default_for_the_app(made: Made, deployed: Deployed) -> None:
    deployed('{"app": 2, "*": 1}')
    assert life(metadata(made(None))) == 2 * 86_400


@each
def test_a_save_may_ask_for_another_time_or_for_good(made: Made, deployed: Deployed) -> None:
    deployed('{"*": 1}')
    assert life(metadata(made(60))) == 60


@each
def test_for_good_is_more_than_the_default(made: Made, deployed: Deployed) -> None:
    deployed('{"*": 1}')
    assert life(metadata(made(0))) is None


@pytest.mark.parametrize("ttl", ["-1", "1.5", "1d", "", str(MAX_TTL + 1), "9" * 5000])
def test_a_header_that_is_no_time_is_refused(ttl: str) -> None:
    answer = save(Artifact_Ttl=ttl)
    assert (answer.status, answer.code) == (400, "invalid_ttl")
    assert (answer.json["field"], answer.json["limit"]) == ("Artifact-Ttl", MAX_TTL)
    assert call("GET", DOC).status == 404


def test_the_longest_time() -> None:
    assert life(metadata(save_with(MAX_TTL))) == MAX_TTL


@pytest.mark.parametrize("made", [finalize_with, batch_save_with], ids=["finalize", "batch"])
@pytest.mark.parametrize("ttl", [-1, MAX_TTL + 1, "60"])
def test_a_member_that_is_no_time_is_refused(made: Made, ttl: Any) -> None:
    answer = made(ttl)
    assert (answer.status, answer.code) == (400, "invalid_body")
    assert answer.json["field"].endswith("ttl")


def test_a_repeated_save_tells_the_time_of_the_first() -> None:
    first = save(Artifact_Ttl="60", Idempotency_Key="k")
    again = save(Artifact_Ttl="60", Idempotency_Key="k")
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json == first.json
    other = save(Artifact_Ttl="61", Idempotency_Key="k")
    assert (other.status, other.code) == (422, "idempotency_key_reused")
