"""What metrics and log get to know of the errors of many items."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

from artifact_api.refusals import note_refusals
from artifact_api.telemetry import Measurements, logger
from artifact_store import ArtifactNotFound, StorageUnavailable

if TYPE_CHECKING:
    import pytest


def test_every_refusal_is_counted_and_a_fault_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    measurements = Measurements(namespace="Test")
    late, fault = StorageUnavailable("time was up"), KeyError("SECRET")
    note_refusals([late] * 150 + [fault, ArtifactNotFound("x"), ArtifactNotFound("x")], measurements)
    measurements.flush()

    counted = json.loads(capsys.readouterr().out)
    assert counted["Problem.storage_unavailable"] == [150.0]
    assert counted["Problem.internal_error"] == [1.0]
    assert counted["Problem.artifact_not_found"] == [2.0]
    logged = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["message"] for line in logged] == ["storage not available", "request failed"]
    assert "SECRET" not in stream.getvalue()
