"""What has happened, for snapshots and for OpenTelemetry where its API is installed."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any, Final, Literal, TypeAlias, get_args

__all__ = ["Count", "Counts"]

Count: TypeAlias = Literal["calls", "attempts", "retries", "retries_refused", "rejected", "hedges", "hedges_won"]

_NAMES: Final[tuple[Count, ...]] = get_args(Count)


class Counts:
    """Counters of one service."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: dict[str, int] = dict.fromkeys(_NAMES, 0)

    def add(self, name: Count, direction: str = "any") -> None:
        """Counts one."""
        with self._lock:
            self._counted[name] += 1
        counter = _counters().get(name)
        if counter is not None:
            counter.add(1, {"direction": direction})

    def all(self) -> dict[str, int]:
        """Everything so far."""
        with self._lock:
            return dict(self._counted)


@cache
def _counters() -> dict[str, Any]:
    """Instruments `google_adk_aws.NAME`; what nobody has installed counts nothing."""
    try:
        from opentelemetry import metrics  # noqa: PLC0415 - no dependency of this package
    except ImportError:
        return {}
    meter = metrics.get_meter("google_adk_aws")
    return {name: meter.create_counter(f"google_adk_aws.{name}", unit="1") for name in _NAMES}
