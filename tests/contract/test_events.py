"""The sample events, in order: what `sam local invoke` gets, the tests get too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from artifact_api import wiring
from artifact_api.routes import ROUTES
from tests.contract.calls import invoke
from tests.contract.transfers import send
from tests.faults.interposed import World

FOLDER = Path(__file__).parents[2] / "events"
EVENTS = [file for file in sorted(FOLDER.glob("*.json")) if "routeKey" in file.read_text(encoding="utf-8")]
SAVES = [file for file in EVENTS if file.stem.startswith("save")]


@pytest.fixture(autouse=True)
def _auth_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_MODE", "IAM")
    store, erasures, eraser = wiring.store(), wiring.erasures(), wiring._eraser()
    wiring.reset()
    wiring.use(store=store, erasures=erasures, eraser=eraser)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("file", EVENTS, ids=lambda file: file.stem)
def test_every_event_is_answered(file: Path, world: World) -> None:
    for saved in SAVES:
        assert invoke(json.loads(saved.read_text(encoding="utf-8"))).status == 201
    text = file.read_text(encoding="utf-8")
    if "UPLOAD_ID" in text:
        text = text.replace("UPLOAD_ID", uploaded(world))
    if "JOB_ID" in text:
        started = invoke(json.loads((FOLDER / "delete_user.json").read_text(encoding="utf-8")))
        text = text.replace("JOB_ID", started.json["jobId"])
    answer = invoke(json.loads(text))
    assert answer.status in {200, 201, 202, 204, 304}, answer


def uploaded(world: World) -> str:
    """Begins the upload of the events, and sends its part."""
    begun = invoke(json.loads((FOLDER / "begin_upload.json").read_text(encoding="utf-8")))
    upload_id = str(begun.json["uploadId"])
    signing = (FOLDER / "sign_upload_parts.json").read_text(encoding="utf-8").replace("UPLOAD_ID", upload_id)
    for part in invoke(json.loads(signing)).json["parts"]:
        assert send(world, part["request"], b"hello") == (200, b"")
    return upload_id


def test_there_is_an_event_of_every_operation() -> None:
    keys = {json.loads(file.read_text(encoding="utf-8"))["routeKey"] for file in EVENTS}
    operations = {route.operation for route in ROUTES for method in route.methods if f"{method} {route.path}" in keys}
    assert operations == {route.operation for route in ROUTES}
