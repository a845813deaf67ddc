"""How many retries there are."""

from __future__ import annotations

from typing import Any

import pytest

from google_adk_aws._resilience.budget import Budget, RetryBudget

from .clocks import FakeClock

pytestmark = pytest.mark.unit


def taken(budget: Budget, wanted: int) -> int:
    return sum(budget.take() for _ in range(wanted))


def test_a_reserve_is_there_at_once_and_no_more() -> None:
    assert taken(Budget(RetryBudget(share=0, reserve=7), FakeClock()), 100) == 7


def test_calls_bring_their_share() -> None:
    budget = Budget(RetryBudget(share=0.25, reserve=10), FakeClock())
    assert taken(budget, 100) == 10
    for _ in range(20):
        budget.deposit()
    assert taken(budget, 100) == 5


def test_in_an_outage_retries_are_a_share_of_the_calls() -> None:
    budget, retries = Budget(RetryBudget(share=0.2, reserve=10), FakeClock()), 0
    for _ in range(1000):
        budget.deposit()
        retries += taken(budget, 9)
    assert 200 <= retries <= 211


def test_calls_do_not_fill_more_than_the_reserve() -> None:
    budget = Budget(RetryBudget(share=0.5, reserve=4), FakeClock())
    for _ in range(1000):
        budget.deposit()
    assert taken(budget, 100) == 4


def test_a_share_without_reserve_is_saved_up_to_one_retry() -> None:
    budget = Budget(RetryBudget(share=0.5, reserve=0), FakeClock())
    assert not budget.take()
    budget.deposit()
    assert not budget.take()
    budget.deposit()
    assert taken(budget, 100) == 1


def test_time_fills_the_reserve_again_and_no_more() -> None:
    clock = FakeClock()
    budget = Budget(RetryBudget(share=0.2, reserve=20, reserve_seconds=10), clock)
    assert taken(budget, 100) == 20
    clock.pass_(2.5)
    assert taken(budget, 100) == 5
    clock.pass_(3600)
    assert taken(budget, 100) == 20


@pytest.mark.parametrize("arguments", [{"share": -0.1}, {"reserve": -1}, {"reserve_seconds": 0}])
def test_a_budget_that_cannot_be(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(arguments))):
        RetryBudget(**arguments)
