"""Counts races and their winners, for who reads the results of a run."""

from __future__ import annotations

from collections.abc import Callable

RACES, DOUBLE_WINNERS = "races", "double winners"
"""The properties under which a test's report has its counts."""


class Tally:
    """The races of one test."""

    def __init__(self, record: Callable[[str, object], None]) -> None:
        self._record = record

    def race(self, *, winners: int) -> None:
        """Count a race that exactly one may win, and fail the test if it was another number."""
        self.races(1, double_winners=max(winners - 1, 0))
        assert winners == 1, f"{winners} winners of one race"

    def races(self, count: int, *, double_winners: int) -> None:
        """Count several races at once."""
        self._record(RACES, count)
        self._record(DOUBLE_WINNERS, double_winners)
