"""What rebuild and adopt have in common: invoked by hand, they answer what does not fit and where to go on."""

from __future__ import annotations

from typing import Any, Final

from artifact_store.errors import InvalidInput
from artifact_store.maintenance import Misfit, Rebuilt

__all__ = ["MARGIN_SECONDS", "MisfitList", "answer_of", "option"]

MARGIN_SECONDS: Final = 60.0
_LISTED: Final = 500


class MisfitList:
    """The first misfits, as the answer lists them."""

    def __init__(self) -> None:
        self.listed: list[dict[str, str]] = []

    def __call__(self, misfit: Misfit) -> None:
        """Takes one."""
        if len(self.listed) < _LISTED:
            self.listed.append({"key": misfit.key, "reason": misfit.reason, "detail": misfit.detail})


def answer_of(result: Rebuilt, misfits: MisfitList) -> dict[str, Any]:
    """What the function answers. While `position` is not null there is more: invoke it with that position."""
    return {
        "artifacts": result.artifacts,
        "versions": result.versions,
        "known": result.known,
        "lost": result.lost,
        "misfits": dict(result.misfits),
        "misfitList": misfits.listed,
        "position": result.position,
    }


def option(event: dict[str, Any], name: str, kind: type, default: Any) -> Any:
    """Reads one member of the event.

    Raises:
        InvalidInput: It is of another type.
    """
    value = event.get(name, default)
    if not isinstance(value, kind):
        raise InvalidInput(f"{name} must be of type {kind.__name__}", field=name)
    return value
