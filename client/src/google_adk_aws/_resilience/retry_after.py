"""How long somebody who is too busy wants to be left alone."""

from __future__ import annotations

import email.utils
import math
import time

__all__ = ["seconds_of"]


def seconds_of(value: str | None) -> float | None:
    """Seconds of a Retry-After header, which is a number or an HTTP date; None without one that can be read."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
