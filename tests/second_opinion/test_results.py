"""What a run is counted as, and where it is written."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.second_opinion.differences import DIFFERENCES, Difference
from tests.second_opinion.results import (
    BEGIN,
    DIRECT,
    END,
    INDEX,
    PAGE,
    RECORD,
    STORE,
    SUBJECTS,
    Results,
    subject_of,
    table,
    write,
)
from tests.tally import Tally

ODD = Difference("test_odd", "It counts backwards.", only={"limit": frozenset({1, 2})})
VERSIONS = {RECORD: "A 1", INDEX: "B 2", STORE: "A 1 and B 2", DIRECT: "A 1"}


def report(nodeid: str, outcome: str = "passed", **more: Any) -> Any:
    given = {"nodeid": nodeid, "when": "call", "outcome": outcome, "user_properties": [], **more}
    return SimpleNamespace(failed=outcome == "failed", skipped=outcome == "skipped", **given)


@pytest.fixture
def results() -> Results:
    found = Results([ODD])
    found._subjects.update(a=RECORD, b=RECORD, c=INDEX)
    return found


def test_a_test_belongs_to_what_it_asks_for() -> None:
    assert [subject_of(asked) for asked in (["objects", "backend"], ["table"], ["bench"], ["scope", "service"])] == [
        RECORD,
        INDEX,
        STORE,
        DIRECT,
    ]


def test_outcomes_and_races_are_counted(results: Results) -> None:
    properties: list[tuple[str, object]] = []
    tally = Tally(lambda name, value: properties.append((name, value)))
    tally.race(winners=1)
    with pytest.raises(AssertionError, match="3 winners"):
        tally.race(winners=3)
    results.pytest_runtest_logreport(report("a", "failed", user_properties=properties))
    results.pytest_runtest_logreport(report("b", "skipped", wasxfail="It counts backwards."))
    results.pytest_runtest_logreport(report("c"))
    results.pytest_runtest_logreport(report("c", "skipped"))
    results.pytest_runtest_logreport(report("c", when="setup"))
    results.found.append(ODD)
    assert table(results, VERSIONS, dt.date(2026, 1, 2)).splitlines() == [
        "2026-01-02:",
        "",
        "| what | on | tests | failed | differ as expected | races | double winners |",
        "|---|---|---|---|---|---|---|",
        "| the record's contract and its races | A 1 | 2 | 1 | 1 | 2 | 2 |",
        "| the index's contract and its races | B 2 | 1 | 0 | 0 | 0 | 0 |",
        f"| {SUBJECTS[STORE]} | A 1 and B 2 | 0 | 0 | 0 | 0 | 0 |",
        f"| {SUBJECTS[DIRECT]} | A 1 | 0 | 0 | 0 | 0 | 0 |",
        "",
        "Expected differences:",
        "",
        "- `test_odd`: It counts backwards.",
    ]


def test_a_difference_is_of_the_parameters_that_it_names() -> None:
    def item(name: str, **parameters: Any) -> Any:
        return SimpleNamespace(originalname=name, callspec=SimpleNamespace(params=parameters))

    asked = [item("test_odd", limit=1), item("test_odd", limit=3), item("test_even", limit=1)]
    assert [ODD.is_of(each) for each in asked] == [True, False, False]


def test_a_difference_whose_test_is_gone_is_noticed(results: Results) -> None:
    assert results.forgotten() == ["test_odd"]


def test_the_page_keeps_all_but_the_last_run(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    for text in ("one", "two"):
        write(text, page)
    assert page.read_text() == f"before\n{BEGIN}\ntwo\n{END}\nafter\n"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="lost one of its marks"):
        write("three", page)


def test_the_page_tells_the_known_differences() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [difference.test for difference in DIFFERENCES if difference.reason not in text] == []
