"""The answer to a batch is never longer than a function may answer, whatever is in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artifact_api.batches import answers
from artifact_api.batches.answers import fitted

LIMIT = 10_000
SMALL: dict[str, Any] = {"status": 413, "problem": {"code": "answer_too_large"}}


@pytest.fixture(autouse=True)
def _small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MAX_ANSWER_BYTES", LIMIT)


def as_lambda_sends_it(results: Any) -> int:
    """The answer is a JSON string inside of JSON."""
    return len(json.dumps(json.dumps(results, separators=(",", ":"))))


def test_the_best_result_that_fits_is_taken() -> None:
    best, link = {"content": "x" * 6000}, {"request": "y" * 3000}
    assert fitted([[best, link, SMALL]]) == [best]
    assert fitted([[best, link, SMALL], [best, link, SMALL]]) == [best, link]
    assert fitted([[best, link, SMALL]] * 3) == [best, SMALL, link]
    assert fitted([[{"content": "x" * 20_000}, best]]) == [best]


def test_quotes_and_backslashes_count_as_they_are_sent() -> None:
    for text in ("x" * 9000, '"' * 2000, "\\" * 2000, "\u00e9" * 1200):
        assert fitted([[{"content": text}, SMALL]]) == [{"content": text}]
    for text in ("x" * 10_000, '"' * 4900, "\\" * 4900, "\u00e9" * 1600):
        assert fitted([[{"content": text}, SMALL]]) == [SMALL]


def test_room_is_kept_for_the_refusals_that_follow() -> None:
    large = {"content": "x" * 9500}
    assert fitted([[large, SMALL], [large, SMALL]]) == [SMALL, large]


@settings(max_examples=50)
@given(sizes=st.lists(st.integers(0, 12_000), max_size=8), text=st.sampled_from(["x", '"', "\\", "\u00e9"]))
def test_no_answer_is_too_long(sizes: list[int], text: str) -> None:
    taken = fitted([[{"content": text * size}, SMALL] for size in sizes])
    assert len(taken) == len(sizes)
    assert as_lambda_sends_it(taken) <= LIMIT
