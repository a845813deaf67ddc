"""What is watched, and who is told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infrastructure.template import DOCUMENT, Stack

ROOT = Path(__file__).resolve().parents[2]
TOPIC = "arn:aws:sns:eu-west-1:111122223333:on-call"
ALARMS = sorted(
    name for name, resource in DOCUMENT["Resources"].items() if resource["Type"] == "AWS::CloudWatch::Alarm"
)
# Metrics that are written by the functions themselves, with the stack's name as the only dimension.
OWN = {"Drift", "DriftUnrepaired", "Reconciled"}


def alarm(name: str, **parameters: str) -> dict[str, Any]:
    properties: dict[str, Any] = Stack(**parameters).resources[name]["Properties"]
    return properties


@pytest.mark.parametrize("name", ALARMS)
def test_a_topic_is_told_of_each_alarm_and_of_its_end(name: str) -> None:
    told = alarm(name, AlarmTopicArn=TOPIC)
    assert told["AlarmActions"] == told["OKActions"] == [TOPIC]
    assert not alarm(name).keys() & {"AlarmActions", "OKActions"}


@pytest.mark.parametrize("name", ALARMS)
def test_silence_is_no_alarm_but_for_reconcile(name: str) -> None:
    assert alarm(name)["TreatMissingData"] == ("breaching" if name == "ReconcileAlarm" else "notBreaching")


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_watches_this_stack_alone(name: str) -> None:
    watched = alarm(name)
    (dimension,) = watched["Dimensions"]
    named = json.dumps(dimension["Value"])
    if watched["Namespace"] == "ArtifactApi":
        assert watched["MetricName"] in OWN
        assert dimension == {"Name": "service", "Value": {"Ref": "AWS::StackName"}}
    else:
        resources = re.findall(r'"(?:Ref|Fn::GetAtt)": (?:\["|")(\w+)', named)
        assert resources
        assert set(resources) <= DOCUMENT["Resources"].keys()


def test_the_functions_write_their_metrics_under_the_stacks_name() -> None:
    variables = DOCUMENT["Globals"]["Function"]["Environment"]["Variables"]
    assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == "ArtifactApi"
    reconcile = (ROOT / "functions" / "artifact_maintenance" / "reconcile.py").read_text()
    assert not [metric for metric in OWN if f'"{metric}"' not in reconcile]


def test_every_queue_of_dead_letters_is_watched() -> None:
    letters = {name for name in DOCUMENT["Resources"] if name.endswith("DeadLetters")}
    watched = {
        alarm(name)["Dimensions"][0]["Value"]["Fn::GetAtt"][0] for name in ALARMS if name.endswith("DeadLettersAlarm")
    }
    assert watched == letters


def test_the_runbook_has_a_section_for_each_alarm() -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\w+Alarm)$", runbook, re.MULTILINE) == [
        name for name in DOCUMENT["Resources"] if name in ALARMS
    ]


BODY = DOCUMENT["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]


def drawn() -> Iterator[tuple[str, ...]]:
    """Namespace, metric, and names and values of dimensions, with CloudWatch's dots and dashes written out."""
    for widget in json.loads(BODY)["widgets"]:
        before: tuple[str, ...] = ()
        for metric in widget["properties"]["metrics"]:
            named = [part for part in metric if isinstance(part, str)]
            if named[:1] == ["..."]:
                named = [*before[: len(before) - len(named) + 1], *named[1:]]
            if named:
                before = tuple(old if part == "." else part for part, old in zip(named, before or named, strict=False))
                before += tuple(named[len(before) :])
                yield before


def spelled(value: Any) -> str:
    """A dimension's value in the dashboard's body."""
    name = value.get("Ref") or ".".join(value["Fn::GetAtt"])
    return f"${{{name}}}"


@pytest.mark.parametrize("name", ALARMS)
def test_whoever_is_woken_sees_the_metric_on_the_dashboard(name: str) -> None:
    watched = alarm(name)
    (dimension,) = watched["Dimensions"]
    metric = (watched["Namespace"], watched["MetricName"], dimension["Name"], spelled(dimension["Value"]))
    assert metric in set(drawn())


def test_every_function_that_works_by_itself_is_on_the_dashboard() -> None:
    functions = {
        name for name, resource in DOCUMENT["Resources"].items() if resource["Type"] == "AWS::Serverless::Function"
    }
    by_hand = {"AdoptFunction", "RebuildFunction"}
    for metric in ("Errors", "Throttles"):
        shown = {value[2:-1] for _, name, *_, value in drawn() if name == metric}
        assert shown == functions - by_hand, metric


def test_the_dashboard_draws_metrics_of_this_stack() -> None:
    body = BODY
    widgets = json.loads(body)["widgets"]
    assert len(widgets) == 11
    named = set(re.findall(r"\$\{(\w+)", body))
    assert named - {"AWS"} <= DOCUMENT["Resources"].keys()
    places = {(widget["x"], widget["y"]) for widget in widgets}
    assert places == {(x, y) for x in (0, 8, 16) for y in (0, 6, 12)} | {(0, 18), (12, 18)}
