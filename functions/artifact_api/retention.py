"""How long an artifact lives after its latest save: as the save says, else as the deployment says for its app."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from artifact_store.model import MAX_TTL_SECONDS

__all__ = ["InvalidRetention", "Retention", "read_retention"]

KEPT: Final = 0
"""What a save asks for whose artifact is not to expire, whatever its app's default is."""

_ANY_APP: Final = "*"
_DAY_SECONDS: Final = 24 * 60 * 60


class InvalidRetention(Exception):
    """The deployment's parameter cannot be read."""


@dataclass(frozen=True, slots=True)
class Retention:
    """The defaults of a deployment.

    Attributes:
        seconds_by_app: How long artifacts of an app live; `*` stands for every other app.
    """

    seconds_by_app: Mapping[str, int] = field(default_factory=dict)

    def ttl_seconds(self, app: str, asked: int | None) -> int | None:
        """How long an artifact is to live; None: for good.

        Args:
            app: Whose artifact it is.
            asked: What the save asks for, in seconds: 0 for good, None for the default.
        """
        if asked is not None:
            return None if asked == KEPT else asked
        return self.seconds_by_app.get(app, self.seconds_by_app.get(_ANY_APP))


def read_retention(text: str) -> Retention:
    """Reads the parameter: `{"APP": DAYS, "*": DAYS}`, in whole days.

    Raises:
        InvalidRetention: It is something else.
    """
    try:
        days = json.loads(text or "{}")
        seconds = {app: number * _DAY_SECONDS for app, number in days.items() if _is_number_of_days(number)}
    except (ValueError, AttributeError) as error:
        raise InvalidRetention('retention by app must be like {"APP": DAYS, "*": DAYS}') from error
    if seconds.keys() != days.keys():
        raise InvalidRetention(f"retention by app must be in whole days, 1 to {MAX_TTL_SECONDS // _DAY_SECONDS:,}")
    return Retention(seconds)


def _is_number_of_days(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_TTL_SECONDS // _DAY_SECONDS
