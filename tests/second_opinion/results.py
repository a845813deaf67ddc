"""Counts what a run found and writes it into docs/second-opinion.md."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.second_opinion.differences import DIFFERENCES, Difference
from tests.tally import DOUBLE_WINNERS, RACES

PAGE = Path(__file__).parents[2] / "docs/second-opinion.md"
BEGIN, END = "<!-- the last run -->", "<!-- end of the last run -->"
RECORD, INDEX, STORE, DIRECT = "record", "index", "store", "direct"
SUBJECTS = {
    RECORD: "the record's contract and its races",
    INDEX: "the index's contract and its races",
    STORE: "the whole store: every operation, races of savers and deleters, maintenance",
    DIRECT: "`S3ArtifactService` on a bucket alone: ADK's contract, large content, savers at once",
}


def subject_of(fixtures: Iterable[str]) -> str:
    """Which subject a test is about, by the fixtures that it asks for."""
    asked = set(fixtures)
    if asked & {"objects", "table"}:
        return RECORD if "objects" in asked else INDEX
    return DIRECT if asked & {"backend", "service"} else STORE


@dataclass
class Counts:
    """What was counted of one subject."""

    outcomes: Counter[str] = field(default_factory=Counter)
    races: int = 0
    double_winners: int = 0


class Results:
    """A pytest plugin: expects the known differences, and counts."""

    def __init__(self, differences: Sequence[Difference] = DIFFERENCES) -> None:
        self.counts = {subject: Counts() for subject in SUBJECTS}
        self.found: list[Difference] = []
        self._differences = differences
        self._subjects: dict[str, str] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            assert isinstance(item, pytest.Function)
            self._subjects[item.nodeid] = subject_of(item.fixturenames)
            for difference in self._differences:
                if difference.is_of(item):
                    item.add_marker(pytest.mark.xfail(reason=difference.reason, strict=True, raises=AssertionError))
                    if difference not in self.found:
                        self.found.append(difference)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if (report.when != "call" and not report.failed) or _is_left_out(report):
            return
        counts = self.counts[self._subjects[report.nodeid]]
        differs = report.skipped and hasattr(report, "wasxfail")
        counts.outcomes["differs" if differs else report.outcome] += 1
        properties = [(str(name), int(str(value))) for name, value in report.user_properties]
        counts.races += sum(value for name, value in properties if name == RACES)
        counts.double_winners += sum(value for name, value in properties if name == DOUBLE_WINNERS)

    def forgotten(self) -> list[str]:
        """Names of tests in the list of differences that are not there."""
        return [difference.test for difference in self._differences if difference not in self.found]


def _is_left_out(report: pytest.TestReport) -> bool:
    return report.skipped and not hasattr(report, "wasxfail")


def table(results: Results, versions: Mapping[str, str], day: dt.date) -> str:
    """The results in Markdown."""
    lines = [
        f"{day:%Y-%m-%d}:",
        "",
        "| what | on | tests | failed | differ as expected | races | double winners |",
        "|---|---|---|---|---|---|---|",
    ]
    for subject, what in SUBJECTS.items():
        counts = results.counts[subject]
        numbers = (
            counts.outcomes.total(),
            counts.outcomes["failed"],
            counts.outcomes["differs"],
            counts.races,
            counts.double_winners,
        )
        lines.append(f"| {what} | {versions[subject]} | {' | '.join(map(str, numbers))} |")
    lines += ["", "Expected differences:", ""]
    lines += [f"- `{difference.test}`: {difference.reason}" for difference in results.found] or ["- none"]
    return "\n".join(lines)


def write(text: str, page: Path = PAGE) -> None:
    """Put the results between the page's two marks."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{page.name} has lost one of its marks, {BEGIN} or {END}.")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
