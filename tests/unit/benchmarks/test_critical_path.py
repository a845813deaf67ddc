from __future__ import annotations

from benchmarks.critical_path import depth, longest_chain
from benchmarks.latency_proxy import Call
from benchmarks.measuring import Ratio


def call(start: float, end: float) -> Call:
    return Call("s3", "GetObject", 200, start, end, excess=0, dollars=0, sent=0, received=0)


def test_nothing_has_no_depth() -> None:
    assert depth([]) == 0


def test_calls_that_follow_each_other_add_up() -> None:
    assert depth([call(2, 3), call(0, 1), call(1, 2)]) == 3


def test_parallel_calls_count_once() -> None:
    heads = [call(1.1 + number / 100, 2 + number / 100) for number in range(10)]
    assert depth([call(0, 1), *heads]) == 2


def test_the_longest_chain_weighs_calls() -> None:
    short = [call(0, 1), call(1, 2)]
    long = call(0, 2)
    assert longest_chain([*short, long], lambda one: 5 if one is long else 1) == 5
    assert longest_chain([*short, long], lambda one: 1.5 if one is long else 1) == 2


def test_a_ratio_pairs_rounds() -> None:
    ratio = Ratio.of([1, 2, 3], [2, 2, 2])
    assert (ratio.median, ratio.low, ratio.high) == (1.0, 0.5, 1.5)
