"""How long artifacts live."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, TypeAlias

from google_adk_aws._errors import InvalidArtifactError

__all__ = ["Ttl", "ttl_seconds"]

Ttl: TypeAlias = int | timedelta
"""Seconds, or a `timedelta`; 0 is for good."""

_MAX_SECONDS: Final = 3650 * 24 * 60 * 60


def ttl_seconds(ttl: Ttl | None) -> int | None:
    """Whole seconds; None as given.

    Raises:
        InvalidArtifactError: It is negative, or more than ten years.
    """
    if ttl is None:
        return None
    seconds = ttl / timedelta(seconds=1) if isinstance(ttl, timedelta) else ttl
    if isinstance(ttl, bool) or seconds != int(seconds) or not 0 <= seconds <= _MAX_SECONDS:
        raise InvalidArtifactError(
            f"ttl must be whole seconds, at most {_MAX_SECONDS:,} (ten years), or 0 for good",
            code="invalid_ttl",
            field="ttl",
        )
    return int(seconds)
