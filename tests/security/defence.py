"""A defence of the product that a test takes out, to show that the attack it stands against is a real one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

__all__ = ["Defence"]


@dataclass(frozen=True)
class Defence:
    """What in the product stands against one attack of the list.

    Attributes:
        row: The attack's number in `attacks.ATTACKS`.
        what: What the product does against it, in a few words.
        without: How the product would be without it: an object, its attribute, and what to put there instead. What is
            missing raises, so that no defence outlives its code. Nothing in the product itself is a switch.
    """

    row: int
    what: str
    without: tuple[tuple[Any, str, Any], ...]

    @contextmanager
    def taken_out(self) -> Iterator[None]:
        """Runs what is inside on the product without the defence."""
        with pytest.MonkeyPatch.context() as product:
            for owner, name, instead in self.without:
                product.setattr(owner, name, instead)
            yield
