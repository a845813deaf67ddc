"""Which calls of an operation waited for each other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from benchmarks.latency_proxy import Call


def depth(calls: Sequence[Call]) -> int:
    """Sequential depth: the most calls of which each began after another had ended."""
    return round(longest_chain(calls, lambda _: 1.0))


def longest_chain(calls: Sequence[Call], weight: Callable[[Call], float]) -> float:
    """The largest sum of weights along calls that followed each other."""
    in_order = sorted(calls, key=lambda call: call.end)
    ends = [call.end for call in in_order]
    best = [0.0]
    for call in in_order:
        before = best[bisect_right(ends, call.start, hi=len(best) - 1)]
        best.append(max(best[-1], before + weight(call)))
    return best[-1]
