"""Apps are told apart in metrics where the deployment names them, and nowhere else."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from artifact_api import wiring
from artifact_api.settings import MAX_METRIC_APPS, InvalidSettings, Settings
from artifact_store import ArtifactId, Content
from tests.contract.calls import call
from tests.faults.interposed import World

pytestmark = pytest.mark.unit

NAMED: Final = "reports,chat"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, world: World, aws: Any) -> Any:
    """The functions of a deployment that names two apps."""
    monkeypatch.setenv("METRIC_APPS", NAMED)
    wiring.reset()
    wiring.use(store=world.store(), dynamodb=aws)
    return aws


def metrics(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]


def dimensions(metric: dict[str, Any]) -> list[set[str]]:
    (about,) = metric["_aws"]["CloudWatchMetrics"]
    return [set(names) for names in about["Dimensions"]]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("app", "named"), [("reports", "reports"), ("chat", "chat"), ("made-up", "(other)"), ("chat!2Fx", "(other)")]
)
def test_a_named_app_is_a_dimension_and_all_others_are_one(
    app: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    call("POST", f"/v1/apps/{app}/users/u/artifacts/doc", body=b"x")
    (metric,) = metrics(capsys)
    assert (metric["app"], metric["operation"], metric["Saves"]) == (named, "save_artifact", [1.0])
    assert dimensions(metric) == [{"operation", "service"}, {"operation", "service", "app"}]


@pytest.mark.usefixtures("aws")
def test_the_next_request_has_its_own_app_or_none(capsys: pytest.CaptureFixture[str]) -> None:
    call("GET", "/v1/apps/reports/users/u/artifacts")
    call("PUT", "/v1/apps/chat/users/u/artifacts/doc")
    call("GET", "/v1/apps/!ZZ/users/u/artifacts")
    first, no_route, no_name = metrics(capsys)
    assert first["app"] == "reports"
    for metric in (no_route, no_name):
        assert "app" not in metric
        assert dimensions(metric) == [{"operation", "service"}]


def test_without_names_no_metric_has_an_app(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    call("GET", "/v1/apps/reports/users/u/artifacts")
    (metric,) = metrics(capsys)
    assert "app" not in metric


def test_a_bounded_number_of_names() -> None:
    def settings(apps: str) -> Settings:
        given = {"AUTH_MODE": "IAM", "BUCKET_NAME": "b", "INDEX_TABLE_NAME": "t", "METRIC_APPS": apps}
        return Settings.from_env(given)

    most = ",".join(f"app{number}" for number in range(MAX_METRIC_APPS))
    assert len(settings(most).metric_apps) == MAX_METRIC_APPS
    assert settings(" a , b,,").metric_apps == {"a", "b"}
    with pytest.raises(InvalidSettings, match="at most 50"):
        settings(f"{most},another")


def test_saves_that_started_over_are_counted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    doc = ArtifactId.of(app="reports", user="u", session=None, filename="doc")
    others = [1, 2, 3]

    def overtaken(name: str, phase: str) -> None:
        if name == "create" and phase == "before" and others:
            number = others.pop()
            world.store().save(doc, Content(body=b"theirs"), caller="c", idempotency_key=str(number))

    wiring.use(store=world.store(overtaken))
    answer = call("POST", "/v1/apps/reports/users/u/artifacts/doc", body=b"x")
    assert answer.json["version"] == 3
    (metric,) = metrics(capsys)
    assert (metric["Saves"], metric["ContentionRetries"]) == ([1.0], [3.0])
    call("POST", "/v1/apps/reports/users/u/artifacts/doc", body=b"y")
    (metric,) = metrics(capsys)
    assert "ContentionRetries" not in metric
